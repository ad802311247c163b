"""A matrix with everything in it that an export has to carry."""

from dataclasses import replace

from tests.support.tracing import (
    a_criterion,
    a_hazard,
    a_log,
    a_record,
    a_requirement,
    a_set,
    a_subject,
)
from vericase.gate import GateDecision, decide
from vericase.matrix import TraceMatrix, trace
from vericase.measurement import Proportion, Scalar
from vericase.requirement import Status

__all__ = ["mixed"]

SHOWN = a_requirement(title="=1+1", statement="+shall|`<b>`")
MISSED = a_requirement(
    a_criterion(id="ROB-002.1", confidence=0.9),
    id="ROB-002",
    title="Misses",
    hazards=("HAZ-002", "HAZ-003"),
)
SILENT = a_requirement(
    a_criterion(id="ROB-003.1"), a_criterion(id="ROB-003.2", measurand="b"), id="ROB-003"
)
DRAFT = a_requirement(
    a_criterion(id="ROB-004.1"), id="ROB-004", status=Status.DRAFT, applies_to=("clinic",)
)
ELSEWHERE = a_requirement(a_criterion(id="ROB-005.1"), id="ROB-005", applies_to=("ward",))
BROKEN = a_requirement(a_criterion(id="ROB-006.1", unit="s"), id="ROB-006")
SEEN = replace(a_requirement(id="ROB-007", method="inspection"), criteria=())


def mixed() -> tuple[TraceMatrix, GateDecision]:
    """A matrix with every standing, a hazard without control, and negative numbers."""
    scope = replace(a_subject("data"), scope="clinic")
    negative = a_requirement(a_criterion(-1.0, id="ROB-008.1", unit="s"), id="ROB-008")
    hazards = [a_hazard(id=f"HAZ-00{number}") for number in (1, 2, 3)]
    requirements = a_set(
        *(SHOWN, MISSED, SILENT, DRAFT, ELSEWHERE, BROKEN, SEEN, negative), hazards=hazards
    )
    records = [
        a_record(SHOWN, Proportion(95, 100), subjects=[scope]),
        a_record(MISSED, Proportion(5, 100), subjects=[scope], case_id="t.py::test_b[1]"),
        a_record(MISSED, Proportion(99, 100), subjects=[scope], case_id="t.py::test_b[2]"),
        a_record(BROKEN, Scalar(1.0, "mV"), subjects=[scope], case_id="t.py::test_c"),
        a_record(negative, Scalar(-0.5, "s"), subjects=[scope], case_id="t.py::test_d"),
    ]
    matrix = trace(requirements, a_log(*records, subjects=[scope]))
    return matrix, decide(matrix)
