"""Measurements check themselves when they are made."""

from dataclasses import FrozenInstanceError
from fractions import Fraction

import numpy as np
import pytest

from vericase.errors import MeasurementError
from vericase.measurement import Coverage, Proportion, Sample, Scalar, Slices


def test_a_rate_is_exact() -> None:
    """The rate of a proportion is the fraction of its counts, not a float near it."""
    assert Proportion(19, 20).rate == Fraction(19, 20)


def test_no_trials_have_no_rate() -> None:
    """Without trials there is no rate, and none is made up."""
    assert Proportion(0, 0).rate is None


def test_counts_may_be_as_large_as_a_float_can_count() -> None:
    """The largest count is exact as a float too, so that its bound is one."""
    assert Proportion(2**53, 2**53).rate == 1


def test_counts_of_numpy_become_plain_integers() -> None:
    """A count may come from an array; what is kept is a plain integer."""
    counted = Proportion(np.int64(3), np.int32(4))  # type: ignore[arg-type]  # taken too
    assert counted == Proportion(3, 4)
    assert type(counted.successes) is type(counted.trials) is int


@pytest.mark.parametrize(
    ("successes", "trials", "message"),
    [
        (True, 1, "Proportion: expected an integer for successes, got True"),
        (1, True, "Proportion: expected an integer for trials, got True"),
        (np.True_, 1, f"Proportion: expected an integer for successes, got {np.True_!r}"),
        (0.5, 1, "Proportion: expected an integer for successes, got 0.5"),
        (1.0, 1, "Proportion: expected an integer for successes, got 1.0"),
        ("1", 1, "Proportion: expected an integer for successes, got '1'"),
        (None, 1, "Proportion: expected an integer for successes, got None"),
        (-1, 1, "Proportion: expected successes >= 0, got -1"),
        (0, -1, "Proportion: expected trials >= 0, got -1"),
        (2, 1, "Proportion: expected successes <= trials, got 2 of 1"),
        (0, 2**53 + 1, "Proportion: expected trials <= 9007199254740992, got more"),
    ],
)
def test_a_wrong_count_is_no_proportion(successes: object, trials: object, message: str) -> None:
    """A count that is a bool, a float, negative or too large is refused by name."""
    with pytest.raises(MeasurementError) as caught:
        Proportion(successes, trials)  # type: ignore[arg-type]  # wrong on purpose
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "mask",
    [
        [True, False, True],
        (True, False, True),
        np.array([True, False, True]),
        (flag for flag in (True, False, True)),
    ],
    ids=["list", "tuple", "array", "generator"],
)
def test_a_mask_is_counted(mask: list[bool]) -> None:
    """Each true entry of a mask is a success, each entry a trial."""
    assert Proportion.of(mask) == Proportion(2, 3)


def test_an_empty_mask_has_no_trials() -> None:
    """Nothing selected is nothing tried, never a success."""
    assert Proportion.of([]) == Proportion(0, 0)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ([True, 1], "Proportion.of: expected a bool at position 1, got 1"),
        (np.array([0.0]), "Proportion.of: expected a bool at position 0, got 0.0"),
        (np.array([[True]]), "Proportion.of: expected a bool at position 0, got [True]"),
        (
            np.array(True),
            f"Proportion.of: expected a one-dimensional mask, got {np.array(True)!r}",
        ),
        ([None], "Proportion.of: expected a bool at position 0, got None"),
    ],
)
def test_a_mask_of_anything_else_is_refused(mask: list[object], message: str) -> None:
    """Numbers and nested entries are no outcomes of trials."""
    with pytest.raises(MeasurementError) as caught:
        Proportion.of(mask)
    assert str(caught.value) == message


@pytest.mark.parametrize("value", [2, 2.0, np.float64(2), np.float32(2), np.int16(2), np.array(2)])
def test_a_scalar_is_a_float(value: float) -> None:
    """Every kind of number becomes the same plain float."""
    measured = Scalar(value, "mV")
    assert measured == Scalar(2.0, "mV")
    assert type(measured.value) is float


def test_a_scalar_keeps_the_precision_it_was_given() -> None:
    """A value of single precision is compared as given, not as it would print."""
    measured = Scalar(np.float32(0.95))  # type: ignore[arg-type]  # taken too
    assert measured.value == 0.949999988079071


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "value: expected a finite number, got nan"),
        (float("inf"), "value: expected a finite number, got inf"),
        (True, "value: expected a finite number, got True"),
        (np.True_, f"value: expected a finite number, got {np.True_!r}"),
        ("1", "value: expected a finite number, got '1'"),
        (None, "value: expected a finite number, got None"),
        (1j, "value: expected a finite number, got 1j"),
        (Fraction(1, 2), "value: expected a finite number, got Fraction(1, 2)"),
        (10**400, "value: expected a number that a float can hold"),
    ],
    ids=repr,
)
def test_what_is_no_number_is_no_scalar(value: object, message: str) -> None:
    """A value that is not finite, or no number at all, never becomes evidence."""
    with pytest.raises(MeasurementError) as caught:
        Scalar(value)  # type: ignore[arg-type]  # wrong on purpose
    assert str(caught.value) == message


@pytest.mark.parametrize("unit", ["", None, 1])
def test_a_unit_is_a_text(unit: object) -> None:
    """A value without a unit is refused; a pure number has the unit 1."""
    with pytest.raises(MeasurementError) as caught:
        Scalar(1.0, unit)  # type: ignore[arg-type]  # wrong on purpose
    assert str(caught.value) == f'unit: expected a text such as "mV" or "1", got {unit!r}'


