"""What readers of the report rely on: it is valid, reachable by keyboard and machine, and inert."""

import re
from collections import Counter
from dataclasses import fields
from itertools import pairwise

import pytest

from tests.support.pages import elements, parsed, skeleton, text_of
from tests.support.rich_reports import rich, rich_report
from tests.support.tracing import (
    CASE,
    REHEARSED,
    a_log,
    a_set,
    everything_shown,
)
from vericase.evidence import EvidenceLog
from vericase.gate import decide
from vericase.matrix import trace
from vericase.report.html import render
from vericase.report.page import page
from vericase.requirement import IntendedUse, RequirementSet
from vericase.verdict import Verdict


def small(requirements: RequirementSet, log: EvidenceLog) -> str:
    """The report on a small log."""
    matrix = trace(requirements, log)
    return render(page(matrix, decide(matrix), {}))


PAGES = {
    "rich": rich_report(),
    "released": small(a_set(), everything_shown(a_set())),
    "rehearsal": small(a_set(), everything_shown(a_set(), subjects=[REHEARSED])),
    "silent": small(a_set(), a_log()),
    "empty": small(RequirementSet(requirements=()), a_log()),
}
each_page = pytest.mark.parametrize("html", PAGES.values(), ids=PAGES)


@each_page
def test_the_page_is_valid_html(html: str) -> None:
    """A strict parser finds no error, and the language and title are stated."""
    tree = parsed(html)
    assert tree.attrib["lang"] == "en"
    assert text_of(next(elements(tree, "title")))
    assert html.startswith("<!DOCTYPE html>")


@each_page
def test_every_id_is_there_once_and_every_link_leads_to_one(html: str) -> None:
    """Links stay within the page, and none leads nowhere."""
    tree = parsed(html)
    ids = Counter(e.attrib["id"] for e in elements(tree) if "id" in e.attrib)
    assert [name for name, number in ids.items() if number > 1] == []
    links = [element.attrib["href"] for element in elements(tree, "a")]
    assert links
    assert {link for link in links if not link.startswith("#")} == set()
    assert {link for link in links if link.removeprefix("#") not in ids} == set()
    named = [
        name
        for element in elements(tree)
        for key in ("aria-labelledby", "aria-describedby", "for")
        for name in element.attrib.get(key, "").split()
    ]
    assert set(named) <= set(ids)


@each_page
def test_tables_can_be_read_without_seeing_them(html: str) -> None:
    """Every table has a caption, every header says what it is the header of."""
    tree = parsed(html)
    tables = list(elements(tree, "table"))
    assert tables
    for table in tables:
        captions = [text_of(caption) for caption in elements(table, "caption")]
        assert len(captions) == 1
        assert captions[0]
    for header in elements(tree, "th"):
        assert header.attrib.get("scope") in {"col", "row"}
        assert text_of(header)


@each_page
def test_what_is_read_on_a_narrow_screen_says_what_it_is(html: str) -> None:
    """Where cells are stacked, each is labelled with the head of its column."""
    tree = parsed(html)
    style = "".join(element.text or "" for element in elements(tree, "style"))
    labels = {
        (kind, int(number)): label
        for kind, number, label in re.findall(
            r"\.(\w+) td:nth-child\((\d+)\)::before{content:\"([^\"]+): \"}", style
        )
    }
    for table in elements(tree, "table"):
        heads = [text_of(e) for e in elements(table, "th") if e.attrib["scope"] == "col"]
        kind = table.attrib["class"]
        assert [labels[kind, number] for number in range(2, len(heads) + 1)] == heads[1:]
        assert (kind, len(heads) + 1) not in labels
        for row in elements(table, "tr"):
            cells = [e for e in row if "colspan" not in e.attrib]
            spans = [int(e.attrib["colspan"]) for e in row if "colspan" in e.attrib]
            assert len(cells) + sum(spans) == len(heads)


@each_page
def test_nothing_has_to_be_scrolled_sideways(html: str) -> None:
    """Tables fit their page: no region needs the keyboard to be read, or is cut in print."""
    tree = parsed(html)
    assert not [e for e in elements(tree) if "tabindex" in e.attrib]
    style = "".join(element.text or "" for element in elements(tree, "style"))
    assert "table-layout:fixed;width:100%" in style
    assert not re.search(r"overflow(-x)?:(auto|scroll)|min-width:\d+rem}", style)


