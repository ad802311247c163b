"""What the shipped network decides of disturbed recordings, with noise that is drawn and recorded.

The detectors of strange recordings are shown some disturbances as harmless and others as harmful,
all with drawn noise. This counts, on validation recordings, how many of each are decided rightly.
Recorded noise is its first half: the second judges gates.
Run ``python -m benchmarks.disturbed --each 100`` with VERICASE_DATA set.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np
import torch

from afib.checkpoint import Checkpoint
from afib.classifier import Classifier
from afib.corruption import FAMILIES, strange_recording
from afib.dataset import AFIB
from afib.errors import AfibError
from afib.examples import named_disturbance
from afib.preprocessing import to_network_rate
from afib.settings import load_settings, load_uncertainty
from afib.usability import unusable
from afib.workflow import prepared, shipped_model
from benchmarks.shared.drawn import drawn, recorded_noise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afib.records import Recording

_SEED = 17
# Families whose noise was also recorded.
_NOISES = ("wander", "muscle", "motion")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=0, help="recordings of each rhythm")
    parsed = parser.parse_args(arguments)
    if not parsed.each:
        print("nothing to measure: name --each, such as 100; it takes some minutes")
        return
    try:
        data = prepared(load_settings("physionet2017"), None, progress=True)
        checkpoint = Checkpoint.load(shipped_model())
    except AfibError as error:
        print(f"nothing to measure: {error}")
        return
    torch.set_num_threads(1)
    usable = data.dataset.where(data.dataset.usable).of(split="validation")
    bases = list(data.source.some(drawn(usable, parsed.each, _SEED)))
    right = _right(checkpoint, bases)
    print(f"{len(bases)} validation recordings, half of them with AFib where there are enough; ")
    print(f"undisturbed, {right} are decided rightly.\n")
    print("| disturbance | shown as | right, noise drawn | right, noise recorded |")
    print("|---|---|---|---|")
    settings = load_uncertainty().disturbed
    for shown_as, kinds in (("harmless", settings.harmless), ("harmful", settings.harmful)):
        for kind in kinds:
            family, severity = named_disturbance(kind)
            counts = [f"{_right(checkpoint, _made(bases, family, severity, recorded=False))}"]
            has_noise = family in _NOISES and bool(recorded_noise(bases[0].rate_hz, later=False))
            counts.append(
                f"{_right(checkpoint, _made(bases, family, severity, recorded=True))}"
                if has_noise
                else ""
            )
            print(f"| {FAMILIES[family].title}, {severity:g} | {shown_as} | {' | '.join(counts)} |")


def _made(
    bases: list[Recording], family: str, severity: float, *, recorded: bool
) -> list[Recording]:
    return [
        strange_recording(
            base,
            family,
            severity,
            seed=_SEED,
            noise=recorded_noise(base.rate_hz, later=False) if recorded else None,
        )
        for base in bases
    ]


def _right(checkpoint: Checkpoint, recordings: list[Recording]) -> int:
    """How many are usable and decided rightly."""
    settings = checkpoint.settings
    held = [
        each
        for each in recordings
        if unusable(each.signal_mv, each.rate_hz, settings.usability) is None
    ]
    signals = [
        to_network_rate(each.signal_mv, each.rate_hz, settings.preprocessing) for each in held
    ]
    classifier = Classifier(checkpoint)
    called = classifier.calls_afib(classifier.logits(signals))
    return int((called == np.array([each.label == AFIB for each in held])).sum())


if __name__ == "__main__":
    main()
