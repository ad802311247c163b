"""Runs that look at some cases only, and what they leave of the others."""

from dataclasses import replace

import pytest

from tests.support.documents import requirement_record
from tests.support.projects import Project
from vericase.cli import main
from vericase.evidence import Outcome
from vericase.measurement import Proportion
from vericase.store import save_evidence
from vericase.verdict import JUDGING_RULES, Verdict

TWO_CASES = """
    from pathlib import Path

    def share():
        return Proportion(int(Path("share.txt").read_text()), 100)

    @pytest.mark.verifies("ROB-001")
    def test_one(measure):
        measure("share", share())

    @pytest.mark.slow
    @pytest.mark.verifies("ROB-002")
    def test_two(measure):
        measure("share", share())
"""


@pytest.fixture
def two_cases(project: Project) -> Project:
    """A project with two requirements, a case each, and what both measure in a file."""
    project.write("pytest.ini", "[pytest]\nmarkers = slow: takes long\n")
    project.demand(requirement_record(), requirement_record("ROB-002"))
    project.write("share.txt", "95")
    project.cases(TWO_CASES)
    return project


def measured(project: Project) -> dict[str, Proportion]:
    """What is on record, by case."""
    return {
        record.case_id.split("::")[1]: record.measurement
        for record in project.log().evidence
        if isinstance(record.measurement, Proportion)
    }


NARROWINGS = [
    ("-k", "one"),
    ("-m", "not slow"),
    ("--deselect=test_cases.py::test_two",),
    ("test_cases.py::test_one",),
    ("--vericase-select=ROB-001",),
]


@pytest.mark.parametrize("narrowing", NARROWINGS, ids=" ".join)
def test_a_case_that_was_left_out_is_not_run(
    two_cases: Project, narrowing: tuple[str, ...]
) -> None:
    """In the first run, what was passed over shows nothing, and the gate stays closed."""
    assert two_cases.run(*narrowing).ret == pytest.ExitCode.OK
    assert two_cases.verdicts() == {"ROB-001": Verdict.PASS, "ROB-002": Verdict.NOT_RUN}
    assert two_cases.decision().released is False


@pytest.mark.parametrize("narrowing", NARROWINGS, ids=" ".join)
def test_a_narrowed_run_replaces_only_what_it_ran(
    two_cases: Project, narrowing: tuple[str, ...]
) -> None:
    """Cases that a partial run passes over keep what an earlier run measured of them."""
    two_cases.run()
    two_cases.write("share.txt", "99")
    result = two_cases.run(*narrowing)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        ["this was a partial run: cases that it passed over keep their earlier evidence"]
    )
    assert measured(two_cases) == {
        "test_one": Proportion(99, 100),
        "test_two": Proportion(95, 100),
    }
    assert two_cases.log().run.partial is True
    assert two_cases.decision().released is True


def test_a_whole_run_keeps_nothing_of_an_earlier_one(two_cases: Project) -> None:
    """A case that was deleted leaves no evidence behind a whole run."""
    two_cases.run()
    two_cases.cases(TWO_CASES.replace('@pytest.mark.verifies("ROB-002")', ""))
    two_cases.run()
    assert measured(two_cases) == {"test_one": Proportion(95, 100)}
    assert two_cases.criteria()["ROB-002.1"] == (Verdict.NOT_RUN, "no case verifies it")


def test_a_deselected_case_is_told_as_such(two_cases: Project) -> None:
    """The reason in the gate is that the case was deselected."""
    two_cases.run("-k", "one")
    assert two_cases.outcomes() == {"test_one": Outcome.PASSED, "test_two": Outcome.DESELECTED}
    assert two_cases.criteria()["ROB-002.1"][1] == "no case measured it (deselected)"


def test_a_hook_that_removes_cases_unseen_is_seen(two_cases: Project) -> None:
    """A conftest that drops items without a word leaves them NOT_RUN, not unknown."""
    two_cases.write("conftest.py", "def pytest_collection_modifyitems(items):\n    del items[1:]\n")
    assert two_cases.run().ret == pytest.ExitCode.OK
    assert two_cases.outcomes()["test_two"] is Outcome.NOT_RUN
    assert two_cases.decision().released is False


def test_options_in_the_environment_narrow_as_well(
    two_cases: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deselecting by PYTEST_ADDOPTS is a narrowed run like any other."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k one")
    assert two_cases.run().ret == pytest.ExitCode.OK
    assert two_cases.log().run.partial is True
    assert two_cases.decision().released is False


