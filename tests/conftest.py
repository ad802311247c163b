"""What all tests of the code share."""

import pytest

from tests.support.projects import Project

pytest_plugins = ["pytester"]


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    """An empty project in a folder of its own, which becomes the current one."""
    return Project(pytester)
