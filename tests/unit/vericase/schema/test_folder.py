"""A folder of requirement files as one requirement set."""

import gc
from pathlib import Path

import pytest

from tests.support.documents import (
    criterion_record,
    hazard_record,
    requirement_record,
    write_records,
)
from vericase.errors import RequirementError
from vericase.requirement import IntendedUse, Status
from vericase.schema import load_requirements

USE = {
    "user": "A nurse",
    "population": "Adults",
    "input": "A reading",
    "output": "A warning",
    "prohibited_use": ["Alone"],
}


def problems_of(folder: Path) -> list[str]:
    """Every problem that loading *folder* tells, without the name of the folder."""
    with pytest.raises(RequirementError) as caught:
        load_requirements(folder)
    return [problem.replace(f"{folder}/", "") for problem in caught.value.problems]


def test_files_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    """Requirements of all files form one set, whatever the system lists first."""
    write_records(tmp_path, "z.yaml", [requirement_record("Z-001")])
    write_records(tmp_path, "a.yml", [requirement_record("B-001"), requirement_record("A-001")])
    requirements = load_requirements(tmp_path)
    assert [r.id for r in requirements] == ["B-001", "A-001", "Z-001"]
    assert str(requirements.requirements[1].source) == f"{tmp_path / 'a.yml'}:3"


def test_reserved_names_have_schemas_of_their_own(tmp_path: Path) -> None:
    """Hazards and the intended use are read from the files that are named for them."""
    write_records(tmp_path, "r.yaml", [requirement_record(hazards=["HAZ-001"])])
    write_records(tmp_path, "hazards.yaml", [hazard_record()])
    write_records(tmp_path, "intended-use.yaml", USE)
    requirements = load_requirements(tmp_path)
    assert [hazard.id for hazard in requirements.hazards] == ["HAZ-001"]
    assert requirements.intended_use == IntendedUse(
        user="A nurse",
        population="Adults",
        input="A reading",
        output="A warning",
        prohibited_use=("Alone",),
    )


def test_requirements_speak_of_known_sources_alone(tmp_path: Path) -> None:
    """A slip in the name of a source would take a requirement out of force."""
    criterion: dict[str, object] = {"id": "ROB-001.1", "measurand": "share", "relation": ">="}
    criterion |= {"threshold": {"clinik": 0.9, "ward": 0.8}, "applies_to": ["hom"]}
    demanded = requirement_record(applies_to=["clinc", "ward"], acceptance=[criterion])
    write_records(tmp_path, "r.yaml", [demanded])
    write_records(tmp_path, "intended-use.yaml", USE)
    assert load_requirements(tmp_path).by_id()["ROB-001"].applies_to == ("clinc", "ward")
    write_records(tmp_path, "intended-use.yaml", USE | {"data_sources": ["clinic", "ward", "home"]})
    places = {
        "applies_to": ("clinc", "clinic"),
        "acceptance[ROB-001.1].applies_to": ("hom", "home"),
        "acceptance[ROB-001.1].threshold": ("clinik", "clinic"),
    }
    assert problems_of(tmp_path) == [
        f"r.yaml:2: ROB-001.{place}: expected one of the data_sources of intended-use.yaml, "
        f"got {slip!r}; did you mean {meant!r}?"
        for place, (slip, meant) in places.items()
    ]


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    """A README beside the requirements is no requirement."""
    write_records(tmp_path, "r.yaml", [requirement_record()])
    (tmp_path / "README.md").write_text("- id: no")
    assert len(load_requirements(tmp_path).requirements) == 1


@pytest.mark.parametrize("name", ["deeper/more.yaml", "MORE.YAML", "more.Yml"])
def test_a_file_that_would_be_passed_over_is_refused(tmp_path: Path, name: str) -> None:
    """Requirements in a folder below, or under an ending in capitals, are not lost unseen."""
    write_records(tmp_path, "r.yaml", [requirement_record()])
    path = tmp_path / name
    write_records(path.parent, path.name, [requirement_record("ROB-002")])
    assert len(problems_of(tmp_path)) == 1
    assert problems_of(tmp_path)[0].startswith(f"{name}: expected requirement files as *.yaml in ")


def test_an_empty_folder_is_an_empty_set(tmp_path: Path) -> None:
    """No files are no requirements; the gate says what it makes of that."""
    assert load_requirements(tmp_path).requirements == ()


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    """Whoever names no folder is told how to name one."""
    with pytest.raises(RequirementError) as caught:
        load_requirements(tmp_path / "gone")
    assert str(caught.value) == (
        f"{tmp_path / 'gone'}: expected a folder of requirement files, got nothing there; "
        "name it with --requirements"
    )


def test_every_problem_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    """One run shows all there is to mend, with file and line."""
    write_records(tmp_path, "a.yaml", [requirement_record(status="aproved", titel="x")])
    write_records(tmp_path, "b.yaml", [requirement_record("ROB-002", method=None)])
    (tmp_path / "c.yaml").write_text("a: [1\n")
    (tmp_path / "d.yaml").write_bytes(b"\xff")
    (tmp_path / "e.yaml").write_text("")
    write_records(tmp_path, "f.yaml", {"id": "ROB-003"})
    write_records(tmp_path, "hazards.yaml", [hazard_record(severity="bad")])
    told = problems_of(tmp_path)
    assert [problem.split(": expected", 1)[0] for problem in told] == [
        "a.yaml:2: $[0].status",
        "a.yaml:2: $[0]",
        "b.yaml:2: $[0].method",
        "c.yaml:2",
        "d.yaml",
        "e.yaml",
        "f.yaml:1: $",
        "hazards.yaml:2: $[0].severity",
    ]