def test_stopping_at_the_first_failure_leaves_the_rest_not_run(two_cases: Project) -> None:
    """With -x, cases that were never reached are NOT_RUN, also where nothing else failed."""
    two_cases.write("share.txt", "5")
    assert two_cases.run("-x").ret == pytest.ExitCode.TESTS_FAILED
    assert two_cases.outcomes() == {"test_one": Outcome.MISSED, "test_two": Outcome.NOT_RUN}
    assert two_cases.verdicts() == {"ROB-001": Verdict.FAIL, "ROB-002": Verdict.NOT_RUN}


def test_a_run_in_which_everything_is_deselected_harms_nothing(two_cases: Project) -> None:
    """A filter that fits no case leaves the evidence as whole as it was."""
    two_cases.run()
    assert two_cases.run("-k", "nothing").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert two_cases.decision().released is True


@pytest.mark.parametrize("arguments", [("test_plain.py",), ("--collect-only",)], ids=" ".join)
def test_a_run_without_cases_writes_nothing(two_cases: Project, arguments: tuple[str, ...]) -> None:
    """Tests that verify nothing, and mere collecting, leave no evidence."""
    two_cases.write("test_plain.py", "def test_plain():\n    pass\n")
    assert two_cases.run(*arguments).ret == pytest.ExitCode.OK
    assert not two_cases.evidence_file.parent.exists()


def test_a_pattern_selects_requirements(two_cases: Project) -> None:
    """`--vericase-select` takes a pattern over the ids of requirements."""
    two_cases.run("--vericase-select=ROB-*2")
    assert two_cases.outcomes() == {"test_one": Outcome.DESELECTED, "test_two": Outcome.PASSED}


def test_what_failed_can_be_run_again(two_cases: Project) -> None:
    """`@failed` runs the cases of requirements that are not shown; without evidence, all."""
    two_cases.run("--vericase-select=@failed", "--deselect=test_cases.py::test_two")
    assert two_cases.outcomes() == {"test_one": Outcome.PASSED, "test_two": Outcome.DESELECTED}
    two_cases.write("share.txt", "97")
    two_cases.run("--vericase-select=@failed")
    assert measured(two_cases) == {
        "test_one": Proportion(95, 100),
        "test_two": Proportion(97, 100),
    }
    assert two_cases.run("--vericase-select=@failed").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert two_cases.decision().released is True


def test_what_is_stale_can_be_run_again(two_cases: Project) -> None:
    """`@stale` runs the cases of requirements that changed since they were measured."""
    two_cases.run()
    assert two_cases.run("--vericase-select=@stale").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    two_cases.demand(requirement_record(statement="It shall."), requirement_record("ROB-002"))
    assert two_cases.criteria()["ROB-001.1"] == (
        Verdict.NOT_RUN,
        (
            "stale: the requirement changed since it was measured: "
            "statement The subject shall keep a right decision. -> It shall."
        ),
    )
    two_cases.write("share.txt", "97")
    two_cases.run("--vericase-select=@stale")
    assert measured(two_cases) == {
        "test_one": Proportion(97, 100),
        "test_two": Proportion(95, 100),
    }
    assert two_cases.decision().released is True


def test_evidence_under_older_rules_is_stale_until_all_of_it_is_renewed(
    two_cases: Project,
) -> None:
    """A partial run under the rules of now says nothing of what older rules judged."""
    two_cases.run()
    save_evidence(two_cases.evidence_file, replace(two_cases.log(), judging_rules=1))
    reason = f"stale: it was judged under rules 1, now {JUDGING_RULES}"
    assert set(two_cases.criteria().values()) == {(Verdict.NOT_RUN, reason)}
    two_cases.run("--vericase-select=ROB-001")
    assert two_cases.log().judging_rules == 1
    two_cases.run("--vericase-select=@stale")
    assert two_cases.log().judging_rules == JUDGING_RULES
    assert two_cases.verdicts() == {"ROB-001": Verdict.PASS, "ROB-002": Verdict.PASS}


def test_code_that_counts_makes_evidence_stale(two_cases: Project) -> None:
    """A change in a case, in a conftest above it, or in the named trees is a change of the case."""
    two_cases.write("pytest.ini", "[pytest]\nmarkers = slow: takes long\nvericase_code = device\n")
    two_cases.write("device/model.py", "GAIN = 1\n")
    two_cases.run()
    for name, content in (
        ("device/model.py", "GAIN = 2\n"),
        ("conftest.py", "# new\n"),
        ("test_cases.py", two_cases.folder.joinpath("test_cases.py").read_text() + "# new\n"),
    ):
        two_cases.write(name, content)
        assert two_cases.run("--vericase-select=@stale").ret == pytest.ExitCode.OK, name
        assert two_cases.run("--vericase-select=@stale").ret == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.parametrize("name", ["device/model.py", "conftest.py", "test_cases.py"])
