"""Proofs behind the page: what is asked, and what comes of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from afib.app.proving import ASKED, Proofs
from afib.errors import AfibError
from tests.support.recordings import recording
from tests.support.uncertain import tiny_device

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PATIENCE_S = 120


@pytest.fixture
def proofs(tmp_path: Path) -> Iterator[Proofs]:
    """Of a tiny model, of two questions."""
    found = Proofs(tiny_device(tmp_path), ASKED[1:3])
    yield found
    found.close()


def ask_again_and_again(proofs: Proofs) -> None:
    """About more recordings than can be answered meanwhile."""
    for number in range(100):
        proofs.begin(str(number), recording())


def test_nothing_is_told_of_what_was_not_asked(proofs: Proofs) -> None:
    """A recording that nobody asked about has no answers."""
    assert proofs.so_far("nobody") == {"asked": 0, "answered": 0, "answers": []}


def test_what_is_proven_lies_below_what_an_attack_turns(proofs: Proofs) -> None:
    """Each answer is in the unit of its question, and a proof stays below an attack."""
    proofs.begin("one", recording())
    until = time.monotonic() + _PATIENCE_S
    while (told := proofs.so_far("one"))["answered"] < 2 and time.monotonic() < until:
        time.sleep(0.1)
    assert told["asked"] == told["answered"] == 2
    for asked, answer in zip(ASKED[1:3], told["answers"], strict=True):
        assert "problem" not in answer, answer
        assert answer["kind"] == asked.kind
        assert answer["up_to"] == pytest.approx(asked.up_to * asked.times)
        assert answer["proven"] is None or 0 < answer["proven"] <= answer["up_to"]
        if answer["proven"] is not None and answer["turned"] is not None:
            assert answer["proven"] < answer["turned"]
        assert answer["is_at_end"] == (answer["proven"] == answer["up_to"])


def test_a_question_is_asked_once(proofs: Proofs) -> None:
    """Who asks again gets what was asked before."""
    proofs.begin("one", recording())
    proofs.begin("one", recording())
    assert proofs.so_far("one")["asked"] == 2


def test_too_many_are_refused(proofs: Proofs) -> None:
    """So many wait that the next one is told to come back."""
    with pytest.raises(AfibError, match="proofs: expected fewer to wait, got too many"):
        ask_again_and_again(proofs)
