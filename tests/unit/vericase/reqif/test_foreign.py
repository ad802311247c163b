"""Requirements of other tools: drafts, and every loss is told."""

from pathlib import Path

import pytest

from tests.support.reqif_files import foreign_reqif, spec_object, spec_relation
from vericase.errors import RequirementError
from vericase.reqif import Imported, read_reqif
from vericase.requirement import Status

#: As DOORS names them, and as Polarion does.
DOORS = ("ReqIF.ForeignID", "ReqIF.ChapterName", "ReqIF.Text", "Priority", "Rationale")
POLARION = ("ID", "Title", "Description", "Severity")


def read(folder: Path, *objects: str, links: str = "", **options: str) -> Imported:
    """What is read of a file with these objects."""
    names = (*DOORS, *POLARION, "Beschreibung")
    path = foreign_reqif(folder / "f.reqif", *objects, links=links, names=names)
    return read_reqif(path, **options)


def test_requirements_of_doors_become_drafts(tmp_path: Path) -> None:
    """Text, heading and rationale are carried over, the number stays findable."""
    found = read(
        tmp_path,
        spec_object("_a", ReqIF__ForeignID="1", ReqIF__ChapterName="Alarms"),
        spec_object(
            "_b",
            ReqIF__ForeignID="2",
            ReqIF__Text="<xhtml:div>The pump shall <xhtml:b>stop</xhtml:b>.</xhtml:div>",
            Rationale="Air harms.",
            Priority="high",
        ),
    )
    (draft,) = found.requirements
    assert (draft.id, draft.status, draft.criteria) == ("REQ-001", Status.DRAFT, ())
    assert (draft.title, draft.statement) == ("The pump shall stop.", "The pump shall stop.")
    assert (draft.rationale, draft.references) == ("Air harms.", ("f.reqif: 2",))
    assert found.remarks == (
        "not carried over: a heading (1)",
        "not carried over: the attribute 'Priority' (1)",
    )


def test_requirements_of_polarion_become_drafts(tmp_path: Path) -> None:
    """An id of our form is kept, and a missing rationale is said to be missing."""
    text = "<xhtml:div>The pump shall stop.</xhtml:div>"
    found = read(
        tmp_path,
        spec_object("_a", ID="PUMP-017", Title="Stops", Description=text),
        area="PUMP",
        category="tool",
    )
    (draft,) = found.requirements
    assert (draft.id, draft.title, draft.category) == ("PUMP-017", "Stops", "tool")
    assert draft.rationale == "The file that it was imported from gives none."
    assert found.remarks == ()


def test_ids_are_made_around_those_that_are_taken(tmp_path: Path) -> None:
    """Wherever an id of our form stands, and each once."""
    found = read(
        tmp_path,
        spec_object("_a", ID="1", Description="a"),
        spec_object("_b", "REQ-001", Description="b"),
        spec_object("REQ-002", ID="REQ-001", Description="c"),
        spec_object("_d", ID="req-003", Description="d"),
    )
    assert [(r.statement, r.id) for r in found.requirements] == [
        ("a", "REQ-003"),
        ("b", "REQ-001"),
        ("c", "REQ-002"),
        ("d", "REQ-004"),
    ]


def test_links_that_run_upward_become_parents(tmp_path: Path) -> None:
    """Other kinds, and links out of the file, are told."""
    found = read(
        tmp_path,
        spec_object("_a", Description="a"),
        spec_object("_b", Description="b"),
        links=2 * spec_relation("_b", "_a")
        + spec_relation("_a", "_b", "verifies")
        + spec_relation("_a", "_gone"),
    )
    assert [r.parents for r in found.requirements] == [(), ("REQ-001",)]
    assert found.remarks == (
        "not carried over: a link of the kind 'verifies' (1)",
        "not carried over: a link of the kind 'satisfies' (1)",
    )


def test_links_in_a_circle_are_left_out(tmp_path: Path) -> None:
    """Which of them is wrong cannot be told."""
    found = read(
        tmp_path,
        spec_object("_a", Description="a"),
        spec_object("_b", Description="b"),
        links=spec_relation("_b", "_a") + spec_relation("_a", "_b"),
    )
    assert [r.parents for r in found.requirements] == [(), ()]
    assert found.remarks == ("not carried over: a link, since together they run in a circle (2)",)


def test_controls_and_pictures_are_told(tmp_path: Path) -> None:
    """What cannot be carried is written as its escape, or named."""
    picture = '<xhtml:div>a\u202e<xhtml:object data="a.png" type="image/png"/></xhtml:div>'
    found = read(tmp_path, spec_object("_a", Description=picture, Title="t"))
    assert found.requirements[0].statement == "a\\u202e"
    assert found.remarks == (
        "not carried over: a control character, which is written as its escape (1)",
        "not carried over: a picture or an attached file (1)",
    )


def test_a_long_text_gives_a_short_title(tmp_path: Path) -> None:
    """Cut between words, of the first line alone."""
    text = "The pump shall stop within a second of any air that is found.\nAnd tell."
    found = read(tmp_path, spec_object("_a", Description=text))
    assert found.requirements[0].title == "The pump shall stop within a second of any air that is"
    found = read(tmp_path, spec_object("_a", Description="x" * 99))
    assert found.requirements[0].title == "x" * 60


def test_the_attribute_with_the_text_can_be_named(tmp_path: Path) -> None:
    """Without it nothing is found, and the sentence says which there are."""
    wanted = spec_object("_a", Beschreibung="Die Pumpe hält.", Title="Hält")
    with pytest.raises(RequirementError) as caught:
        read(tmp_path, wanted)
    (problem,) = caught.value.problems
    assert problem == (
        f"{tmp_path}/f.reqif: expected requirements with a text in ReqIF.Text or the like, got "
        "the attributes Beschreibung, Title; name the one that holds it with --statement"
    )
    found = read(tmp_path, wanted, statement="beschreibung")
    assert found.requirements[0].statement == "Die Pumpe hält."


def test_a_file_without_objects_holds_no_requirements(tmp_path: Path) -> None:
    """An empty import would look like a success."""
    with pytest.raises(RequirementError, match=r"a text in ReqIF\.Text or the like, got none$"):
        read(tmp_path)