def test_code_that_was_edited_after_the_run_keeps_the_gate_closed(
    two_cases: Project, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Gate, status and report read the code again; what comes back as it was counts again."""
    two_cases.write("pytest.ini", "[pytest]\nmarkers = slow: takes long\nvericase_code = device\n")
    two_cases.write("device/model.py", "GAIN = 1\n")
    two_cases.write("conftest.py", "")
    two_cases.run()
    ask = ["--requirements", str(two_cases.folder / "requirements")]
    ask += ["--evidence", str(two_cases.evidence_file)]
    assert main(["gate", *ask]) == 0
    before = two_cases.folder.joinpath(name).read_text()
    two_cases.write(name, before + "# edited\n")
    capsys.readouterr()
    assert main(["gate", *ask]) == 1
    told = f"NOT_RUN, stale: {name} changed since it was measured"
    assert told in capsys.readouterr().out
    assert main(["status", "--stale", *ask]) == 1
    assert "ROB-001    NOT_RUN" in capsys.readouterr().out
    page = two_cases.folder / "page.html"
    assert main(["report", "--out", str(page), *ask]) == 0
    assert f"stale: {name} changed since it was measured" in page.read_text()
    two_cases.write(name, before)
    assert main(["gate", *ask]) == 0


def test_a_narrowed_run_does_not_hide_that_other_code_changed(two_cases: Project) -> None:
    """Evidence of a case whose module was edited does not count until the case runs again."""
    two_cases.run()
    source = two_cases.folder.joinpath("test_cases.py").read_text()
    two_cases.write("test_cases.py", source + "# edited\n")
    two_cases.run("-k", "one")
    assert two_cases.criteria() == {
        "ROB-001.1": (Verdict.PASS, "shown"),
        "ROB-002.1": (
            Verdict.NOT_RUN,
            "stale: the code of its case changed since it was measured",
        ),
    }


def test_a_run_of_one_file_does_not_hide_a_change_in_another(two_cases: Project) -> None:
    """Also a module that was not even collected is held against what it was measured with."""
    two_cases.demand(*(requirement_record(f"ROB-00{i}") for i in (1, 2, 3)))
    two_cases.cases(
        """
        @pytest.mark.verifies("ROB-003")
        def test_three(measure):
            measure("share", Proportion(95, 100))
        """,
        name="deeper/test_other.py",
    )
    two_cases.run()
    assert two_cases.decision().released is True
    source = two_cases.folder.joinpath("test_cases.py").read_text()
    two_cases.write("test_cases.py", source + "# edited\n")
    two_cases.run("deeper/test_other.py")
    assert two_cases.verdicts() == {
        "ROB-001": Verdict.NOT_RUN,
        "ROB-002": Verdict.NOT_RUN,
        "ROB-003": Verdict.PASS,
    }
    two_cases.write("test_cases.py", source)
    two_cases.run("deeper/test_other.py")
    assert two_cases.decision().released is True


def test_evidence_that_was_edited_is_not_built_upon(two_cases: Project) -> None:
    """A partial run keeps nothing of a file whose seal is broken."""
    two_cases.write("share.txt", "5")
    two_cases.run()
    text = two_cases.evidence_file.read_text()
    two_cases.evidence_file.write_text(text.replace('"successes": 5', '"successes": 95'))
    two_cases.write("share.txt", "95")
    two_cases.run("-k", "one")
    assert measured(two_cases) == {"test_one": Proportion(95, 100)}
    assert two_cases.decision().released is False


def test_a_wrong_selection_is_told(two_cases: Project) -> None:
    """A word after @ that means nothing stops the run."""
    two_cases.run()
    result = two_cases.run("--vericase-select=@new")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*--vericase-select: expected a pattern, @failed or @stale, got '@new'*"]
    )
    assert two_cases.decision().released is True


def test_a_run_of_what_failed_last_is_partial(two_cases: Project) -> None:
    """The options of pytest that narrow by the last run are seen as narrowing."""
    two_cases.cases(TWO_CASES.replace("share())", "Proportion(5, 100))", 1))
    two_cases.run(using="cacheprovider")
    two_cases.cases(TWO_CASES)
    assert two_cases.run("--lf", using="cacheprovider").ret == pytest.ExitCode.OK
    assert two_cases.log().run.partial is True
    assert two_cases.criteria()["ROB-002.1"][1].startswith("stale: ")
