"""A ReqIF document as objects with named values, in the order of its specifications."""

from pathlib import Path

import pytest

from tests.support.reqif_files import foreign_reqif, spec_object, spec_relation
from vericase.errors import RequirementError
from vericase.reqif.document import Link, read_document

TEXT = "ReqIF.Text"
PARAGRAPHS = (
    "<xhtml:div><xhtml:p>a</xhtml:p>\n<xhtml:p>b <xhtml:b>c</xhtml:b></xhtml:p></xhtml:div>"
)
LISTED = "<xhtml:div><xhtml:ul><xhtml:li>a</xhtml:li><xhtml:li>b</xhtml:li></xhtml:ul></xhtml:div>"


def text_of(folder: Path, xhtml: str) -> str:
    """What is read of one value."""
    path = foreign_reqif(folder / "f.reqif", spec_object("_1", ReqIF__Text=xhtml), names=(TEXT,))
    return read_document(path, "f.reqif").objects[0].values[TEXT]


@pytest.mark.parametrize(
    ("xhtml", "text"),
    [
        ("<xhtml:div>a  b\n c</xhtml:div>", "a b c"),
        ("<xhtml:div>a<xhtml:br/>b</xhtml:div>", "a\nb"),
        (PARAGRAPHS, "a\nb c"),
        (LISTED, "- a\n- b"),
        ("<xhtml:div><xhtml:pre>  a\n   b</xhtml:pre></xhtml:div>", "  a\n   b"),
        ("<xhtml:div>a &lt;b&gt; &amp;amp;</xhtml:div>", "a <b> &amp;"),
        ("<xhtml:div/>", ""),
    ],
)
def test_xhtml_is_read_as_a_browser_shows_it(tmp_path: Path, xhtml: str, text: str) -> None:
    """A block is a line, white space folds, and markup that was escaped stays text."""
    assert text_of(tmp_path, xhtml) == text


def test_a_picture_is_noticed(tmp_path: Path) -> None:
    """It is lost, and whoever reads the object can tell."""
    picture = '<xhtml:div><xhtml:object data="a.png" type="image/png">a</xhtml:object></xhtml:div>'
    path = foreign_reqif(
        tmp_path / "f.reqif",
        spec_object("_1", ReqIF__Text=picture),
        spec_object("_2", ReqIF__Text="<xhtml:div>b</xhtml:div>"),
        names=(TEXT,),
    )
    found = read_document(path, "f.reqif").objects
    assert [each.pictured for each in found] == [True, False]


def test_objects_come_in_the_order_of_their_places(tmp_path: Path) -> None:
    """As a reader of the specification meets them; those without a place come last."""
    places = "".join(
        f'<SPEC-HIERARCHY IDENTIFIER="h{name}" LAST-CHANGE="2026-01-01T00:00:00Z"><OBJECT>'
        f"<SPEC-OBJECT-REF>{name}</SPEC-OBJECT-REF></OBJECT></SPEC-HIERARCHY>"
        for name in ("_3", "_1", "_3", "_9")
    )
    path = foreign_reqif(
        tmp_path / "f.reqif", *(spec_object(f"_{i}") for i in (1, 2, 3)), places=places
    )
    found = read_document(path, "f.reqif").objects
    assert [each.identifier for each in found] == ["_3", "_1", "_2"]


def test_what_a_value_refers_to_is_resolved(tmp_path: Path) -> None:
    """Enumerations give the names of their values, and a default stands where nothing does."""
    path = tmp_path / "f.reqif"
    path.write_text(
        '<REQ-IF xmlns="http://www.omg.org/spec/ReqIF/20110401/reqif.xsd"><CORE-CONTENT>'
        "<REQ-IF-CONTENT><DATATYPES>"
        '<DATATYPE-DEFINITION-ENUMERATION IDENTIFIER="d"><SPECIFIED-VALUES>'
        '<ENUM-VALUE IDENTIFIER="v1" LONG-NAME="high"/><ENUM-VALUE IDENTIFIER="v2"/>'
        "</SPECIFIED-VALUES></DATATYPE-DEFINITION-ENUMERATION></DATATYPES>"
        '<SPEC-TYPES><SPEC-OBJECT-TYPE IDENTIFIER="t" LONG-NAME="Kind"><SPEC-ATTRIBUTES>'
        '<ATTRIBUTE-DEFINITION-ENUMERATION IDENTIFIER="a" LONG-NAME="Priority"/>'
        '<ATTRIBUTE-DEFINITION-STRING IDENTIFIER="b" LONG-NAME="State"><DEFAULT-VALUE>'
        '<ATTRIBUTE-VALUE-STRING THE-VALUE="new"/></DEFAULT-VALUE></ATTRIBUTE-DEFINITION-STRING>'
        "</SPEC-ATTRIBUTES></SPEC-OBJECT-TYPE></SPEC-TYPES>"
        '<SPEC-OBJECTS><SPEC-OBJECT IDENTIFIER="o"><TYPE><R>t</R></TYPE><VALUES>'
        "<ATTRIBUTE-VALUE-ENUMERATION><DEFINITION><R>a</R></DEFINITION><VALUES>"
        "<ENUM-VALUE-REF>v1</ENUM-VALUE-REF><ENUM-VALUE-REF>v2</ENUM-VALUE-REF>"
        "</VALUES></ATTRIBUTE-VALUE-ENUMERATION>"
        '<ATTRIBUTE-VALUE-INTEGER THE-VALUE="7"><DEFINITION><R>gone</R></DEFINITION>'
        "</ATTRIBUTE-VALUE-INTEGER></VALUES></SPEC-OBJECT></SPEC-OBJECTS>"
        "</REQ-IF-CONTENT></CORE-CONTENT></REQ-IF>",
        encoding="utf-8",
    )
    (found,) = read_document(path, "f.reqif").objects
    assert found.kind == "Kind"
    assert found.values == {"Priority": "high, v2", "State": "new", "gone": "7"}


def test_links_name_their_kind_and_ends(tmp_path: Path) -> None:
    """From the source to the target."""
    path = foreign_reqif(tmp_path / "f.reqif", links=spec_relation("_1", "_2"))
    links = read_document(path, "f.reqif").links
    assert links == (Link(kind="satisfies", source="_1", target="_2"),)


def test_an_identifier_stands_once(tmp_path: Path) -> None:
    """Which of two objects a link means could not be told."""
    path = foreign_reqif(tmp_path / "f.reqif", *[spec_object("_1")] * 2, spec_object(""))
    with pytest.raises(RequirementError) as caught:
        read_document(path, "f.reqif")
    assert caught.value.problems == (
        "f.reqif:1: expected an identifier of its own, got '_1'",
        "f.reqif:1: expected an identifier of its own, got ''",
    )


@pytest.mark.parametrize("root", ["html", 'RIF xmlns="http://automotive-his.de/schema/rif"'])
def test_another_root_is_told(tmp_path: Path, root: str) -> None:
    """RIF, which came before ReqIF, and any other XML are no ReqIF."""
    (tmp_path / "f.reqif").write_text(f"\n<{root}/>")
    name = root.partition(" ")[0]
    with pytest.raises(RequirementError) as caught:
        read_document(tmp_path / "f.reqif", "f.reqif")
    assert caught.value.problems == (f"f.reqif:2: expected the root REQ-IF of ReqIF, got {name}",)
