"""A band that is none is refused, with what was expected."""

from __future__ import annotations

import re
from typing import Any

import pytest

from nnassure.errors import AssuranceError
from nnassure.perturbation import wander_band

_SOUND: dict[str, Any] = {
    "samples": 600,
    "rate_hz": 300.0,
    "lowest_hz": 0.05,
    "highest_hz": 0.67,
    "mv": 0.2,
}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"samples": 0}, "samples: expected at least 1, got 0"),
        ({"rate_hz": 0.0}, "rate_hz: expected a finite number above 0, got 0.0"),
        ({"mv": float("nan")}, "mv: expected a finite number above 0, got nan"),
        (
            {"lowest_hz": 0.7},
            "band_hz: expected two numbers in (0, 150), the lower one first, got 0.7 and 0.67",
        ),
        (
            {"lowest_hz": 0.0},
            "band_hz: expected two numbers in (0, 150), the lower one first, got 0.0 and 0.67",
        ),
        (
            {"highest_hz": 150.0},
            "band_hz: expected two numbers in (0, 150), the lower one first, got 0.05 and 150.0",
        ),
    ],
)
def test_what_is_no_band_is_refused(changed: dict[str, Any], told: str) -> None:
    """One sentence says what was expected."""
    with pytest.raises(AssuranceError, match=f"^{re.escape(told)}$"):
        wander_band(**{**_SOUND, **changed})


def test_a_set_names_its_frequencies() -> None:
    """So that a certificate tells which piece of a band it is about."""
    assert wander_band(**_SOUND).names[0] == "wander 0.05 to 0.67 Hz sine"
