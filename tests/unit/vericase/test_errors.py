"""Errors tell every problem, and form one tree."""

import pytest

from vericase import errors
from vericase.errors import EvidenceError, InputError, MeasurementError, VericaseError


def test_all_problems_are_told_one_a_line() -> None:
    """Whoever mends a file sees all of its problems at once."""
    error = InputError(["a.yaml:1: expected x, got y", "a.yaml:2: expected z, got w"])
    assert str(error) == "a.yaml:1: expected x, got y\na.yaml:2: expected z, got w"
    assert len(error.problems) == 2


def test_one_problem_may_be_a_plain_text() -> None:
    """A single sentence is one problem, not one a letter."""
    assert EvidenceError("no file").problems == ("no file",)


@pytest.mark.parametrize("name", sorted(set(errors.__all__) - {"VericaseError"}))
def test_every_error_has_one_root(name: str) -> None:
    """Whoever catches the root catches all that the package raises on purpose."""
    assert issubclass(getattr(errors, name), VericaseError)


def test_a_wrong_measurement_is_also_a_wrong_value() -> None:
    """A case may expect the ordinary error of Python for a wrong value."""
    assert issubclass(MeasurementError, ValueError)
