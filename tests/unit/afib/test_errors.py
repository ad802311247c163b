"""The errors of the device software: their text, their tree, and that they survive a process."""

from __future__ import annotations

import pickle

import pytest

from afib import errors
from afib.errors import AfibError, RecordError, SettingsError


def test_every_problem_stands_on_its_own_line() -> None:
    """The text of an error is its problems, one a line."""
    error = SettingsError("a: expected 1, got 2", "b: expected 3, got 4")
    assert str(error) == "a: expected 1, got 2\nb: expected 3, got 4"
    assert error.problems == ("a: expected 1, got 2", "b: expected 3, got 4")


def test_a_record_error_names_its_record() -> None:
    """What is wrong with one recording carries that recording's name beside the text."""
    error = RecordError("A00001", "A00001.hea: expected a file, got none")
    assert error.record == "A00001"
    assert str(error) == "A00001.hea: expected a file, got none"


@pytest.mark.parametrize("error", [RecordError("A1", "x", "y"), SettingsError("x", "y")])
def test_errors_travel_between_processes(error: AfibError) -> None:
    """A pickled error comes back with its class, name and problems."""
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  (our own bytes)
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_all_errors_have_one_root() -> None:
    """A caller who catches AfibError misses none of them."""
    classes = [getattr(errors, name) for name in errors.__all__]
    assert all(issubclass(kind, AfibError) for kind in classes)
    assert len(classes) == 7
