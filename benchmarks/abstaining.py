"""How often a disturbance that no reader would notice makes the device say nothing.

Decisions on recordings of the validation split are proven about the network; what a gate beside it
says of a disturbed recording has no bound. Here it is shown a few disturbed copies, as
`afib certify` shows it: corners of a box, and the recording in steps as coarse as the box allows.
Run in the repository root, with VERICASE_DATA:
``python -m benchmarks.abstaining --each=100``
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import torch
from tqdm import tqdm

from afib.decision import load_screener
from afib.errors import AfibError
from afib.gated import with_gate
from afib.proof.many import Challenge
from afib.settings import load_settings
from afib.workflow import prepared, shipped_model
from benchmarks.shared.drawn import drawn
from benchmarks.shared.measuring import heading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afib.decision import Screener
    from afib.records import Recording

_SEED = 17
_RADII_MV = (0.001, 0.002, 0.005, 0.01, 0.025)
_PRESETS = ("physionet2017", "physionet2017-certified")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=0, help="recordings of each rhythm")
    parsed = parser.parse_args(arguments)
    if not parsed.each:
        print("nothing to measure: name --each, such as 100; it takes some minutes")
        return
    try:
        data = prepared(load_settings(_PRESETS[0]), None, progress=True)
        devices = {name: load_screener(shipped_model(name)) for name in _PRESETS}
    except AfibError as error:
        print(f"nothing to measure: {error}")
        return
    torch.set_num_threads(1)
    usable = data.dataset.where(data.dataset.usable).of(split="validation")
    bases = list(data.source.some(drawn(usable, parsed.each, _SEED)))
    print(heading("Abstentions that a box of single samples can force"))
    print(f"{len(bases)} recordings of PhysioNet 2017, validation split, seed {_SEED}.\n")
    radii = [f"±{1000 * radius:g} µV" for radius in _RADII_MV]
    print(f"| model | decided undisturbed | made to abstain at {' | at '.join(radii)} |")
    print("|---" * (2 + len(radii)) + "|")
    for name, device in devices.items():
        decided = [each for each in bases if not device.decide(each).abstained]
        counts = [_made(device, decided, radius) for radius in _RADII_MV]
        print(f"| {name} | {len(decided)} | {' | '.join(map(str, counts))} |")
    print(
        "\nOf the decided, those of which one of a few recordings in the box was abstained on: a "
        "lower bound, so no bound on the score can show more decisions to be safe than the rest."
    )


def _made(device: Screener, recordings: list[Recording], radius_mv: float) -> int:
    """How many of *recordings* the device was made to abstain on."""
    challenge = Challenge(
        kind="linf",
        at="recorder",
        size=radius_mv,
        frequency_hz=None,
        box_mv=0.0,
        parts=1,
        steps=0,
        seconds=1.0,
        restarts=1,
        queries=1,
        seed=_SEED,
    )
    open_yet = {"outcome": "unknown", "may_abstain": "unknown"}
    return sum(
        with_gate(device, open_yet, each, challenge)["may_abstain"] is True
        for each in tqdm(recordings, desc=f"±{1000 * radius_mv:g} µV", unit="recording")
    )


if __name__ == "__main__":
    main()
