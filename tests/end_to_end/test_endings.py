"""Every way in which a case can end, from pytest to the gate."""

import pytest

from tests.support.documents import criterion_record, requirement_record
from tests.support.projects import PASSING, Project
from vericase.evidence import Outcome
from vericase.verdict import Verdict

MEASURE = 'measure("share", Proportion(95, 100))'


def case(body: str, *, marks: str = "", arguments: str = "measure") -> str:
    """The source of one case of ROB-001."""
    return f'{marks}\n@pytest.mark.verifies("ROB-001")\ndef test_share({arguments}):\n    {body}\n'


def test_a_pass_opens_the_gate(project: Project) -> None:
    """The control: a case that measures what is demanded releases."""
    project.demand()
    project.cases(case(MEASURE))
    assert project.run().ret == pytest.ExitCode.OK
    assert project.case().outcome is Outcome.PASSED
    assert project.decision().released is True


def test_a_miss_fails_the_case_with_one_sentence(project: Project) -> None:
    """A criterion that is not met fails the case and says measured, wanted and verdict."""
    project.demand()
    project.cases(case('measure("share", Proportion(89, 100))'))
    result = project.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    sentence = "ROB-001.1 share: FAIL, 0.8900 (89 of 100); wanted >= 0.9: missed"
    result.stdout.fnmatch_lines(
        [sentence, "FAILED test_cases.py::test_share - ROB-001.1 share: FAIL, 0.8900 *"]
    )
    assert (project.case().outcome, project.case().message) == (Outcome.MISSED, sentence)
    assert project.criteria() == {"ROB-001.1": (Verdict.FAIL, "missed")}


def test_a_bound_that_is_not_met_fails_the_case(project: Project) -> None:
    """What is only likely is not shown: the case fails as INCONCLUSIVE."""
    bounded = criterion_record(confidence=0.95)
    project.demand(requirement_record(acceptance=[bounded]))
    project.cases(case('measure("share", Proportion(91, 100))'))
    assert project.run().ret == pytest.ExitCode.TESTS_FAILED
    assert project.verdicts() == {"ROB-001": Verdict.INCONCLUSIVE}


@pytest.mark.parametrize(
    ("source", "code", "outcome", "verdict"),
    [
        (
            case(MEASURE, marks='@pytest.mark.skip(reason="later")'),
            pytest.ExitCode.OK,
            Outcome.SKIPPED,
            Verdict.NOT_RUN,
        ),
        (
            case(MEASURE, marks='@pytest.mark.skipif(True, reason="later")'),
            pytest.ExitCode.OK,
            Outcome.SKIPPED,
            Verdict.NOT_RUN,
        ),
        (
            case(f'{MEASURE}; pytest.skip("enough")'),
            pytest.ExitCode.OK,
            Outcome.SKIPPED,
            Verdict.NOT_RUN,
        ),
        (
            case(f'pytest.importorskip("no_such_verifier"); {MEASURE}'),
            pytest.ExitCode.OK,
            Outcome.SKIPPED,
            Verdict.NOT_RUN,
        ),
        (
            case(MEASURE, marks='@pytest.mark.parametrize("p", [])', arguments="measure, p"),
            pytest.ExitCode.OK,
            Outcome.SKIPPED,
            Verdict.NOT_RUN,
        ),
        (
            case(f"{MEASURE}; assert False", marks="@pytest.mark.xfail"),
            pytest.ExitCode.OK,
            Outcome.XFAILED,
            Verdict.ERROR,
        ),
        (
            case(MEASURE, marks="@pytest.mark.xfail(run=False)"),
            pytest.ExitCode.OK,
            Outcome.XFAILED,
            Verdict.ERROR,
        ),
        (
            case(f'{MEASURE}; pytest.xfail("known")'),
            pytest.ExitCode.OK,
            Outcome.XFAILED,
            Verdict.ERROR,
        ),
        (
            case(MEASURE, marks="@pytest.mark.xfail"),
            pytest.ExitCode.OK,
            Outcome.XPASSED,
            Verdict.ERROR,
        ),
        (
            case(MEASURE, marks="@pytest.mark.xfail(strict=True)"),
            pytest.ExitCode.TESTS_FAILED,
            Outcome.XPASSED,
            Verdict.ERROR,
        ),
        (
            case(MEASURE, marks='@pytest.mark.xfail(False, reason="never")'),
            pytest.ExitCode.OK,
            Outcome.XPASSED,
            Verdict.ERROR,
        ),
        (
            case(f"{MEASURE}; assert 1 == 2"),
            pytest.ExitCode.TESTS_FAILED,
            Outcome.FAILED,
            Verdict.ERROR,
        ),
        (
            case(f'{MEASURE}; raise RuntimeError("\\x1b[31m\\udc80")'),
            pytest.ExitCode.TESTS_FAILED,
            Outcome.FAILED,
            Verdict.ERROR,
        ),
        (
            case(f"{MEASURE}; pytest.fail('', pytrace=False)"),
            pytest.ExitCode.TESTS_FAILED,
            Outcome.FAILED,
            Verdict.ERROR,
        ),
        (
            case(MEASURE, arguments="measure, no_such_fixture"),
            pytest.ExitCode.TESTS_FAILED,
            Outcome.ERROR,
            Verdict.ERROR,
        ),
        (
            "@pytest.fixture\ndef broken():\n    raise OSError('no file')\n"
            + case(MEASURE, arguments="measure, broken"),
            pytest.ExitCode.TESTS_FAILED,
            Outcome.ERROR,
            Verdict.ERROR,
        ),
        (
            "@pytest.fixture\ndef broken():\n    yield\n    raise OSError('no file')\n"
            + case(MEASURE, arguments="measure, broken"),
            pytest.ExitCode.TESTS_FAILED,
            Outcome.ERROR,
            Verdict.ERROR,
        ),
        (
            case("assert True", arguments=""),
            pytest.ExitCode.TESTS_FAILED,
            Outcome.FAILED,
            Verdict.ERROR,
        ),
    ],
    ids=[
        *("skip", "skipif", "skip after measuring", "missing tool", "empty parametrize"),
        *("xfail", "xfail not run", "xfail by call", "xpass", "strict xpass", "inactive xfail"),
        *("assertion", "odd exception", "empty failure", "missing fixture", "set-up", "tear-down"),
        "no measurement",
    ],
)
def test_no_other_ending_opens_the_gate(
    project: Project, source: str, code: pytest.ExitCode, outcome: Outcome, verdict: Verdict
) -> None:
    """A good measurement does not help a case that was skipped, expected to fail, or broke."""
    project.demand()
    project.cases(source)
    assert project.run().ret == code
    assert list(project.outcomes().values()) == [outcome]
    assert project.verdicts() == {"ROB-001": verdict}
    assert project.decision().released is False


