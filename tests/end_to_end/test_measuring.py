"""What a case may measure, and what becomes of what it may not."""

import pytest

from tests.support.documents import criterion_record, requirement_record
from tests.support.projects import Project
from vericase.evidence import Outcome
from vericase.measurement import Proportion, Sample, Scalar
from vericase.verdict import Verdict


def test_all_kinds_of_measurement_reach_the_evidence(project: Project) -> None:
    """Counts, values with units and samples with clusters are stored as they were measured."""
    project.demand(
        requirement_record(
            acceptance=[
                criterion_record("ROB-001.1"),
                criterion_record(
                    "ROB-001.2", measurand="delay", relation="<", threshold=1, unit="s"
                ),
                criterion_record("ROB-001.3", measurand="drift", relation="<=", unit="mK"),
            ]
        )
    )
    project.cases("""
        @pytest.mark.verifies("ROB-001")
        def test_share(measure):
            measure("share", Proportion.of([True] * 19 + [False]))
            measure("delay", Scalar(0.03, "s"))
            measure("drift", Sample([0.5, 0.7], "mK", clusters=["a", "b"]))
    """)
    assert project.run().ret == pytest.ExitCode.OK
    assert {r.measurand: r.measurement for r in project.log().evidence} == {
        "share": Proportion(19, 20),
        "delay": Scalar(0.03, "s"),
        "drift": Sample((0.5, 0.7), "mK", ("a", "b")),
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("pass", "it measured nothing"),
        (
            'measure("shares", Proportion(95, 100))',
            "expected a measurand of ROB-001, got 'shares'; did you mean 'share'?",
        ),
        (
            'measure("share", Proportion(95, 100)); measure("share", Proportion(99, 100))',
            "measure: expected 'share' once a case, got it again",
        ),
        (
            'measure("share", 0.95)',
            "expected a Proportion, Coverage, Slices, Scalar or Sample for 'share', got 0.95",
        ),
        ('measure("share", Scalar(float("nan")))', "value: expected a finite number, got nan"),
        ('measure("share", Scalar(True))', "value: expected a finite number, got True"),
        (
            'measure("share", Proportion(True, 1))',
            "Proportion: expected an integer for successes, got True",
        ),
        (
            'measure("share", Proportion(3, 2))',
            "Proportion: expected successes <= trials, got 3 of 2",
        ),
        (
            'measure("share", Proportion.of([1, 1, 0]))',
            "Proportion.of: expected a bool at position 0, got 1",
        ),
        (
            'measure("share", Proportion(95, 100), attachments={"big.bin": bytes(1 << 20) + b"x"})',
            "attachment 'big.bin': expected at most 1048576 bytes, got 1048577",
        ),
        (
            'measure("share", Proportion(95, 100), attachments={"x": 5})',
            "attachment 'x': expected a path, bytes, text or a figure, got <class 'int'>",
        ),
    ],
)
def test_what_is_no_measurement_fails_the_case(project: Project, body: str, message: str) -> None:
    """A misused `measure` fails the case with one sentence, and the gate stays closed."""
    project.demand()
    project.cases(f'@pytest.mark.verifies("ROB-001")\ndef test_share(measure):\n    {body}\n')
    assert project.run().ret == pytest.ExitCode.TESTS_FAILED
    assert project.case().outcome is Outcome.FAILED
    assert message in project.case().message
    assert project.verdicts() == {"ROB-001": Verdict.ERROR}


def test_a_misuse_cannot_be_swallowed(project: Project) -> None:
    """A case that catches the error of `measure` and goes on fails all the same."""
    project.demand()
    project.cases("""
        @pytest.mark.verifies("ROB-001")
        def test_share(measure):
            measure("share", Proportion(95, 100))
            try:
                measure("share", Proportion(100, 100))
            except ValueError:
                pass
    """)
    assert project.run().ret == pytest.ExitCode.TESTS_FAILED
    assert project.log().evidence[0].measurement == Proportion(95, 100)
    assert project.verdicts() == {"ROB-001": Verdict.ERROR}


