"""What tests of proofs on record share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from afib.proof.pooled import (
    drawn,
    prove_pooled,
    write_pooled,
)
from tests.support.pooled import (
    BY_NAME,
    CONDITIONS,
    NAME,
    QUESTION,
    cross_fitting,
    save_models,
    saved_digests,
    true_scores,
)
from verification.certified import FOLDS, CertifiedTraining

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def training(tmp_path_factory: pytest.TempPathFactory) -> CertifiedTraining:
    """Two models and what they prove, as a reference keeps them."""
    folder = tmp_path_factory.mktemp("certified")
    save_models(folder / FOLDS)
    names = drawn(cross_fitting(), each=CONDITIONS["each"], seed=CONDITIONS["seed"]).tolist()
    proofs = prove_pooled(
        cross_fitting(saved_digests(folder / FOLDS)),
        folder / FOLDS,
        [BY_NAME[name] for name in names],
        QUESTION,
        processes=1,
        progress=False,
    )
    write_pooled(proofs, folder / f"{NAME}.json")
    crossfit = cross_fitting(saved_digests(folder / FOLDS), true_scores(folder / FOLDS))
    return CertifiedTraining(folder=folder, crossfit=crossfit)


@pytest.fixture
def path(training: CertifiedTraining) -> Iterator[Path]:
    """The file of proofs, which a test may change."""
    file = training.folder / f"{NAME}.json"
    content = file.read_bytes()
    yield file
    file.write_bytes(content)
