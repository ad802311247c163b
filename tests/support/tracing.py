"""Requirements and evidence in memory: whole as they come, bent by naming a field."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypedDict, Unpack

from vericase.code import CaseCode
from vericase.evidence import Attachment, CaseOutcome, Evidence, EvidenceLog, Outcome, Run, Subject
from vericase.measurement import Measurement, Proportion
from vericase.requirement import (
    ANY_DATA,
    AcceptanceCriterion,
    Claim,
    Hazard,
    IntendedUse,
    Relation,
    Requirement,
    RequirementSet,
    SmallSlices,
    Source,
    Status,
)
from vericase.verdict import Verdict, judge

__all__ = [
    "CASE",
    "INTENDED_USE",
    "REHEARSED",
    "SHOWN",
    "a_case",
    "a_criterion",
    "a_hazard",
    "a_log",
    "a_record",
    "a_requirement",
    "a_set",
    "a_subject",
    "everything_shown",
    "with_code",
]

CASE = "verification/test_robustness.py::test_share"
#: 95 of 100 against the threshold 0.9 of `a_criterion`.
SHOWN = Proportion(95, 100)

INTENDED_USE = IntendedUse(
    user="A nurse",
    population="Adults",
    input="A reading",
    output="A warning",
    prohibited_use=("Alone", "At home"),
)


class CriterionFields(TypedDict, total=False):
    """Every field of a criterion."""

    id: str
    measurand: str
    relation: Relation
    thresholds: Mapping[str, float]
    unit: str
    confidence: float | None
    min_trials: int | None
    applies_to: tuple[str, ...]
    paired: bool
    small_slices: SmallSlices
    slices: tuple[str, ...]


class RequirementFields(TypedDict, total=False):
    """Every field of a requirement but its criteria."""

    id: str
    title: str
    statement: str
    rationale: str
    category: str
    status: Status
    method: str
    source: Source
    parents: tuple[str, ...]
    hazards: tuple[str, ...]
    references: tuple[str, ...]
    applies_to: tuple[str, ...]
    depends: tuple[str, ...]
    conditions: Mapping[str, object]
    claim: Claim
    first_look: str


class HazardFields(TypedDict, total=False):
    """Every field of a hazard."""

    id: str
    title: str
    harm: str
    severity: str
    sequence_of_events: str
    control: str
    residual_risk: str
    source: Source


class CaseFields(TypedDict, total=False):
    """Every field of the ending of a case but its requirements."""

    case_id: str
    outcome: Outcome
    message: str
    digest: str
    title: str


class RecordFields(TypedDict, total=False):
    """Fields of a record that do not follow from its requirement."""

    case_id: str
    case_digest: str
    requirement_fingerprint: str
    measurand: str
    verdict: Verdict
    attachments: tuple[Attachment, ...]
    reference: Measurement | None


def a_criterion(threshold: float = 0.9, **fields: Unpack[CriterionFields]) -> AcceptanceCriterion:
    """A criterion that asks for a share of at least *threshold*."""
    whole = AcceptanceCriterion(
        id="ROB-001.1",
        measurand="share",
        relation=Relation.AT_LEAST,
        thresholds={ANY_DATA: threshold},
    )
    return replace(whole, **fields)


def a_requirement(
    *criteria: AcceptanceCriterion, **fields: Unpack[RequirementFields]
) -> Requirement:
    """An approved requirement; without *criteria* it asks for the one of `a_criterion`."""
    whole = Requirement(
        id="ROB-001",
        title="Keep what is right",
        statement="The subject shall keep a right decision.",
        rationale="A decision that flips is not trusted.",
        category="network",
        status=Status.APPROVED,
        method="test",
        source=Source(file="requirements/network.yaml", line=1),
    )
    changed = replace(whole, **fields)
    return replace(changed, criteria=criteria or (a_criterion(id=f"{changed.id}.1"),))


def a_hazard(**fields: Unpack[HazardFields]) -> Hazard:
    """A hazard with every field."""
    whole = Hazard(
        id="HAZ-001",
        title="A wrong decision",
        harm="Treatment comes late.",
        severity="serious",
        sequence_of_events="Noise flips a decision.",
        control="Decisions are kept under noise.",
        residual_risk="Strong noise remains.",
        source=Source(file="requirements/hazards.yaml", line=1),
    )
    return replace(whole, **fields)


def a_set(*requirements: Requirement, hazards: Iterable[Hazard] = ()) -> RequirementSet:
    """A requirement set; without *requirements* it holds the one of `a_requirement`."""
    return RequirementSet(
        requirements=requirements or (a_requirement(),),
        hazards=tuple(hazards),
        intended_use=INTENDED_USE,
    )


def a_subject(name: str = "model", digest: str = "a1" * 32, **data: str) -> Subject:
    """A subject; *data* may say its scope."""
    return Subject(name=name, version="1", digest=digest, scope=data.get("scope"))


REHEARSED = Subject(name="data", version="1", digest="d1" * 32, scope="made up", rehearsal=True)


def a_case(*requirement_ids: str, **fields: Unpack[CaseFields]) -> CaseOutcome:
    """A case that passed; without *requirement_ids* it verifies the one of `a_requirement`."""
    whole = CaseOutcome(
        case_id=CASE,
        requirement_ids=requirement_ids or ("ROB-001",),
        outcome=Outcome.PASSED,
        digest="c0de" * 16,
    )
    return replace(whole, **fields)


def a_record(
    requirement: Requirement,
    measurement: Measurement = SHOWN,
    *,
    criterion: int = 0,
    subjects: Iterable[Subject] = (),
    **fields: Unpack[RecordFields],
) -> Evidence:
    """A record of the criterion at that position, judged on the scope of *subjects*."""
    wanted = requirement.criteria[criterion]
    on = tuple(subjects)
    scope = next((s.scope for s in on if s.scope is not None), None)
    whole = Evidence(
        criterion_id=wanted.id,
        requirement_id=requirement.id,
        requirement_fingerprint=requirement.fingerprint,
        measurand=wanted.measurand,
        case_id=CASE,
        case_digest="c0de" * 16,
        measurement=measurement,
        verdict=judge(wanted, measurement, scope=scope).verdict,
        subjects={s.name: s.digest for s in on},
    )
    return replace(whole, **fields)


def a_log(
    *records: Evidence,
    cases: Iterable[CaseOutcome] | None = None,
    subjects: Iterable[Subject] = (),
    finished: bool = True,
) -> EvidenceLog:
    """A log of *records*; without *cases* each record has a case that passed."""
    ids = {record.case_id: record.requirement_id for record in records}
    passed = tuple(a_case(requirement, case_id=name) for name, requirement in ids.items())
    return EvidenceLog(
        run=Run(id="run-1", finished=finished),
        subjects=tuple(subjects),
        environment={"python": "3.11", "packages": {"scipy": "1.17"}},
        cases=passed if cases is None else tuple(cases),
        evidence=records,
        requirements_digest="0" * 64,
    )


def with_code(log: EvidenceLog, root: Path) -> EvidenceLog:
    """*log* as if its cases had been measured by the files that this writes below *root*."""
    for case in log.cases:
        module = root / case.case_id.partition("::")[0]
        module.parent.mkdir(parents=True, exist_ok=True)
        module.write_text('"""Cases."""\n', encoding="utf-8")
    code = CaseCode(root, ())
    return replace(
        log,
        cases=tuple(replace(c, digest=code.digest(c.case_id)) for c in log.cases),
        evidence=tuple(replace(r, case_digest=code.digest(r.case_id)) for r in log.evidence),
        code=code.files(case.case_id for case in log.cases),
    )


def everything_shown(
    requirements: RequirementSet,
    *,
    measurement: Measurement = SHOWN,
    subjects: Iterable[Subject] = (),
) -> EvidenceLog:
    """A log in which one case a requirement shows each of its criteria with *measurement*."""
    on = tuple(subjects)
    records = [
        a_record(r, measurement, criterion=i, subjects=on, case_id=f"{CASE}_of_{r.id}")
        for r in requirements
        for i in range(len(r.criteria))
    ]
    return a_log(*records, subjects=on)
