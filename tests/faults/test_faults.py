"""No fault of the corpus opens the gate, and every sound project does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.corpus import CONTROLS, FAULTS
from tests.faults.projects import run_project

if TYPE_CHECKING:
    from pathlib import Path

BLOCKED, BAD_INPUT = 1, 2


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_keeps_the_gate_closed(name: str, tmp_path: Path) -> None:
    """It is blocked, or refused as bad input; a crash of the tool would be neither."""
    assert run_project(FAULTS[name], tmp_path) in {BLOCKED, BAD_INPUT}


@pytest.mark.parametrize("name", CONTROLS)
def test_a_sound_project_opens_the_gate(name: str, tmp_path: Path) -> None:
    """A gate that never opens would also hold back every fault."""
    assert run_project(CONTROLS[name], tmp_path) == 0


def test_the_corpus_is_large() -> None:
    """At least sixty ways to look fine without being fine."""
    assert len(FAULTS) >= 60
