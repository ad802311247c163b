"""How long explanations take on one core, and what it brings to ask for many at once.

Runs take turns, so that other work on the machine slows all alike; medians of the rounds. The
recordings are of the synthetic cohort, 30 s each, the network is the shipped one.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

import torch

from afib.decision import load_screener
from afib.errors import AfibError
from afib.evidence import METHODS, evidence_in
from afib.explained import explain
from afib.preprocessing import to_network_rate
from afib.settings import load_settings
from afib.strip import strip
from afib.workflow import prepared, shipped_model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=0, help="turns of each, such as 9")
    parser.add_argument("--many", type=int, default=1000, help="recordings at once")
    parsed = parser.parse_args(arguments)
    if parsed.rounds < 1:
        print("nothing to measure: name --rounds, such as 9; it takes two minutes")
        return
    torch.set_num_threads(1)
    try:
        data = prepared(load_settings("synthetic-quick"), None, progress=True)
        screener = load_screener(shipped_model())
    except AfibError as error:
        print(f"nothing to measure: {error}")
        return
    if screener.limits is None:
        print("nothing to measure: the model has no gate")
        return
    checkpoint = screener.limits.checkpoint
    (recording,) = data.source.some(data.dataset.names[:1].tolist())
    preprocessing = checkpoint.settings.preprocessing
    signal = to_network_rate(recording.signal_mv, recording.rate_hz, preprocessing)
    signals = [data.dataset.signals[k % len(data.dataset)] for k in range(parsed.many)]
    print(f"One recording of {recording.duration_s:.0f} s, on one core.\n")
    print("| what | median s | times a decision |")
    print("|---|---|---|")
    taken = _interleaved(
        {
            "decision alone": lambda: screener.decide(recording),
            "decision, Grad-CAM, SVG": lambda: strip(explain(screener, recording)).svg(),
            "decision, Grad-CAM, PNG": lambda: strip(explain(screener, recording)).png(),
            **{
                f"evidence by {method}": partial(evidence_in, checkpoint, [signal], method=method)
                for method in METHODS
            },
        },
        parsed.rounds,
    )
    for name, seconds in taken.items():
        print(f"| {name} | {seconds:.3f} | {seconds / taken['decision alone']:.1f} |")
    both = _interleaved(
        {
            "together": lambda: evidence_in(checkpoint, signals),
            "one by one": lambda: [evidence_in(checkpoint, [each]) for each in signals],
        },
        max(1, parsed.rounds // 3),
    )
    print(
        f"\n{len(signals)} recordings by Grad-CAM: together {both['together']:.1f} s, one by one "
        f"{both['one by one'] / both['together']:.1f} times as long."
    )


def _interleaved(runs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    found: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            found[name].append(time.perf_counter() - start)
    return {name: median(seconds) for name, seconds in found.items()}


if __name__ == "__main__":
    main()