def test_an_ending_keeps_its_reason(project: Project) -> None:
    """Whoever reads the gate sees why a case was skipped, or where it broke."""
    project.demand(requirement_record(), requirement_record("ROB-002"))
    project.cases("""
        @pytest.fixture
        def broken():
            raise OSError("no file")

        @pytest.mark.verifies("ROB-001")
        @pytest.mark.skip(reason="the data are late")
        def test_late(measure):
            pass

        @pytest.mark.verifies("ROB-002")
        def test_broken(measure, broken):
            pass
    """)
    project.run()
    assert project.criteria() == {
        "ROB-001.1": (Verdict.NOT_RUN, "no case measured it (skipped the data are late)"),
        "ROB-002.1": (Verdict.NOT_RUN, "no case measured it (error setup: OSError: no file)"),
    }


@pytest.mark.parametrize("statement", ["assert (False, 'always true')", "pass"])
def test_what_a_case_asserts_does_not_count(project: Project, statement: str) -> None:
    """A case without a sound assertion is judged by what it measured: here a miss."""
    project.demand()
    project.cases(case(f'measure("share", Proportion(1, 100))\n    {statement}'))
    assert project.run("-W", "ignore").ret == pytest.ExitCode.TESTS_FAILED
    assert project.verdicts() == {"ROB-001": Verdict.FAIL}


def test_a_hook_that_rewrites_outcomes_changes_no_verdict(project: Project) -> None:
    """A conftest that turns every failure green leaves the exit code of pytest, not the gate."""
    project.demand(requirement_record(), requirement_record("ROB-002"))
    project.write(
        "conftest.py",
        """
        import pytest

        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_makereport(item, call):
            report = (yield).get_result()
            report.outcome = "passed"
        """,
    )
    project.cases("""
        @pytest.mark.verifies("ROB-001")
        def test_raises(measure):
            measure("share", Proportion(100, 100))
            raise RuntimeError("after measuring")

        @pytest.mark.verifies("ROB-002")
        def test_misses(measure):
            measure("share", Proportion(1, 100))
    """)
    project.run()
    assert project.outcomes() == {"test_raises": Outcome.FAILED, "test_misses": Outcome.MISSED}
    assert project.verdicts() == {"ROB-001": Verdict.ERROR, "ROB-002": Verdict.FAIL}


def test_a_case_that_ran_twice_is_an_error(project: Project) -> None:
    """Running a case until it passes is seen: nobody takes the last attempt."""
    project.demand()
    project.write(
        "conftest.py",
        """
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
            runtestprotocol(item, nextitem=item)
            runtestprotocol(item, nextitem=nextitem)
            return True
        """,
    )
    project.cases("""
        TRIES = []

        @pytest.mark.verifies("ROB-001")
        def test_share(measure):
            TRIES.append(1)
            measure("share", Proportion(95 if len(TRIES) > 1 else 5, 100))
    """)
    project.run()
    assert (project.case().outcome, project.case().message) == (
        Outcome.RERUN,
        "it ran more than once",
    )
    assert project.verdicts() == {"ROB-001": Verdict.ERROR}


def test_a_case_that_nobody_collects_leaves_its_requirement_open(project: Project) -> None:
    """A case in a class with a constructor, or under another name, is no case."""
    project.demand(requirement_record(), requirement_record("ROB-002"))
    project.write("test_cases.py", PASSING)
    project.cases(
        """
        class TestNeverCollected:
            def __init__(self):
                self.ready = True

            @pytest.mark.verifies("ROB-002")
            def test_share(self, measure):
                measure("share", Proportion(95, 100))

        @pytest.mark.verifies("ROB-002")
        def check_share(measure):
            measure("share", Proportion(95, 100))
        """,
        name="test_more.py",
    )
    project.run("-W", "ignore")
    assert project.criteria()["ROB-002.1"] == (Verdict.NOT_RUN, "no case verifies it")
    assert project.decision().released is False
