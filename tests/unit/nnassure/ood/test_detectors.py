"""Detectors: what they tell apart, how they are kept, and what they refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from sklearn.svm import SVC

from nnassure.errors import FitError, NotFiniteError, PerturbationError, ShapeError
from nnassure.ood import (
    Combined,
    Density,
    Energy,
    Exposed,
    ExposedKernel,
    Histograms,
    Mahalanobis,
    MaxSoftmax,
    Neighbours,
    VirtualLogit,
    as_arrays,
    from_arrays,
    nearer_to_a_class,
)
from tests.support.outputs import outputs

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnassure.ood import Detector

KNOWN = outputs(300)
FIT = KNOWN.features, KNOWN.logits, KNOWN.labels
ORIGIN = np.zeros(6)
STRANGE = np.random.default_rng(9).normal(size=(80, 6)) * 3 + 12
MADE: dict[str, Callable[..., Detector]] = {
    "histograms": Histograms.fit,
    "Mahalanobis": Mahalanobis.fit,
    "nearest neighbours": Neighbours.fit,
    "virtual logit": lambda *given: VirtualLogit.fit(*given, origin=ORIGIN, kept=3),
    "density": Density.fit,
    "exposed": lambda *given: Exposed.fit(*given, strange=STRANGE),
    "exposed kernel": lambda *given: ExposedKernel.fit(*given, strange=STRANGE),
}


@pytest.mark.parametrize("name", MADE)
def test_what_is_far_away_is_stranger(name: str) -> None:
    """Features off in every direction score above nearly all that the detector was fitted on."""
    detector = MADE[name](*FIT)
    assert detector.name == name
    generator = np.random.default_rng(3)
    # What was shown strange records knows their side, and one with a kernel their place.
    size, place = {"exposed": (40, 60), "exposed kernel": (3, 12)}.get(name, (40, 0))
    far = generator.normal(size=(50, 6)) * size + place
    known = detector.scores(KNOWN.features, KNOWN.logits)
    strange = detector.scores(far, np.zeros((50, 2)))
    assert known.shape == (300,)
    assert np.median(strange) > np.quantile(known, 0.95)


@pytest.mark.parametrize("name", MADE)
def test_a_score_does_not_depend_on_the_records_beside_it(name: str) -> None:
    """One record alone has the score that it has among others; none has none."""
    detector = MADE[name](*FIT)
    together = detector.scores(KNOWN.features[:7], KNOWN.logits[:7])
    alone = [
        float(detector.scores(KNOWN.features[k : k + 1], KNOWN.logits[k : k + 1])[0])
        for k in range(7)
    ]
    np.testing.assert_allclose(alone, together, rtol=1e-9)
    assert detector.scores(np.zeros((0, 6)), np.zeros((0, 2))).shape == (0,)


@pytest.mark.parametrize("name", MADE)
def test_a_detector_is_its_arrays(name: str) -> None:
    """Made anew of what was kept it gives the same scores; fitted again it has the same arrays."""
    detector = MADE[name](*FIT)
    arrays = as_arrays(detector)
    again = from_arrays(type(detector), arrays)
    asked = KNOWN.features + 1, KNOWN.logits
    np.testing.assert_array_equal(again.scores(*asked), detector.scores(*asked))
    for key, values in as_arrays(MADE[name](*FIT)).items():
        np.testing.assert_array_equal(values, arrays[key])
    fewer = dict(list(arrays.items())[1:])
    for wrong in (fewer, arrays | {"more": np.zeros(1)}):
        with pytest.raises(ShapeError, match="expected"):
            from_arrays(type(detector), wrong)
    spoilt = {key: np.full_like(values, np.nan) for key, values in arrays.items()}
    with pytest.raises(NotFiniteError):
        from_arrays(type(detector), spoilt)


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("labels", [KNOWN.labels * 0, np.arange(300) // 295])
def test_a_class_of_too_few_records_is_refused(name: str, labels: np.ndarray[Any, Any]) -> None:
    """None at all, or fewer than ten."""
    with pytest.raises(FitError, match="at least 10 records of each class"):
        MADE[name](KNOWN.features, KNOWN.logits, labels)


@pytest.mark.parametrize("name", [*MADE, "max softmax", "energy"])
def test_what_is_no_number_is_refused(name: str) -> None:
    """Neither fitted on nor scored."""
    features, logits = KNOWN.features.copy(), KNOWN.logits.copy()
    features[3, 2], logits[5, 0] = np.nan, np.inf
    simple: dict[str, Detector] = {"max softmax": MaxSoftmax(), "energy": Energy()}
    detector = simple[name] if name in simple else MADE[name](*FIT)
    for given in ((features, KNOWN.logits), (KNOWN.features, logits)):
        with pytest.raises(NotFiniteError):
            detector.scores(*given)
        if name in MADE:
            with pytest.raises(NotFiniteError):
                MADE[name](*given, KNOWN.labels)


@pytest.mark.parametrize("name", MADE)
def test_other_features_than_it_was_fitted_on_are_refused(name: str) -> None:
    """More of them, and features of other records than the logits."""
    detector = MADE[name](*FIT)
    with pytest.raises(ShapeError, match="expected 6 a record, got 7"):
        detector.scores(np.zeros((2, 7)), np.zeros((2, 2)))
    with pytest.raises(ShapeError, match="one value for each"):
        detector.scores(np.zeros((2, 6)), np.zeros((3, 2)))
    with pytest.raises(ShapeError, match="classes from 0 to 1"):
        MADE[name](KNOWN.features, KNOWN.logits, KNOWN.labels + 1)


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan, np.inf])
def test_a_temperature_that_is_none_is_refused(temperature: float) -> None:
    """For softmax, energy and the step of ODIN."""
    for kind in (MaxSoftmax, Energy):
        with pytest.raises(FitError, match="temperature"):
            kind(temperature=np.asarray(temperature))
    if temperature <= 0:
        with pytest.raises(PerturbationError, match="temperature"):
            nearer_to_a_class(
                torch.nn.Linear(2, 2), torch.zeros(1, 2), temperature=temperature, step=0.1
            )


def test_choices_out_of_range_are_refused() -> None:
    """Ranks, dimensions and components that the records do not give."""
    for rank in (0, 301):
        with pytest.raises(FitError, match="rank"):
            Neighbours.fit(*FIT, rank=rank)
    for kept in (0, 6):
        with pytest.raises(FitError, match="kept"):
            VirtualLogit.fit(*FIT, origin=ORIGIN, kept=kept)
    flat = np.concatenate([KNOWN.features[:, :3], np.zeros((300, 3))], axis=1)
    with pytest.raises(FitError, match="off the principal space"):
        VirtualLogit.fit(flat, KNOWN.logits, KNOWN.labels, origin=ORIGIN, kept=3)
    with pytest.raises(ShapeError, match="origin: expected shape"):
        VirtualLogit.fit(*FIT, origin=ORIGIN[:-1], kept=3)
    with pytest.raises(NotFiniteError, match="origin"):
        VirtualLogit.fit(*FIT, origin=ORIGIN * np.nan, kept=3)
    for strange, strength in ((STRANGE[:9], 1.0), (STRANGE, 0.0), (STRANGE, np.nan)):
        with pytest.raises(FitError, match=r"strange|strength"):
            Exposed.fit(*FIT, strange=strange, strength=strength)
    for kind in (Exposed, ExposedKernel):
        with pytest.raises(ShapeError, match="expected 6 features"):
            kind.fit(*FIT, strange=STRANGE[:, :5])
    wrongs: list[dict[str, Any]] = [
        {"cost": 0.0},
        {"narrowness": np.inf},
        {"weights": np.zeros(300)},
    ]
    for wrong in wrongs:
        with pytest.raises(FitError, match="above 0"):
            ExposedKernel.fit(*FIT, strange=STRANGE, **wrong)
    with pytest.raises(FitError, match="at least 10 records"):
        ExposedKernel.fit(*FIT, strange=STRANGE[:9])
    with pytest.raises(FitError, match="components"):
        Density.fit(*FIT, components=0)


def test_scores_that_do_not_differ_are_not_combined() -> None:
    """Nor too few of them, nor others than it was fitted on."""
    scores = np.stack([np.arange(30.0), np.zeros(30)], axis=1)
    with pytest.raises(FitError, match=r"the same of most at \[1\]"):
        Combined.fit(scores)
    with pytest.raises(FitError, match="at least 20"):
        Combined.fit(scores[:19])
    combined = Combined.fit(np.arange(30.0)[:, None])
    with pytest.raises(ShapeError, match="expected 1 a record"):
        combined.of(scores)
    with pytest.raises(NotFiniteError):
        combined.of(np.array([[np.nan]]))


def test_a_kernel_machine_scores_as_the_library_that_fitted_it() -> None:
    """The sum over support vectors is the decision function of scikit-learn's machine."""
    weights = np.where(KNOWN.labels == 1, 4.0, 1.0)
    detector = ExposedKernel.fit(*FIT, strange=STRANGE, weights=weights, cost=2.0, narrowness=0.1)
    spread = KNOWN.features.std(axis=0)
    shown = np.concatenate([KNOWN.features, STRANGE])
    standard = np.clip((shown - KNOWN.features.mean(axis=0)) / spread, -8, 8)
    both = np.concatenate([weights / weights.sum(), np.full(80, 1 / 80)]) * 380 / 2
    machine = SVC(C=2.0, gamma=0.1, tol=1e-5).fit(standard, np.arange(380) >= 300, both)
    np.testing.assert_allclose(
        detector.scores(shown, np.zeros((380, 2))), machine.decision_function(standard), atol=1e-5
    )
