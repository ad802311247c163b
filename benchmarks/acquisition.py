"""How often the device abstains on recordings that were taken otherwise than those it knows.

That is at other rates, in coarser steps, or under mains. They are of the validation split, half of
them with AFib; the first line is of them as they are. What is changed leaves the rhythm as it is.
"""

from __future__ import annotations

import argparse
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import resample_poly

from afib.dataset import AFIB, NORMAL
from afib.decision import load_screener
from afib.errors import AfibError
from afib.records import Recording
from afib.settings import load_settings
from afib.workflow import prepared, shipped_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnassure.arrays import FloatArray

_RATES_HZ = (50.0, 100.0, 125.0, 200.0, 250.0, 360.0, 500.0, 512.0, 1000.0)
_STEPS_MV = (0.0025, 0.005, 0.01)
_MAINS_MV = (0.01, 0.02, 0.1)
_MAINS_HZ = 50.0
_STEP_MV = 0.001


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=0, help="recordings of each rhythm, such as 30")
    parser.add_argument("--seed", type=int, default=17, help="of the draw")
    parsed = parser.parse_args(arguments)
    if parsed.each < 1:
        print("nothing to measure: name --each, such as 30; it takes two minutes")
        return
    try:
        data = prepared(load_settings("physionet2017"), None, progress=True)
        screener = load_screener(shipped_model())
    except AfibError as error:
        print(f"nothing to measure: {error}")
        return
    usable = data.dataset.where(data.dataset.usable).of(split="validation")
    generator = np.random.default_rng(parsed.seed)
    names = [
        name
        for label in (NORMAL, AFIB)
        for name in generator.permutation(usable.of(labels=(label,)).names)[: parsed.each].tolist()
    ]
    recordings = list(data.source.some(names))
    print("Abstentions of the shipped device on recordings that are taken otherwise.\n")
    print("| recordings | abstained on | of |")
    print("|---|---|---|")
    for name, made in _changes(recordings):
        abstained = sum(screener.decide(each).abstained for each in made)
        print(f"| {name} | {abstained} | {len(made)} |", flush=True)


def _changes(recordings: list[Recording]) -> list[tuple[str, list[Recording]]]:
    """By what was done to them, the recordings that come of it."""
    return [
        ("as they are", recordings),
        *(
            (f"at {rate:g} Hz", [_made(r, _at_rate(r, rate), rate) for r in recordings])
            for rate in _RATES_HZ
        ),
        *(
            (
                f"in steps of {1000 * step:g} uV",
                [_made(r, r.signal_mv, r.rate_hz, step) for r in recordings],
            )
            for step in _STEPS_MV
        ),
        *(
            (
                f"under mains of {1000 * size:g} uV",
                [_made(r, r.signal_mv + _mains(r, size), r.rate_hz) for r in recordings],
            )
            for size in _MAINS_MV
        ),
    ]


def _at_rate(recording: Recording, rate_hz: float) -> FloatArray:
    ratio = Fraction(rate_hz / recording.rate_hz).limit_denominator(1000)
    return np.asarray(
        resample_poly(recording.signal_mv, ratio.numerator, ratio.denominator, padtype="edge"),
        np.float32,
    )


def _mains(recording: Recording, size_mv: float) -> FloatArray:
    time_s = np.arange(len(recording.signal_mv)) / recording.rate_hz
    return np.asarray(size_mv * np.sin(2 * np.pi * _MAINS_HZ * time_s), np.float32)


def _made(
    recording: Recording, signal_mv: FloatArray, rate_hz: float, step_mv: float = _STEP_MV
) -> Recording:
    steps = np.rint(signal_mv.astype(np.float64) / step_mv)
    return Recording.of(
        name=recording.name,
        signal_mv=(steps * step_mv).astype(np.float32),
        rate_hz=rate_hz,
        origin=recording.origin,
        label=recording.label,
    )


if __name__ == "__main__":
    main()
