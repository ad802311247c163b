"""Which data and which model are verified: the options of a run, and what they are held to."""

from __future__ import annotations

from pathlib import Path

import pytest

from afib.checkpoint import Checkpoint
from afib.errors import AfibError
from afib.settings import load_settings
from afib.sources import open_source

__all__ = ["pytest_addoption", "pytest_sessionstart"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which data and which model are verified."""
    group = parser.getgroup("verification of the classifier")
    group.addoption("--data", default="synthetic", help="preset: synthetic, physionet2017, ...")
    group.addoption("--model", type=Path, help="model folder; default: the preset's own")
    group.addoption("--crossfit", type=Path, help="result of cross-fitting; default on record")
    group.addoption("--certified-model", type=Path, help="its model folder; default the shipped")
    group.addoption(
        "--certified",
        type=Path,
        help="folder of its cross-fitting; default on record",
    )
    group.addoption(
        "--uncertainty", type=Path, help="folder of what held-out gates say; default on record"
    )
    group.addoption(
        "--open-test-split", action="store_true", help="put an opening of the split on record"
    )


def pytest_sessionstart(session: pytest.Session) -> None:
    """Options that name nothing stop the run before anything is touched, also with processes."""
    config = session.config
    if hasattr(config, "workerinput"):
        return
    try:
        settings = load_settings(config.getoption("data"))
        open_source(settings.data, None, progress=True)
        if config.getoption("model") is not None:
            Checkpoint.load(config.getoption("model"))
    except AfibError as error:
        raise pytest.UsageError("\n".join(error.problems)) from error
