"""Laws of the gate: nothing that is taken away or edited opens it."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.support.strategies import finite, logs, requirement_sets
from tests.support.tracing import a_criterion, a_record, a_requirement, a_set, everything_shown
from vericase.errors import EvidenceError
from vericase.evidence import EvidenceLog, Outcome
from vericase.findings import Finding
from vericase.gate import GateDecision, decide
from vericase.matrix import trace
from vericase.measurement import Proportion
from vericase.requirement import RequirementSet, Status
from vericase.store import load_evidence, save_evidence

searched = settings(deadline=None, max_examples=40)
searched_on_disk = settings(deadline=None, max_examples=25)
worlds = requirement_sets().flatmap(lambda r: st.tuples(st.just(r), logs(r)))
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def decision_of(requirements: RequirementSet, log: EvidenceLog) -> GateDecision:
    """What the gate makes of *log* in memory."""
    return decide(trace(requirements, log))


def read(requirements: RequirementSet, path: Path) -> tuple[EvidenceLog, GateDecision] | None:
    """Log and decision of a file; None if it is refused."""
    try:
        log, findings = load_evidence(path)
    except EvidenceError:
        return None
    return log, decide(trace(requirements, log, findings=findings))


def shown(log: EvidenceLog) -> tuple[object, ...]:
    """What a log shows: everything but the block of the run."""
    return (
        *(log.subjects, log.environment, log.cases, log.evidence),
        *(log.requirements_digest, log.format, log.judging_rules),
    )


def must_not_mislead(requirements: RequirementSet, sealed: EvidenceLog, path: Path) -> None:
    """An edited file is refused or blocks, or it shows what was sealed and decides the same."""
    answer = read(requirements, path)
    if answer is not None and answer[1].released:
        assert decision_of(requirements, sealed).released
        assert shown(answer[0]) == shown(sealed)
        assert answer[0].run.finished is True


@searched
@given(worlds, st.data())
def test_a_record_taken_away_never_opens_the_gate(
    world: tuple[RequirementSet, EvidenceLog], data: st.DataObject
) -> None:
    """In memory, without any seal: no single record stands in the way of a release."""
    requirements, log = world
    assume(log.evidence and not decision_of(requirements, log).released)
    gone = data.draw(st.integers(0, len(log.evidence) - 1))
    kept = tuple(record for i, record in enumerate(log.evidence) if i != gone)
    assert decision_of(requirements, replace(log, evidence=kept)).released is False


@searched
@given(requirement_sets().filter(lambda r: any(one.in_force for one in r)), st.data())
def test_taking_evidence_of_what_gates_away_closes_the_gate(
    requirements: RequirementSet, data: st.DataObject
) -> None:
    """A release rests on every record of every requirement in force."""
    log = everything_shown(requirements, measurement=Proportion(99, 100))
    assert decision_of(requirements, log).released is True
    in_force = {r.id for r in requirements if r.in_force}
    gating = [i for i, record in enumerate(log.evidence) if record.requirement_id in in_force]
    gone = data.draw(st.sampled_from(gating))
    kept = tuple(record for i, record in enumerate(log.evidence) if i != gone)
    assert decision_of(requirements, replace(log, evidence=kept)).released is False


@searched_on_disk
@given(worlds, st.data())
def test_whatever_is_taken_out_of_the_file_never_opens_the_gate(
    world: tuple[RequirementSet, EvidenceLog], data: st.DataObject
) -> None:
    """Records and cases that are cut out of a saved file, alone or together, are missed."""
    requirements, log = world
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "evidence.json"
        save_evidence(path, log)
        document = json.loads(path.read_text())
        before = len(document["cases"]) + len(document["evidence"])
        for name in ("cases", "evidence"):
            document[name] = [item for item in document[name] if data.draw(st.booleans())]
        assume(len(document["cases"]) + len(document["evidence"]) < before)
        path.write_text(json.dumps(document))
        answer = read(requirements, path)
        assert answer is None or answer[1].released is False


@searched
@given(worlds)
def test_a_finding_keeps_the_gate_closed(world: tuple[RequirementSet, EvidenceLog]) -> None:
    """Whatever is shown, one finding blocks."""
    requirements, log = world
    finding = Finding(kind="any", where="anywhere", message="it does not fit")
    assert decide(trace(requirements, log, findings=[finding])).released is False


@searched
@given(worlds, st.sampled_from([Outcome.SKIPPED, Outcome.ERROR, Outcome.MISSED]))
def test_a_draft_changes_no_decision(
    world: tuple[RequirementSet, EvidenceLog], outcome: Outcome
) -> None:
    """A requirement that is not in force neither opens nor closes the gate."""
    requirements, log = world
    draft = a_requirement(id="NEW-001", status=Status.DRAFT)
    record = a_record(draft, Proportion(0, 9), case_id="t.py::test_new", subjects=log.subjects)
    case = replace(
        log.cases[0], case_id="t.py::test_new", requirement_ids=("NEW-001",), outcome=outcome
    )
    more = replace(log, evidence=(*log.evidence, record), cases=(*log.cases, case))
    with_draft = replace(requirements, requirements=(*requirements.requirements, draft))
    before, after = decision_of(requirements, log), decision_of(with_draft, more)
    assert (after.released, after.passed) == (before.released, before.passed)
    assert after.drafts == before.drafts + 1


@searched
@given(worlds)
def test_a_release_means_that_everything_in_force_passed(
    world: tuple[RequirementSet, EvidenceLog],
) -> None:
    """The headline numbers and the decision cannot tell two stories."""
    decision = decision_of(*world)
    assert decision.released is (decision.blocking == ())
    if decision.released:
        assert decision.passed == decision.in_force > 0


@searched_on_disk
@given(worlds, st.data())
def test_an_edited_byte_is_refused_or_found(
    world: tuple[RequirementSet, EvidenceLog], data: st.DataObject
) -> None:
    """One byte changed, dropped or added anywhere in the file never makes another release."""
    requirements, log = world
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "evidence.json"
        save_evidence(path, log)
        content = path.read_bytes()
        sealed = load_evidence(path)[0]
        for _ in range(10):
            at = data.draw(st.integers(0, len(content) - 1))
            byte = bytes([data.draw(st.integers(0, 255))])
            edited = data.draw(
                st.sampled_from(
                    [
                        content[:at] + byte + content[at + 1 :],
                        content[:at] + byte + content[at:],
                        content[:at] + content[at + 1 :],
                    ]
                )
            )
            path.write_bytes(edited)
            must_not_mislead(requirements, sealed, path)


def leaves(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401  JSON can be anything
    """The place of everything in a document that is neither a list nor a mapping."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*place, key))
    else:
        yield place


