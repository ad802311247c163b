"""How a score, a threshold and a prediction set become what the device says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnassure.arrays import require_same_length, require_shape
from nnassure.errors import ShapeError

if TYPE_CHECKING:
    from nnassure.arrays import BoolArray, StrArray

__all__ = [
    "AFIB_RHYTHM",
    "CONTRADICTED",
    "EMPTY",
    "NORMAL_RHYTHM",
    "RHYTHMS",
    "STRANGE",
    "UNUSABLE",
    "answers",
]

AFIB_RHYTHM, NORMAL_RHYTHM = "AFib", "normal"
#: In the order of the columns of a prediction set.
RHYTHMS = (NORMAL_RHYTHM, AFIB_RHYTHM)
#: Why the device says no rhythm.
UNUSABLE, STRANGE, EMPTY, CONTRADICTED = "unusable", "strange", "empty set", "contradicted"


def answers(
    *, usable: BoolArray, accepted: BoolArray, called_afib: BoolArray, sets: BoolArray
) -> StrArray:
    """What the device says of each recording: a rhythm, or why it abstains.

    It abstains on a recording that is not usable, or strange, or that fits no rhythm as well as
    calibration recordings did, or whose prediction set rules out the rhythm on the side of the
    threshold where it lies. A set of both rhythms is no abstention: it says that the other one
    cannot be ruled out.

    Args:
        usable: Whether it can hold a rhythm at all, shape (recordings,).
        accepted: By the gate, shape (recordings,); of no meaning where it is not usable.
        called_afib: Whether its logit is above the threshold, shape (recordings,).
        sets: Of :data:`RHYTHMS`, shape (recordings, 2).

    Returns:
        ``AFib``, ``normal``, ``unusable``, ``strange``, ``empty set`` or ``contradicted``, shape
        (recordings,).

    Raises:
        ShapeError: If the arrays do not match.
    """
    require_shape("sets", sets, "recordings, rhythms")
    if sets.shape[1] != len(RHYTHMS):
        raise ShapeError(f"sets: expected {len(RHYTHMS)} rhythms, got {sets.shape[1]}")
    require_same_length(usable=usable, accepted=accepted, called_afib=called_afib, sets=sets)
    kept = np.where(called_afib, sets[:, 1], sets[:, 0])
    rhythm = np.where(called_afib, AFIB_RHYTHM, NORMAL_RHYTHM)
    return np.select(
        [~usable, ~accepted, ~sets.any(axis=1), ~kept],
        [UNUSABLE, STRANGE, EMPTY, CONTRADICTED],
        default=rhythm,
    ).astype(np.str_)
