"""The models of a cross-fitting, held to what is on record of them: they judge again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from afib.checkpoint import Checkpoint
from afib.classifier import Classifier
from afib.crossfit import NETWORK
from afib.errors import AfibError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from afib.crossfit import CrossFit
    from nnassure.arrays import FloatArray

__all__ = ["foreign_models", "misjudged"]

# What sums of another order may change in a score.
_REPEATS = 1e-5


def foreign_models(folder: Path, crossfit: CrossFit, methods: Sequence[str]) -> list[str]:
    """A sentence on each model of *methods* in *folder* that is not the one on record.

    There is one of each method and fold on record, and no other. It has the digest that is on
    record, says of itself what is on record (fold, recordings, epochs, versions), and was trained
    with the settings of its method.
    """
    models, folds = crossfit.origin["models"], sorted(set(crossfit.folds.tolist()))
    wanted = {f"{method}-{fold}": (method, fold) for method in methods for fold in folds}
    ours = {name for name in models if name.rpartition("-")[0] in methods}
    if ours != set(wanted):
        return [f"{folder}: expected on record the models {sorted(wanted)}, got {sorted(ours)}"]
    told = []
    for name, (method, fold) in wanted.items():
        place, stated = folder / name, models[name]
        try:
            model = Checkpoint.load(place)
        except AfibError as error:
            told.append(f"{place}: expected the model {name}, got {error}")
            continue
        said = {"model_sha256": model.digest, **model.provenance}
        told += [
            f"{place}: expected {key} {value}, got {said.get(key)}"
            for key, value in {**dict.fromkeys(said), **stated, "fold": fold}.items()
            if value != said.get(key)
        ]
        settings = crossfit.origin["settings_sha256"][method]
        if model.settings.digest != settings:
            told.append(f"{place}: expected settings {settings}, got {model.settings.digest}")
    return told


def misjudged(
    folder: Path, crossfit: CrossFit, signals: Sequence[FloatArray], methods: Sequence[str]
) -> list[str]:
    """A sentence on each recording of which its model says something else than is on record.

    Args:
        folder: Holds the models of the folds.
        crossfit: What is on record.
        signals: Of its recordings, in its order, at the network's rate in mV.
        methods: Whose models judge again.
    """
    return [
        sentence
        for method in methods
        for fold in sorted(set(crossfit.folds.tolist()))
        for sentence in _misjudged(folder / f"{method}-{fold}", crossfit, signals, method, fold)
    ]


def _misjudged(
    model: Path, crossfit: CrossFit, signals: Sequence[FloatArray], method: str, fold: int
) -> Iterator[str]:
    checkpoint = Checkpoint.load(model)
    held_out = np.flatnonzero(crossfit.folds == fold)
    logits = Classifier(checkpoint).logits([signals[place] for place in held_out.tolist()])
    for place, logit in zip(held_out, logits.astype(np.float64), strict=True):
        score, name = logit - checkpoint.threshold, crossfit.names[place]
        stated = float(crossfit.scores[place])
        if method == NETWORK and not np.isclose(score, stated, rtol=_REPEATS, atol=_REPEATS):
            yield f"{name}: expected the score {score:g} of {model.name}, got {stated:g} on record"
        # So near to the threshold another machine may decide otherwise.
        if (score > 0) != crossfit.calls[method][place] and abs(score) > _REPEATS:
            yield f"{name}: expected the call of {model.name}, got the other on record"
