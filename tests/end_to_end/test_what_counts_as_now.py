"""What evidence is held against: the lock, the subjects where they lie, and earlier openings."""

import json

import pytest

from tests.support.documents import (
    criterion_record,
    requirement_record,
    waiver_record,
    write_records,
)
from tests.support.projects import PASSING, Project
from vericase.cli import main
from vericase.schema import load_requirements
from vericase.verdict import Verdict

PINNED = "[pytest]\nvericase_lock = constraints.txt\n"


@pytest.fixture
def locked(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a lock file, verified."""
    project.write("pytest.ini", PINNED)
    project.write("constraints.txt", "gizmo==1.0\nwidget==2.0\n")
    project.register(model=project.write("model.bin", "weights"))
    project.demand(requirement_record(), requirement_record("ROB-002", depends=["data"]))
    project.write("test_cases.py", PASSING)
    project.run()
    monkeypatch.chdir(project.folder)
    return project


def stale_lines(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """What `vericase status --stale` prints, and that it exits 1."""
    capsys.readouterr()
    assert main(["status", "--stale", *arguments]) == 1
    return capsys.readouterr().out.splitlines()


def test_another_lock_makes_evidence_stale(
    locked: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each pin that changed is named, and the command that measures again."""
    locked.write("constraints.txt", "gizmo==1.1\nwidget==2.0\n")
    first, _, last = stale_lines(capsys)
    assert first.startswith("ROB-001    NOT_RUN")
    assert "constraints.txt changed (gizmo 1.0 -> 1.1) since it was measured" in first
    assert last == "measure again with: pytest --vericase-select=@stale"
    assert locked.run("--vericase-select=@stale").ret == pytest.ExitCode.OK
    assert main(["status", "--stale"]) == 0


def test_a_lock_that_was_only_sorted_is_the_same_lock(locked: Project) -> None:
    """Remarks and order pin nothing."""
    locked.write("constraints.txt", "# sorted\nwidget==2.0\ngizmo==1.0\n")
    assert main(["status", "--stale"]) == 0


def test_a_lock_that_is_gone_makes_evidence_stale(
    locked: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody can say any more what was to be installed."""
    locked.folder.joinpath("constraints.txt").unlink()
    assert "constraints.txt is gone since it was measured" in stale_lines(capsys)[0]


def test_what_is_installed_against_the_lock_blocks(locked: Project) -> None:
    """Evidence of a run that did not have the locked versions is no evidence of the lock."""
    locked.write("constraints.txt", "pytest==0.1\n")
    locked.run()
    (finding,) = locked.findings()
    assert (finding.kind, finding.where) == ("environment", "lock")
    assert finding.message.startswith("expected the locked version, got pytest ")
    assert finding.message.endswith(", locked 0.1")
    assert locked.decision().released is False


def test_a_lock_that_is_not_there_stops_the_run(locked: Project) -> None:
    """A slip in its name must not unlock the environment without a word."""
    locked.write("pytest.ini", PINNED.replace("constraints", "constraint"))
    result = locked.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "vericase_lock: expected a file, got nothing at" in result.stderr.str()


def test_a_subject_that_changed_where_it_lies_makes_its_evidence_stale(
    locked: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exactly the requirements that depend on it, and `@stale` runs them again."""
    locked.write("model.bin", "new weights")
    first, *_ = stale_lines(capsys)
    assert first.startswith("ROB-001    NOT_RUN")
    assert "it was measured on another model (" in first
    assert locked.run("--vericase-select=@stale").ret == pytest.ExitCode.OK
    assert main(["status", "--stale"]) == 0


def test_the_command_names_the_files_that_were_named(
    locked: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that it can be pasted."""
    locked.write("model.bin", "new weights")
    locked.folder.joinpath("reports").rename(locked.folder / "my reports")
    last = stale_lines(capsys, "--evidence", "my reports/evidence.json")[-1]
    assert last == (
        "measure again with: pytest --vericase-select=@stale "
        "'--vericase-evidence=my reports/evidence.json'"
    )


LOOKING = """
    import pytest
    from vericase import Proportion

    @pytest.fixture(scope="session")
    def held_out(vericase_look, vericase_subject, request):
        model = vericase_subject("model", request.config.rootpath / "model.bin")
        look = vericase_look("test", data="{data}" * 64, subject=model.digest, may_open={open})
        if look is None:
            pytest.skip("sealed")

    @pytest.mark.verifies("ROB-001")
    def test_share(measure, held_out):
        measure("share", Proportion(95, 100))
"""
FIRST_LOOK = requirement_record(first_look="test")


def looking(project: Project, *, subject: str = "a", data: str = "d", opens: bool = True) -> None:
    """Write the case, and run it."""
    project.write("model.bin", subject)
    project.write("test_cases.py", LOOKING.format(data=data, open=opens))
    project.run()


def test_a_first_look_counts_and_is_on_record(project: Project) -> None:
    """The opening is in the evidence and in the record, once however often it is judged."""
    project.demand(FIRST_LOOK)
    looking(project)
    looking(project)
    assert project.verdicts() == {"ROB-001": Verdict.PASS}
    (look,) = project.log().looks
    assert (look.name, look.number, list(look.demands)) == ("test", 1, ["ROB-001"])
    lines = project.folder.joinpath("reports", "looks.jsonl").read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines] == [1]


def test_a_second_look_does_not_count(project: Project) -> None:
    """Another model was judged by these data before; fresh data can be looked at first."""
    project.demand(FIRST_LOOK)
    looking(project)
    looking(project, subject="b")
    assert project.criteria()["ROB-001.1"] == (
        Verdict.NOT_RUN,
        "test was opened before: this is opening 2",
    )
    looking(project, subject="b", data="e")
    assert project.verdicts() == {"ROB-001": Verdict.PASS}


def test_criteria_that_changed_after_the_first_look_do_not_count(project: Project) -> None:
    """Whoever saw the data may not move the threshold and call it a first look."""
    project.demand(FIRST_LOOK)
    looking(project)
    kinder = criterion_record(threshold=0.8)
    project.demand(requirement_record(first_look="test", acceptance=[kinder]))
    looking(project)
    assert project.criteria()["ROB-001.1"] == (
        Verdict.NOT_RUN,
        "it is not what was demanded when test was first opened",
    )


def test_without_an_opening_on_record_nothing_is_a_first_look(project: Project) -> None:
    """A case that never says that it opened the data shows nothing."""
    project.demand(FIRST_LOOK)
    project.write("test_cases.py", PASSING)
    project.run()
    assert project.criteria()["ROB-001.1"][1] == "no opening of test is on record"
    looking(project, opens=False)
    assert project.verdicts() == {"ROB-001": Verdict.NOT_RUN}
    assert project.log().looks == ()


def test_every_opening_of_a_run_is_in_the_evidence(project: Project) -> None:
    """Whoever opened data that were seen before cannot hide it behind fresh ones."""
    project.demand(FIRST_LOOK)
    looking(project)
    fresh = '        vericase_look("test", data="e" * 64, subject=model.digest)\n'
    project.write("test_cases.py", _with(fresh))
    project.run()
    assert [(look.data[0], look.number) for look in project.log().looks] == [("d", 1), ("e", 1)]
    assert project.criteria()["ROB-001.1"] == (
        Verdict.NOT_RUN,
        "test was opened 2 times for this evidence, and only one is the first",
    )


def _with(line: str) -> str:
    return LOOKING.format(data="d", open=True).replace(
        "        if look is", f"{line}        if look is"
    )


def test_no_waiver_makes_a_second_look_the_first(project: Project) -> None:
    """A measured miss on data that were seen before cannot be let through either."""
    missed = criterion_record(threshold=0.96)
    project.demand(requirement_record(first_look="test", acceptance=[missed]))
    looking(project)
    looking(project, subject="b")
    (requirement,) = load_requirements(project.folder / "requirements")
    waiver = waiver_record(
        hazards=[], fingerprint=requirement.fingerprint, expires_on="2999-01-01", max_deficit=1
    )
    write_records(project.folder / "requirements", "waivers.yaml", [waiver])
    decision = project.decision()
    assert decision.released is False
    assert not decision.waived


def test_a_damaged_record_stops_the_run(project: Project) -> None:
    """Nothing is opened as long as nobody knows what was."""
    project.demand(FIRST_LOOK)
    project.write("reports/looks.jsonl", "{}\n")
    looking(project)
    assert project.verdicts() == {"ROB-001": Verdict.ERROR}
