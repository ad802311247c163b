"""Which requirements and thresholds hold follows from where the data come from."""

import pytest

from tests.support.documents import criterion_record, requirement_record
from tests.support.projects import PASSING, Project
from vericase.cli import main
from vericase.evidence import Outcome
from vericase.verdict import Verdict

USE = """\
user: A person.
population: Adults.
input: A reading.
output: A decision.
data_sources: [clinic, ward]
prohibited_use: [Alone.]
"""


def test_what_does_not_apply_is_skipped_and_counted(project: Project) -> None:
    """A requirement for other data is neither run nor held against the subject."""
    project.data(scope="ward")
    project.demand(requirement_record(), requirement_record("ROB-002", applies_to=["clinic"]))
    project.write("requirements/intended-use.yaml", USE)
    project.cases("""
        @pytest.mark.verifies("ROB-001")
        def test_share(measure):
            measure("share", Proportion(95, 100))

        @pytest.mark.verifies("ROB-002")
        def test_clinic(measure):
            raise AssertionError("must not run")
    """)
    assert project.run().ret == pytest.ExitCode.OK
    assert project.outcomes()["test_clinic"] is Outcome.SKIPPED
    assert project.case("::test_clinic").message == "does not apply to data from 'ward'"
    decision = project.decision()
    assert (decision.released, decision.passed, decision.not_applicable) == (True, 1, 1)


def test_what_applies_is_run(project: Project) -> None:
    """On its own data the same requirement is held against the subject."""
    project.data(scope="clinic")
    project.demand(requirement_record(applies_to=["clinic"]))
    project.write("test_cases.py", PASSING.replace("95", "5"))
    assert project.run().ret == pytest.ExitCode.TESTS_FAILED
    assert project.verdicts() == {"ROB-001": Verdict.FAIL}


@pytest.mark.parametrize(
    ("scope", "code", "verdict"),
    [
        ("clinic", pytest.ExitCode.OK, Verdict.PASS),
        ("ward", pytest.ExitCode.TESTS_FAILED, Verdict.FAIL),
        ("street", pytest.ExitCode.TESTS_FAILED, Verdict.NOT_RUN),
    ],
)
def test_each_source_has_its_threshold(
    project: Project, scope: str, code: pytest.ExitCode, verdict: Verdict
) -> None:
    """The threshold is that of the data; data without one show nothing."""
    project.data(scope=scope)
    by_source = criterion_record(threshold={"clinic": 0.9, "ward": 0.99})
    project.demand(requirement_record(acceptance=[by_source]))
    project.write("test_cases.py", PASSING)
    assert project.run().ret == code
    assert project.verdicts() == {"ROB-001": verdict}


def test_a_criterion_may_be_for_some_data_alone(project: Project) -> None:
    """A criterion of other data is not demanded of the only case."""
    project.data(scope="ward")
    clinical = criterion_record("ROB-001.2", measurand="b", applies_to=["clinic"])
    project.demand(requirement_record(acceptance=[criterion_record(), clinical]))
    project.write("requirements/intended-use.yaml", USE)
    project.write("test_cases.py", PASSING)
    assert project.run().ret == pytest.ExitCode.OK
    assert project.decision().released is True


def test_a_slip_in_the_scope_blocks(project: Project) -> None:
    """Data that nobody named would leave what is for other data without a word."""
    project.data(scope="clincal")
    clinical = requirement_record("ROB-002", applies_to=["clinical"])
    project.demand(requirement_record(), clinical)
    project.write("test_cases.py", PASSING)
    project.run()
    assert [blocker.what for blocker in project.decision().blocking] == ["scope"]


def test_unknown_data_leave_everything_in_force(project: Project) -> None:
    """Without a data subject, requirements that depend on the data block."""
    project.demand(requirement_record(applies_to=["clinic"]))
    project.write("test_cases.py", PASSING)
    assert project.run().ret == pytest.ExitCode.OK
    assert project.verdicts() == {"ROB-001": Verdict.PASS}
    assert [blocker.what for blocker in project.decision().blocking] == ["scope"]