@each_page
def test_headings_do_not_jump(html: str) -> None:
    """One first heading, and no level is left out on the way down."""
    levels = [int(match[1]) for match in re.finditer(r"<h([1-6])[ >]", html)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@each_page
def test_the_keyboard_reaches_everything(html: str) -> None:
    """There is a way past the navigation, and nothing is folded away or waits for a mouse."""
    tree = parsed(html)
    first = next(elements(tree, "a"))
    assert first.attrib["href"] == "#main"
    assert not [*elements(tree, "details"), *elements(tree, "dialog")]
    assert not [e for e in elements(tree) if any(key.startswith("on") for key in e.attrib)]


@each_page
def test_the_page_asks_nobody_for_anything(html: str) -> None:
    """No script, no frame, no image, no font and no style comes from elsewhere, or at all."""
    tree = parsed(html)
    tags = {element.tag.split("}")[-1] for element in elements(tree)}
    assert tags.isdisjoint(
        {
            *("script", "link", "iframe", "frame", "object", "embed", "applet", "base", "form"),
            *(
                "img",
                "image",
                "picture",
                "source",
                "video",
                "audio",
                "track",
                "use",
                "foreignObject",
            ),
        }
    )
    for element in elements(tree):
        assert set(element.attrib).isdisjoint(
            {
                "src",
                "srcset",
                "data",
                "action",
                "formaction",
                "poster",
                "ping",
                "background",
                "style",
            }
        )
    for style in elements(tree, "style"):
        assert not re.search(r"@import|url\(|expression\(", style.text or "", re.IGNORECASE)
    policies = [
        element.attrib["content"]
        for element in elements(tree, "meta")
        if element.attrib.get("http-equiv")
    ]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_a_picture_says_what_it_shows() -> None:
    """A drawing is an image with a title, a caption and all its words, and is there once."""
    tree = parsed(PAGES["rich"])
    (figure,) = elements(tree, "figure")
    (drawing,) = (e for e in figure.iter() if e.tag == "{http://www.w3.org/2000/svg}svg")
    assert drawing.attrib["role"] == "img"
    (words,) = (
        e for e in elements(tree) if e.attrib.get("id") == drawing.attrib["aria-describedby"]
    )
    assert text_of(words) == "50 % < x"
    (caption,) = elements(figure, "figcaption")
    assert text_of(caption) == "ROC, ROB-001.1 word roc.svg"
    assert [link.attrib["href"] for link in elements(caption, "a")] == ["#ROB-001.1"]


def test_a_verdict_is_told_in_words() -> None:
    """No verdict is shown by its colour alone."""
    tree = parsed(PAGES["rich"])
    marked = list(elements(tree, "b"))
    assert {text_of(element) for element in marked} >= {
        *(verdict.name for verdict in Verdict),
        *("not applicable", "draft", "retired"),
    }
    for element in marked:
        assert element.attrib["class"] == text_of(element).lower().replace(" ", "-")


def test_a_criterion_and_its_case_lead_to_each_other() -> None:
    """The matrix can be walked forward and backward by links."""
    tree = parsed(PAGES["rich"])
    rows = {e.attrib["id"]: e for e in elements(tree, "tr") if "id" in e.attrib}
    links = {
        name: [link.attrib["href"].removeprefix("#") for link in elements(row, "a")]
        for name, row in rows.items()
    }
    cases = {name for name in rows if re.fullmatch(r"c\d+", name)}
    assert len(cases) == 3
    forward = {(a, b) for a, found in links.items() if a not in cases for b in found if b in cases}
    backward = {(a, b) for a, found in links.items() if a in cases for b in found if "." in b}
    assert {(a, b) for b, a in backward} == forward
    assert forward == {("ROB-001.1", "c1"), ("ROB-001.2", "c1"), ("ROB-002.1", "c2")}


def test_a_requirement_names_the_cases_that_did_not_end_well() -> None:
    """An ERROR that no criterion explains is explained where it stands."""
    tree = parsed(PAGES["rich"])
    (body,) = (e for e in elements(tree, "tbody") if e.attrib.get("id") == "ROB-002")
    assert [text_of(e) for e in elements(body, "p")][3:] == ["Case c: error"]


def test_a_case_is_named_in_full() -> None:
    """Where it stands in the list it can be searched for by its id; elsewhere by its name."""
    tree = parsed(PAGES["rich"])
    (table,) = (e for e in elements(tree, "table") if e.attrib["class"] == "cases")
    heads = [text_of(e) for e in elements(table, "th") if e.attrib["scope"] != "col"]
    assert heads == ["word::a", "word::b", "word::c"]


def test_the_first_screen_says_what_is_missing() -> None:
    """Decision, drafts, what does not apply, a run that did not end: all before the tables."""
    html = PAGES["rich"]
    banner = html[html.index("<header") : html.index("</header>")]
    assert "BLOCKED" in banner
    assert "Requirement coverage: 0 of 2 in force shown" in banner
    assert "1 draft does not gate yet" in banner
    assert "1 cannot be shown on these data" in banner
    assert "The run did not end." in banner
    assert "The last run was partial." in banner


def test_the_first_screen_names_what_was_verified() -> None:
    """Each subject with its version and the beginning of its digest."""
    tree = parsed(PAGES["rich"])
    banner = text_of(next(elements(tree, "header")))
    assert "data word b2b2b2b2b2b2" in banner
    assert "word 1 a1a1a1a1a1a1" in banner


def test_a_release_speaks_of_nothing_that_blocks() -> None:
    """What is not the case is not mentioned."""
    text = text_of(parsed(PAGES["released"]))
    assert "RELEASED" in text
    assert "nothing in the way of release" in text
    for absent in ("What blocks", "cannot be shown on these data", "no date", "Design effect"):
        assert absent not in text


PAYLOADS = [
    "</script><script>alert(1)</script>",
    "</style><style>*{display:none}</style>",
    "</title><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "'><a href='javascript:alert(1)'>x</a>",
    "<!--",
    "--><iframe src=//example.org>",
    "]]><b>",
    "{{7*7}}{% include 'x' %}{# #}",
    "${7*7}<%= 7*7 %>",
    "&lt;b&gt;&amp;&#60;",
    "javascript:alert(1)",
    "<b>bold</b><table><tr><td>",
    "`onmouseover=alert(1)`",
    "a\x00b\x1b[31m\x7f\x9b",
    "\u202egnp.exe\u2066x",
    "\ufffe\U0010ffff",
    "µV ≥ 0.9 “quoted”",
    "=HYPERLINK(1)",
    "x" * 3000,
]


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: ascii(payload[:30]))
def test_text_in_any_field_is_only_text(payload: str) -> None:
    """With markup in every field the page has the same elements and attributes as without."""
    html = rich_report(payload)
    tree = parsed(html)
    plain = parsed(rich_report("plain"))
    assert [tag for tag, _ in skeleton(tree)] == [tag for tag, _ in skeleton(plain)]
    for (_, got), (_, wanted) in zip(skeleton(tree), skeleton(plain), strict=True):
        assert [name for name, _ in got] == [name for name, _ in wanted]
        changed = {name for (name, a), (_, b) in zip(got, wanted, strict=True) if a != b}
        assert changed == set()
    assert "49" not in text_of(tree) or "{{7*7}}" not in payload