def test_a_sample_takes_arrays() -> None:
    """Values and clusters may be arrays; what is kept is plain."""
    assert Sample(np.array([1.0, 2.0]), "mV", np.array(["a", "b"])) == Sample(  # type: ignore[arg-type]  # arrays are taken too
        (1.0, 2.0), "mV", ("a", "b")
    )


def test_the_mean_of_a_sample_does_not_depend_on_its_order() -> None:
    """The mean is summed exactly, so that the order of the records cannot move it."""
    # Summed from the left, 1e16 + 1 - 1e16 is 0; the exact mean is 1/3.
    assert Sample((1e16, 1.0, -1e16)).mean == Sample((1.0, 1e16, -1e16)).mean == 1 / 3


def test_the_mean_of_one_value_is_that_value() -> None:
    """The mean is rounded once: 0.95 three times has the mean 0.95, not the float beside it."""
    assert Sample((0.95, 0.95, 0.95)).mean == 0.95


def test_an_empty_sample_has_no_mean() -> None:
    """Nothing measured has no mean, and none is made up."""
    assert Sample(()).mean is None


def test_a_value_without_a_cluster_stands_for_itself() -> None:
    """Where no clusters are given, every value is its own unit of resampling."""
    assert len(set(Sample((1.0, 1.0, 1.0)).units_of_resampling)) == 3
    assert Sample((1.0, 2.0)) == Sample((1.0, 2.0), clusters=None)
    assert Sample((), clusters=()) == Sample(())
    assert Sample((1.0, 2.0), "1", ("p", "p")).units_of_resampling == ("p", "p")


@pytest.mark.parametrize(
    ("values", "clusters", "message"),
    [
        ((1.0, float("nan")), None, "values[1]: expected a finite number, got nan"),
        ((True,), None, "values[0]: expected a finite number, got True"),
        ([[1.0]], None, "values[0]: expected a finite number, got [1.0]"),
        ("12", None, "Sample: expected a sequence of numbers, got '12'"),
        (1.0, None, "Sample: expected a sequence of numbers, got 1.0"),
        ((1.0, 2.0), [], "Sample: expected one cluster a value (2), got 0"),
        ((1.0, 2.0), ("a",), "Sample: expected one cluster a value (2), got 1"),
        ((1e308, 1e308), None, "Sample: expected values with a finite sum, got an overflow"),
    ],
)
def test_a_wrong_sample_is_refused(values: object, clusters: object, message: str) -> None:
    """A sample with a value that is no number, or without a mean, never becomes evidence."""
    with pytest.raises(MeasurementError) as caught:
        Sample(values, "1", clusters)  # type: ignore[arg-type]  # wrong on purpose
    assert str(caught.value) == message


@pytest.mark.parametrize("measured", [Proportion(1, 2), Scalar(1.0), Sample((1.0,))])
def test_a_measurement_cannot_be_changed(measured: object) -> None:
    """What was measured stays as it was measured."""
    field = next(iter(type(measured).__dataclass_fields__))  # type: ignore[attr-defined]  # all three are dataclasses
    with pytest.raises(FrozenInstanceError):
        setattr(measured, field, 1)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((True, 1, 1), "Coverage: expected an integer for covered, got True"),
        ((1, 0.5, 1), "Coverage: expected an integer for trials, got 0.5"),
        ((1, 1, "9"), "Coverage: expected an integer for calibration, got '9'"),
        ((2, 1, 1), "Coverage: expected covered <= trials, got 2 of 1"),
        ((1, 1, 0), "Coverage: expected calibration >= 1, got 0"),
        ((-1, 1, 1), "Coverage: expected covered >= 0, got -1"),
    ],
)
def test_a_wrong_count_is_no_coverage(counts: tuple[int, int, int], message: str) -> None:
    """The records, those that are covered, and the calibration are counts."""
    with pytest.raises(MeasurementError) as caught:
        Coverage(*counts)
    assert str(caught.value) == message


def test_slices_come_in_the_order_of_their_names() -> None:
    """The order in which a case met them cannot change the evidence."""
    slices = Slices({"b": Proportion(1, 2), "a": Proportion(3, 4)})
    assert list(slices.parts) == ["a", "b"]
    assert slices == Slices({"a": Proportion(3, 4), "b": Proportion(1, 2)})
    assert slices.trials == 6


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, "Slices: expected proportions by name, got {}"),
        (
            [("a", Proportion(1, 1))],
            "Slices: expected proportions by name, got [('a', Proportion(successes=1, trials=1))]",
        ),
        ({"": Proportion(1, 1)}, "Slices: expected a name for each slice, got ''"),
        ({1: Proportion(1, 1)}, "Slices: expected a name for each slice, got 1"),
        ({"a": 0.5}, "Slices: expected a Proportion of 'a', got 0.5"),
    ],
)
def test_what_is_no_slice_is_refused(parts: object, message: str) -> None:
    """No slices, a nameless one, and one that is not counted."""
    with pytest.raises(MeasurementError) as caught:
        Slices(parts)  # type: ignore[arg-type]  # wrong on purpose
    assert str(caught.value) == message


def test_slices_cannot_be_changed() -> None:
    """A measurement is frozen, down to its parts."""
    slices = Slices({"a": Proportion(1, 2)})
    with pytest.raises(TypeError):
        slices.parts["b"] = Proportion(1, 1)  # type: ignore[index]  # wrong on purpose
