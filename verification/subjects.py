"""What a case is about has to be of these very recordings and settings; else it is not run."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pytest

from afib.checkpoint import Checkpoint
from afib.crossfit import CrossFit, read_cross_fit
from afib.dataset import AFIB, NORMAL, Dataset, manifest_digest
from afib.errors import AfibError
from afib.settings import load_settings
from afib.sources import open_source
from afib.uncertainty import Uncertainty
from verification.looks import recordings_digest
from verification.rejudged import foreign_models, misjudged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from afib.decision import Screener
    from afib.records import Recording
    from afib.settings import Settings
    from afib.workflow import Prepared
    from vericase.evidence import Look

__all__ = ["as_recorded", "cross_fitting", "opened", "or_stop", "require_judged_so", "sound"]

_T = TypeVar("_T")
# As many sentences as a reader takes in.
_SHOWN = 3


def sound(folder: Path, data: Prepared) -> Path:
    """*folder*, if its network and its gate were made from these very recordings and splits.

    Otherwise recordings that are judged here might have had a part in the model.
    """
    checkpoint = or_stop(lambda: Checkpoint.load(folder))
    beside = or_stop(lambda: Uncertainty.load(folder, checkpoint))
    # Whether a run is a rehearsal changes no recording and no split.
    released = manifest_digest({**data.document, "rehearsal": False})
    for part, made in (("network", checkpoint.provenance), ("gate", beside.provenance)):
        if made.get("manifest_sha256") not in {data.digest, released}:
            pytest.exit(
                f"{folder}: expected a {part} made from the recordings of the manifest "
                f"{data.digest[:16]}, got {str(made.get('manifest_sha256'))[:16]}",
                returncode=pytest.ExitCode.USAGE_ERROR,
            )
    return folder


def opened(
    pytestconfig: pytest.Config,
    data: Prepared,
    device: Screener,
    vericase_look: Callable[..., Look | None],
) -> Dataset:
    """The test split for *device*, gate and all; the case is skipped if it is sealed for it.

    What a device abstains on counts, so one with another gate is another, with a look of its own.
    """
    if device.limits is None:
        pytest.fail("expected a device with a gate, got a network alone")
    split = data.dataset.of(split="test")
    if data.dataset.source != "synthetic":
        look = vericase_look(
            "test",
            data=recordings_digest(split),
            subject=device.digest,
            may_open=pytestconfig.getoption("open_test_split"),
        )
        if look is None:
            pytest.skip("the test split is sealed for this model; make reference opens it")
    return split


def as_recorded(settings: Settings, wanted: Dataset) -> tuple[Recording, ...]:
    """The recordings of *wanted* as the recorder gave them, by name."""
    names = set(wanted.names.tolist())
    source = or_stop(lambda: open_source(settings.data, None, progress=True))
    return tuple(recording for recording in source.recordings() if recording.name in names)


def cross_fitting(path: Path, data: Prepared, presets: Mapping[str, str]) -> CrossFit:
    """What *path* holds, if it is of these recordings and presets; else the case is skipped."""
    if not path.is_file():
        pytest.skip(f"no cross-fitting is on record in {path.name}; make reference makes it")
    result = or_stop(lambda: read_cross_fit(path))
    recordings = data.dataset.of(labels=(NORMAL, AFIB))
    same = [
        np.array_equal(*pair)
        for pair in (
            (result.names, recordings.names),
            (result.is_afib, recordings.is_afib),
            (result.folds, recordings.folds),
        )
    ]
    if not all(same):
        pytest.skip("the cross-fitting on record is of other data; make reference renews it")
    made_with = {name: load_settings(preset).digest for name, preset in presets.items()}
    if result.origin["manifest_sha256"] != data.digest:
        pytest.skip("the cross-fitting on record is of another manifest; make reference renews it")
    if result.origin["settings_sha256"] != made_with:
        pytest.skip("the cross-fitting on record is of other settings; make reference renews it")
    if not np.array_equal(result.calls["network"], result.scores > 0):
        pytest.skip("the calls of the cross-fitting on record do not follow from its scores")
    return result


def require_judged_so(
    models: Path, crossfit: CrossFit, data: Prepared, methods: Sequence[str]
) -> None:
    """The case is skipped if models of the folds are others, or judge otherwise than on record."""
    told = foreign_models(models, crossfit, methods)
    if not told:
        signals = data.dataset.of(labels=(NORMAL, AFIB)).signals
        told = misjudged(models, crossfit, signals, methods)
    if told:
        more = f"; and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
        pytest.skip("; ".join(told[:_SHOWN]) + more)


def or_stop(make: Callable[[], _T]) -> _T:
    """What *make* gives; what is wrong with the input stops the run with one sentence each."""
    try:
        return make()
    except AfibError as error:
        pytest.exit("\n".join(error.problems), returncode=pytest.ExitCode.USAGE_ERROR)
