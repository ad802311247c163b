"""Which split and fold a recording belongs to: a function of its samples and the seed alone.

So more recordings move none, the same recording under two names falls together, and nobody
chooses.
"""

from __future__ import annotations

from hashlib import sha256
from itertools import accumulate
from typing import TYPE_CHECKING

from afib.dataset.table import SPLITS

if TYPE_CHECKING:
    from afib.settings import SplitSettings

__all__ = ["PARTS", "fold_of", "part_of", "split_of"]

_DIGITS = 16
#: Of a fold: prediction sets of one are calibrated on the others.
PARTS = 3


def split_of(digest: str, settings: SplitSettings) -> str:
    """The split of the recording with this *digest*.

    The first 16 hexadecimal digits of SHA-256 of ``seed:digest`` are a number in [0, 1), which
    the shares cut in the order train, validation, calibration, test.
    """
    position = _number(f"{settings.seed}:{digest}") / 16**_DIGITS
    shares = (settings.train, settings.validation, settings.calibration)
    for split, end in zip(SPLITS, accumulate(shares), strict=False):
        if position < end:
            return split
    return SPLITS[-1]


def fold_of(digest: str, settings: SplitSettings) -> int:
    """The cross-fitting fold of the recording with this *digest*, from 0.

    The first 16 hexadecimal digits of SHA-256 of ``fold:seed:digest``, modulo the folds.
    """
    return _number(f"fold:{settings.seed}:{digest}") % settings.folds


def part_of(digest: str, seed: int) -> int:
    """The part of its fold that the recording with this *digest* belongs to: 0, 1 or 2.

    The first 16 hexadecimal digits of SHA-256 of ``part:seed:digest``, modulo 3.
    """
    return _number(f"part:{seed}:{digest}") % PARTS


def _number(text: str) -> int:
    return int(sha256(text.encode()).hexdigest()[:_DIGITS], 16)