@pytest.mark.parametrize("payload", [p for p in PAYLOADS if p.isprintable() and len(p) < 100])
def test_text_in_any_field_is_still_shown(payload: str) -> None:
    """Nothing is cut away: whoever wrote the text finds it, as it was written."""
    tree = parsed(rich_report(payload))
    assert text_of(tree).count(re.sub(r"\s+", " ", payload)) > 30


def test_the_payloads_reach_every_field() -> None:
    """The control: each text field of each type was filled with the payload."""
    requirements, log, _ = rich("PAYLOAD")
    filled = {
        (type(value).__name__, field.name)
        for value in (
            requirements.requirements[0],
            requirements.hazards[0],
            requirements.intended_use,
            log.cases[2],
            log.subjects[1],
        )
        if value is not None
        for field in fields(value)
        if "PAYLOAD" in str(getattr(value, field.name))
    }
    fixed = {"id", "status", "source", "parents", "hazards", "criteria", "applies_to", "depends"}
    fixed |= {"claim"}
    shown = {
        *(("Requirement", f.name) for f in fields(requirements.requirements[0])),
        *(("Hazard", f.name) for f in fields(requirements.hazards[0])),
        *(("IntendedUse", f.name) for f in fields(IntendedUse)),
    }
    assert {(kind, name) for kind, name in shown if name not in fixed} <= filled
    assert {("CaseOutcome", n) for n in ("case_id", "message", "title")} <= filled
    assert {("Subject", n) for n in ("version", "scope")} <= filled
    assert CASE not in str(log)
