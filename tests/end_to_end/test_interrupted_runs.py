"""Runs that do not end: nothing acknowledged is lost, and nothing counts as whole."""

import signal

import pytest

from tests.support.documents import requirement_record
from tests.support.projects import Project
from vericase.evidence import Outcome
from vericase.measurement import Proportion
from vericase.plugin.run import EvidenceLock
from vericase.store import JOURNAL, read_journal
from vericase.verdict import Verdict


@pytest.fixture
def doomed(project: Project) -> Project:
    """A project whose second case does what doom.txt says, between two ordinary ones."""
    project.demand(*(requirement_record(f"ROB-00{i}") for i in (1, 2, 3)))
    project.cases("""
        import os, signal
        from pathlib import Path

        @pytest.mark.verifies("ROB-001")
        def test_before(measure):
            measure("share", Proportion(95, 100))

        @pytest.mark.verifies("ROB-002")
        def test_doom(measure):
            measure("share", Proportion(95, 100))
            exec(Path("doom.txt").read_text())

        @pytest.mark.verifies("ROB-003")
        def test_after(measure):
            measure("share", Proportion(95, 100))
    """)
    project.write("doom.txt", "pass")
    return project


def unfinished(project: Project) -> bool:
    """Whether the gate is told that the run did not end."""
    return any(
        blocker.what == "unfinished" and blocker.message == "it did not end; run the cases again"
        for blocker in project.decision().blocking
    )


@pytest.mark.parametrize(
    ("doom", "code"),
    [
        ("os._exit(0)", 0),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
    ],
)
def test_a_process_that_dies_leaves_what_it_had_acknowledged(
    doomed: Project, doom: str, code: int
) -> None:
    """What was measured before is in the journal and counts; the run is visibly unfinished."""
    doomed.write("doom.txt", doom)
    assert doomed.run_apart().ret == code
    assert doomed.outcomes() == {
        "test_before": Outcome.PASSED,
        "test_doom": Outcome.NOT_RUN,
        "test_after": Outcome.NOT_RUN,
    }
    assert [record.measurement for record in doomed.log().evidence] == [Proportion(95, 100)]
    assert doomed.verdicts()["ROB-001"] is Verdict.PASS
    assert unfinished(doomed)


def test_what_was_acknowledged_is_about_what_was_verified(doomed: Project) -> None:
    """A record of a run that died still names its subject, and is not taken for stale."""
    doomed.register(model=doomed.write("model.bin", "weights"))
    doomed.write("doom.txt", "os.kill(os.getpid(), signal.SIGKILL)")
    doomed.run_apart()
    (record,) = doomed.log().evidence
    assert dict(record.subjects) == {s.name: s.digest for s in doomed.log().subjects}
    assert doomed.criteria()["ROB-001.1"] == (Verdict.PASS, "shown")
    assert unfinished(doomed)


@pytest.mark.parametrize(
    ("doom", "code"),
    [
        ("raise KeyboardInterrupt", pytest.ExitCode.INTERRUPTED),
        ("pytest.exit('enough')", pytest.ExitCode.INTERRUPTED),
        ("pytest.exit('all is well', returncode=0)", pytest.ExitCode.OK),
    ],
)
def test_an_interrupted_run_is_unfinished(
    doomed: Project, doom: str, code: pytest.ExitCode
) -> None:
    """Whatever exit status an interruption asks for, the run did not end."""
    doomed.write("doom.txt", doom)
    assert doomed.run().ret == code
    assert doomed.outcomes()["test_after"] is Outcome.NOT_RUN
    assert doomed.verdicts()["ROB-001"] is Verdict.PASS
    assert unfinished(doomed)


def test_an_interrupted_partial_run_is_unfinished_too(doomed: Project) -> None:
    """A case that ends the run with status 0 does not leave its earlier evidence released."""
    doomed.run()
    assert doomed.decision().released is True
    doomed.write("doom.txt", "pytest.exit('all is well', returncode=0)")
    assert doomed.run("-k", "doom").ret == pytest.ExitCode.OK
    assert unfinished(doomed)


def test_a_file_that_cannot_be_collected_leaves_the_run_unfinished(doomed: Project) -> None:
    """A module with an error could hold any case; the evidence says that it is not whole."""
    doomed.write("test_broken.py", "import no_such_module\n")
    assert doomed.run().ret == pytest.ExitCode.INTERRUPTED
    assert unfinished(doomed)
    assert doomed.run("--continue-on-collection-errors").ret == pytest.ExitCode.TESTS_FAILED
    assert set(doomed.verdicts().values()) == {Verdict.PASS}
    assert unfinished(doomed)


def test_a_module_that_is_skipped_as_a_whole_leaves_the_run_unfinished(doomed: Project) -> None:
    """A module that skips itself, for want of a tool, hides its cases; the run says so."""
    doomed.write("test_more.py", 'import pytest\npytest.importorskip("no_such_verifier")\n')
    assert doomed.run().ret == pytest.ExitCode.OK
    assert set(doomed.verdicts().values()) == {Verdict.PASS}
    assert unfinished(doomed)


def test_the_next_whole_run_ends_it(doomed: Project) -> None:
    """After a crash, running again is all there is to do."""
    doomed.write("doom.txt", "os._exit(0)")
    doomed.run_apart()
    doomed.write("doom.txt", "pass")
    assert doomed.run().ret == pytest.ExitCode.OK
    assert doomed.decision().released is True


