"""Prove the decisions of cross-fitted models, as the requirements that depend on them ask.

Proofs on record that are of the same question, models and engine are kept. What was proven before
an interruption is kept too: a requirement has a file of its own. Where two ask the same of one
recording, it is answered once.
Run it as `python -m tools.prove_folds` in the folder of the project.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afib.crossfit import NETWORK, read_cross_fit
from afib.errors import AfibError, ManifestError
from afib.proof.engine import engine_digest
from afib.proof.pooled import asked_of, drawn, origin_of, prove_pooled, read_pooled, write_pooled
from afib.settings import load_settings
from afib.sources import open_source
from afib.workflow import prepared
from verification.certified import (
    CROSSFIT,
    FOLDS,
    asked_questions,
    recorded_proofs,
    strange_rows,
)
from verification.proofs import challenge_of
from verification.rejudged import foreign_models

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afib.crossfit import CrossFit
    from afib.proof.many import Challenge
    from afib.proof.pooled import KnownDecision
    from afib.records import Recording
    from afib.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Prove what is asked and not on record; 0 if all of it stands in the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of the cross-fitting and of the proofs")
    parser.add_argument("--preset", required=True, help="of the cross-fitted models")
    parser.add_argument("--processes", type=int, default=2, help="proofs at a time")
    parsed = parser.parse_args(arguments)
    crossfit = read_cross_fit(parsed.folder / CROSSFIT)
    settings = load_settings(parsed.preset)
    data = prepared(settings, None, progress=True)
    problems = foreign_models(parsed.folder / FOLDS, crossfit, (NETWORK,))
    if crossfit.origin["manifest_sha256"] != data.digest:
        problems.append(f"{parsed.folder / CROSSFIT}: expected these recordings, got others")
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 2
    wanted = [
        (name, conditions)
        for name, conditions in asked_questions().items()
        if recorded_proofs(parsed.folder, name, conditions, crossfit) is None
    ]
    if wanted:
        recordings = _recordings(settings, crossfit)
        for name, conditions in wanted:
            _prove(name, conditions, parsed.folder, crossfit, recordings, parsed.processes)
    print(f"proofs by cross-fitted models stand in {parsed.folder}: {len(wanted)} made anew")
    return 0


def _recordings(settings: Settings, crossfit: CrossFit) -> dict[str, Recording]:
    names = set(crossfit.names.tolist())
    source = open_source(settings.data, None, progress=True)
    return {each.name: each for each in source.recordings() if each.name in names}


def _prove(  # noqa: PLR0913, PLR0917  as above: a question, its models and its recordings
    name: str,
    conditions: Mapping[str, Any],
    folder: Path,
    crossfit: CrossFit,
    recordings: dict[str, Recording],
    processes: int,
) -> None:
    names = drawn(crossfit, each=conditions["each"], seed=conditions["seed"]).tolist()
    challenge = challenge_of(conditions)
    known, engine = _answered(folder, challenge, crossfit), engine_digest()
    proofs = prove_pooled(
        crossfit,
        folder / FOLDS,
        [recordings[each] for each in names if each not in known],
        challenge,
        processes=processes,
        progress=True,
    )
    if proofs.origin["engine_sha256"] != engine:
        raise ManifestError(
            f"{name}: expected the engine not to change while it proves, got other files since; "
            f"prove again"
        )
    known |= {each.name: each for each in proofs.decisions}
    proofs = replace(proofs, decisions=[known[each] for each in names])
    write_pooled(proofs, folder / f"{name}.json")
    told = [
        f"{word} {proofs.certified(is_afib=is_afib).sum()} of {len(proofs.where(is_afib=is_afib))}"
        for word, is_afib in (("AFib", True), ("normal", False))
    ]
    print(f"{name}: proven and right of {' and of '.join(told)}", flush=True)


def _answered(folder: Path, challenge: Challenge, crossfit: CrossFit) -> dict[str, KnownDecision]:
    """Decisions by recording that other files of *folder* hold, of the same question and engine."""
    known: dict[str, KnownDecision] = {}
    for path in sorted(folder.glob("ROB-*.json")):
        try:
            proofs = read_pooled(path)
        except ManifestError:  # it will be made anew
            continue
        if proofs.asked == asked_of(challenge) and proofs.origin == origin_of(crossfit):
            strange = {each.name for each in strange_rows(proofs, crossfit)}
            known |= {each.name: each for each in proofs.decisions if each.name not in strange}
    return known


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AfibError as error:
        sys.exit("\n".join(error.problems))
