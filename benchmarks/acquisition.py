"""How often the device abstains on recordings that were taken otherwise than those it knows.

That is at other rates, in coarser steps, or under mains, also beyond the intended use. They are of
the validation split, half of them with AFib; the first line is of them as they are.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np

from afib.corruption import ACQUISITIONS, taken_otherwise
from afib.dataset import AFIB, NORMAL
from afib.decision import load_screener
from afib.errors import AfibError
from afib.settings import load_settings
from afib.workflow import prepared, shipped_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from afib.records import Recording

_BEYOND = {
    "rate": (50.0, 75.0, 100.0),
    "step": (20.0, 50.0),
    "mains_over": (500.0, 1000.0),
    "all_at_once": (),
}
_SEED = 17


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


def _changes(recordings: list[Recording]) -> Iterator[tuple[str, list[Recording]]]:
    """By what was done to them, the recordings that come of it."""
    yield "as they are", recordings
    for way, kind in ACQUISITIONS.items():
        for size in sorted({*kind.sizes, *_BEYOND[way]}):
            made = [taken_otherwise(each, way, size, seed=_SEED) for each in recordings]
            yield f"{kind.title}: {size:g} {kind.unit}", made


if __name__ == "__main__":
    main()
