"""What surrounds a case may make it other than it reads; such a run is refused or seen."""

import pytest

from tests.support.documents import requirement_record
from tests.support.projects import PASSING, Project
from vericase.evidence import Outcome
from vericase.verdict import Verdict

SHARE = """
    @pytest.mark.verifies("{requirement}")
    def {name}(measure):
        measure("share", Proportion({share}, 100))
"""
GUARD = """
    import pytest

    @pytest.fixture(autouse=True)
    def calibrated():
        assert False, "the device is not calibrated"
"""
AGAIN = """
    from _pytest.runner import runtestprotocol

    def pytest_runtest_protocol(item, nextitem):
        runtestprotocol(item, nextitem=nextitem, log=False)
        item._initrequest()
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        runtestprotocol(item, nextitem=nextitem)
        return True
"""


def case(share: int = 95, name: str = "test_share", requirement: str = "ROB-001") -> str:
    """A case that measures *share* of a hundred."""
    return SHARE.format(share=share, name=name, requirement=requirement)


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "workers"])
def test_a_case_that_another_of_its_name_hides_stops_the_run(
    project: Project, workers: tuple[str, ...]
) -> None:
    """The one that missed would never run."""
    project.demand()
    project.cases(case(5) + case(95))
    result = project.run_apart(*workers)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = (
        "test_cases.py:10: expected each case under a name of its own, got 'test_share' again, "
        "which hides the one in line 6"
    )
    assert told in result.stderr.str() + result.stdout.str()
    assert not project.evidence_file.exists()


@pytest.mark.parametrize(
    "source",
    [
        case(5) + "\n    def test_share():\n        pass\n" + case(name="test_other"),
        """
    @pytest.mark.verifies("ROB-001")
    class TestShare:
        def test_it(self, measure):
            measure("share", Proportion(5, 100))

        def test_it(self, measure):
            measure("share", Proportion(95, 100))
        """,
        """
    @pytest.mark.verifies("ROB-001")
    class TestShare:
        def test_it(self, measure):
            measure("share", Proportion(5, 100))

    class TestShare:
        pass
        """
        + case(name="test_other"),
        case(5).replace("def", "async def") + case(95),
    ],
    ids=["by a test", "in a class", "a class", "a coroutine"],
)
def test_whatever_hides_a_case_is_told(project: Project, source: str) -> None:
    """Functions and classes, marked or not."""
    project.demand()
    project.cases(source)
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "expected each case under a name of its own" in result.stderr.str()


@pytest.mark.parametrize(
    "source",
    [
        case() + "\n    def tool():\n        pass\n\n    def tool():\n        pass\n",
        case() + "\n    def test_else():\n        pass\n\n    def test_else():\n        pass\n",
        """
    class TestOne:
        @pytest.mark.verifies("ROB-001")
        def test_it(self, measure):
            measure("share", Proportion(95, 100))

    class TestTwo:
        def test_it(self):
            pass
        """,
        """
    if True:
        @pytest.mark.verifies("ROB-001")
        def test_share(measure):
            measure("share", Proportion(95, 100))
    else:
        def test_share():
            pass
        """,
    ],
    ids=["tools", "tests", "two classes", "a choice"],
)
def test_what_hides_no_case_is_let_be(project: Project, source: str) -> None:
    """Only a case that cannot run is a reason to stop."""
    project.demand()
    project.cases(source)
    assert project.run().ret == pytest.ExitCode.OK
    assert project.decision().released is True


@pytest.mark.parametrize("option", ["--noconftest", "--confcutdir=deep"])
def test_a_conftest_that_was_left_out_stops_the_run(project: Project, option: str) -> None:
    """It counts as code of the cases below it, and may hold what keeps them from passing."""
    project.demand()
    project.write("conftest.py", GUARD)
    project.write("deep/test_cases.py", PASSING)
    result = project.run_apart(option, "deep")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert (
        "conftest.py: expected to be loaded, got left out by --noconftest or --confcutdir"
        in result.stderr.str()
    )
    project.write("conftest.py", "")
    assert project.run_apart("deep").ret == pytest.ExitCode.OK


def test_asserts_that_are_left_out_stop_the_run(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python can be told to drop them, and with them whatever a device or a case checks."""
    project.demand()
    project.write("test_cases.py", PASSING)
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONOPTIMIZE", "1")
        result = project.run_apart()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert (
        "python: expected assert statements to be executed, got -O or PYTHONOPTIMIZE"
        in result.stderr.str()
    )
    assert project.run_apart().ret == pytest.ExitCode.OK


def test_tests_without_cases_are_not_looked_at(project: Project) -> None:
    """Plain tests hide each other as they like."""
    project.demand()
    project.write("test_plain.py", "def test_it():\n    pass\n\ndef test_it():\n    pass\n")
    assert project.run().ret == pytest.ExitCode.OK


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "workers"])
def test_an_attempt_that_nobody_reported_is_seen(
    project: Project, workers: tuple[str, ...]
) -> None:
    """Whoever runs a case again may drop the reports of the first attempt."""
    project.demand()
    project.write("conftest.py", AGAIN)
    project.write("test_cases.py", PASSING)
    assert project.run_apart(*workers).ret == pytest.ExitCode.OK
    assert (project.case().outcome, project.case().message) == (
        Outcome.RERUN,
        "it ran more than once",
    )
    assert project.verdicts() == {"ROB-001": Verdict.ERROR}


def test_a_case_that_returns_something_fails(project: Project) -> None:
    """What it says would go unheard, and a case that says False would pass."""
    project.demand(*(requirement_record(f"ROB-00{i}") for i in (1, 2)))
    project.cases(
        case(name="test_one")
        + "        return measure is None\n"
        + case(name="test_two", requirement="ROB-002")
        + "        return None\n"
    )
    assert project.run().ret == pytest.ExitCode.TESTS_FAILED
    one = project.case("::test_one")
    assert (one.outcome, one.message) == (
        Outcome.FAILED,
        "expected a case to return nothing, got False; measure it",
    )
    assert project.outcomes()["test_two"] is Outcome.PASSED


def test_a_case_that_was_only_set_up_did_not_run(project: Project) -> None:
    """What its fixtures measured is not what its body would have said."""
    project.demand()
    project.cases("""
        @pytest.fixture
        def measured(measure):
            measure("share", Proportion(95, 100))

        @pytest.mark.verifies("ROB-001")
        def test_share(measured):
            assert False
    """)
    project.run("--setup-only")
    assert (project.case().outcome, project.case().message) == (
        Outcome.NOT_RUN,
        "it was set up and never run",
    )
    assert project.verdicts() == {"ROB-001": Verdict.NOT_RUN}
