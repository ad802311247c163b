"""XML from outside: what could hang, fetch or fill the memory is refused with a sentence."""

from pathlib import Path

import pytest

from vericase.errors import RequirementError
from vericase.reqif import tree
from vericase.reqif.tree import MAX_BYTES, MAX_DEPTH, Element, read_xml


def root_of(folder: Path, content: str | bytes) -> Element:
    """The root of a file with *content*."""
    path = folder / "f.reqif"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_xml(path, "f.reqif")


BOMB = '<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;&b;">]><a>&d;</a>'
FETCHED = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (BOMB, "f.reqif:1: expected no document type, got a DOCTYPE"),
        (FETCHED, "f.reqif:1: expected no document type, got a DOCTYPE"),
        (
            f'<?xml version="1.0" encoding="utf-16"?>\n{BOMB}'.encode("utf-16"),
            "f.reqif:2: expected no document type, got a DOCTYPE",
        ),
        ("\n<!DOCTYPE a><a/>", "f.reqif:2: expected no document type, got a DOCTYPE"),
        ("", "f.reqif:1: expected XML, got: no element found"),
        ("id,text\nA-1,x\n", "f.reqif:1: expected XML, got: syntax error"),
        ("<a>\n<b></a>", "f.reqif:2: expected XML, got: mismatched tag"),
        ("<a>&amp;&x;</a>", "f.reqif:1: expected XML, got: undefined entity"),
        ("<a>\x00</a>", "f.reqif:1: expected XML, got: not well-formed (invalid token)"),
        (b"<a>\xff</a>", "f.reqif:1: expected XML, got: not well-formed (invalid token)"),
        (
            b'<?xml version="1.0" encoding="no-such"?><a/>',
            "f.reqif:1: expected XML in UTF-8 or UTF-16, got another encoding",
        ),
        (b"PK\x03\x04", "f.reqif: expected XML, got an archive; unpack the .reqif in it"),
        (
            "<a>" * (MAX_DEPTH + 1),
            f"f.reqif:1: expected at most {MAX_DEPTH} levels of nesting, got more",
        ),
    ],
)
def test_what_is_not_plain_xml_is_refused(
    tmp_path: Path, content: str | bytes, problem: str
) -> None:
    """One sentence, at its line; nothing is expanded or fetched before."""
    with pytest.raises(RequirementError) as caught:
        root_of(tmp_path, content)
    assert caught.value.problems == (problem,)


def test_a_file_over_the_cap_is_refused(tmp_path: Path) -> None:
    """Before a byte of it is parsed."""
    with (tmp_path / "f.reqif").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(RequirementError, match=f"expected at most {MAX_BYTES} bytes, got more"):
        read_xml(tmp_path / "f.reqif", "f.reqif")


def test_too_many_elements_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file can hold a million of them."""
    monkeypatch.setattr(tree, "MAX_ELEMENTS", 3)
    assert root_of(tmp_path, "<a><b/><b/></a>").name == "a"
    with pytest.raises(
        RequirementError, match=r"f\.reqif:1: expected at most 3 elements, got more"
    ):
        root_of(tmp_path, "<a><b/><b/><b/></a>")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """And a folder is no file."""
    with pytest.raises(RequirementError, match="f: expected a readable file, got No such file"):
        read_xml(tmp_path / "f", "f")
    with pytest.raises(RequirementError, match="f: expected a readable file, got Is a directory"):
        read_xml(tmp_path, "f")


def test_elements_know_their_name_line_and_text(tmp_path: Path) -> None:
    """Names of ReqIF are bare, whatever the prefix in the file."""
    root = root_of(
        tmp_path,
        '<r:A xmlns:r="http://www.omg.org/spec/ReqIF/20110401/reqif.xsd"'
        ' xmlns:h="http://www.w3.org/1999/xhtml">\n<r:B C="1">x<h:p>y</h:p> z</r:B></r:A>',
    )
    (found,) = root.below("B")
    assert (root.name, found.name, found.line, found.attributes) == ("A", "B", 2, {"C": "1"})
    assert found.text == "x z"
    assert [each.name for each in root.all("xhtml:p")] == ["xhtml:p"]
