"""What stands in for modules and attributes for a while, and is taken away again."""

from __future__ import annotations

import sys
import types
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["added", "module", "replaced"]


@contextmanager
def module(name: str, **members: object) -> Iterator[None]:
    """A module *name* with *members*, unless there is one."""
    if name in sys.modules:
        yield
        return
    made = types.ModuleType(name)
    vars(made).update(members)
    sys.modules[name] = made
    try:
        yield
    finally:
        del sys.modules[name]


@contextmanager
def added(owner: object, name: str, value: object) -> Iterator[None]:
    """An attribute *name* of *owner*, unless it has one."""
    if hasattr(owner, name):
        yield
        return
    setattr(owner, name, value)
    try:
        yield
    finally:
        delattr(owner, name)


@contextmanager
def replaced(owner: object, name: str, value: object) -> Iterator[None]:
    """The attribute *name* of *owner* with another *value*."""
    kept = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, kept)
