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
def _recursion_limit() -> Iterator[None]:
    """Importing auto_LiRPA raises the limit so far that deep nesting would end the process."""
    limit = sys.getrecursionlimit()
    yield
    sys.setrecursionlimit(limit)


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    """An empty project in a folder of its own, which becomes the current one."""
    return Project(pytester)