@pytest.mark.parametrize(
    ("records", "other", "problem"),
    [
        (
            [requirement_record(), requirement_record(title="Again")],
            [],
            "a.yaml:3: expected an id of its own, got ROB-001 again (a.yaml:2)",
        ),
        (
            [requirement_record()],
            [requirement_record(acceptance=None, method="inspection")],
            "b.yaml:2: expected an id of its own, got ROB-001 again (a.yaml:2)",
        ),
    ],
)
def test_an_id_is_used_once(
    tmp_path: Path, records: list[object], other: list[object], problem: str
) -> None:
    """An id twice, in one file or in two, is told with both places."""
    write_records(tmp_path, "a.yaml", records)
    write_records(tmp_path, "b.yaml", other)
    assert problem in problems_of(tmp_path)


def test_ids_of_hazards_and_criteria_are_their_own_too(tmp_path: Path) -> None:
    """A hazard cannot share the id of a requirement, nor two criteria one id."""
    criteria = [criterion_record("ROB-001.1"), criterion_record("ROB-001.1", measurand="other")]
    write_records(tmp_path, "a.yaml", [requirement_record(acceptance=criteria)])
    write_records(tmp_path, "hazards.yaml", [hazard_record("ROB-001")])
    assert problems_of(tmp_path) == [
        "hazards.yaml:2: expected an id of its own, got ROB-001 again (a.yaml:2)",
        "a.yaml:2: expected an id of its own, got ROB-001.1 again (a.yaml:2)",
    ]


def test_links_lead_to_what_exists(tmp_path: Path) -> None:
    """An unknown parent or hazard is told with the nearest known one."""
    write_records(
        tmp_path, "a.yaml", [requirement_record(parents=["ROB-0O1"], hazards=["HAZ-010"])]
    )
    write_records(tmp_path, "hazards.yaml", [hazard_record()])
    assert problems_of(tmp_path) == [
        ("a.yaml:2: ROB-001.parents: expected a known id, got 'ROB-0O1'; did you mean 'ROB-001'?"),
        ("a.yaml:2: ROB-001.hazards: expected a known id, got 'HAZ-010'; did you mean 'HAZ-001'?"),
    ]


def test_nothing_in_force_rests_on_what_is_retired(tmp_path: Path) -> None:
    """An approved requirement under a retired parent is told; a draft may still move."""
    retired = requirement_record("NET-001", status="retired")
    write_records(tmp_path, "a.yaml", [retired, requirement_record(parents=["NET-001"])])
    assert problems_of(tmp_path) == [
        "a.yaml:3: ROB-001.parents: expected a requirement in force, got NET-001, which is retired"
    ]
    draft = requirement_record(parents=["NET-001"], status="draft")
    write_records(tmp_path, "a.yaml", [retired, draft])
    assert load_requirements(tmp_path).by_id()["ROB-001"].status is Status.DRAFT


@pytest.mark.parametrize(
    ("links", "ring"),
    [
        ({"ROB-001": ["ROB-001"]}, {"ROB-001"}),
        (
            {"ROB-001": ["ROB-002"], "ROB-002": ["ROB-003"], "ROB-003": ["ROB-001"]},
            {"ROB-001", "ROB-002", "ROB-003"},
        ),
    ],
)
def test_links_lead_upward_and_never_round(
    tmp_path: Path, links: dict[str, list[str]], ring: set[str]
) -> None:
    """A requirement cannot be its own ancestor; the ring is told."""
    write_records(
        tmp_path, "a.yaml", [requirement_record(name, parents=up) for name, up in links.items()]
    )
    told = problems_of(tmp_path)
    assert len(told) == 1
    place, _, shown = told[0].partition(": expected no cycle, got ")
    assert place.endswith(".parents")
    assert set(shown.split(" -> ")) == ring


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_left_as_it_was_found(tmp_path: Path, *, enabled: bool) -> None:
    """Loading switches the garbage collector off for speed, and back as it was."""
    write_records(tmp_path, "bad.yaml", [{}])
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with pytest.raises(RequirementError):
            load_requirements(tmp_path)
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()


def test_a_hopeless_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    """Millions of problems would take minutes and memory, and nobody reads them."""
    (tmp_path / "r.yaml").write_text("- x\n" * 20_000)
    problems = problems_of(tmp_path)
    assert len(problems) == 10_002
    assert problems[-1] == (
        "r.yaml:10002: $[10001]: expected a file that can be mended, "
        "got over 10000 problems so far; the rest was not read"
    )


def test_the_first_slips_alone_have_hints(tmp_path: Path) -> None:
    """Each hint looks through every known name, which thousands of slips would multiply."""
    slips = [f"ROB-{number:03d}" for number in range(2, 102)]
    write_records(tmp_path, "r.yaml", [requirement_record(parents=slips)])
    problems = problems_of(tmp_path)
    assert len(problems) == 100
    assert sum("did you mean 'ROB-001'?" in problem for problem in problems) == 20
