"""Lock files: which versions a run was to have, and whether it had them."""

import re
from collections.abc import Mapping
from pathlib import Path

from vericase.errors import EvidenceError

__all__ = ["off_lock", "pin_changes", "read_lock"]

_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?==([^\s;#]+)")
_MOST_BYTES = 1 << 20


def read_lock(path: Path) -> dict[str, str]:
    """By name in its normal form (PEP 503), the version that the file pins.

    A line that is no plain pin counts as it is written; remarks and empty lines do not count.

    Raises:
        EvidenceError: If the file cannot be read.
    """
    try:
        text = path.read_bytes()[:_MOST_BYTES].decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvidenceError(f"{path}: expected a lock file, got {error}") from error
    lines = (line.split(" #", 1)[0].strip() for line in text.splitlines())
    pins: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith("#"):
            found = _PIN.fullmatch(line)
            pins |= {_normal(found[1]): found[2]} if found else {line: ""}
    return pins


def pin_changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Where two locks differ, one text a name."""
    names = sorted({*before, *after})
    return [
        f"{name} {before.get(name, 'absent')} -> {after.get(name, 'absent')}"
        for name in names
        if before.get(name) != after.get(name)
    ]


def off_lock(lock: Mapping[str, str], packages: Mapping[str, str]) -> list[str]:
    """What is installed in another version than *lock* pins; what is not installed is fine.

    A pin without a local part holds for every build of the version (PEP 440).
    """
    installed = {_normal(name): version for name, version in packages.items()}
    return [
        f"{name} {installed[name]}, locked {wanted}"
        for name, wanted in sorted(lock.items())
        if name in installed and wanted not in {installed[name], installed[name].split("+", 1)[0]}
    ]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
