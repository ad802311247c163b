"""Laws of evidence on its way through files: it comes back whole, or not at all."""

import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.strategies import (
    cases,
    digests,
    logs,
    measurements,
    records,
    requirement_sets,
    subjects,
    texts,
)
from vericase.evidence import CaseOutcome, Evidence, EvidenceLog, Run, Subject
from vericase.measurement import Measurement
from vericase.store import JOURNAL, append_line, load_evidence, read_journal, save_evidence
from vericase.wire import (
    case_from,
    case_to,
    evidence_from,
    evidence_to,
    measurement_from,
    measurement_to,
    subject_from,
    subject_to,
)

#: Each example waits for the disk.
searched = settings(deadline=None, max_examples=25)

runs = st.builds(
    Run,
    id=texts,
    started=texts,
    ended=texts,
    host=texts,
    finished=st.just(value=True),
    partial=st.booleans(),
    durations_s=st.dictionaries(texts, st.floats(0, 1e6), max_size=2),
)
any_logs = st.builds(
    EvidenceLog,
    run=runs,
    subjects=st.lists(subjects, max_size=2).map(tuple),
    environment=st.dictionaries(texts, st.one_of(texts, st.booleans(), st.integers()), max_size=3),
    cases=st.lists(cases, max_size=3).map(tuple),
    evidence=st.lists(records, max_size=3).map(tuple),
    requirements_digest=digests,
)


def through_json(value: object) -> object:
    """The value as a file would give it back."""
    return json.loads(json.dumps(value, ensure_ascii=False, allow_nan=False))


@given(measurements)
def test_measurements_survive_json(measured: Measurement) -> None:
    """What was measured is read back to the last bit."""
    assert measurement_from(through_json(measurement_to(measured))) == measured  # type: ignore[arg-type]  # a mapping


@searched
@given(records)
def test_records_survive_json(record: Evidence) -> None:
    """A record is read back with every field."""
    assert evidence_from(through_json(evidence_to(record))) == record  # type: ignore[arg-type]  # a mapping


@given(cases)
def test_endings_survive_json(case: CaseOutcome) -> None:
    """The ending of a case is read back with every field."""
    assert case_from(through_json(case_to(case))) == case  # type: ignore[arg-type]  # a mapping


@given(subjects)
def test_subjects_survive_json(subject: Subject) -> None:
    """A subject is read back with every field."""
    assert subject_from(through_json(subject_to(subject))) == subject  # type: ignore[arg-type]  # a mapping


@searched
@given(any_logs)
def test_a_log_that_is_saved_again_has_the_same_bytes(log: EvidenceLog) -> None:
    """Loading and saving changes nothing, and the seal holds."""
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder) / "1.json", Path(folder) / "2.json"
        save_evidence(first, log)
        loaded, findings = load_evidence(first)
        save_evidence(second, loaded)
        assert findings == ()
        assert first.read_bytes() == second.read_bytes()


@searched
@given(any_logs, st.randoms(use_true_random=False))
def test_the_order_of_records_leaves_no_trace(log: EvidenceLog, random: object) -> None:
    """However cases ended, the file is the same, if no record is there twice."""
    with tempfile.TemporaryDirectory() as folder:
        unique = EvidenceLog(
            run=log.run,
            cases=tuple({case.case_id: case for case in log.cases}.values()),
            evidence=tuple({(e.criterion_id, e.case_id): e for e in log.evidence}.values()),
        )
        shuffled = [list(unique.cases), list(unique.evidence)]
        for items in shuffled:
            random.shuffle(items)  # type: ignore[attr-defined]  # the generator of Hypothesis
        turned = EvidenceLog(run=log.run, cases=tuple(shuffled[0]), evidence=tuple(shuffled[1]))  # type: ignore[arg-type]  # as they were
        save_evidence(Path(folder) / "1.json", unique)
        save_evidence(Path(folder) / "2.json", turned)
        one, two = (Path(folder) / name for name in ("1.json", "2.json"))
        assert one.read_bytes() == two.read_bytes()


@searched
@given(
    st.lists(st.dictionaries(texts, texts, min_size=1, max_size=2), min_size=1, max_size=4),
    st.data(),
)
def test_a_journal_cut_anywhere_keeps_every_whole_line(
    lines: list[dict[str, str]], data: st.DataObject
) -> None:
    """After a crash in the middle of a line all lines before it are there, and the next one too."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / JOURNAL
        ends = []
        for line in lines:
            append_line(journal, line)
            ends.append(journal.stat().st_size)
        cut = data.draw(st.integers(0, ends[-1]))
        journal.write_bytes(journal.read_bytes()[:cut])
        whole = [line for line, end in zip(lines, ends, strict=True) if end <= cut]
        assert list(read_journal(journal)) == whole
        append_line(journal, {"after": "the crash"})
        recovered = list(read_journal(journal))
        # A line that lacked nothing but its end is whole again once it has one.
        assert recovered[: len(whole)] == whole
        assert recovered[-1] == {"after": "the crash"}
        assert recovered[len(whole) : -1] in ([], lines[len(whole) : len(whole) + 1])


@searched
@given(requirement_sets().flatmap(lambda r: st.tuples(st.just(r), logs(r))))
def test_a_drawn_log_is_sealed(pair: tuple[object, EvidenceLog]) -> None:
    """What the other laws draw from is evidence that can be saved and loaded."""
    _, log = pair
    with tempfile.TemporaryDirectory() as folder:
        save_evidence(Path(folder) / "e.json", log)
        loaded, findings = load_evidence(Path(folder) / "e.json")
        assert (loaded.run, findings) == (log.run, ())
        assert set(loaded.cases) == set(log.cases)
