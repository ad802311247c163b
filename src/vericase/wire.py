"""Evidence as JSON values and back; the shapes that the evidence file and the journal hold.

What comes from a file is checked as it is read: a missing field is a KeyError, a value of
another type a TypeError, an unknown word or number a ValueError.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from vericase.evidence import Attachment, CaseOutcome, Evidence, Look, Outcome, Run, Subject
from vericase.measurement import Coverage, Measurement, Proportion, Sample, Scalar, Slices
from vericase.verdict import Verdict

__all__ = [
    "case_from",
    "case_to",
    "evidence_from",
    "evidence_to",
    "look_from",
    "look_to",
    "measurement_from",
    "measurement_to",
    "run_from",
    "run_to",
    "subject_from",
    "subject_to",
    "text_map",
    "texts",
    "typed",
]

_Record = Mapping[str, Any]
_Value = TypeVar("_Value")


def measurement_to(measurement: Measurement) -> dict[str, object]:
    """The measurement as JSON values."""
    match measurement:
        case Proportion(successes, trials):
            return {"kind": "proportion", "successes": successes, "trials": trials}
        case Coverage(covered, trials, calibration):
            return {
                "kind": "coverage",
                "covered": covered,
                "trials": trials,
                "calibration": calibration,
            }
        case Slices(parts):
            counts = {name: [part.successes, part.trials] for name, part in parts.items()}
            return {"kind": "slices", "parts": counts}
        case Scalar(value, unit):
            return {"kind": "scalar", "value": value, "unit": unit}
        case Sample(values, unit, clusters):
            return {
                "kind": "sample",
                "values": list(values),
                "unit": unit,
                "clusters": list(clusters or ()),
            }


def measurement_from(record: _Record) -> Measurement:
    """The measurement that *record* holds.

    Raises:
        MeasurementError: If it is none, by its values or its kind.
        KeyError: If a field is missing.
    """
    match record["kind"]:
        case "proportion":
            return Proportion(record["successes"], record["trials"])
        case "coverage":
            return Coverage(record["covered"], record["trials"], record["calibration"])
        case "slices":
            parts = typed(record, "parts", dict)
            return Slices({name: Proportion(*counts) for name, counts in parts.items()})
        case "scalar":
            return Scalar(record["value"], record["unit"])
        case "sample":
            # Here an empty list is how it is written that every value stands for itself.
            clusters = tuple(record["clusters"]) or None
            return Sample(tuple(record["values"]), record["unit"], clusters)
        case kind:
            raise ValueError(f"expected a measurement, got the kind {kind!r}")


def subject_to(subject: Subject) -> dict[str, object]:
    """The subject as JSON values."""
    return {
        "name": subject.name,
        "version": subject.version,
        "digest": subject.digest,
        "scope": subject.scope,
        "rehearsal": subject.rehearsal,
        "path": subject.path,
    }


def subject_from(record: _Record) -> Subject:
    """The subject that *record* holds."""
    return Subject(
        name=typed(record, "name", str),
        version=typed(record, "version", str),
        digest=typed(record, "digest", str),
        scope=None if record["scope"] is None else typed(record, "scope", str),
        rehearsal=typed(record, "rehearsal", bool),
        path=typed(record, "path", str) if "path" in record else "",
    )


def look_to(look: Look) -> dict[str, object]:
    """The opening as JSON values."""
    return {
        "name": look.name,
        "data": look.data,
        "subject": look.subject,
        "number": look.number,
        "on": look.on,
        "demands": dict(look.demands),
    }


def look_from(record: _Record) -> Look:
    """The opening that *record* holds."""
    return Look(
        name=typed(record, "name", str),
        data=typed(record, "data", str),
        subject=typed(record, "subject", str),
        number=typed(record, "number", int),
        on=typed(record, "on", str),
        demands=text_map(record, "demands"),
    )


def run_to(run: Run) -> dict[str, object]:
    """The block of the run as JSON values."""
    return {
        "id": run.id,
        "started": run.started,
        "ended": run.ended,
        "host": run.host,
        "finished": run.finished,
        "partial": run.partial,
        "durations_s": dict(run.durations_s),
    }


def run_from(record: _Record) -> Run:
    """The block of the run that *record* holds."""
    return Run(
        id=typed(record, "id", str),
        started=typed(record, "started", str),
        ended=typed(record, "ended", str),
        host=typed(record, "host", str),
        finished=typed(record, "finished", bool),
        partial=typed(record, "partial", bool),
        durations_s=typed(record, "durations_s", dict),
    )


def case_to(case: CaseOutcome) -> dict[str, object]:
    """The ending of a case as JSON values."""
    return {
        "case_id": case.case_id,
        "requirement_ids": list(case.requirement_ids),
        "outcome": case.outcome.value,
        "message": case.message,
        "digest": case.digest,
        "title": case.title,
    }


def case_from(record: _Record) -> CaseOutcome:
    """The ending that *record* holds."""
    return CaseOutcome(
        case_id=typed(record, "case_id", str),
        requirement_ids=texts(record, "requirement_ids"),
        outcome=Outcome(record["outcome"]),
        message=typed(record, "message", str),
        digest=typed(record, "digest", str),
        title=typed(record, "title", str),
    )


def evidence_to(evidence: Evidence) -> dict[str, object]:
    """The record as JSON values."""
    record: dict[str, object] = {
        "criterion_id": evidence.criterion_id,
        "requirement_id": evidence.requirement_id,
        "requirement_fingerprint": evidence.requirement_fingerprint,
        "measurand": evidence.measurand,
        "case_id": evidence.case_id,
        "case_digest": evidence.case_digest,
        "measurement": measurement_to(evidence.measurement),
        "verdict": evidence.verdict.name,
        "subjects": dict(evidence.subjects),
        "attachments": [
            {"name": a.name, "sha256": a.sha256, "bytes": a.bytes} for a in evidence.attachments
        ],
    }
    if evidence.reference is not None:
        record["reference"] = measurement_to(evidence.reference)
    return record


def evidence_from(record: _Record) -> Evidence:
    """The record that *record* holds."""
    return Evidence(
        criterion_id=typed(record, "criterion_id", str),
        requirement_id=typed(record, "requirement_id", str),
        requirement_fingerprint=typed(record, "requirement_fingerprint", str),
        measurand=typed(record, "measurand", str),
        case_id=typed(record, "case_id", str),
        case_digest=typed(record, "case_digest", str),
        measurement=measurement_from(typed(record, "measurement", dict)),
        verdict=_verdict(typed(record, "verdict", str)),
        subjects=text_map(record, "subjects"),
        attachments=tuple(map(_attachment, typed(record, "attachments", list))),
        reference=measurement_from(typed(record, "reference", dict))
        if "reference" in record
        else None,
    )


def typed(record: _Record, key: str, kind: type[_Value]) -> _Value:
    """The value of *key*, which is of that very type.

    Raises:
        KeyError: If there is none.
        TypeError: If it is of another type; a bool is no int here.
    """
    value = record[key]
    if type(value) is not kind:
        raise TypeError(f"{key}: expected a {kind.__name__}, got {value!r:.80}")
    return value


def texts(record: _Record, key: str) -> tuple[str, ...]:
    """The value of *key*, which is a list of texts.

    Raises:
        KeyError: If there is none.
        TypeError: If it is of another type, or anything in it is.
    """
    values = typed(record, key, list)
    if not all(isinstance(value, str) for value in values):
        raise TypeError(f"{key}: expected texts, got {values!r:.80}")
    return tuple(values)


def text_map(record: _Record, key: str) -> dict[str, str]:
    """The value of *key*, which maps texts to texts.

    Raises:
        KeyError: If there is none.
        TypeError: If it is of another type, or anything in it is.
    """
    values = typed(record, key, dict)
    for value in values.values():
        if type(value) is not str:
            raise TypeError(f"{key}: expected texts, got {value!r:.80}")
    return values


def _verdict(name: str) -> Verdict:
    if name not in Verdict.__members__:
        raise ValueError(f"verdict: expected one of {', '.join(Verdict.__members__)}, got {name!r}")
    return Verdict[name]


def _attachment(record: _Record) -> Attachment:
    return Attachment(
        name=typed(record, "name", str),
        sha256=typed(record, "sha256", str),
        bytes=typed(record, "bytes", int),
    )
