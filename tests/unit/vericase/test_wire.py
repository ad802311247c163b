"""Evidence as JSON values and back."""

import json

import pytest

from tests.support.tracing import REHEARSED, a_case, a_log, a_record, a_requirement, a_subject
from vericase.errors import MeasurementError
from vericase.evidence import Attachment, Outcome
from vericase.measurement import Coverage, Measurement, Proportion, Sample, Scalar, Slices
from vericase.verdict import Verdict
from vericase.wire import (
    case_from,
    case_to,
    evidence_from,
    evidence_to,
    measurement_from,
    measurement_to,
    run_from,
    run_to,
    subject_from,
    subject_to,
)


@pytest.mark.parametrize(
    ("measurement", "record"),
    [
        (Proportion(3, 4), {"kind": "proportion", "successes": 3, "trials": 4}),
        (
            Coverage(9, 10, 50),
            {"kind": "coverage", "covered": 9, "trials": 10, "calibration": 50},
        ),
        (
            Slices({"b": Proportion(3, 4), "a": Proportion(1, 2)}),
            {"kind": "slices", "parts": {"a": [1, 2], "b": [3, 4]}},
        ),
        (Scalar(0.1, "mV"), {"kind": "scalar", "value": 0.1, "unit": "mV"}),
        (
            Sample((1.0, 2.5), "s", ("a", "b")),
            {"kind": "sample", "values": [1.0, 2.5], "unit": "s", "clusters": ["a", "b"]},
        ),
    ],
)
def test_a_measurement_has_one_shape(measurement: Measurement, record: dict[str, object]) -> None:
    """Others read this shape: counts stay counts, and every value has its unit."""
    assert measurement_to(measurement) == record
    assert measurement_from(json.loads(json.dumps(record))) == measurement


def test_a_record_comes_back_whole() -> None:
    """A record survives its way through JSON with every field."""
    record = a_record(
        a_requirement(),
        subjects=[a_subject()],
        verdict=Verdict.INCONCLUSIVE,
        reference=Sample((0.5,), "1", ("a",)),
        attachments=(Attachment(name="µ.svg", sha256="ab" * 32, bytes=3),),
    )
    assert evidence_from(json.loads(json.dumps(evidence_to(record)))) == record


def test_an_ending_comes_back_whole() -> None:
    """The ending of a case survives its way through JSON with every field."""
    case = a_case("A-001", "B-001", outcome=Outcome.XPASSED, message='"no"', title="A case")
    assert case_from(json.loads(json.dumps(case_to(case)))) == case


@pytest.mark.parametrize("subject", [a_subject(), REHEARSED])
def test_a_subject_comes_back_whole(subject: object) -> None:
    """A subject survives its way through JSON, with scope and rehearsal."""
    assert subject_from(json.loads(json.dumps(subject_to(subject)))) == subject  # type: ignore[arg-type]  # both are subjects


@pytest.mark.parametrize(
    "record",
    [
        {"kind": "proportion", "successes": 3, "trials": 2},
        {"kind": "proportion", "successes": True, "trials": 2},
        {"kind": "proportion", "successes": 1.5, "trials": 2},
        {"kind": "scalar", "value": float("inf"), "unit": "1"},
        {"kind": "scalar", "value": "0.9", "unit": "1"},
        {"kind": "sample", "values": [None], "unit": "1", "clusters": []},
    ],
)
def test_what_could_not_be_measured_cannot_be_read(record: dict[str, object]) -> None:
    """The checks of a measurement hold for what comes from a file too."""
    with pytest.raises(MeasurementError):
        measurement_from(record)


def test_an_unknown_kind_is_refused() -> None:
    """A kind of measurement that is not known is not guessed at."""
    with pytest.raises(ValueError, match="expected a measurement, got the kind 'median'"):
        measurement_from({"kind": "median", "value": 1.0})


def test_a_missing_field_is_not_filled_in() -> None:
    """A record without its trials is no record."""
    with pytest.raises(KeyError, match="trials"):
        measurement_from({"kind": "proportion", "successes": 1})


def test_an_unknown_verdict_is_refused() -> None:
    """Only the five verdicts can be stored."""
    record = evidence_to(a_record(a_requirement())) | {"verdict": "WAIVED"}
    with pytest.raises(ValueError, match=r"verdict: expected one of .*, got 'WAIVED'"):
        evidence_from(record)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("case_id", None, "case_id: expected a str, got None"),
        ("message", 5, "message: expected a str, got 5"),
        ("requirement_ids", "ROB-001", "requirement_ids: expected a list, got 'ROB-001'"),
        ("requirement_ids", [1], "requirement_ids: expected texts, got [1]"),
    ],
)
def test_an_ending_of_other_types_is_refused(field: str, value: object, message: str) -> None:
    """A value that is not of its type is named, and is no text by accident."""
    with pytest.raises(TypeError) as caught:
        case_from(case_to(a_case()) | {field: value})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("criterion_id", 1, "criterion_id: expected a str, got 1"),
        ("measurement", [], "measurement: expected a dict, got []"),
        ("subjects", [], "subjects: expected a dict, got []"),
        (
            "attachments",
            [{"name": "a", "sha256": "b", "bytes": True}],
            "bytes: expected a int, got True",
        ),
    ],
)
def test_a_record_of_other_types_is_refused(field: str, value: object, message: str) -> None:
    """The same holds for records and what they carry; a flag is no count of bytes."""
    with pytest.raises(TypeError) as caught:
        evidence_from(evidence_to(a_record(a_requirement())) | {field: value})
    assert str(caught.value) == message


@pytest.mark.parametrize("value", [1, "true", None])
def test_only_a_flag_says_that_a_run_ended(value: object) -> None:
    """A truthy word in the place of the flag does not make a run finished."""
    record = run_to(a_log().run)
    assert run_from(record) == a_log().run
    with pytest.raises(TypeError, match="finished: expected a bool, got "):
        run_from(record | {"finished": value})
    with pytest.raises(TypeError, match="rehearsal: expected a bool, got "):
        subject_from(subject_to(a_subject()) | {"rehearsal": value})
