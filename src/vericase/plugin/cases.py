"""Which collected items are verification cases, what they verify, and the digest of their code."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from inspect import getdoc
from pathlib import Path

import pytest

from vericase.evidence import CaseOutcome, Outcome, function_of
from vericase.report.text import readable
from vericase.requirement import Requirement, RequirementSet, Status
from vericase.schema.fields import did_you_mean
from vericase.store import digest_bytes

__all__ = ["Case", "CaseCode", "CaseFinder", "sole_requirements"]

_SOURCES = (".py", ".yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One collected item that verifies something."""

    case_id: str
    requirements: tuple[Requirement, ...]
    digest: str
    title: str

    @property
    def function(self) -> str:
        """The case without its parameter."""
        return function_of(self.case_id)

    def ended(self, outcome: Outcome, message: str = "") -> CaseOutcome:
        """The ending of this case."""
        return CaseOutcome(
            case_id=self.case_id,
            requirement_ids=tuple(requirement.id for requirement in self.requirements),
            outcome=outcome,
            message=readable(message),
            digest=self.digest,
            title=readable(self.title),
        )


class CaseCode:
    """What the code behind a case digests to: its module, the conftests above, the named trees."""

    def __init__(self, root: Path, trees: Sequence[Path]) -> None:
        self._root = root
        self._trees = _digest_tree(root, trees)
        self._modules: dict[Path, str] = {}

    def digest(self, module: Path) -> str:
        """The digest for every case in the file *module*; a file that is gone has one too."""
        if module not in self._modules:
            above = [folder for folder in module.parents if folder.is_relative_to(self._root)]
            files = [module, *(folder / "conftest.py" for folder in above)]
            own = _digest_files(self._root, (file for file in files if file.is_file()))
            self._modules[module] = digest_bytes(f"{self._trees}\n{own}".encode())
        return self._modules[module]


class CaseFinder:
    """Reads the `verifies` markers of items."""

    def __init__(self, requirements: RequirementSet, code: CaseCode) -> None:
        self._by_id = requirements.by_id()
        self._code = code
        self.problems: list[str] = []

    def find(self, items: Iterable[pytest.Item]) -> dict[str, Case]:
        """The cases among *items*, by node id; wrong markers join `problems`."""
        found = ((item, self._identifiers(item)) for item in items)
        return {item.nodeid: self._case(item, ids) for item, ids in found if ids}

    def _identifiers(self, item: pytest.Item) -> list[str]:
        identifiers: list[str] = []
        for marker in item.iter_markers("verifies"):
            if not marker.args or marker.kwargs:
                self._problem(item, 'expected verifies("ID", ...), got other arguments')
            for identifier in marker.args:
                known = self._by_id.get(identifier) if isinstance(identifier, str) else None
                if known is None:
                    hint = did_you_mean(str(identifier), self._by_id)
                    self._problem(
                        item, f"expected a known requirement id, got {identifier!r}{hint}"
                    )
                elif known.status is Status.RETIRED:
                    self._problem(item, f"expected a requirement in use, {identifier} is retired")
                elif identifier not in identifiers:
                    identifiers.append(identifier)
        return identifiers

    def _problem(self, item: pytest.Item, message: str) -> None:
        problem = f"{function_of(item.nodeid)}: {message}"
        if problem not in self.problems:
            self.problems.append(problem)

    def _case(self, item: pytest.Item, identifiers: Sequence[str]) -> Case:
        doc = getdoc(getattr(item, "obj", None)) or ""
        return Case(
            case_id=item.nodeid,
            requirements=tuple(self._by_id[identifier] for identifier in identifiers),
            digest=self._code.digest(item.path),
            title=doc.split("\n\n", 1)[0].replace("\n", " "),
        )


def sole_requirements(cases: Iterable[Case]) -> dict[str, frozenset[str]]:
    """By case function, the requirements that it alone verifies."""
    functions: dict[str, set[str]] = defaultdict(set)
    for case in cases:
        for requirement in case.requirements:
            functions[requirement.id].add(case.function)
    sole: dict[str, set[str]] = defaultdict(set)
    for identifier, names in functions.items():
        if len(names) == 1:
            sole[next(iter(names))].add(identifier)
    return {name: frozenset(identifiers) for name, identifiers in sole.items()}


def _digest_tree(root: Path, folders: Iterable[Path]) -> str:
    files = [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in _SOURCES and "__pycache__" not in path.parts
    ]
    return _digest_files(root, files)


def _digest_files(root: Path, files: Iterable[Path]) -> str:
    lines = sorted(
        f"{path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name}\0"
        f"{digest_bytes(path.read_bytes())}"
        for path in files
    )
    return digest_bytes("\n".join(lines).encode())
