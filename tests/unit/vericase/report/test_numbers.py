"""Numbers as text that says the same as the numbers do."""

import pytest

from tests.support.tracing import a_criterion
from vericase.measurement import Measurement, Proportion, Sample, Scalar
from vericase.report.numbers import criterion_text, judgement_text, measurement_text, number_text
from vericase.requirement import Relation
from vericase.verdict import judge


@pytest.mark.parametrize(
    ("value", "against", "text"),
    [
        (0.95, None, "0.95"),
        (0.123456, None, "0.1235"),
        (2.0, None, "2"),
        (0.0, None, "0"),
        (1234.5, None, "1234.5"),
        (-0.5, None, "-0.5"),
        (0.94999, 0.95, "0.94999"),  # four digits would say 0.95
        (0.950001, 0.95, "0.950001"),
        (0.95, 0.95, "0.95"),
        (0.9499999999999998, 0.95, "0.9499999999999998"),
        (0.00001234, None, "1.23e-05"),
        (0.000012344, 0.00001234, "1.2344e-05"),  # three digits would say 1.23e-05
        (0.000012336, 0.00001233, "1.234e-05"),
        (-0.00001, None, "-1e-05"),
        (0.00004, 0.00003, "4e-05"),
    ],
)
def test_a_number_has_as_many_digits_as_it_takes(
    value: float, against: float | None, text: str
) -> None:
    """The text compares with the threshold as the value does."""
    assert number_text(value, against) == text


@pytest.mark.parametrize(
    ("measurement", "against", "text"),
    [
        (Proportion(571, 600), None, "0.9517 (571 of 600)"),
        (Proportion(19, 20), 0.95, "0.9500 (19 of 20)"),
        (Proportion(949_999, 1_000_000), 0.95, "0.949999 (949999 of 1000000)"),
        (Proportion(1, 3), 0.3333, "0.33333 (1 of 3)"),
        (Proportion(0, 0), 0.95, "no rate (0 of 0)"),
        (Proportion(0, 7), None, "0.0000 (0 of 7)"),
        (
            # Nearer to 19/20 than any decimal of sixteen digits tells.
            Proportion(8556839292003941, 2**53 - 1),
            0.95,
            "8556839292003941/9007199254740991 (8556839292003941 of 9007199254740991)",
        ),
        (Scalar(0.03, "s"), None, "0.03 s"),
        (Scalar(3.0), None, "3"),
        (Sample((1.0, 2.0), "mV"), None, "1.5 mV (mean of 2)"),
        (Sample((1.0, 2.0, 3.0), "1", ("a", "a", "b")), None, "2 (mean of 3 in 2 clusters)"),
        (Sample(()), None, "no mean (mean of 0)"),
    ],
)
def test_a_measurement_is_shown_with_its_counts(
    measurement: Measurement, against: float | None, text: str
) -> None:
    """A statistic without its sample size is not a measurement."""
    assert measurement_text(measurement, against) == text


@pytest.mark.parametrize(
    ("threshold", "text"),
    [
        (0.95, ">= 0.95"),
        (5.0, ">= 5"),
        (100.0, ">= 100"),
        (1e-13, ">= 0.0000000000001"),
        (0.123456789012345, ">= 0.123456789012345"),
        (1e16, ">= 10000000000000000"),
        (-0.5, ">= -0.5"),
    ],
)
def test_a_threshold_is_shown_as_it_was_written(threshold: float, text: str) -> None:
    """No digit of a threshold is lost, however small it is."""
    assert criterion_text(a_criterion(threshold), None) == text


def test_a_criterion_is_shown_with_bound_trials_and_unit() -> None:
    """Whoever reads the criterion sees all that must hold."""
    criterion = a_criterion(
        0.2, relation=Relation.AT_MOST, unit="mV", confidence=0.975, min_trials=200
    )
    assert (
        criterion_text(criterion, None) == "<= 0.2 mV, one-sided 97.5 % bound, at least 200 trials"
    )
    assert criterion_text(a_criterion(confidence=0.57), None) == ">= 0.9, one-sided 57 % bound"


def test_a_criterion_without_a_threshold_for_these_data_says_so() -> None:
    """Where no threshold holds, none is shown."""
    criterion = a_criterion(thresholds={"clinic": 0.9})
    assert criterion_text(criterion, "ward") == ">= no threshold for these data"
    assert criterion_text(criterion, "clinic") == ">= 0.9"


@pytest.mark.parametrize(
    ("relation", "text"),
    [
        (
            Relation.AT_LEAST,
            (
                "1.0000 (20 of 20), lower bound 0.8609; wanted >= 0.9: "
                "the observed value meets it, its bound does not"
            ),
        ),
        (Relation.AT_MOST, "1.0000 (20 of 20), upper bound 1; wanted <= 0.9: missed"),
    ],
)
def test_a_judgement_is_one_sentence(relation: Relation, text: str) -> None:
    """Measured, bound and wanted stand beside each other."""
    criterion = a_criterion(0.9, confidence=0.95, relation=relation)
    measured = Proportion(20, 20)
    assert judgement_text(criterion, measured, judge(criterion, measured)) == text


def test_a_judgement_without_a_threshold_says_why() -> None:
    """Where nothing could be compared, the reason is left."""
    criterion = a_criterion(thresholds={"clinic": 0.9})
    judgement = judge(criterion, Proportion(1, 2), scope="ward")
    assert judgement_text(criterion, Proportion(1, 2), judgement) == (
        "0.5000 (1 of 2): no threshold is stated for data from 'ward'"
    )
