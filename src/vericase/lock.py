"""Lock files: which versions a run was to have, and whether it had them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from vericase.errors import EvidenceError
from vericase.store import digest_bytes

__all__ = ["included_files", "off_lock", "pin_changes", "read_lock"]

#: The name of a file as a whole, where it holds lines that are none of pip's.
_AS_WRITTEN = "the file as written"
_NAME = r"([A-Za-z0-9][A-Za-z0-9._-]*)[ \t]*(?:\[[^]]*\][ \t]*)?"
_PIN = re.compile(_NAME + r"==(?!=)[ \t]*([^\s;#,]+)[ \t]*(?:;[ \t]*(.+))?")
_REQUIREMENT = re.compile(_NAME + r"(?:[<>(;@]|[=!~]=|$)")
_OPTION = re.compile(r"-[A-Za-z]|--[a-z]")
_INCLUDE = re.compile(r"(?:^|\s)(?:-[rc]|--requirem\w*|--c\w*)[\s=]*(\S+)")
_REMARK = re.compile(r"(?:^|\s+)#.*$")
_MOST_BYTES = 1 << 24


def read_lock(path: Path) -> dict[str, str]:
    """By name in its normal form (PEP 503) and marker, the version that the file pins.

    A line of pip's that is no pin counts as it is written, and so do hashes; remarks, empty lines
    and the order do not count. Of a file with lines of another format every byte counts.

    Raises:
        EvidenceError: If the file cannot be read, is too large, or pins something twice.
    """
    content = _content(path)
    pins: dict[str, str] = {}
    for line in _lines(content.decode("utf-8-sig")):
        for name, pinned in _entries(line):
            if pins.setdefault(name, pinned) != pinned:
                told = f"expected one pin of {name}, got {pins[name]} and {pinned}"
                raise EvidenceError(f"{path}: {told}")
        if not (_OPTION.match(line) or _REQUIREMENT.match(line)):
            pins[_AS_WRITTEN] = digest_bytes(content)
    return pins


def included_files(lock: Mapping[str, str]) -> list[str]:
    """What *lock* includes (`-r`, `-c`), each as it is written there."""
    return [name for line in lock if _OPTION.match(line) for name in _INCLUDE.findall(line)]


def pin_changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Where two locks differ, one text a name."""
    names = sorted({*before, *after})
    return [
        f"{name} {before.get(name, 'absent')} -> {after.get(name, 'absent')}"
        for name in names
        if before.get(name) != after.get(name)
    ]


def off_lock(lock: Mapping[str, str], packages: Mapping[str, str]) -> list[str]:
    """What is installed in another version than *lock* has it; what is not installed is fine.

    A pin without a local part holds for every build of the version (PEP 440), and a line with a
    marker where its marker does.
    """
    installed = {_normal(name): version for name, version in packages.items()}
    found = (_off(line, pinned, installed) for line, pinned in sorted(lock.items()))
    return [text for text in found if text]


def _off(line: str, pinned: str, installed: Mapping[str, str]) -> str:
    # It comes with pytest. Only a run asks, and commands start without it.
    from packaging.requirements import Requirement  # noqa: PLC0415  see above

    name, _, marker = line.partition(";")
    name, wanted = _normal(name), pinned
    try:
        wish = Requirement(f"{name}=={pinned}; {marker}".rstrip("; ") if pinned else line)
        name, wanted = _normal(wish.name), pinned or str(wish.specifier)
        if name not in installed or (wish.marker is not None and not wish.marker.evaluate()):
            return ""
        holds = wish.specifier.contains(installed[name], prereleases=True)
    except ValueError:
        # No version as PEP 440 has them, or a marker that nobody can tell: the same text, or none.
        holds = not wanted or installed.get(name, wanted) == wanted
    return "" if holds else f"{name} {installed[name]}, locked {wanted}"


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvidenceError(f"{path}: expected a lock file, got {error}") from error
    if len(content) > _MOST_BYTES:
        raise EvidenceError(f"{path}: expected at most {_MOST_BYTES} bytes, got more")
    return content


def _lines(text: str) -> Iterator[str]:
    """The lines as pip joins them, without remarks; a remark continues nothing."""
    held = ""
    for line in [*text.splitlines(), ""]:
        remark = _REMARK.match(line)
        if line.endswith("\\") and not remark:
            held += line.removesuffix("\\")
            continue
        whole, held = _REMARK.sub("", f"{held} {line}" if remark else held + line).strip(), ""
        if whole:
            yield whole


def _entries(line: str) -> Iterator[tuple[str, str]]:
    if _OPTION.match(line):
        yield line, ""
    elif _REQUIREMENT.match(line):
        wish, *options = re.split(r"\s+(?=--)", line)
        found = _PIN.fullmatch(wish)
        marker = f"; {found[3]}" if found and found[3] else ""
        name, pinned = (_normal(found[1]) + marker, found[2]) if found else (wish, "")
        yield name, pinned
        if options:
            yield f"{name} with options", " ".join(sorted(options))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()