@searched_on_disk
@given(
    worlds,
    st.data(),
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 10**6),
        finite,
        words,
        st.just(10**400),
        st.sampled_from(["PASS", "passed", "1", "e" * 64]),
    ),
)
def test_an_edited_value_is_refused_or_found(
    world: tuple[RequirementSet, EvidenceLog], data: st.DataObject, value: object
) -> None:
    """One value of the document set to anything never makes another release."""
    requirements, log = world
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "evidence.json"
        save_evidence(path, log)
        text = path.read_text()
        sealed = load_evidence(path)[0]
        for place in data.draw(
            st.lists(st.sampled_from(sorted(leaves(json.loads(text)), key=str)), max_size=10)
        ):
            document = json.loads(text)
            inner = document
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = value
            path.write_text(json.dumps(document))
            must_not_mislead(requirements, sealed, path)


@searched_on_disk
@given(worlds, st.sampled_from(["cases", "evidence", "subjects", "chain"]), st.data())
def test_reordered_and_doubled_records_are_refused_or_found(
    world: tuple[RequirementSet, EvidenceLog], name: str, data: st.DataObject
) -> None:
    """Records in another order, or one of them twice, never make another release."""
    requirements, log = world
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "evidence.json"
        save_evidence(path, log)
        document = json.loads(path.read_text())
        sealed = load_evidence(path)[0]
        assume(document[name])
        order = st.lists(
            st.sampled_from(range(len(document[name]))), max_size=len(document[name]) + 1
        )
        document[name] = [document[name][i] for i in data.draw(order)]
        path.write_text(json.dumps(document))
        must_not_mislead(requirements, sealed, path)


def test_the_worlds_above_are_not_all_closed() -> None:
    """The control: a whole log of a whole set is released, so the laws speak of something."""
    requirements = a_set(a_requirement(a_criterion(0.9, confidence=0.5)))
    assert decision_of(requirements, everything_shown(requirements)).released is True
