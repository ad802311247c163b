"""The page as HTML."""

from tests.support.tracing import REHEARSED, a_log, a_requirement, a_set, everything_shown
from vericase.evidence import EvidenceLog
from vericase.gate import decide
from vericase.matrix import trace
from vericase.report.html import render
from vericase.report.page import page
from vericase.requirement import RequirementSet


def html_of(log: EvidenceLog, requirements: RequirementSet | None = None) -> str:
    """The report of *log*."""
    matrix = trace(requirements or a_set(), log)
    return render(page(matrix, decide(matrix), {}))


def test_the_same_page_gives_the_same_bytes() -> None:
    """Nothing of the clock or of chance is in the report."""
    assert html_of(everything_shown(a_set())) == html_of(everything_shown(a_set()))


def test_the_first_words_are_the_decision() -> None:
    """The title and the first line of the page say what was decided."""
    for log, word in (
        (everything_shown(a_set()), "RELEASED"),
        (a_log(), "BLOCKED"),
        (everything_shown(a_set(), subjects=[REHEARSED]), "REHEARSAL, nothing is released: "),
    ):
        text = html_of(log)
        assert f"<title>{word}" in text
        assert f'<p class="state">{word}' in text


def test_a_rehearsal_carries_its_banner() -> None:
    """The page of a rehearsal says that these data release nothing, and which they are."""
    rehearsal = html_of(everything_shown(a_set(), subjects=[REHEARSED]))
    assert "These data release nothing." in rehearsal
    assert "“made up”" in rehearsal
    assert "These data release nothing." not in html_of(everything_shown(a_set()))


def test_a_run_that_did_not_end_says_so() -> None:
    """The page of an unfinished run cannot be taken for a whole one."""
    assert "The run did not end." in html_of(a_log(finished=False))


def test_markup_in_a_field_is_shown_as_text() -> None:
    """What a field holds is escaped, and template words in it are not evaluated."""
    title = "<b>&\"'{{ 7 * 7 }}{% raw %}\x1b[2J"
    text = html_of(a_log(), a_set(a_requirement(title=title)))
    assert "&lt;b&gt;&amp;&#34;&#39;{{ 7 * 7 }}{% raw %}\\x1b[2J" in text
    assert title not in text
