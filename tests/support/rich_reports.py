"""A report with something in every field that a report can show."""

from dataclasses import replace

from tests.support.tracing import (
    a_case,
    a_criterion,
    a_hazard,
    a_log,
    a_record,
    a_requirement,
    a_set,
    a_subject,
)
from vericase.evidence import Attachment, EvidenceLog, Look, Outcome
from vericase.findings import Finding
from vericase.gate import decide
from vericase.matrix import trace
from vericase.measurement import Proportion, Sample, Scalar
from vericase.report.html import render
from vericase.report.page import page
from vericase.requirement import IntendedUse, Relation, RequirementSet, Source, Status
from vericase.store import digest_bytes

__all__ = ["DRAWING", "rich", "rich_report"]

DRAWING = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" role="img"><title>ROC</title>'
    b'<g class="mark"><path d="M0 9L9 0"/><text x="1" y="1">50 % &lt; x</text></g></svg>'
)
ATTACHED = Attachment(name="roc.svg", sha256=digest_bytes(DRAWING), bytes=len(DRAWING))


def rich(word: str = "word") -> tuple[RequirementSet, EvidenceLog, list[Finding]]:
    """Requirements, evidence and findings with *word* in every field that holds free text."""
    source = Source(file=word, line=1)
    shown = a_requirement(
        a_criterion(0.8, measurand=word, confidence=0.95),
        a_criterion(id="ROB-001.2", measurand=f"{word}2", relation=Relation.AT_MOST, unit=word),
        title=word,
        statement=word,
        rationale=word,
        category=word,
        method=word,
        source=source,
        hazards=("HAZ-001",),
        references=(word,),
        depends=(),
        conditions={word: word, "list": [word, 1]},
        first_look=word,
    )
    missed = a_requirement(id="ROB-002", parents=("ROB-001",), title=word, source=source)
    silent = a_requirement(id="ROB-003", applies_to=(word,), status=Status.DRAFT, title=word)
    other = a_requirement(id="ROB-004", applies_to=("elsewhere",), source=source)
    retired = a_requirement(id="ROB-005", status=Status.RETIRED, title=word)
    hazards = [
        a_hazard(
            title=word,
            harm=word,
            severity=word,
            sequence_of_events=word,
            control=word,
            residual_risk=word,
            source=source,
        ),
        a_hazard(id="HAZ-002", title=word),
    ]
    use = IntendedUse(
        user=word,
        population=word,
        input=word,
        output=word,
        prohibited_use=(word,),
        data_sources=(word,),
    )
    requirements = replace(
        a_set(shown, missed, silent, other, retired, hazards=hazards), intended_use=use
    )
    subjects = [
        a_subject(word, "a1" * 32),
        replace(a_subject("data", "b2" * 32, scope=word), version=word),
    ]
    lost = Attachment(name=word, sha256="ff" * 32, bytes=1)
    records = [
        a_record(shown, subjects=subjects, case_id=f"{word}::a", attachments=(ATTACHED, lost)),
        a_record(
            shown,
            Sample((0.5,), word, (word,)),
            criterion=1,
            subjects=subjects,
            case_id=f"{word}::a",
            attachments=(replace(ATTACHED, name=f"{word}.svg"),),
        ),
        a_record(missed, Proportion(1, 9), subjects=subjects, case_id=f"{word}::b"),
        replace(a_record(missed, Scalar(1.0, word), case_id=f"{word}::c"), criterion_id=word),
    ]
    cases = [
        a_case("ROB-001", case_id=f"{word}::a", title=word),
        a_case("ROB-002", word, case_id=f"{word}::b", outcome=Outcome.MISSED, message=word),
        a_case("ROB-002", case_id=f"{word}::c", outcome=Outcome.ERROR, message=word, title=word),
    ]
    log = replace(
        a_log(*records, cases=cases, subjects=subjects, finished=False),
        environment={word: word, "packages": {word: word}},
        requirements_digest=word,
        looks=(Look(name=word, data="d1" * 32, subject="a1" * 32, number=1, on=word),),
    )
    partial = replace(log, run=replace(log.run, id=word, partial=True))
    return requirements, partial, [Finding(kind="tampered", where=word, message=word)]


def rich_report(word: str = "word") -> str:
    """The report on `rich`, as HTML."""
    requirements, log, findings = rich(word)
    matrix = trace(requirements, log, findings=findings)
    return render(page(matrix, decide(matrix), {ATTACHED.sha256: DRAWING}))
