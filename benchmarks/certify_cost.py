"""What bounds cost: the engine beside auto_LiRPA, and by itself.

A question is one segment of 30 s at the network's input, a box around it, and whether the logit
stays on its side of the threshold. Both engines answer it by back-substitution (CROWN), in one
thread, in turn on each segment; auto_LiRPA in its own precision, float32. The certified model,
whose decisions are proven, is asked about ECG, and so is the default one, which is wider; networks
of their shapes with drawn weights, asked about a larger box, have most of their ReLUs open.
Recordings are those of the synthetic cohort, or of PhysioNet 2017's validation split where
VERICASE_DATA names a folder with it. Length and cascade are asked of the certified model.

The cascade is what `afib certify` does apart from attacks: intervals, back-substitution, slopes by
ascent, splits. A recording that an attack turns is no longer asked about once back-substitution
has not proven it, as there. Run in the repository root:
``python -m benchmarks.certify_cost [--recordings=40]``
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from tqdm import tqdm

from benchmarks.shared import proving
from benchmarks.shared.cascade import cascade
from benchmarks.shared.engines import Answers, Case, answers, ours, theirs
from benchmarks.shared.measuring import heading, spend
from nnassure.certify.arithmetic import FLOAT32

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nnassure.arrays import FloatArray

_SEED = 17
_RATE_HZ, _SAMPLES = 60, 1800
_LENGTHS_S = (10, 30, 60, 120, 300, 600)
_CLOSE = 1e-4
_CORES = 2
_PRESETS = {"certified": "physionet2017-certified", "default": "physionet2017"}


def main() -> None:
    """Measures what the options say, and prints the tables."""
    asked = _options()
    torch.set_num_threads(1)
    cases = _cases(asked)
    if asked.memory:
        engine, name = asked.memory
        _print_memory_of(cases[name], engine)
        return
    print(heading("Bounds"))
    print(f"Recordings of {proving.source()}, seed {_SEED}; torch {torch.__version__}.\n")
    counts = (asked.recordings, asked.default, asked.unstable, asked.unstable)
    pieces = [signal[:_SAMPLES] for signal in proving.signals(_SEED, max(*counts, 1))]
    found = {}
    for (name, case), count in zip(cases.items(), counts, strict=True):
        found[name] = [answers(case, one) for one in _shown(pieces[:count], case.told)]
    _print_passes(cases, found)
    _print_soundness(cases, found)
    _print_memory(cases)
    _print_lengths(cases["certified"], pieces, asked.longest_s)
    _print_cascade(cases["certified"], asked)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--recordings", type=int, default=2, help="for the certified model")
    parser.add_argument("--default", type=int, default=1, help="for the default model")
    parser.add_argument("--unstable", type=int, default=1, help="for drawn weights")
    parser.add_argument("--radius-mv", type=float, default=0.01)
    parser.add_argument("--unstable-radius-mv", type=float, default=0.05)
    parser.add_argument("--longest-s", type=int, default=120, help="up to 600")
    parser.add_argument(
        "--cascade", type=int, default=4, help="recordings; -1 for all of the split"
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="of splits, a recording")
    parser.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def _cases(asked: argparse.Namespace) -> dict[str, Case]:
    return {
        "certified": _trained_case("certified", asked.radius_mv),
        "default": _trained_case("default", asked.radius_mv),
        "drawn": _drawn_case("certified", asked.unstable_radius_mv),
        "drawn-wide": _drawn_case("default", asked.unstable_radius_mv),
    }


def _trained_case(model: str, radius_mv: float) -> Case:
    network, threshold = proving.shipped(_PRESETS[model])
    return Case(
        told=f"{model} model, ±{1000 * radius_mv:g} µV",
        network=network,
        threshold=threshold,
        radius_mv=radius_mv,
        target=10.0,
    )


def _drawn_case(model: str, radius_mv: float) -> Case:
    return Case(
        told=f"drawn weights, as {model}, ±{1000 * radius_mv:g} µV",
        network=proving.untrained(_PRESETS[model], _SEED),
        threshold=0.0,
        radius_mv=radius_mv,
        target=30.0,
    )


def _shown(pieces: list[FloatArray], told: str) -> Iterator[FloatArray]:
    yield from tqdm(pieces, desc=told, unit="recording", file=sys.stderr)


def _print_passes(cases: dict[str, Case], found: dict[str, list[Answers]]) -> None:
    print(
        "| network and box | segments | open ReLUs | ours CPU s | auto_LiRPA CPU s | ratio "
        "| target | ours looser (target 0) | by at most | ours tighter | by at most |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name, shown in found.items():
        if not shown:
            continue
        apart = [(one.real - one.theirs) / max(1.0, abs(one.theirs)) for one in shown]
        looser = [-one for one in apart if one < -_CLOSE]
        tighter = [one for one in apart if one > _CLOSE]
        cells = [
            cases[name].told,
            str(len(shown)),
            f"{statistics.median(one.open_share for one in shown):.0%}".replace("%", " %"),
            f"{statistics.median(one.sound_s for one in shown):.2f}",
            f"{statistics.median(one.theirs_s for one in shown):.2f}",
            f"{statistics.median(one.theirs_s / one.sound_s for one in shown):.1f}",
            f"{cases[name].target:g}",
        ]
        for some in (looser, tighter):
            cells += [str(len(some)), f"{max(some):.1g}" if some else ""]
        print(f"| {' | '.join(cells)} |")
    print(
        f"\nMedians; the ratio is that of each segment. Ours is timed sound for float32, in one "
        f"pass, where ROB-018 asks for the best of two. Looser "
        f"and tighter: the margin in real arithmetic, by over {_CLOSE:g} of the larger of 1 and "
        f"the margin.\n"
    )


def _print_soundness(cases: dict[str, Case], found: dict[str, list[Answers]]) -> None:
    print(
        "| network and box | segments | proven in real arithmetic | of those lost in float32 "
        "| margin lost | CPU over none |"
    )
    print("|---|---|---|---|---|---|")
    for name, shown in found.items():
        if not shown:
            continue
        proven = [one for one in shown if one.real > 0]
        over = statistics.median(one.sound_s / one.unrounded_s for one in shown) - 1
        cells = [
            cases[name].told,
            str(len(shown)),
            str(len(proven)),
            str(sum(one.sound <= 0 for one in proven)),
            f"{statistics.median(one.real - one.sound for one in shown):.1g}",
            f"{over:+.0%}".replace("%", " %"),
        ]
        print(f"| {' | '.join(cells)} |")
    print(
        "\nWhat soundness for float32 costs; medians. CPU over none: over passes in turn that "
        "compute no rounding at all, not even of the engine's own float64.\n"
    )


def _print_memory(cases: dict[str, Case]) -> None:
    print("| network and box | ours MB | auto_LiRPA MB |\n|---|---|---|")
    for name, case in cases.items():
        cells = [case.told, *(f"{_memory_mb(name, engine):.0f}" for engine in ("ours", "theirs"))]
        print(f"| {' | '.join(cells)} |")
    print("\nMost resident memory of one pass, above that of the process before it.\n")


def _memory_mb(name: str, engine: str) -> float:
    command = (sys.executable, "-m", "benchmarks.certify_cost", "--memory", engine, name)
    done = spend((*command, *sys.argv[1:]), Path.cwd())
    if done.code != 0:
        raise SystemExit(f"memory of {engine}: expected a figure, got {done.told[-2000:]}")
    return float(json.loads(done.told.splitlines()[-1]))


def _print_memory_of(case: Case, engine: str) -> None:
    # Reading a whole split would take more than any pass.
    piece = proving.joined([proving.generated(_SEED, 0)], _SAMPLES)
    ask: Callable[[], object] = (
        theirs(case, piece) if engine == "theirs" else ours(case, piece, FLOAT32)
    )
    before = _resident_mb("VmRSS")
    ask()
    print(json.dumps(_resident_mb("VmHWM") - before))


def _resident_mb(figure: str) -> float:
    """What Linux tells of this process; a child inherits the most that getrusage knows."""
    told = Path("/proc/self/status").read_text(encoding="ascii")
    return int(told.split(f"{figure}:")[1].split()[0]) / 1024


def _print_lengths(case: Case, pieces: list[FloatArray], longest_s: int) -> None:
    lengths_s = [length for length in _LENGTHS_S if length <= longest_s]
    spent = []
    for length_s in lengths_s:
        signal = proving.joined(pieces, length_s * _RATE_HZ)
        spent.append(proving.timed(ours(case, signal, FLOAT32))[1])
    slope = np.polyfit(np.log(lengths_s), np.log(spent), 1)[0]
    print(f"| {' | '.join(f'{length:,} s' for length in lengths_s)} | exponent |")
    print("|---" * (len(spent) + 1) + "|")
    print(f"| {' | '.join(f'{seconds:.2f}' for seconds in spent)} | {slope:.2f} |")
    print(
        "\nCPU seconds of one pass over a single segment that long, of recordings one after the "
        "other; the exponent is the least-squares slope of both logarithms (target 1.1).\n"
    )


def _print_cascade(case: Case, asked: argparse.Namespace) -> None:
    count = None if asked.cascade < 0 else asked.cascade
    signals = _shown(proving.signals(_SEED, count), "cascade")
    ends = [
        cascade(
            case.network,
            signal,
            radius_mv=case.radius_mv,
            threshold=case.threshold,
            segment=_SAMPLES,
            seconds=asked.seconds,
        )
        for signal in signals
    ]
    if not ends:
        return
    print("| decided by | recordings | CPU s |\n|---|---|---|")
    for told in dict.fromkeys(sorted(end.told for end in ends)):
        some = [end.seconds for end in ends if end.told == told]
        print(f"| {told} | {len(some)} | {sum(some):.1f} |")
    total_s = sum(end.seconds for end in ends)
    print(
        f"\nThe bound cascade on {len(ends)} whole recordings, {case.told}, at most "
        f"{asked.seconds:g} s each: {total_s:.1f} CPU s, which is "
        f"{1000 * total_s / len(ends) / _CORES:.0f} s for 1,000 recordings on {_CORES} cores; "
        f"attacks apart.\n"
    )


if __name__ == "__main__":
    main()
