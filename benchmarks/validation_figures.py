"""What the shipped model does on validation recordings: the figures that thresholds start from.

The validation split also chose the epoch, the temperature and the threshold, so these figures
flatter the model; they show what order of magnitude to ask for, and nothing is released on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from afib.checkpoint import Checkpoint
from afib.classifier import Classifier
from afib.dataset import AFIB, NORMAL, Dataset
from afib.errors import AfibError
from afib.settings import load_settings
from afib.workflow import prepared, shipped_model
from nnassure.attacks import pgd
from nnassure.perturbation import Ball
from vericase.statistics import proportion_lower, proportion_upper

if TYPE_CHECKING:
    from nnassure.arrays import BoolArray

RADIUS_MV, STEPS, RESTARTS, SEED = 0.01, 20, 2, 17
CONFIDENCE = 0.95


def main() -> None:
    """Print the table."""
    settings = load_settings("physionet2017")
    try:
        data = prepared(settings, None, progress=True)
        classifier = Classifier(Checkpoint.load(shipped_model()))
    except AfibError as error:
        print(f"nothing to measure: {error}")
        return
    torch.set_num_threads(settings.training.threads)
    validation = data.dataset.of(split="validation")
    called = classifier.calls_afib(classifier.logits(validation.signals))
    inverted = classifier.calls_afib(classifier.logits([-s for s in validation.signals]))
    survived = _survived(validation, classifier)
    afib, normal = validation.labels == AFIB, validation.labels == NORMAL
    rhythms = afib | normal
    print(f"{'validation split':<34} {'rate':>7} {'counts':>14} {'95 % lower':>11} {'upper':>7}")
    _line("accuracy", (called == afib)[rhythms])
    _line("sensitivity", called[afib])
    _line("specificity", ~called[normal])
    _line("inverted sensitivity", inverted[afib])
    _line("inverted specificity", ~inverted[normal])
    _line(f"attacked sensitivity, {RADIUS_MV} mV", survived[afib])
    _line(f"attacked specificity, {RADIUS_MV} mV", survived[normal])
    _line("false alarms on normal", called[normal])
    _line("false alarms on normal and other", called[np.isin(validation.labels, ("N", "O"))])
    _line("false alarms without AFib", called[~afib])


def _line(name: str, mask: BoolArray) -> None:
    hits, trials = int(mask.sum()), len(mask)
    lower = proportion_lower(hits, trials, CONFIDENCE)
    upper = proportion_upper(hits, trials, CONFIDENCE)
    counts = f"{hits} of {trials}"
    print(f"{name:<34} {hits / trials:>7.4f} {counts:>14} {lower:>11.4f} {upper:>7.4f}")


def _survived(recordings: Dataset, classifier: Classifier) -> BoolArray:
    survived = np.zeros(len(recordings), dtype=np.bool_)
    lengths = np.array([len(signal) for signal in recordings.signals])
    for length in np.unique(lengths).tolist():
        at = np.flatnonzero((lengths == length) & np.isin(recordings.labels, (NORMAL, AFIB)))
        if not len(at):
            continue
        signals = torch.from_numpy(np.stack([recordings.signals[i] for i in at]))
        margin = classifier.margin_function(length, torch.from_numpy(recordings.is_afib[at]))
        ball = Ball(radius_mv=RADIUS_MV)
        result = pgd(margin, signals, ball, steps=STEPS, restarts=RESTARTS, seed=SEED)
        survived[at] = ~result.found
    return survived


if __name__ == "__main__":
    main()
