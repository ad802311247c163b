"""How score, threshold and set become an answer."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from afib.rule import AFIB_RHYTHM, CONTRADICTED, EMPTY, NORMAL_RHYTHM, STRANGE, UNUSABLE, answers
from nnassure.errors import ShapeError


def answer(
    *, usable: bool = True, accepted: bool = True, called: bool, sets: tuple[bool, bool]
) -> str:
    """Of one recording."""
    found = answers(
        usable=np.array([usable]),
        accepted=np.array([accepted]),
        called_afib=np.array([called]),
        sets=np.array([sets]),
    )
    return str(found[0])


@pytest.mark.parametrize(
    ("called", "sets", "wanted"),
    [
        (True, (False, True), AFIB_RHYTHM),
        (True, (True, True), AFIB_RHYTHM),
        (False, (True, True), NORMAL_RHYTHM),
        (False, (True, False), NORMAL_RHYTHM),
        (True, (True, False), CONTRADICTED),
        (False, (False, True), CONTRADICTED),
        (True, (False, False), EMPTY),
        (False, (False, False), EMPTY),
    ],
)
def test_a_rhythm_is_said_if_the_set_keeps_it(
    *, called: bool, sets: tuple[bool, bool], wanted: str
) -> None:
    """And never otherwise."""
    assert answer(called=called, sets=sets) == wanted


def test_what_is_strange_or_unusable_has_no_rhythm() -> None:
    """Whatever network and set say."""
    for called, normal, afib in itertools.product((True, False), repeat=3):
        sets = (normal, afib)
        assert answer(accepted=False, called=called, sets=sets) == STRANGE
        for accepted in (True, False):
            found = answer(usable=False, accepted=accepted, called=called, sets=sets)
            assert found == UNUSABLE


def test_arrays_of_other_recordings_are_refused() -> None:
    """One value for each recording."""
    with pytest.raises(ShapeError):
        answers(
            usable=np.ones(2, np.bool_),
            accepted=np.ones(3, np.bool_),
            called_afib=np.ones(2, np.bool_),
            sets=np.ones((2, 2), np.bool_),
        )
    for rhythms in (1, 3):
        with pytest.raises(ShapeError, match=f"sets: expected 2 rhythms, got {rhythms}"):
            answers(
                usable=np.ones(2, np.bool_),
                accepted=np.ones(2, np.bool_),
                called_afib=np.ones(2, np.bool_),
                sets=np.ones((2, rhythms), np.bool_),
            )
