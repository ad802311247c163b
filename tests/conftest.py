"""What all tests of the code share."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.projects import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def _interpreter() -> Iterator[None]:
    """A test leaves the interpreter as it found it.

    Importing auto_LiRPA raises the recursion limit so far that deep nesting ends the process, and
    setuptools, which it imports, puts packages of its own on the path.
    """
    limit, path = sys.getrecursionlimit(), list(sys.path)
    yield
    sys.setrecursionlimit(limit)
    sys.path[:] = path


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    """An empty project in a folder of its own, which becomes the current one."""
    return Project(pytester)
