"""The command `vericase import`: what it writes, what it says, and what it never touches."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.documents import hazard_record, requirement_record, write_records
from tests.support.reqif_files import foreign_reqif, spec_object
from tests.support.tracing import everything_shown, with_code
from vericase.cli import main
from vericase.requirement import Hazard, Requirement, RequirementSet, Source
from vericase.schema import load_requirements
from vericase.store import save_evidence

ROOT = Path(__file__).parents[2]


def exported(requirements: Path) -> RequirementSet:
    """The requirements of that folder, which `f.reqif` now holds with all of them shown."""
    found = load_requirements(requirements)
    save_evidence(Path("e.json"), with_code(everything_shown(found), Path()))
    options = [f"--requirements={requirements}", "--root=.", "--evidence=e.json"]
    assert main(["export", *options, "--format=reqif", "--out=f.reqif"]) == 0
    return found


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a folder of its own."""
    monkeypatch.chdir(tmp_path)


def nowhere(found: RequirementSet) -> tuple[list[Requirement], list[Hazard]]:
    """Requirements and hazards without the places where they stand."""
    source = Source(file="nowhere", line=1)
    return [replace(r, source=source) for r in found], [
        replace(h, source=source) for h in found.hazards
    ]


def test_the_requirements_of_this_repository_come_back(capsys: pytest.CaptureFixture[str]) -> None:
    """Every field of every requirement and hazard, and the digest over them."""
    wanted = exported(ROOT / "requirements")
    capsys.readouterr()
    assert main(["import", "f.reqif", "--out=back"]) == 0
    back = load_requirements(Path("back"))
    assert back.digest == wanted.digest
    assert nowhere(back) == nowhere(wanted)
    drafts = sum(not requirement.in_force for requirement in wanted)
    assert capsys.readouterr().out == (
        f"{len(wanted.requirements)} requirements, {drafts} of them not approved, "
        f"and {len(wanted.hazards)} hazards: back\n"
        f"  {len(wanted.criteria())} measurements: they are evidence, and stay behind\n"
    )


def test_conditions_as_deep_as_a_file_allows_come_back() -> None:
    """What can be loaded can be exported and imported."""
    deep: object = 1
    for _ in range(13):
        deep = [deep]
    record = requirement_record(conditions={"deep": deep})
    write_records(Path("requirements"), "r.yaml", [record])
    wanted = exported(Path("requirements"))
    assert main(["import", "f.reqif", "--out=back"]) == 0
    assert load_requirements(Path("back")).requirements[0].fingerprint == (
        wanted.requirements[0].fingerprint
    )


def test_nothing_that_is_there_is_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    """Every file in the way is named, and none is written."""
    record = requirement_record(hazards=["HAZ-001"])
    write_records(Path("requirements"), "requirements.yaml", [record])
    write_records(Path("requirements"), "hazards.yaml", [hazard_record()])
    exported(Path("requirements"))
    before = Path("requirements/requirements.yaml").read_bytes()
    capsys.readouterr()
    assert main(["import", "f.reqif", "--out=requirements"]) == 2
    assert capsys.readouterr().err == (
        "requirements/requirements.yaml: expected no such file yet, got one\n"
        "requirements/hazards.yaml: expected no such file yet, got one\n"
    )
    assert Path("requirements/requirements.yaml").read_bytes() == before
    Path("requirements/requirements.yaml").unlink()
    assert main(["import", "f.reqif", "--out=requirements"]) == 2
    assert not Path("requirements/requirements.yaml").exists()


def test_requirements_of_another_tool_become_drafts(capsys: pytest.CaptureFixture[str]) -> None:
    """The folder can be checked at once, and what was lost is told."""
    foreign_reqif(
        Path("f\n.reqif"),
        spec_object("_1", ID="7", Text="The pump shall stop.", Priority="high"),
        names=("ID", "Text", "Priority"),
    )
    assert main(["import", "f\n.reqif", "--out=new", "--area=PUMP", "--category=tool"]) == 0
    assert capsys.readouterr().out == (
        "1 requirements, 1 of them not approved, and 0 hazards: new\n"
        "  not carried over: the attribute 'Priority' (1)\n"
    )
    assert main(["check", "--requirements=new"]) == 0
    (draft,) = load_requirements(Path("new"))
    assert (draft.id, draft.category, draft.in_force) == ("PUMP-001", "tool", False)
    assert [path.name for path in Path("new").iterdir()] == ["requirements.yaml"]
    # A name with a line break cannot write a line of the file.
    assert Path("new/requirements.yaml").read_text().startswith("# Imported from f .reqif.\n- id")


@pytest.mark.parametrize(
    ("content", "options", "problem"),
    [
        ("<!DOCTYPE a><a/>", (), "f.reqif:1: expected no document type, got a DOCTYPE\n"),
        ("x", (), "f.reqif:1: expected XML, got: syntax error\n"),
        (None, (), "f.reqif: expected a readable file, got No such file or directory\n"),
        ("<a/>", ("--area=a-b",), "--area: expected capitals and digits such as REQ, got 'a-b'\n"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(
    content: str | None,
    options: tuple[str, ...],
    problem: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 2, and no file is made."""
    if content is not None:
        Path("f.reqif").write_text(content)
    assert main(["import", "f.reqif", "--out=new", *options]) == 2
    assert capsys.readouterr().err == problem
    assert not Path("new").exists()
