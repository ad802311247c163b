"""Single decisions on held-out recordings: all that are wrong, and some that are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from afib.dataset import AFIB, NORMAL
from afib.rule import RHYTHMS

if TYPE_CHECKING:
    from nnassure.arrays import FloatArray
    from verification.judged import Judged
    from verification.uncertain import Answered

__all__ = ["decision_table"]

_HEAD = (
    *("record", "label", "network", "device", "probability of AFib by the network", "set"),
    "strangeness",
)


def decision_table(
    judged: Judged, answered: Answered, probabilities: FloatArray, *, right: int, seed: int
) -> list[tuple[str, ...]]:
    """Every recording whose rhythm the network gets wrong, and *right* others of each rhythm.

    Args:
        judged: Recordings with what the network says.
        answered: The same recordings with what the device says.
        probabilities: Of AFib, shape (recordings,).
        right: How many rightly called recordings of normal rhythm, and of AFib, are drawn.
        seed: Of the draw.
    """
    generator = np.random.default_rng(seed)
    labels, called = judged.recordings.labels, judged.called
    by_name = np.argsort(judged.recordings.names, kind="stable")
    chosen: list[int] = []
    for label, is_afib in ((NORMAL, False), (AFIB, True)):
        own = by_name[labels[by_name] == label]
        wrong, others = own[called[own] != is_afib], own[called[own] == is_afib]
        drawn = np.sort(generator.permutation(len(others))[:right])
        chosen += [*wrong.tolist(), *others[drawn].tolist()]
    table: list[tuple[str, ...]] = [_HEAD]
    for place in chosen:
        kept = [name for name, inside in zip(RHYTHMS, answered.sets[place], strict=True) if inside]
        said = str(answered.answers[place])
        # Of what is refused the device gives neither.
        given = bool(answered.accepted[place])
        table.append(
            (
                str(judged.recordings.names[place]),
                str(labels[place]),
                "AFib" if called[place] else "normal",
                said,
                f"{probabilities[place]:.3f}",
                (" or ".join(kept) or "none") if given else "",
                f"{answered.scores[place]:.2f}",
            )
        )
    return table
