"""Maps of networks whose layers are drawn anew, with draws of its own for each recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnassure.attribution import Question, attribution
from nnassure.explanation import cascading, rank_agreement

if TYPE_CHECKING:
    from torch import nn

    from nnassure.arrays import DoubleArray, FloatArray

__all__ = ["ANEW", "WITHOUT_TRAINING", "drawn_anew"]

#: What begins the name of an agreement; the number of layers drawn anew, and the last of them, end
#: it.
ANEW = "drawn anew "
#: What ends the name of a value of a network whose layers are all drawn anew.
WITHOUT_TRAINING = "without training"


def drawn_anew(  # noqa: PLR0913  what is explained, and beside what
    network: nn.Module,
    inputs: FloatArray,
    usual: DoubleArray,
    methods: tuple[str, str],
    *,
    noise: FloatArray,
    seed: int,
) -> tuple[dict[str, DoubleArray], DoubleArray]:
    """Agreement with maps of networks with more and more layers drawn anew, and maps of the last.

    Every recording has draws of its own, so that what is seen on one says nothing of another.

    Args:
        network: What was trained.
        inputs: Segments, shape (recordings, samples).
        usual: Their maps by the first method, of the same shape.
        methods: Whose maps are compared, and whose are given of the network without training.
        noise: What is added to the segments, to see whether maps without training keep their
            course as well, of the shape of *inputs*.
        seed: Of the draws.

    Returns:
        Agreement by how many layers are drawn anew, and under noise without training, each of shape
        (recordings,); and the maps by
        the second method of a network whose layers are all drawn anew, shape (recordings, samples).
    """
    compared, given = methods
    agreements: dict[str, list[float]] = {}
    last = []
    for place, own in enumerate(np.random.SeedSequence(seed).generate_state(len(inputs)).tolist()):
        row = inputs[place : place + 1]
        for depth, (name, other) in enumerate(cascading(network, seed=own), start=1):
            question = Question(network=other, wanted=1, other=0)
            found = rank_agreement(
                usual[place : place + 1], attribution(compared, question, row).weights
            )
            agreements.setdefault(f"{ANEW}{depth} {name}", []).append(float(found[0]))
        still, moved = (
            attribution(compared, question, each).weights for each in (row, row + noise[place])
        )
        agreements.setdefault(f"noisy {WITHOUT_TRAINING}", []).append(
            float(rank_agreement(still, moved)[0])
        )
        last.append(attribution(given, question, row).weights[0])
    return {name: np.array(values) for name, values in agreements.items()}, np.array(last)
