"""What cases leave behind: attachments, titles, subjects; and what they are given."""

import pytest

from tests.support.documents import criterion_record, requirement_record
from tests.support.projects import Project
from vericase.evidence import Outcome
from vericase.measurement import Sample
from vericase.store import digest_bytes
from vericase.verdict import Verdict


def test_attachments_are_kept_under_their_digest(project: Project) -> None:
    """Bytes, texts, files and figures are kept beside the evidence, once each."""
    project.demand()
    project.write("table.csv", "a,b\n")
    project.cases("""
        from pathlib import Path

        class Drawing:
            def savefig(self, fname, *, format):
                fname.write(f"<{format}>".encode())

        @pytest.mark.verifies("ROB-001")
        def test_share(measure):
            measure(
                "share",
                Proportion(95, 100),
                attachments={
                    "raw.bin": b"raw", "again.bin": b"raw", "note.txt": "µ",
                    "table.csv": Path("table.csv"), "plot.svg": Drawing(),
                },
            )
    """)
    assert project.run().ret == pytest.ExitCode.OK
    kept = {a.name: a for a in project.log().evidence[0].attachments}
    contents = {
        "raw.bin": b"raw",
        "again.bin": b"raw",
        "note.txt": "µ".encode(),
        "table.csv": b"a,b\n",
        "plot.svg": b"<svg>",
    }
    assert {n: (a.sha256, a.bytes) for n, a in kept.items()} == {
        name: (digest_bytes(content), len(content)) for name, content in contents.items()
    }
    folder = project.evidence_file.parent / "attachments"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        digest_bytes(content): content for content in contents.values()
    }


def test_an_attachment_that_cannot_be_read_fails_the_case(project: Project) -> None:
    """A missing file is an error of the case, with the name of the file."""
    project.demand()
    project.cases("""
        from pathlib import Path

        @pytest.mark.verifies("ROB-001")
        def test_share(measure):
            measure("share", Proportion(95, 100), attachments={"x": Path("gone.csv")})
    """)
    assert project.run().ret == pytest.ExitCode.TESTS_FAILED
    assert "gone.csv" in project.case().message
    assert project.decision().released is False


def test_measure_is_for_cases_alone(project: Project) -> None:
    """A test without a requirement is told what `measure` needs."""
    project.demand()
    project.cases("def test_plain(measure):\n    pass\n")
    result = project.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            (
                "*test_cases.py::test_plain: expected a case marked with verifies and a folder of "
                "requirements, got none*"
            )
        ]
    )
    assert not project.evidence_file.exists()


def test_conditions_are_those_of_the_requirements(project: Project) -> None:
    """A case reads its conditions from the requirement, and cannot change them."""
    project.demand(requirement_record(conditions={"radius_mk": 0.5, "leads": ["I", "II"]}))
    project.cases("""
        @pytest.mark.verifies("ROB-001")
        def test_share(measure, conditions):
            assert dict(conditions) == {"radius_mk": 0.5, "leads": ["I", "II"]}
            with pytest.raises(TypeError):
                conditions["radius_mk"] = 0
            measure("share", Proportion(95, 100))
    """)
    assert project.run().ret == pytest.ExitCode.OK


@pytest.mark.parametrize(
    ("other", "apart"),
    [
        ({"radius_mk": 0.9}, "radius_mk"),
        ({"radius_mk": True}, "radius_mk"),
        ({}, "radius_mk"),
        ({"radius_mk": 0.5, "leads": ["I"], "at": {"x": 1}}, "at, leads"),
    ],
)
def test_conditions_that_contradict_each_other_are_told(
    project: Project, other: dict[str, object], apart: str
) -> None:
    """A case of two requirements with different conditions measures under neither."""
    project.demand(
        requirement_record(conditions={"radius_mk": 0.5}),
        requirement_record("ROB-002", conditions=other),
    )
    project.cases("""
        @pytest.mark.verifies("ROB-001", "ROB-002")
        def test_share(measure, conditions):
            measure("share", Proportion(95, 100))
    """)
    assert project.run().ret == pytest.ExitCode.TESTS_FAILED
    assert project.case().message.endswith(
        "test_cases.py::test_share: expected the same conditions in each of ROB-001, ROB-002, "
        f"got others of {apart}"
    )


