"""The code that measures: which files count for a case, and what they digest to.

For every case these are its module, the conftests above it, every file (but those in caches) of
the trees that the ini option `vericase_code` names, and the lock files of `vericase_lock`, which
count by what they pin.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from vericase.errors import EvidenceError
from vericase.evidence import EvidenceLog
from vericase.lock import included_files, pin_changes, read_lock
from vericase.requirement import canonical
from vericase.store import digest_bytes

__all__ = ["CaseCode", "code_changes", "code_root"]

#: What tools leave beside code: no part of what measures, and different after every run.
_CACHES = frozenset(
    {
        *("__pycache__", ".cache", ".git", ".hypothesis", ".import_linter_cache"),
        *(".ipynb_checkpoints", ".mypy_cache", ".pytest_cache", ".ruff_cache"),
    }
)
#: `release.json` says what was decided, and is written after the run.
_NO_CODE = frozenset({"release.json"})
_MOST_NAMED = 3


class CaseCode:
    """The code below one root, read once.

    Args:
        root: Case ids start here.
        trees: Folders that count for every case, from the root.
        locks: Lock files that count for every case, from the root.

    Raises:
        EvidenceError: If a file cannot be read, a folder in a tree is a link, or a lock file
            includes one that does not count.
    """

    def __init__(self, root: Path, trees: Iterable[str], locks: Iterable[str] = ()) -> None:
        self.trees = tuple(sorted(trees))
        self._root = root
        self.lock = {name: read_lock(root / name) for name in sorted(locks)}
        self._check_includes()
        pins = {name: digest_bytes(canonical(lock).encode()) for name, lock in self.lock.items()}
        self._everywhere = self._read(self._tree_files()) | pins
        self._own: dict[str, dict[str, str]] = {}
        self._digests: dict[str, str] = {}

    def digest(self, case_id: str) -> str:
        """The digest of all that counts for *case_id*; a module that is gone has one too."""
        listing, module = self.listing(case_id), case_id.partition("::")[0]
        if module not in self._digests:
            lines = [f"{name}\0{listing[name]}" for name in sorted(listing)]
            self._digests[module] = digest_bytes("\n".join(lines).encode())
        return self._digests[module]

    def listing(self, case_id: str) -> Mapping[str, str]:
        """Path from the root to SHA-256, of every file that counts for *case_id*."""
        named = case_id.partition("::")[0]
        if named not in self._own:
            module = _module(case_id)
            above = [self._root / folder / "conftest.py" for folder in Path(module).parents]
            files = [path for path in (self._root / module, *above) if path.is_file()]
            self._own[named] = self._everywhere | self._read(files)
        return self._own[named]

    def files(self, case_ids: Iterable[str]) -> dict[str, str]:
        """The files of all *case_ids* together."""
        found = dict(self._everywhere)
        for module in {case_id.partition("::")[0] for case_id in case_ids}:
            found |= self.listing(module)
        return found

    def _check_includes(self) -> None:
        for name, lock in self.lock.items():
            for included in included_files(lock):
                place = os.path.normpath(Path(name).parent / included)
                if Path(place).as_posix() not in self.lock:
                    raise EvidenceError(
                        f"{name}: expected each file that it includes among the lock files "
                        f"(vericase_lock) too, got {included}"
                    )

    def _tree_files(self) -> Iterator[Path]:
        for tree in self.trees:
            for folder, inner, files in os.walk(self._root / tree, onerror=_refuse):
                inner[:] = sorted(set(inner) - _CACHES)
                for path in (Path(folder, name) for name in inner):
                    if path.is_symlink():
                        raise EvidenceError(
                            f"{path}: expected a folder of its own, got a link to one"
                        )
                for path in (Path(folder, name) for name in sorted(set(files) - _NO_CODE)):
                    if path.suffix != ".pyc" and path.is_file():
                        yield path

    def _read(self, files: Iterable[Path]) -> dict[str, str]:
        try:
            return {
                Path(os.path.relpath(file, self._root)).as_posix(): digest_bytes(file.read_bytes())
                for file in files
            }
        except OSError as error:
            raise _unreadable(error) from error


def code_changes(log: EvidenceLog, root: Path) -> dict[str, str]:
    """By case, why the code below *root* is not what measured; a case that is as it was is absent.

    Raises:
        EvidenceError: If a file cannot be read.
    """
    code = CaseCode(root, log.code_trees, [name for name in log.lock if (root / name).is_file()])
    return {
        case.case_id: _difference(log, code, case.case_id)
        for case in log.cases
        if case.digest != code.digest(case.case_id)
    }


def code_root(log: EvidenceLog, requirements: Path) -> Path:
    """The folder around *requirements* from which the cases of *log* are found."""
    modules = {_module(case.case_id) for case in log.cases}
    around = requirements.absolute().parents
    return next((d for d in around if any((d / m).is_file() for m in modules)), around[0])


def _difference(log: EvidenceLog, code: CaseCode, case_id: str) -> str:
    module, now = _module(case_id), code.listing(case_id)
    if module not in now:
        return f"the code of its case is not here: {module}"
    changed = sorted(name for name, digest in now.items() if log.code.get(name) != digest)
    conftests = {folder / "conftest.py" for folder in Path(module).parents}
    gone = sorted(
        name
        for name in set(log.code) - set(now)
        if Path(name) in conftests
        or name in log.lock
        or any(Path(name).is_relative_to(t) for t in log.code_trees)
    )
    changes = [f"{name} changed{_pins(log, code, name)}" for name in changed]
    return _told([*changes, *(f"{name} is gone" for name in gone)])


def _pins(log: EvidenceLog, code: CaseCode, name: str) -> str:
    """Which pins of the lock file *name* differ, in brackets; nothing for another file."""
    if name not in log.lock or name not in code.lock:
        return ""
    changes = pin_changes(log.lock[name], code.lock[name])
    more = len(changes) - _MOST_NAMED
    tail = f", and {more} more" if more > 0 else ""
    return f" ({', '.join(changes[:_MOST_NAMED])}{tail})"


def _told(changes: Sequence[str]) -> str:
    if not changes:
        return "the code of its case changed since it was measured"
    more = len(changes) - _MOST_NAMED
    tail = f" and {more} more files" if more > 0 else ""
    return ", ".join(changes[:_MOST_NAMED]) + tail + " since it was measured"


def _module(case_id: str) -> str:
    return Path(os.path.normpath(case_id.partition("::")[0])).as_posix()


def _refuse(error: OSError) -> None:
    # Of a tree that went, every file is gone, and is told so.
    if not isinstance(error, FileNotFoundError):
        raise _unreadable(error) from error


def _unreadable(error: OSError) -> EvidenceError:
    return EvidenceError(f"{error.filename}: expected readable code, got {error}")
