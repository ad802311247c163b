"""Proofs: decisions that no disturbance of a given size can change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from vericase import Proportion, Scalar
from verification.proofs import attacked_below, prove, refused

if TYPE_CHECKING:
    from pathlib import Path

    from afib.records import Recording

Measure = Callable[..., None]
Conditions = Mapping[str, Any]


@pytest.mark.parametrize(
    "where",
    [
        pytest.param("network", marks=pytest.mark.verifies("ROB-006"), id="network"),
        pytest.param("recorder", marks=pytest.mark.verifies("ROB-007"), id="recorder"),
    ],
)
def test_decisions_are_certified(
    measure: Measure,
    conditions: Conditions,
    model_folder: Path,
    recorded: Sequence[Recording],
    where: str,
) -> None:
    """Of held-out recordings of each rhythm, those decided rightly and proven."""
    found = prove(model_folder, recorded, conditions)
    attachment = {f"{where}.csv": found.table()}
    measure("certified_sensitivity", Proportion.of(found.certified("A")), attachment)
    measure("certified_specificity", Proportion.of(found.certified("N")))


@pytest.mark.verifies("ROB-008")
def test_certificates_stand(
    measure: Measure,
    conditions: Conditions,
    model_folder: Path,
    recorded: Sequence[Recording],
    tmp_path: Path,
) -> None:
    """Certificates that the checker refuses, and those below whose margin an attack came."""
    found = prove(model_folder, recorded, conditions)
    told = refused(model_folder, found, tmp_path)
    below = attacked_below(model_folder, found, conditions)
    measure("certificates_refused", Scalar(len(told)), {"refused.txt": "\n".join(told)})
    measure("certificates_contradicted", Scalar(len(below)), {"below.txt": "\n".join(below)})
    tried = sum(known.outcome == "certified" for known in found.decisions)
    measure("certificates_tried", Scalar(tried), {"proofs.csv": found.table()})
