"""Bugs that an engine of bounds could have: ``engine_bugs.toml``, read."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import nnassure

__all__ = ["Bug", "certify_folder", "engine_bugs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """One change of a module.

    Attributes:
        name: What is wrong.
        module: Of ``nnassure.certify``.
        old: Text that stands there exactly once.
        new: What stands there instead.
    """

    name: str
    module: str
    old: str
    new: str

    def planted(self, source: str) -> str:
        """*source* with the bug.

        Raises:
            ValueError: If the text to change does not stand there exactly once.
        """
        count = source.count(self.old)
        if count != 1:
            raise ValueError(f"{self.module}: expected {self.old!r} once, got it {count} times")
        return source.replace(self.old, self.new)


def engine_bugs() -> tuple[Bug, ...]:
    """All of them, in the order of the file."""
    text = (Path(__file__).parent / "engine_bugs.toml").read_text(encoding="utf-8")
    return tuple(
        Bug(name=name, module=module, old=old, new=new)
        for module, changes in tomllib.loads(text).items()
        for name, old, new in changes
    )


def certify_folder() -> Path:
    """Where the engine's modules are."""
    return Path(next(iter(nnassure.__path__))) / "certify"