@pytest.mark.parametrize("rehearsal", [True, None, "false", 0])
def test_only_data_that_say_so_are_no_rehearsal(project: Project, rehearsal: object) -> None:
    """Nothing but a plain false in the manifest makes data fit for a release."""
    project.data(rehearsal=rehearsal)
    project.demand()
    project.write("test_cases.py", PASSING)
    result = project.run()
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["REHEARSAL, nothing is released: all shown (1 of 1 *"])
    assert (project.decision().released, project.decision().rehearsal) == (False, True)


@pytest.mark.parametrize(
    ("share", "arguments", "code"),
    [
        (95, (), 1),
        (95, ("--rehearsal",), 0),
        (5, ("--rehearsal",), 1),
    ],
)
def test_a_rehearsal_is_accepted_only_where_it_is_asked_for(
    project: Project, share: int, arguments: tuple[str, ...], code: int
) -> None:
    """Without --rehearsal such evidence blocks; with it, a miss still does."""
    manifest = project.data(rehearsal=True)
    project.demand()
    project.write("test_cases.py", PASSING.replace("95", str(share)))
    project.run()
    assert main(["gate", f"--subject=data={manifest}", *arguments]) == code


def test_a_rehearsal_flag_does_not_open_the_gate_for_a_release(project: Project) -> None:
    """On data that are no rehearsal, --rehearsal forgives nothing."""
    manifest = project.data()
    project.demand()
    project.write("test_cases.py", PASSING.replace("95", "5"))
    project.run()
    assert main(["gate", f"--subject=data={manifest}", "--rehearsal"]) == 1


def test_what_is_released_must_be_what_was_verified(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """The gate hashes every subject again: missing, changed and unknown ones block."""
    model = project.write("model.bin", "weights")
    manifest = project.data()
    project.register(data=manifest, model=model)
    project.demand()
    project.write("test_cases.py", PASSING)
    project.run()
    data, right = f"--subject=data={manifest}", f"--subject=model={model}"
    assert main(["gate", data, right]) == 0
    capsys.readouterr()
    assert main(["gate", data]) == 1
    assert "model: other subject, expected a path, got none; give it with --subject model=PATH" in (
        capsys.readouterr().out
    )
    assert main(["gate", data, right, f"--subject=labels={model}"]) == 1
    assert "labels: other subject, the evidence knows no such subject" in capsys.readouterr().out
    model.write_text("weightz")
    assert main(["gate", data, right]) == 1
    told = capsys.readouterr().out
    assert "model: other subject, expected " in told
    assert " as in the evidence, got " in told
    assert str(model) in told


def test_a_partial_run_on_another_model_makes_the_rest_stale(project: Project) -> None:
    """Evidence of two models is never added up to one release."""
    model = project.write("model.bin", "weights")
    project.register(model=model)
    project.demand(requirement_record(), requirement_record("ROB-002"))
    project.cases("""
        @pytest.mark.verifies("ROB-001")
        def test_one(measure):
            measure("share", Proportion(95, 100))

        @pytest.mark.verifies("ROB-002")
        def test_two(measure):
            measure("share", Proportion(95, 100))
    """)
    project.run()
    model.write_text("new weights")
    project.run("-k", "one")
    criteria = project.criteria()
    assert criteria["ROB-001.1"] == (Verdict.PASS, "shown")
    assert criteria["ROB-002.1"][0] is Verdict.NOT_RUN
    assert criteria["ROB-002.1"][1].startswith("stale: it was measured on another model (")


def test_the_run_that_is_asked_for_is_the_one_that_counts(project: Project) -> None:
    """Evidence of an earlier run, left in the folder, does not pass for the run just made."""
    project.demand()
    project.write("test_cases.py", PASSING)
    project.run("--vericase-run=monday")
    assert main(["gate", "--run=monday"]) == 0
    assert main(["gate", "--run=tuesday"]) == 1


def test_a_run_that_is_asked_for_has_measured_everything_itself(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that selects nothing keeps what an earlier one measured, and is not what was asked."""
    project.demand()
    project.write("test_cases.py", PASSING)
    project.run("--vericase-run=monday")
    project.run("--vericase-run=tuesday", "-k", "nothing")
    capsys.readouterr()
    assert main(["gate", "--run=tuesday"]) == 1
    assert (
        "run tuesday: run, expected all of it from this run, "
        "got a partial one that keeps earlier evidence"
    ) in capsys.readouterr().out
    assert main(["gate"]) == 0
