"""What all sources share: errors told together, digests, and short lists of names."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from afib.errors import RecordError, SourceError
from afib.sources.base import digest_of, in_short, sound_recordings
from tests.support.recordings import recording

if TYPE_CHECKING:
    from afib.records import Recording


def test_sound_recordings_pass_before_errors_are_raised() -> None:
    """What can be read is handed over; what cannot is raised together at the end."""
    results: list[Recording | RecordError]
    results = [recording("A1"), RecordError("A2", "x"), recording("A3"), RecordError("A4", "y")]
    passed: list[str] = []
    with pytest.raises(SourceError) as caught:
        passed.extend(one.name for one in sound_recordings(results, "place"))
    assert str(caught.value) == "x\ny"
    assert list(sound_recordings(results[:1], "place")) == results[:1]


def test_many_errors_are_counted() -> None:
    """Ten are shown and the rest counted."""
    errors = [RecordError(f"A{n}", f"problem {n}") for n in range(25)]
    with pytest.raises(SourceError) as caught:
        list(sound_recordings(errors, "data.zip"))
    assert len(caught.value.problems) == 11
    assert caught.value.problems[-1] == "data.zip: 15 more problems like these"


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    """Canonical JSON has sorted keys and no blanks."""
    by_hand = hashlib.sha256(b'{"a":1,"b":"x"}').hexdigest()
    assert digest_of({"b": "x", "a": 1}) == digest_of({"a": 1, "b": "x"}) == by_hand


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ({"b"}, "b"),
        ({"c", "a", "b"}, "a, b, c"),
        ({"d", "c", "a", "b", "e"}, "a, b, c and 2 more"),
    ],
)
def test_long_lists_are_cut(names: set[str], text: str) -> None:
    """The first three names are shown, sorted, and the rest counted."""
    assert in_short(names) == text
