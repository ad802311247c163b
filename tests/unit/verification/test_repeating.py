"""Proofs on record are made again, and attacked."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from afib.proof.pooled import (
    PooledProofs,
    drawn,
    prove_pooled,
    read_pooled,
    write_pooled,
)
from tests.support.pooled import (
    BY_NAME,
    CONDITIONS,
    NAME,
    NAMES,
)
from verification.certified import FOLDS, CertifiedTraining
from verification.proofs import challenge_of
from verification.repeating import repeated

if TYPE_CHECKING:
    from pathlib import Path

AGAIN: dict[str, Any] = {
    "attack_steps": 3,
    "attack_restarts": 1,
    "seed": 1,
}


def proven_anew(training: CertifiedTraining, question: dict[str, Any]) -> PooledProofs:
    """What the models of the folds prove when they are asked *question*."""
    names = drawn(training.crossfit, each=CONDITIONS["each"], seed=CONDITIONS["seed"]).tolist()
    return prove_pooled(
        training.crossfit,
        training.folder / FOLDS,
        [BY_NAME[name] for name in names],
        challenge_of(question),
        processes=1,
        progress=False,
    )


def test_whose_certificate_is_checked_is_drawn_by_the_number_of_the_run(
    training: CertifiedTraining, tmp_path: Path
) -> None:
    """So that nobody knows it before; and every claim is made again."""
    proofs = training.proofs(NAME, CONDITIONS)
    claims = [known.name for known in proofs.decisions if known.outcome != "unknown"]
    checked: set[str] = set()
    for run in range(4):
        scratch = tmp_path / str(run)
        found = repeated(training, {NAME: CONDITIONS}, BY_NAME, AGAIN, run=run, scratch=scratch)
        assert sorted(row[1] for row in found.rows) == sorted(claims)
        checked.update(path.name for path in scratch.rglob("*") if path.is_file())
    assert len(checked) > 1


def test_a_proof_that_came_from_elsewhere_is_told(
    training: CertifiedTraining, path: Path, tmp_path: Path
) -> None:
    """Whatever a row says of how long it took, it is made again, and has to say how."""
    proofs = read_pooled(path)
    longer = [replace(known, method="split") for known in proofs.decisions]
    write_pooled(replace(proofs, decisions=longer), path)
    found = repeated(training, {NAME: CONDITIONS}, BY_NAME, AGAIN, run=1, scratch=tmp_path)
    assert len(found.other) == sum(known.outcome == "certified" for known in longer) > 0


def test_what_is_open_and_is_said_to_be_closed_is_told(
    training: CertifiedTraining, tmp_path: Path
) -> None:
    """Proven or refuted, at a size at which bounds and attacks leave it open: every such row."""
    wide = {**CONDITIONS, "size": 30.0, "seconds": 0.1, "parts": 1, "steps": 0}
    proofs = proven_anew(training, wide)
    proven: dict[str, Any] = {"outcome": "certified", "method": "split", "certified_margin": 1e-3}
    refuted: dict[str, Any] = {"outcome": "attacked", "method": "pgd"}
    left = [known.name for known in proofs.decisions if known.outcome == "unknown"]
    claimed = dict(zip(left, (proven, refuted), strict=True))
    rows = [replace(known, **claimed.get(known.name, {})) for known in proofs.decisions]
    write_pooled(replace(proofs, decisions=rows), training.folder / "ROB-009.json")
    found = repeated(training, {"ROB-009": wide}, BY_NAME, AGAIN, run=1, scratch=tmp_path)
    assert len(found.other) == len(left)


def test_proofs_are_repeated_and_attacked(training: CertifiedTraining, tmp_path: Path) -> None:
    """All come out alike, no attack is below a certified one, and the checker confirms one."""
    asked = {NAME: MappingProxyType(CONDITIONS)}
    found = repeated(
        training, asked, BY_NAME, MappingProxyType(AGAIN), run=1, scratch=tmp_path, processes=2
    )
    assert (found.refused, found.checked) == ([], 1)
    assert (found.other, found.below, found.tried) == ([], [], len(NAMES))
    decisions = training.proofs(NAME, CONDITIONS).decisions
    assert found.attacked == sum(known.outcome == "certified" for known in decisions) > 0


@pytest.mark.parametrize("share", [-0.5, -0.01])
def test_a_margin_that_does_not_come_again_is_seen(
    share: float, training: CertifiedTraining, path: Path, tmp_path: Path
) -> None:
    """However little it differs from what is proven when it is made again."""
    proofs = read_pooled(path)
    place, known = next(
        (place, known)
        for place, known in enumerate(proofs.decisions)
        if known.outcome == "certified"
    )
    decisions = list(proofs.decisions)
    other = (1 + share) * (known.certified_margin or 0.0)
    decisions[place] = replace(known, certified_margin=other)
    write_pooled(replace(proofs, decisions=decisions), path)
    found = repeated(training, {NAME: CONDITIONS}, BY_NAME, AGAIN, run=1, scratch=tmp_path)
    (sentence,) = found.other
    assert known.name in sentence


@pytest.mark.parametrize(
    ("stated", "alike"), [("unknown", True), ("attacked", False), ("certified", True)]
)
def test_what_is_unknown_on_record_claims_nothing(
    stated: str, training: CertifiedTraining, path: Path, tmp_path: Path, *, alike: bool
) -> None:
    """With more time it may be proven; what is said to be refuted must be refuted again."""
    proofs = read_pooled(path)
    place = next(k for k, each in enumerate(proofs.decisions) if each.outcome == "certified")
    decisions = list(proofs.decisions)
    margin = decisions[place].certified_margin
    decisions[place] = replace(
        decisions[place], outcome=stated, certified_margin=margin if stated == "certified" else -0.1
    )
    write_pooled(replace(proofs, decisions=decisions), path)
    found = repeated(training, {NAME: CONDITIONS}, BY_NAME, AGAIN, run=1, scratch=tmp_path)
    assert (found.other == []) is alike


def test_proofs_of_a_band_are_repeated_and_attacked(
    training: CertifiedTraining, tmp_path: Path
) -> None:
    """By waves of its ends and its middle, since a band is no single set."""
    band = {
        **CONDITIONS,
        "disturbance": "wander-band",
        "at": "recorder",
        "size": 0.0002,
        "band_hz": [0.3, 0.32],
    }
    proofs = proven_anew(training, band)
    write_pooled(proofs, training.folder / "ROB-023.json")
    found = repeated(training, {"ROB-023": band}, BY_NAME, AGAIN, run=1, scratch=tmp_path)
    assert (found.other, found.below) == ([], [])
    assert found.attacked == sum(known.outcome == "certified" for known in proofs.decisions) > 0