def test_a_criterion_that_no_case_measured_is_named(project: Project) -> None:
    """The only case of a requirement has to measure all of its criteria."""
    project.demand(
        requirement_record(
            acceptance=[criterion_record("ROB-001.1"), criterion_record("ROB-001.2", measurand="b")]
        )
    )
    project.cases("""
        @pytest.mark.verifies("ROB-001")
        def test_share(measure):
            measure("share", Proportion(95, 100))
    """)
    result = project.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["ROB-001.2 b: NOT_RUN, this case did not measure it"])
    assert project.verdicts() == {"ROB-001": Verdict.NOT_RUN}


def test_two_cases_may_share_a_requirement(project: Project) -> None:
    """Each of two cases measures a criterion of its own, and together they show it."""
    project.demand(
        requirement_record(
            acceptance=[criterion_record("ROB-001.1"), criterion_record("ROB-001.2", measurand="b")]
        )
    )
    project.cases("""
        @pytest.mark.verifies("ROB-001")
        def test_share(measure):
            measure("share", Proportion(95, 100))

        @pytest.mark.verifies("ROB-001")
        def test_b(measure):
            measure("b", Proportion(95, 100))
    """)
    assert project.run().ret == pytest.ExitCode.OK
    assert project.decision().released is True


def test_a_second_case_on_one_criterion_is_an_error(project: Project) -> None:
    """Two measurements of one criterion are never weighed against each other."""
    project.demand()
    project.cases("""
        @pytest.mark.verifies("ROB-001")
        def test_once(measure):
            measure("share", Proportion(95, 100))

        @pytest.mark.verifies("ROB-001")
        def test_again(measure):
            measure("share", Proportion(99, 100))
    """)
    assert project.run().ret == pytest.ExitCode.OK
    assert project.criteria() == {
        "ROB-001.1": (
            Verdict.ERROR,
            "measured by two cases: test_cases.py::test_again, test_cases.py::test_once",
        )
    }


@pytest.mark.parametrize(
    ("body", "code", "expected"),
    [
        (
            'measure("share", Proportion(95, 100))',
            pytest.ExitCode.OK,
            (Verdict.PASS, "shown"),
        ),
        (
            'measure("share", Proportion(95 if lead != "II" else 5, 100))',
            pytest.ExitCode.TESTS_FAILED,
            (Verdict.FAIL, "missed"),
        ),
        (
            'measure("share", Proportion(95, 100)) if lead != "II" else None',
            pytest.ExitCode.TESTS_FAILED,
            (Verdict.NOT_RUN, "test_cases.py::test_share[II] did not measure it"),
        ),
        (
            'pytest.skip("no such lead") if lead == "II" else measure("share", Proportion(9, 10))',
            pytest.ExitCode.OK,
            (Verdict.NOT_RUN, "test_cases.py::test_share[II] did not measure it"),
        ),
    ],
    ids=["all pass", "one misses", "one is silent", "one is skipped"],
)
def test_every_parameter_counts(
    project: Project, body: str, code: pytest.ExitCode, expected: tuple[Verdict, str]
) -> None:
    """A criterion is as good as the worst parameter, and a missing one is not overlooked."""
    project.demand()
    project.cases(
        '@pytest.mark.parametrize("lead", ["I", "II", "III"])\n'
        f'@pytest.mark.verifies("ROB-001")\ndef test_share(measure, lead):\n    {body}\n'
    )
    assert project.run().ret == code
    assert project.criteria() == {"ROB-001.1": expected}
    assert project.decision().released is (expected[0] is Verdict.PASS)


def test_a_parameter_that_measures_less_than_its_sisters_is_seen(project: Project) -> None:
    """Where another case also verifies the requirement, a silent parameter still blocks."""
    project.demand(
        requirement_record(
            acceptance=[criterion_record("ROB-001.1"), criterion_record("ROB-001.2", measurand="b")]
        )
    )
    project.cases("""
        @pytest.mark.verifies("ROB-001")
        @pytest.mark.parametrize("lead", ["I", "II"])
        def test_share(measure, lead):
            measure("share", Proportion(95, 100))
            if lead == "I":
                measure("b", Proportion(95, 100))

        @pytest.mark.verifies("ROB-001")
        def test_nothing_of_its_own(measure):
            with pytest.raises(ValueError):
                raise ValueError
    """)
    project.run()
    assert project.criteria()["ROB-001.2"] == (
        Verdict.NOT_RUN,
        "test_cases.py::test_share[II] did not measure it",
    )
