"""What every verification case stands on: data, model, held-out recordings, once a session.

The test split of real recordings is sealed: `held_out` opens it only for a model whose opening
is on record, or when `--open-test-split` puts it on record. A cohort that is made anew at will
has no seal.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from afib.baselines import rr_feature_table
from afib.checkpoint import UNCERTAINTY, Checkpoint
from afib.classifier import Classifier
from afib.dataset import AFIB, NORMAL, Dataset
from afib.decision import Screener, load_screener
from afib.heldout.derived import Judgement, judgement_of
from afib.settings import Settings, load_settings, load_uncertainty, preset_names
from afib.workflow import (
    Prepared,
    calibrate,
    is_calibrated,
    is_current,
    prepared,
    shipped_model,
    train_model,
    write_prepared,
)
from verification.certified import CROSSFIT, FOLDS, CertifiedTraining
from verification.judged import Judged
from verification.options import pytest_addoption, pytest_sessionstart
from verification.subjects import (
    as_recorded,
    cross_fitting,
    opened,
    or_stop,
    require_judged_so,
    sound,
)
from verification.uncertain import (
    Answered,
    answered_by,
    conditions_of,
    problems_of,
    recorded_judgement,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from afib.crossfit import CrossFit
    from afib.records import Recording
    from nnassure.arrays import FloatArray
    from vericase.evidence import Look

__all__ = ["pytest_addoption", "pytest_sessionstart"]

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "reports" / "reference"


@pytest.fixture(scope="session")
def settings(pytestconfig: pytest.Config) -> Settings:
    """Every number that shapes data and model."""
    return or_stop(lambda: load_settings(pytestconfig.getoption("data")))


@pytest.fixture(scope="session", autouse=True)
def _threads(settings: Settings) -> None:
    """One number of threads in training and judgement, so that runs agree to the last bit."""
    torch.set_num_threads(settings.training.threads)


@pytest.fixture(scope="session")
def data(settings: Settings) -> Prepared:
    """All recordings of the preset."""
    return or_stop(lambda: prepared(settings, None, progress=True))


@pytest.fixture(scope="session")
def dataset(data: Prepared) -> Dataset:
    """All recordings of the preset, with splits, folds and labels."""
    return data.dataset


@pytest.fixture(scope="session")
def work(pytestconfig: pytest.Config) -> Path:
    """The folder of what this preset makes: its manifest and its own model."""
    return ROOT / "artifacts" / Path(pytestconfig.getoption("data")).stem


@pytest.fixture(scope="session")
def model_folder(
    pytestconfig: pytest.Config, settings: Settings, data: Prepared, work: Path
) -> Path:
    """The model that is verified; a cohort's own is trained if there is no current one."""
    given = pytestconfig.getoption("model")
    if given is not None:
        return sound(Path(given), data)
    if settings.data.source == "physionet2017":
        return sound(shipped_model(), data)
    folder = work / "model"
    if not is_current(folder, settings, data):
        sys.stderr.write(f"\ntraining {folder}\n")
        for stale in UNCERTAINTY:
            (folder / stale).unlink(missing_ok=True)
        train_model(data, settings, progress=True, resume=None).save(folder)
    if not is_calibrated(folder, load_uncertainty(), data):
        sys.stderr.write(f"\ncalibrating {folder}\n")
        checkpoint = Checkpoint.load(folder)
        calibrate(data, checkpoint, load_uncertainty(), progress=True).save(folder)
    return folder


@pytest.fixture(scope="session")
def classifier(model_folder: Path) -> Classifier:
    """The classifier under verification."""
    return or_stop(lambda: Classifier(Checkpoint.load(model_folder)))


@pytest.fixture(scope="session")
def device(model_folder: Path) -> Screener:
    """The classifier with its gate and prediction sets: what people screen with."""
    return or_stop(lambda: load_screener(model_folder))


@pytest.fixture(scope="session", autouse=True)
def _subjects(
    vericase_subject: Callable[[str, Path], object], data: Prepared, model_folder: Path, work: Path
) -> None:
    """What the evidence is about: data by their manifest, the model by its folder."""
    vericase_subject("data", write_prepared(data, work))
    vericase_subject("model", model_folder)


@pytest.fixture(scope="session")
def held_out(
    pytestconfig: pytest.Config,
    data: Prepared,
    device: Screener,
    vericase_look: Callable[..., Look | None],
) -> Dataset:
    """The test split, opened only as the record of openings allows."""
    return opened(pytestconfig, data, device, vericase_look)


@pytest.fixture(scope="session")
def judged(classifier: Classifier, held_out: Dataset) -> Judged:
    """What the classifier says of every held-out recording, whatever its label."""
    logits = classifier.logits(held_out.signals)
    return Judged(recordings=held_out, logits=logits, called=classifier.calls_afib(logits))


