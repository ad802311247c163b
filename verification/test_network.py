"""Network: how often the classifier is right, and on whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from afib.baselines import RRIrregularityRule, RRLogisticRegression
from afib.dataset import AFIB, NORMAL, Dataset
from vericase import Proportion, Sample
from verification.charts import confusion_matrix, roc

if TYPE_CHECKING:
    from afib.classifier import Classifier
    from afib.crossfit import CrossFit
    from afib.settings import Settings
    from nnassure.arrays import BoolArray, FloatArray, StrArray
    from verification.judged import Judged

Measure = Callable[..., None]
Conditions = Mapping[str, Any]
_SLICES = 3
Baseline = RRIrregularityRule | RRLogisticRegression


@pytest.mark.verifies("NET-001")
def test_decisions_are_right(measure: Measure, rhythms: Judged, classifier: Classifier) -> None:
    """Of held-out recordings with normal rhythm or AFib, those decided rightly."""
    figures = {
        "confusion.svg": confusion_matrix(rhythms.called, rhythms.is_afib),
        "roc.svg": roc(rhythms.logits, rhythms.is_afib, classifier.threshold),
    }
    measure("accuracy", Proportion.of(rhythms.right), attachments=figures)


@pytest.mark.verifies("NET-002")
def test_afib_is_found(measure: Measure, rhythms: Judged) -> None:
    """Of held-out recordings with AFib, those called AFib."""
    measure("sensitivity", Proportion.of(rhythms.called[rhythms.is_afib]))


@pytest.mark.verifies("NET-003")
def test_afib_is_not_called_normal(measure: Measure, rhythms: Judged) -> None:
    """Of held-out recordings with AFib, those called normal."""
    measure("false_negative_rate", Proportion.of(~rhythms.called[rhythms.is_afib]))


@pytest.mark.verifies("NET-004")
def test_normal_rhythm_is_left_alone(measure: Measure, rhythms: Judged) -> None:
    """Of held-out recordings with normal rhythm, those called normal."""
    measure("specificity", Proportion.of(~rhythms.called[~rhythms.is_afib]))


@pytest.mark.verifies("NET-005")
def test_training_procedure_reaches_its_targets(measure: Measure, crossfit: CrossFit) -> None:
    """The same over all recordings, each judged by a model that never saw it."""
    right, is_afib = crossfit.right("network"), crossfit.is_afib
    figures = {
        "cross-fitted-confusion.svg": confusion_matrix(crossfit.calls["network"], is_afib),
        "cross-fitted-roc.svg": roc(crossfit.scores, is_afib, 0.0),
    }
    measure("cross_fitted_accuracy", Proportion.of(right), attachments=figures)
    measure("cross_fitted_sensitivity", Proportion.of(right[is_afib]))
    measure("cross_fitted_specificity", Proportion.of(right[~is_afib]))


@pytest.mark.parametrize(
    ("measurand", "baseline"),
    [
        pytest.param(
            "paired_gain_over_rr_rule",
            RRIrregularityRule,
            marks=pytest.mark.verifies("NET-006"),
            id="rr_rule",
        ),
        pytest.param(
            "paired_gain_over_rr_regression",
            RRLogisticRegression,
            marks=pytest.mark.verifies("NET-007"),
            id="rr_regression",
        ),
    ],
)
def test_network_beats_the_baselines(  # noqa: PLR0913  one fixture a subject
    *,
    measure: Measure,
    measurand: str,
    baseline: type[Baseline],
    dataset: Dataset,
    rhythms: Judged,
    rr_features: FloatArray,
    settings: Settings,
) -> None:
    """On the same recordings: 1 where only the network is right, -1 where only the other is."""
    seen = (dataset.splits != "test") & np.isin(dataset.labels, (NORMAL, AFIB))
    weight = settings.fitting.afib_weight
    fitted = baseline.fit(rr_features[seen], dataset.is_afib[seen], afib_weight=weight)
    judged = np.isin(dataset.names, rhythms.recordings.names)
    right = fitted.calls_afib(rr_features[judged]) == rhythms.is_afib
    measure(measurand, Sample(rhythms.right.astype(float) - right.astype(float)))


@pytest.mark.verifies("NET-008")
def test_training_procedure_beats_two_blocks(measure: Measure, crossfit: CrossFit) -> None:
    """The same against the network of two blocks, over all cross-fitted recordings."""
    gain = crossfit.right("network").astype(float) - crossfit.right("two_blocks").astype(float)
    measure("paired_gain_over_two_blocks", Sample(gain))


@pytest.mark.verifies("NET-009")
@pytest.mark.parametrize("position", range(_SLICES), ids=["short", "usual", "long"])
def test_no_duration_is_left_behind(
    measure: Measure, conditions: Conditions, rhythms: Judged, position: int
) -> None:
    """Of held-out recordings of these durations, those decided rightly."""
    in_slice = _slice(rhythms.recordings.durations_s, conditions["edges_s"], position)
    measure("accuracy_in_slice", Proportion.of(rhythms.right[in_slice]))


@pytest.mark.verifies("NET-010")
@pytest.mark.parametrize("position", range(_SLICES), ids=["low", "usual", "high"])
def test_no_amplitude_is_left_behind(
    measure: Measure, conditions: Conditions, rhythms: Judged, position: int
) -> None:
    """Of held-out recordings of these amplitudes, those decided rightly."""
    amplitudes_mv = rhythms.recordings.amplitude_mv
    edges = [float(np.quantile(amplitudes_mv, share)) for share in conditions["shares"]]
    in_slice = _slice(amplitudes_mv, edges, position)
    measure("accuracy_in_slice", Proportion.of(rhythms.right[in_slice]))


@pytest.mark.verifies("NET-011")
def test_inverted_recordings_are_decided_as_well(
    measure: Measure, rhythms: Judged, classifier: Classifier
) -> None:
    """Sensitivity and specificity when every held-out recording is inverted."""
    inverted = [-signal for signal in rhythms.recordings.signals]
    called = classifier.calls_afib(classifier.logits(inverted))
    measure("inverted_sensitivity", Proportion.of(called[rhythms.is_afib]))
    measure("inverted_specificity", Proportion.of(~called[~rhythms.is_afib]))


@pytest.mark.verifies("NET-012")
def test_false_alarms_are_known(measure: Measure, judged: Judged) -> None:
    """False alarms on normal rhythm, on normal and other rhythms, and on all that is no AFib."""
    measure("false_alarms_on_normal", Proportion.of(judged.of("N").called))
    measure("false_alarms_on_normal_and_other", Proportion.of(judged.of("N", "O").called))
    measure("false_alarms_without_afib", Proportion.of(judged.of("N", "O", "~").called))


@pytest.mark.verifies("NET-013")
def test_results_do_not_hang_on_a_label_version(measure: Measure, judged: Judged) -> None:
    """Accuracy by two versions of the labels, and where all versions agree."""
    versions = judged.recordings.label_versions
    for version in ("v2", "v3"):
        measure(f"accuracy_by_{version}", Proportion.of(_right(judged, versions[version])))
    labels = list(versions.values())
    agreed = np.all([version == labels[0] for version in labels], axis=0)
    settled = np.where(agreed, labels[0], "")
    measure("accuracy_where_all_versions_agree", Proportion.of(_right(judged, settled)))


def _slice(values: FloatArray, edges: Sequence[float], position: int) -> BoolArray:
    """Which *values* lie in the slice at *position*; the last one holds its upper edge."""
    if len(edges) != _SLICES + 1:
        raise ValueError(f"edges: expected {_SLICES + 1} of them, got {len(edges)}")
    low, high = edges[position : position + 2]
    below = values <= high if position == _SLICES - 1 else values < high
    return np.asarray((values >= low) & below)


def _right(judged: Judged, labels: StrArray) -> BoolArray:
    """Which recordings that are normal or AFib by *labels* are decided rightly."""
    counted = np.isin(labels, (NORMAL, AFIB))
    return np.asarray((judged.called == (labels == AFIB))[counted])