def test_a_crashed_run_is_completed_by_running_the_rest(doomed: Project) -> None:
    """What was measured before a crash need not be measured again."""
    doomed.write("doom.txt", "os._exit(0)")
    doomed.run_apart()
    doomed.write("doom.txt", "pass")
    assert doomed.run("--vericase-select=@failed").ret == pytest.ExitCode.OK
    assert doomed.outcomes() == dict.fromkeys(
        ("test_before", "test_doom", "test_after"), Outcome.PASSED
    )
    assert doomed.decision().released is True


def test_the_journal_holds_a_record_before_the_next_case_starts(doomed: Project) -> None:
    """While the second case runs, the first is already on disk, and the evidence unfinished."""
    doomed.write(
        "doom.txt",
        "import json\n"
        "lines = Path('reports/journal.jsonl').read_text().splitlines()\n"
        "assert len(lines) == 1 and 'test_before' in lines[0]\n"
        "assert json.loads(Path('reports/evidence.json').read_text())['run']['finished'] is False",
    )
    assert doomed.run().ret == pytest.ExitCode.OK


def test_the_journal_names_its_run(doomed: Project) -> None:
    """Every line carries the run, so that lines of another run are never taken for ours."""
    doomed.run("--vericase-run=named")
    doomed.run()
    runs = [line["run"] for line in read_journal(doomed.evidence_file.with_name(JOURNAL))]
    assert runs == ["named"] * 3 + [doomed.log().run.id] * 3
    assert doomed.log().run.id != "named"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_worker_that_dies_is_seen(doomed: Project, workers: str) -> None:
    """The case that took its worker down is an ERROR; the cases of other workers are kept."""
    doomed.write("doom.txt", "os._exit(0)")
    assert doomed.run_apart("-n", workers).ret == pytest.ExitCode.TESTS_FAILED
    assert doomed.outcomes() == {
        "test_before": Outcome.PASSED,
        "test_doom": Outcome.ERROR,
        "test_after": Outcome.PASSED,
    }
    assert "crashed while running 'test_cases.py::test_doom'" in doomed.case("::test_doom").message
    assert doomed.verdicts() == {
        "ROB-001": Verdict.PASS,
        "ROB-002": Verdict.ERROR,
        "ROB-003": Verdict.PASS,
    }
    assert unfinished(doomed)


def test_a_worker_that_dies_in_a_partial_run_leaves_no_earlier_pass(doomed: Project) -> None:
    """A case that crashes now does not keep what it measured when it did not."""
    doomed.run()
    doomed.write("doom.txt", "os._exit(0)")
    doomed.run_apart("-n", "1", "-k", "doom or after")
    assert doomed.outcomes()["test_doom"] is Outcome.ERROR
    assert doomed.outcomes()["test_before"] is Outcome.PASSED
    assert unfinished(doomed)


def test_a_report_that_cannot_be_sent_is_seen(project: Project) -> None:
    """A worker that fails to send a report ends pytest with 0, and leaves the run unfinished."""
    project.demand()
    project.cases("""
        @pytest.mark.verifies("ROB-001")
        @pytest.mark.parametrize("lead", ["I", "II"])
        def test_share(measure, record_property, lead):
            if lead == "II":
                record_property("figure", object())
            measure("share", Proportion(95 if lead == "I" else 5, 100))
    """)
    project.run_apart("-n", "1")
    assert unfinished(project)


def test_a_case_that_was_never_run_is_seen(doomed: Project) -> None:
    """A hook that swallows a case leaves the run unfinished, though earlier evidence is good."""
    doomed.run()
    assert doomed.decision().released is True
    doomed.write(
        "swallow.py",
        "def pytest_runtest_protocol(item):\n    return True if 'doom' in item.nodeid else None\n",
    )
    doomed.pytester.syspathinsert()
    assert doomed.run("-p", "swallow", "-k", "doom or after").ret == pytest.ExitCode.OK
    assert unfinished(doomed)


def test_a_second_run_is_kept_out(doomed: Project) -> None:
    """Two runs do not write the same evidence; the second one says what to do."""
    doomed.run()
    before = doomed.evidence_file.read_bytes()
    lock = EvidenceLock(doomed.evidence_file)
    assert lock.acquire()
    try:
        result = doomed.run()
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(
            [
                (
                    f"*{doomed.evidence_file}: expected to be the only run that writes here, "
                    "got another one; wait for it, or name another file with --vericase-evidence=*"
                )
            ]
        )
        assert doomed.evidence_file.read_bytes() == before
        assert doomed.run("--vericase-evidence=other/evidence.json").ret == pytest.ExitCode.OK
    finally:
        lock.release()
    assert doomed.run().ret == pytest.ExitCode.OK


def test_tests_without_cases_need_no_lock(doomed: Project) -> None:
    """Whoever runs plain tests beside a verification is not kept out."""
    doomed.write("test_plain.py", "def test_plain():\n    pass\n")
    lock = EvidenceLock(doomed.evidence_file)
    assert lock.acquire()
    try:
        assert doomed.run("test_plain.py").ret == pytest.ExitCode.OK
    finally:
        lock.release()


def test_a_finished_run_has_nothing_in_its_way(doomed: Project) -> None:
    """The control: the same three cases, run to their end, open the gate."""
    assert doomed.run().ret == pytest.ExitCode.OK
    assert doomed.decision().blocking == ()