@pytest.fixture(scope="session")
def answered(device: Screener, judged: Judged) -> Answered:
    """What the device says of every held-out recording, whatever its label."""
    if device.limits is None:
        pytest.fail("the device has no gate")
    return answered_by(device.limits, judged.recordings, judged.called)


@pytest.fixture(scope="session")
def rhythms(judged: Judged) -> Judged:
    """Of these, the recordings with normal rhythm or atrial fibrillation."""
    return judged.of(NORMAL, AFIB)


@pytest.fixture(scope="session")
def crossfit(
    pytestconfig: pytest.Config,
    vericase_subject: Callable[[str, Path], object],
    data: Prepared,
    uncertainty_folder: Path,
) -> CrossFit:
    """The pooled judgement of cross-fitting on these very recordings, judged again by its models.

    The network's models stand beside what their gates say; those of the baseline are not kept.
    """
    path = pytestconfig.getoption("crossfit") or REFERENCE / "crossfit.json"
    source = data.dataset.source
    presets = {"network": source, "two_blocks": f"{source}-two-blocks"}
    result = cross_fitting(path, data, presets)
    require_judged_so(uncertainty_folder / FOLDS, result, data, ("network",))
    vericase_subject("crossfit", path)
    return result


@pytest.fixture(scope="session")
def uncertainty_folder(pytestconfig: pytest.Config) -> Path:
    """Where what held-out gates say is on record, beside the networks that they stood beside."""
    return Path(pytestconfig.getoption("uncertainty") or REFERENCE / "uncertainty")


@pytest.fixture(scope="session")
def uncertain(
    uncertainty_folder: Path,
    vericase_subject: Callable[[str, Path], object],
    data: Prepared,
    crossfit: CrossFit,
) -> Judgement:
    """What held-out gates and networks say of these very recordings, and of strange ones."""
    found = recorded_judgement(uncertainty_folder)
    if found is None:
        pytest.skip("nothing is on record of what held-out gates say; make reference makes it")
    each = conditions_of("OOD-010")["each"]
    if problems := problems_of(found, uncertainty_folder, data, crossfit, each=each):
        pytest.skip("; ".join(problems) + "; make reference renews it")
    vericase_subject("uncertainty", uncertainty_folder)
    return judgement_of(found)


@pytest.fixture(scope="session")
def certified(
    pytestconfig: pytest.Config, vericase_subject: Callable[[str, Path], object], data: Prepared
) -> CertifiedTraining:
    """What the certified training came to in cross-fitting on these very recordings."""
    folder = pytestconfig.getoption("certified") or REFERENCE / "certified"
    source = data.dataset.source
    presets = {"network": f"{source}-certified", "standard": f"{source}-standard"}
    crossfit = cross_fitting(folder / CROSSFIT, data, presets)
    require_judged_so(folder / FOLDS, crossfit, data, ("network", "standard"))
    vericase_subject("certified", folder)
    return CertifiedTraining(folder=folder, crossfit=crossfit)


@pytest.fixture(scope="session")
def certified_model(
    pytestconfig: pytest.Config,
    data: Prepared,
    vericase_subject: Callable[[str, Path], object],
    vericase_look: Callable[..., Look | None],
) -> Path:
    """The named model of certified training, for which the test split was opened."""
    preset = f"{data.dataset.source}-certified"
    folder = pytestconfig.getoption("certified_model") or shipped_model(preset)
    if preset not in preset_names() or not is_current(folder, load_settings(preset), data):
        pytest.skip("the certified model is of other settings or recordings; make reference")
    if not is_calibrated(folder, load_uncertainty(), data):
        pytest.skip("its gate is of other settings or recordings; make reference")
    opened(pytestconfig, data, or_stop(lambda: load_screener(folder)), vericase_look)
    vericase_subject("certified_model", folder)
    return Path(folder)


@pytest.fixture(scope="session")
def on_record() -> dict[str, list[str]]:
    """By name, the row of each recording in the committed manifest of the reference."""
    document = json.loads((REFERENCE / "data-manifest.json").read_text(encoding="utf-8"))
    return {row[0]: row for row in document["recordings"]}


@pytest.fixture(scope="session")
def recorded(settings: Settings, held_out: Dataset) -> tuple[Recording, ...]:
    """The held-out recordings with normal rhythm or AFib as the recorder gave them, by name."""
    return as_recorded(settings, held_out.of(labels=(NORMAL, AFIB)))


@pytest.fixture(scope="session")
def every_recording(settings: Settings, dataset: Dataset) -> Mapping[str, Recording]:
    """All recordings with normal rhythm or AFib as the recorder gave them, by name."""
    rhythms = dataset.of(labels=(NORMAL, AFIB))
    return {recording.name: recording for recording in as_recorded(settings, rhythms)}


@pytest.fixture(scope="session")
def rr_features(dataset: Dataset, settings: Settings) -> FloatArray:
    """RR features of every recording, for the baselines."""
    return rr_feature_table(dataset, rate_hz=settings.preprocessing.rate_hz, progress=True)
