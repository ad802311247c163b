"""Judge every recording, and strange ones made of them, by gates and networks that never saw them.

What is on record is kept if it is of these recordings, settings, networks and this code.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from afib.checkpoint import Checkpoint
from afib.crossfit import fold_model
from afib.errors import AfibError, ManifestError
from afib.heldout import judge_folds, origin_of, read_held_out, write_held_out
from afib.settings import load_settings, load_uncertainty
from afib.workflow import prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afib.workflow import Prepared

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge what is not current; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folds", type=Path, help="folder of the networks of cross-fitting")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--preset", default="physionet2017")
    parser.add_argument("--each", type=int, default=100, help="of each family and severity")
    parser.add_argument("--processes", type=int, default=2)
    parsed = parser.parse_args(arguments)
    data = prepared(load_settings(parsed.preset), None, progress=True)
    folds = sorted(set(data.dataset.folds.tolist()))
    networks = {fold: fold_model(parsed.folds, fold) for fold in folds}
    if _is_current(parsed.out, data, networks, each=parsed.each):
        print(f"what held-out gates say is of now: {parsed.out}")
        return 0
    found = judge_folds(
        data, networks, load_uncertainty(), each=parsed.each, processes=parsed.processes
    )
    write_held_out(found, parsed.out)
    print(f"{len(found.rows)} recordings judged by {len(found.gates)} gates: {parsed.out}")
    return 0


def _is_current(out: Path, data: Prepared, networks: dict[int, Path], *, each: int) -> bool:
    try:
        found = read_held_out(out)
    except ManifestError:
        return False
    try:
        same = {gate.fold: gate.network_sha256 for gate in found.gates} == {
            fold: Checkpoint.load(folder).digest for fold, folder in networks.items()
        }
    except AfibError:
        return False
    return same and found.origin == origin_of(data, load_uncertainty(), each=each)


if __name__ == "__main__":
    sys.exit(main())
