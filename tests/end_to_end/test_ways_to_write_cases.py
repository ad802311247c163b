"""A case is an ordinary pytest item: wherever the marker may stand, it counts."""

import pytest

from tests.support.documents import criterion_record, requirement_record
from tests.support.projects import Project
from vericase.evidence import Outcome
from vericase.measurement import Proportion
from vericase.verdict import Verdict


@pytest.mark.parametrize(
    "source",
    [
        """
        @pytest.mark.verifies("ROB-001")
        class TestShare:
            def test_share(self, measure):
                measure("share", Proportion(95, 100))
        """,
        """
        pytestmark = pytest.mark.verifies("ROB-001")

        def test_share(measure):
            measure("share", Proportion(95, 100))
        """,
        """
        @pytest.mark.parametrize(
            "lead", [pytest.param("I", marks=pytest.mark.verifies("ROB-001"))]
        )
        def test_share(measure, lead):
            measure("share", Proportion(95, 100))
        """,
        """
        @pytest.mark.verifies("ROB-001")
        @pytest.mark.verifies("ROB-001")
        def test_share(measure):
            measure("share", Proportion(95, 100))
        """,
        """
        import unittest

        @pytest.mark.verifies("ROB-001")
        class ShareTest(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def take(self, measure):
                self.measure = measure

            def test_share(self):
                with self.subTest("part"):
                    pass
                self.measure("share", Proportion(95, 100))
        """,
        """
        @pytest.fixture
        def share(request):
            return Proportion(95, 100)

        @pytest.fixture
        def measured(measure, share):
            measure("share", share)

        @pytest.mark.verifies("ROB-001")
        @pytest.mark.usefixtures("measured")
        def test_share():
            pass
        """,
        """
        @pytest.mark.verifies("ROB-001")
        @pytest.mark.filterwarnings("error")
        def test_share(measure, tmp_path, monkeypatch, capsys, record_property):
            print("said")
            record_property("kind", "share")
            measure("share", Proportion(95, 100))
        """,
    ],
    ids=["class", "module", "param", "twice", "unittest", "by fixture", "among others"],
)
def test_the_marker_counts_where_pytest_lets_it_stand(project: Project, source: str) -> None:
    """Function, class, module, parameter and unittest class: each is a case of its requirement."""
    project.demand()
    project.cases(source)
    assert project.run().ret == pytest.ExitCode.OK
    assert [case.requirement_ids for case in project.log().cases] == [("ROB-001",)]
    assert project.decision().released is True


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("self.fail('no')", Outcome.FAILED),
        ("self.skipTest('later')", Outcome.SKIPPED),
        ("raise unittest.SkipTest('later')", Outcome.SKIPPED),
    ],
)
def test_endings_of_unittest_are_seen(project: Project, body: str, outcome: Outcome) -> None:
    """A unittest class that fails or skips after measuring shows nothing."""
    project.demand()
    project.cases(f"""
        import unittest

        @pytest.mark.verifies("ROB-001")
        class ShareTest(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def take(self, measure):
                self.measure = measure

            def test_share(self):
                self.measure("share", Proportion(95, 100))
                {body}
    """)
    project.run()
    assert project.case().outcome is outcome
    assert project.decision().released is False


def test_an_expected_failure_of_unittest_shows_nothing(project: Project) -> None:
    """The xfail of unittest is an xfail."""
    project.demand()
    project.cases("""
        import unittest

        @pytest.mark.verifies("ROB-001")
        class ShareTest(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def take(self, measure):
                self.measure = measure

            @unittest.expectedFailure
            def test_share(self):
                self.measure("share", Proportion(95, 100))
                self.fail("as expected")
    """)
    project.run()
    assert project.case().outcome is Outcome.XFAILED
    assert project.verdicts() == {"ROB-001": Verdict.ERROR}


def test_one_case_may_verify_several_requirements(project: Project) -> None:
    """A measurement goes to every criterion that asks for its measurand."""
    other = criterion_record("ROB-002.1", threshold=0.99)
    project.demand(requirement_record(), requirement_record("ROB-002", acceptance=[other]))
    project.cases("""
        @pytest.mark.verifies("ROB-001", "ROB-002")
        def test_share(measure):
            measure("share", Proportion(95, 100))
    """)
    result = project.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert project.verdicts() == {"ROB-001": Verdict.PASS, "ROB-002": Verdict.FAIL}
    assert [r.criterion_id for r in project.log().evidence] == ["ROB-001.1", "ROB-002.1"]


def test_parameters_may_verify_different_requirements(project: Project) -> None:
    """A marker on a parameter binds that parameter alone."""
    project.demand(requirement_record(), requirement_record("ROB-002"))
    project.cases("""
        @pytest.mark.parametrize(
            ("share",),
            [
                pytest.param(95, marks=pytest.mark.verifies("ROB-001")),
                pytest.param(5, marks=pytest.mark.verifies("ROB-002")),
            ],
        )
        def test_share(measure, share):
            measure("share", Proportion(share, 100))
    """)
    project.run()
    assert project.verdicts() == {"ROB-001": Verdict.PASS, "ROB-002": Verdict.FAIL}


def test_a_case_beside_plain_tests_is_told_from_them(project: Project) -> None:
    """Tests without the marker run as ever, and leave nothing in the evidence."""
    project.demand()
    project.cases("""
        def test_plain():
            assert 1 == 2

        @pytest.mark.verifies("ROB-001")
        def test_share(measure):
            measure("share", Proportion(95, 100))
    """)
    assert project.run().ret == pytest.ExitCode.TESTS_FAILED
    assert project.outcomes() == {"test_share": Outcome.PASSED}
    assert project.decision().released is True


def test_the_first_lines_of_a_docstring_are_the_title(project: Project) -> None:
    """What a case says of itself is shown beside its id."""
    project.demand()
    project.cases('''
        @pytest.mark.verifies("ROB-001")
        def test_share(measure):
            """Of all readings, the share
            within tolerance.

            The rest is for those who read the code.
            """
            measure("share", Proportion(95, 100))
    ''')
    project.run()
    assert project.case().title == "Of all readings, the share within tolerance."


def test_evidence_rides_into_junit_xml(project: Project) -> None:
    """Tools that read JUnit files find the record as a property of the case."""
    project.demand()
    project.cases("""
        @pytest.mark.verifies("ROB-001")
        def test_share(measure):
            measure("share", Proportion(95, 100))
    """)
    project.run("--junitxml=junit.xml")
    text = (project.folder / "junit.xml").read_text()
    assert 'name="vericase"' in text
    assert "&quot;successes&quot;: 95" in text


def test_a_requirement_with_a_project_of_its_own_runs_by_import_mode(project: Project) -> None:
    """Two modules of one name in two folders are two sets of cases under importlib."""
    project.demand(requirement_record(), requirement_record("ROB-002"))
    for number, folder in enumerate(("one", "two"), start=1):
        project.cases(
            f"""
            @pytest.mark.verifies("ROB-00{number}")
            def test_share(measure):
                measure("share", Proportion(9{number}, 100))
            """,
            name=f"{folder}/test_cases.py",
        )
    assert project.run("--import-mode=importlib").ret == pytest.ExitCode.OK
    assert {r.case_id: r.measurement for r in project.log().evidence} == {
        "one/test_cases.py::test_share": Proportion(91, 100),
        "two/test_cases.py::test_share": Proportion(92, 100),
    }
