"""How well detectors find the R peaks of the synthetic cohort, and what they take beside ours.

The cohort states where each R peak is. A beat counts as found if a detector puts one within 50 ms,
and what a detector puts counts as right if a true beat is within 50 ms.
Detectors take turns on each recording, so that other work on the machine slows all of them alike;
each turn is compared with the turn of `afib.beats` beside it.

Run in the repository root: ``python -m benchmarks.r_peaks``
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
from sleepecg.heartbeats import detect_heartbeats

from afib.beats import r_peaks
from afib.synthetic import LABELS, RATE_HZ, SyntheticRecording, generate_recording
from benchmarks.shared.beats import matched, share

with warnings.catch_warnings():
    # wfdb 4.3 warns of its own use of pandas while it is imported.
    warnings.simplefilter("ignore")
    from wfdb.processing import xqrs_detect

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nnassure.arrays import BoolArray, FloatArray, IntArray

_SEED, _RECORDINGS, _TURNS = 17, 40, 3
_WITHIN_S = 0.05
_RHYTHMS = ("N", "A")
_OURS = "sleepecg, turned upright (`afib.beats`)"


@dataclass(slots=True)
class _Shown:
    """What one detector showed.

    Attributes:
        found: By label, whether each true beat was found, one mask a recording.
        right: By label, whether each found beat is a true one, one mask a recording.
        times: Processor time of each turn, over that of ours in the same turn.
    """

    found: dict[str, list[BoolArray]] = field(default_factory=lambda: {r: [] for r in _RHYTHMS})
    right: dict[str, list[BoolArray]] = field(default_factory=lambda: {r: [] for r in _RHYTHMS})
    times: list[float] = field(default_factory=list)


def main() -> None:
    """Detects in each recording with each detector in turn, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=_SEED)
    parser.add_argument("--recordings", type=int, default=_RECORDINGS, help="of each rhythm")
    asked = parser.parse_args()
    shown = {name: _Shown() for name in _DETECTORS}
    for recording in _cohort(asked.seed, asked.recordings):
        _judge(recording, shown)
        _time(recording, shown)
    print(
        f"{asked.recordings} recordings of each rhythm, seed {asked.seed}, {RATE_HZ:.0f} Hz, "
        f"matched within {1000 * _WITHIN_S:.0f} ms; sleepecg {version('sleepecg')}, "
        f"wfdb {version('wfdb')}.\n"
    )
    _print_table(shown)


def _cohort(seed: int, recordings: int) -> Sequence[SyntheticRecording]:
    return [
        generate_recording(seed=seed, number=len(LABELS) * ordinal + LABELS.index(label) + 1)
        for ordinal in range(recordings)
        for label in _RHYTHMS
    ]


def _by_sleepecg(signal_mv: FloatArray) -> IntArray:
    return np.asarray(detect_heartbeats(signal_mv.astype(np.float64), RATE_HZ))


def _by_xqrs(signal_mv: FloatArray) -> IntArray:
    return np.asarray(xqrs_detect(signal_mv.astype(np.float64), RATE_HZ, verbose=False))


_DETECTORS: dict[str, Callable[[FloatArray], IntArray]] = {
    _OURS: lambda signal_mv: r_peaks(signal_mv, RATE_HZ),
    "sleepecg as it is": _by_sleepecg,
    "wfdb `xqrs`": _by_xqrs,
}


def _judge(item: SyntheticRecording, shown: dict[str, _Shown]) -> None:
    label = item.recording.label or ""
    for name, detect in _DETECTORS.items():
        times_s = (detect(item.recording.signal_mv) / RATE_HZ).astype(np.float32)
        shown[name].found[label].append(matched(item.r_peaks, times_s, _WITHIN_S))
        shown[name].right[label].append(matched(times_s, item.r_peaks, _WITHIN_S))


def _time(item: SyntheticRecording, shown: dict[str, _Shown]) -> None:
    for _ in range(_TURNS):
        took = {}
        for name, detect in _DETECTORS.items():
            start = time.process_time()
            detect(item.recording.signal_mv)
            took[name] = time.process_time() - start
        for name, taken in took.items():
            shown[name].times.append(taken / took[_OURS])


def _print_table(shown: dict[str, _Shown]) -> None:
    titles = [f"{label}: {what}" for label in _RHYTHMS for what in ("found", "right")]
    print(f"| detector | {' | '.join(titles)} | time, to ours |")
    print("|---|---|---|---|---|---|")
    for name, one in shown.items():
        cells = [
            share(np.concatenate(masks[label]))
            for label in _RHYTHMS
            for masks in (one.found, one.right)
        ]
        print(f"| {name} | {' | '.join(cells)} | {statistics.median(one.times):.2g} |")
    turns = len(shown[_OURS].times)
    print(
        "\nFound: true beats that were found; right: found beats that are true. "
        f"Time: processor time over that of ours beside it, median of {turns} turns."
    )


if __name__ == "__main__":
    main()
