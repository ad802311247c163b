"""An attached SVG stands in the page only if it does nothing but draw."""

import re

import pytest

from vericase.report.drawing import described, safe_drawing

PLAIN = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10" role="img">'
    "<title>A line</title>"
    '<g transform="translate(1,2)" class="mark">'
    '<path d="M0 0 L1.5,-2e3" fill="none" stroke="#0b57a4" stroke-dasharray="4 2"/>'
    '<text x="1" y="2" text-anchor="middle" font-size="3">50 % &lt; x &amp; y</text>'
    "</g></svg>"
)


def drawn(inside: str = "", attributes: str = "") -> str | None:
    """What is left of a drawing with *inside* and *attributes*."""
    markup = f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}>{inside}</svg>'
    return safe_drawing(markup.encode())


def test_a_plain_drawing_is_let_through() -> None:
    """Shapes, words and numbers come out as markup without a namespace."""
    assert safe_drawing(PLAIN.encode()) == (
        '<svg viewBox="0 0 10 10" role="img"><title>A line</title>'
        '<g transform="translate(1,2)" class="mark">'
        '<path d="M0 0 L1.5,-2e3" fill="none" stroke="#0b57a4" stroke-dasharray="4 2" />'
        '<text x="1" y="2" text-anchor="middle" font-size="3">50 % &lt; x &amp; y</text>'
        "</g></svg>"
    )


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        "<style>*{display:none}</style>",
        '<a href="https://example.org"><text>x</text></a>',
        '<image href="https://example.org/x.png"/>',
        '<use href="#x"/>',
        "<foreignObject><p>x</p></foreignObject>",
        '<animate attributeName="x"/>',
        '<set attributeName="onload" to="alert(1)"/>',
        '<h:script xmlns:h="http://www.w3.org/1999/xhtml">alert(1)</h:script>',
        '<p xmlns="http://www.w3.org/1999/xhtml">x</p>',
        "<unknown/>",
        "<g><g><script/></g></g>",
        "<!-- a remark -->",
        "<![CDATA[<script>]]>",
        "<?php x ?>",
        "&#60;script&#62;",
        "&unknown;",
    ],
)
def test_an_element_that_does_more_than_draw_keeps_the_drawing_out(inside: str) -> None:
    """Scripts, styles, links, foreign content, remarks and references are refused."""
    assert drawn(inside) is None


@pytest.mark.parametrize(
    "attributes",
    [
        'onload="alert(1)"',
        'style="position:fixed"',
        'id="main"',
        'href="x"',
        'xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="x"',
        'xml:base="https://example.org"',
        'fill="url(#x)"',
        'fill="URL(#x)"',
        'fill="javascript:alert(1)"',
        'class="a;b"',
        'transform="x&quot;y"',
        'd="M0 0 &lt;script&gt;"',
    ],
)
def test_an_attribute_that_does_more_than_draw_keeps_the_drawing_out(attributes: str) -> None:
    """Handlers, styles, names, links and addresses are refused."""
    assert drawn("", attributes) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a drawing",
        b"<svg>",
        b"<svg/>",
        b"<html/>",
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        b'<!DOCTYPE svg [<!ENTITY e "x">]><svg xmlns="http://www.w3.org/2000/svg">&e;</svg>',
        b"\xff\xfe<svg/>",
        b"\x89PNG\r\n",
    ],
)
def test_what_is_no_plain_drawing_is_kept_out(content: bytes) -> None:
    """Other files, declarations and entities are refused."""
    assert safe_drawing(content) is None


def test_another_encoding_does_not_carry_entities_past_the_check() -> None:
    """A drawing in UTF-16 hides its declarations from a look at the bytes; it is refused."""
    hidden = (
        '<!DOCTYPE svg [<!ENTITY e "expanded">]>'
        '<svg xmlns="http://www.w3.org/2000/svg"><text>&e;</text></svg>'
    )
    assert safe_drawing(hidden.encode("utf-16")) is None


def test_a_drawing_has_a_size_limit() -> None:
    """A drawing of a mebibyte is shown, and one byte more is not."""
    frame = len(b'<svg xmlns="http://www.w3.org/2000/svg" ></svg>')
    assert drawn(" " * ((1 << 20) - frame)) is not None
    assert drawn(" " * ((1 << 20) - frame + 1)) is None


@pytest.mark.parametrize(
    ("markup", "title", "words"),
    [
        ("<svg><title>ROC</title><text>1</text><text> 2 </text></svg>", "ROC", "1, 2"),
        ("<svg><desc>All of it.</desc><text>1</text></svg>", "", "All of it."),
        ("<svg><text><tspan>a</tspan>b</text><text/></svg>", "", "ab"),
        ("<svg><path/></svg>", "", ""),
    ],
)
def test_a_drawing_is_told_in_words(markup: str, title: str, words: str) -> None:
    """Its description, or else everything written in it; a role as an image hides nothing."""
    told = described(markup, "f7")
    assert (told.title, told.words) == (title, words)
    assert told.markup.startswith('<svg role="img" aria-describedby="f7">')


def test_a_drawing_is_an_image_whatever_it_says_it_is() -> None:
    """A role that hides it from whoever does not see is not kept."""
    told = described('<svg role="presentation"><text>1</text></svg>', "f1")
    assert told.markup == '<svg role="img" aria-describedby="f1"><text>1</text></svg>'


@pytest.mark.parametrize(
    ("box", "width"),
    [("0 0 744 1014", "744"), ("0 0 500 90", ""), ("0 0 inf 9", ""), ("744", "")],
)
def test_a_drawing_too_wide_for_a_column_gets_its_own_size(box: str, width: str) -> None:
    """One whose width cannot be read stands in a column."""
    told = described(f'<svg viewBox="{box}"><text>1</text></svg>', "f1")
    assert told.wide is bool(width)
    assert re.findall('width="(.*?)"', told.markup) == [width][: bool(width)]