def test_a_draft_is_measured_and_never_fails(project: Project) -> None:
    """The criteria of a draft are judged and shown, and fail neither pytest nor the gate."""
    hard = criterion_record("ROB-002.1", threshold=0.99)
    project.demand(
        requirement_record(),
        requirement_record("ROB-002", status="draft", acceptance=[hard]),
        requirement_record("ROB-003", status="draft", acceptance=None),
    )
    project.cases("""
        @pytest.mark.verifies("ROB-001", "ROB-002")
        def test_share(measure):
            measure("share", Proportion(95, 100))
    """)
    assert project.run().ret == pytest.ExitCode.OK
    assert project.verdicts()["ROB-002"] is Verdict.FAIL
    decision = project.decision()
    assert (decision.released, decision.drafts, decision.passed) == (True, 2, 1)


def test_evidence_names_what_it_was_measured_on(project: Project) -> None:
    """A record carries the digests of the subjects that its requirement depends on."""
    model = project.write("model.bin", "weights")
    data = project.data()
    project.register(data=data, model=model)
    project.demand(requirement_record(), requirement_record("ROB-002", depends=["data"]))
    project.cases("""
        @pytest.mark.verifies("ROB-001", "ROB-002")
        def test_share(measure):
            measure("share", Proportion(95, 100))
    """)
    project.run()
    digests = {s.name: s.digest for s in project.log().subjects}
    assert digests["model"] == digest_bytes(b"weights")
    both, data_only = project.log().evidence
    assert dict(both.subjects) == digests
    assert dict(data_only.subjects) == {"data": digests["data"]}


def test_a_title_and_a_message_are_readable(project: Project) -> None:
    """Control characters in a docstring or an exception reach neither file nor page raw."""
    project.demand()
    project.cases("""
        @pytest.mark.verifies("ROB-001")
        def test_share(measure):
            "A case\\x1b[2J of \\udc80.\\n\\n    With details."
            raise OSError("\\x1b[31mred\\x1b[0m \\udc80")
    """)
    project.run("--vericase-report=reports/page.html")
    case = project.case()
    assert case.title == "A case\\x1b[2J of \\udc80."
    assert case.message == "OSError: \\x1b[31mred\\x1b[0m \\udc80"
    assert "\\x1b[31mred" in (project.folder / "reports" / "page.html").read_text()


def test_subtests_report_within_their_case(project: Project) -> None:
    """Parts of a case are no cases: one that fails fails it, one that passes ends nothing."""
    project.demand(requirement_record(), requirement_record("ROB-002"))
    project.cases("""
        @pytest.mark.verifies("ROB-001")
        def test_whole(measure, subtests):
            with subtests.test("part"):
                pass
            measure("share", Proportion(95, 100))

        @pytest.mark.verifies("ROB-002")
        def test_broken(measure, subtests):
            measure("share", Proportion(95, 100))
            with subtests.test("part"):
                raise OSError("no file")
    """)
    assert project.run().ret == pytest.ExitCode.TESTS_FAILED
    assert project.outcomes() == {"test_whole": Outcome.PASSED, "test_broken": Outcome.FAILED}


def test_two_subjects_of_one_name_block(project: Project) -> None:
    """A run in which the model changed under way verified neither model."""
    project.demand()
    project.write("a.bin", "a")
    project.write("b.bin", "b")
    project.cases("""
        @pytest.mark.verifies("ROB-001")
        def test_share(measure, vericase_subject):
            vericase_subject("model", "a.bin")
            vericase_subject("model", "b.bin")
            measure("share", Proportion(95, 100))
    """)
    project.run()
    assert [(f.kind, f.message) for f in project.findings()] == [
        ("subject", "expected one model, got 2 of them")
    ]


def test_a_record_is_not_changed_by_what_the_case_does_later(project: Project) -> None:
    """What was handed to `measure` is copied: a list that grows afterwards adds nothing."""
    project.demand(requirement_record(acceptance=[criterion_record(relation="<=", threshold=1)]))
    project.cases("""
        @pytest.mark.verifies("ROB-001")
        def test_share(measure):
            values = [0.5, 0.7]
            measure("share", Sample(values))
            values.append(100.0)
    """)
    assert project.run().ret == pytest.ExitCode.OK
    assert project.log().evidence[0].measurement == Sample((0.5, 0.7))
