"""What Hypothesis draws measurements, requirements and evidence from."""

from hypothesis import strategies as st

from tests.support.tracing import a_case, a_criterion, a_record, a_requirement, a_set, a_subject
from vericase.evidence import (
    Attachment,
    CaseOutcome,
    Evidence,
    EvidenceLog,
    Look,
    Outcome,
    Run,
    Subject,
)
from vericase.measurement import Coverage, Proportion, Sample, Scalar, Slices
from vericase.requirement import AcceptanceCriterion, Relation, Requirement, RequirementSet, Status
from vericase.verdict import Verdict

__all__ = [
    "cases",
    "digests",
    "finite",
    "logs",
    "looks",
    "measurements",
    "proportions",
    "records",
    "requirement_sets",
    "samples",
    "scalars",
    "subjects",
    "texts",
    "thresholds",
    "units",
]

finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6)
#: Thresholds as people write them: decimals, and now and then any number.
thresholds = st.one_of(st.integers(0, 1000).map(lambda i: i / 1000), finite)
texts = st.text(max_size=20)
units = st.sampled_from(["1", "mV", "s", "µV"])
digests = st.text("0123456789abcdef", min_size=64, max_size=64)


@st.composite
def proportions(draw: st.DrawFn, *, min_trials: int = 0, max_trials: int = 400) -> Proportion:
    """Counts, with edges such as none and all."""
    trials = draw(st.integers(min_trials, max_trials))
    return Proportion(draw(st.integers(0, trials)), trials)


scalars = st.builds(Scalar, finite, units)


@st.composite
def samples(draw: st.DrawFn, *, max_size: int = 12) -> Sample:
    """Values with and without clusters."""
    values = draw(st.lists(finite, max_size=max_size))
    names = st.lists(st.sampled_from("abc"), min_size=len(values), max_size=len(values))
    clusters = draw(st.one_of(st.just([]), names))
    return Sample(tuple(values), draw(units), tuple(clusters) or None)


coverages = st.builds(
    lambda counts, calibration: Coverage(counts.successes, counts.trials, calibration),
    proportions(),
    st.integers(1, 2000),
)
slices = st.dictionaries(
    st.text(min_size=1, max_size=8), proportions(), min_size=1, max_size=4
).map(Slices)
measurements = st.one_of(proportions(), coverages, slices, scalars, samples())

looks = st.builds(
    Look,
    name=texts,
    data=digests,
    subject=digests,
    number=st.integers(1, 9),
    on=texts,
    demands=st.dictionaries(texts, digests, max_size=2),
)

subjects = st.builds(
    Subject,
    name=st.sampled_from(["model", "data", "labels"]),
    version=texts,
    digest=digests,
    scope=st.one_of(st.none(), st.sampled_from(["clinic", "ward"])),
    rehearsal=st.booleans(),
    path=texts,
)

cases = st.builds(
    CaseOutcome,
    case_id=texts,
    requirement_ids=st.lists(texts, max_size=3).map(tuple),
    outcome=st.sampled_from(Outcome),
    message=texts,
    digest=digests,
    title=texts,
)

records = st.builds(
    Evidence,
    criterion_id=texts,
    requirement_id=texts,
    requirement_fingerprint=digests,
    measurand=texts,
    case_id=texts,
    case_digest=digests,
    measurement=measurements,
    verdict=st.sampled_from(Verdict),
    subjects=st.dictionaries(texts, digests, max_size=2),
    attachments=st.lists(
        st.builds(Attachment, name=texts, sha256=digests, bytes=st.integers(0, 1 << 20)), max_size=2
    ).map(tuple),
    reference=st.one_of(st.none(), measurements),
)


def _criteria(requirement_id: str) -> st.SearchStrategy[tuple[AcceptanceCriterion, ...]]:
    one = st.builds(
        a_criterion,
        st.sampled_from([0.5, 0.9, 0.95]),
        relation=st.sampled_from([Relation.AT_LEAST, Relation.ABOVE]),
        confidence=st.sampled_from([None, None, 0.9]),
        min_trials=st.sampled_from([None, None, 50]),
    )
    return st.lists(one, min_size=1, max_size=2).map(
        lambda drawn: tuple(
            a_criterion(
                id=f"{requirement_id}.{number}",
                measurand=f"share_{number}",
                thresholds=criterion.thresholds,
                relation=criterion.relation,
                confidence=criterion.confidence,
                min_trials=criterion.min_trials,
            )
            for number, criterion in enumerate(drawn, start=1)
        )
    )


@st.composite
def requirement_sets(draw: st.DrawFn) -> RequirementSet:
    """One to three requirements, most of them in force."""
    drawn: list[Requirement] = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        identifier = f"ROB-00{number}"
        status = draw(st.sampled_from([Status.APPROVED, Status.APPROVED, Status.DRAFT]))
        criteria = draw(_criteria(identifier))
        drawn.append(a_requirement(*criteria, id=identifier, status=status))
    return a_set(*drawn)


@st.composite
def logs(draw: st.DrawFn, requirements: RequirementSet) -> EvidenceLog:
    """Evidence for *requirements*: mostly shown, here and there missed, silent or broken."""
    on = draw(st.sampled_from([(), (a_subject(),)]))
    kept: list[Evidence] = []
    ended: list[CaseOutcome] = []
    share = st.sampled_from([99, 99, 99, 99, 5])
    ending = st.sampled_from([Outcome.PASSED] * 8 + [Outcome.SKIPPED, Outcome.FAILED])
    for requirement in requirements:
        for parameter in range(draw(st.integers(1, 2))):
            name = f"t.py::test_{requirement.id}[{parameter}]"
            ended.append(a_case(requirement.id, case_id=name, outcome=draw(ending)))
            for position in range(len(requirement.criteria)):
                if draw(st.integers(0, 19)):
                    measured = Proportion(draw(share), 100)
                    record = a_record(
                        requirement, measured, criterion=position, subjects=on, case_id=name
                    )
                    kept.append(record)
    return EvidenceLog(
        run=Run(id="run-1", finished=draw(st.sampled_from([True] * 9 + [False]))),
        subjects=on,
        environment={"python": "3.11"},
        cases=tuple(ended),
        evidence=tuple(kept),
        requirements_digest=requirements.digest,
    )
