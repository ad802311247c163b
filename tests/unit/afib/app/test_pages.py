"""Pages to keep: they say what was decided and said, load nothing, and take no name for markup."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from afib.app.desk import Desk, Window
from afib.app.judgements import Judgement
from afib.app.pages import Governed, decided_word, report, summary
from tests.support.decisions import DECISION
from tests.support.recordings import recording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afib.app.desk import Opened
    from afib.decision import Decision

HOSTILE = "</td><script>alert(1)</script><img src=http://evil.example/x onerror=a()>&amp;\"'"
ABSTAINED = replace(DECISION, rhythm=None, abstained=True, reason="too short", prediction_set=())
GOVERNED = Governed(
    model="ab" * 32, requirements="cd" * 32, release="released", told="RELEASED: all", speaks=True
)
NO_PROOFS: dict[str, Any] = {"asked": 0, "answered": 0, "answers": []}


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Where recordings are opened."""
    desk = Desk(None)
    with closing(desk):
        yield desk


class Read(HTMLParser):
    """A page as a browser takes it apart."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Its name and those of its attributes."""
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """What is read."""
        self.text += f"{data} "


def decided(desk: Desk, decision: Decision | None = DECISION, name: str = "A00001") -> Opened:
    """A recording on which the device says something."""
    problem = None if decision else "not decided here"
    opened = desk.open(recording(name, seed=len(name)))
    return replace(opened, decision=decision, problem=problem)


def said(opened: Opened, **changes: Any) -> Judgement:  # noqa: ANN401  fields of a judgement
    """What a reviewer said of a recording."""
    return Judgement(
        **{
            "record": opened.recording.name,
            "record_digest": opened.recording.digest,
            "model_digest": "ab" * 32,
            "decided": decided_word(opened),
            "verdict": "corrected",
            "rhythm": "normal",
            "reviewer": "Dr A",
            "comment": "P waves",
            "made_at": "2025-01-02T03:04:05+00:00",
        }
        | changes
    )


def reported(
    opened: Opened,
    *judgements: Judgement,
    governed: Governed = GOVERNED,
    proofs: dict[str, Any] = NO_PROOFS,
) -> str:
    """The report of a recording."""
    return report(
        opened, strip="<svg></svg>", governed=governed, judgements=judgements, proofs=proofs
    )


def summed(opened: list[Opened], *judgements: Judgement, governed: Governed = GOVERNED) -> str:
    """The summary of a session."""
    return summary(opened, governed=governed, judgements=judgements, at="2025-01-02 03:04 UTC")


def test_a_report_says_what_was_decided_and_said(desk: Desk) -> None:
    """Rhythm, probability, set, strangeness, samples, judgements, model, and what it is not for."""
    opened = decided(desk)
    told = Read(reported(opened, said(opened))).text
    for words in (
        "A00001: AFib",
        "10.00 s at 300 Hz",
        recording(seed=6).digest,
        "0.987",
        "not ruled out at alpha 0.02",
        "normal or AFib (holds for many recordings",
        "-0.50; abstains above 2.25",
        "2025-01-02T03:04:05+00:00 Dr A corrected normal P waves",
        "Not for diagnostic use: a qualified person reviews every decision.",
        f"Model {'ab' * 32} · requirements {'cd' * 32} · released: RELEASED: all",
    ):
        assert words in told
    assert "not released" not in told
    assert "None yet." in Read(reported(opened)).text


def test_a_report_says_why_nothing_was_decided(desk: Desk) -> None:
    """An abstention stands where the rhythm would, and so does silence."""
    told = Read(reported(decided(desk, ABSTAINED))).text
    assert "A00001: abstained: too short" in told
    assert "neither (holds" in told
    silent = decided(desk, None)
    windows = [
        Window(start_s=30.0 * k, end_s=30.0 * k + 30, decision=each)
        for k, each in enumerate((DECISION, None, DECISION, ABSTAINED))
    ]
    told = Read(reported(replace(silent, windows=windows, windows_in_all=9))).text
    assert "A00001: not decided" in told
    assert "not decided not decided here" in told
    assert "windows, 4 of 9 decided 2 AFib, 1 " in told
    assert "P(AFib)" not in told


def test_a_report_tells_what_is_proven(desk: Desk) -> None:
    """Proven, attacked, nothing or why not; and that stable is not correct."""
    sizes = {"shown": "each sample", "unit": "µV", "up_to": 100.0, "is_at_end": False}
    answers = [
        sizes | {"proven": 12.3456, "turned": 45.678},
        sizes | {"proven": None, "turned": None},
        sizes | {"proven": 100.0, "turned": None, "is_at_end": True},
        {"shown": "gain", "unit": "%", "problem": "broken off"},
    ]
    told = Read(
        reported(decided(desk), proofs={"asked": 4, "answered": 4, "answers": answers})
    ).text
    for words in (
        "proven up to ±12.3 µV; an attack was found at 45.7 µV (asked up to 100 µV)",
        "nothing proven; no attack found (asked up to 100 µV)",
        "proven up to ±100 µV, the largest asked about",
        "gain broken off",
        "Proven stable does not mean correct",
    ):
        assert words in told
    assert "Proven stable" not in Read(reported(decided(desk))).text


@pytest.mark.parametrize(
    ("speaks", "words"), [(True, "It was started all the same."), (False, "It decides nothing.")]
)
def test_pages_of_an_unreleased_model_say_so(desk: Desk, *, speaks: bool, words: str) -> None:
    """First of all, and in both."""
    governed = replace(GOVERNED, release="blocked", told="BLOCKED: OOD-002.", speaks=speaks)
    banner = f"This model is not released (blocked). BLOCKED: OOD-002. {words}"
    opened = decided(desk)
    for page in (reported(opened, governed=governed), summed([opened], governed=governed)):
        assert banner in Read(page).text
        assert page.index('class="refused"') < page.index('class="caution"')
    for page in (reported(opened), summed([opened])):
        assert 'class="refused"' not in page


def test_a_summary_counts(desk: Desk) -> None:
    """What the device said, and what reviewers said of what is open; the last word is shown."""
    opened = [
        decided(desk, DECISION, "one"),
        decided(desk, replace(DECISION, rhythm="normal"), "second"),
        decided(desk, ABSTAINED, "three"),
        decided(desk, None, "four"),
    ]
    elsewhere = said(opened[0], record_digest="of another session", reviewer="Nobody")
    told = Read(
        summed(
            opened,
            said(opened[0]),
            said(opened[0], verdict="confirmed", rhythm="AFib"),
            said(opened[1], verdict="flagged", rhythm=None, reviewer="Dr B"),
            said(opened[2]),
            elsewhere,
        )
    ).text
    for words in (
        "Session of 2025-01-02 03:04 UTC",
        "4 recordings: 1 AFib, 1 normal, 1 abstained, 1 not decided.",
        "4 judgements of them: 1 agree with the device, 0 do not, 1 where it abstained, ",
        "0 where it said nothing, 1 flagged.",
        "one 10.0 AFib 0.987 confirmed: AFib (Dr A)",
        "second 10.0 normal 0.987 flagged: - (Dr B)",
        "three 10.0 abstained 0.987 too short corrected: normal (Dr A)",
        "not decided here",
    ):
        assert words in told
    assert "Nobody" not in told


def test_an_empty_session_is_a_page_too() -> None:
    """It counts nothing."""
    told = Read(summed([])).text
    assert "0 recordings: 0 AFib, 0 normal, 0 abstained, 0 not decided." in told


def test_what_others_wrote_stays_text(desk: Desk) -> None:
    """Names, reasons, comments, reviewers and headlines that are markup are read, not done."""
    hostile = replace(ABSTAINED, reason=HOSTILE)
    opened = replace(decided(desk, hostile, HOSTILE), problem=HOSTILE)
    judged = said(opened, reviewer=HOSTILE, comment=HOSTILE)
    governed = replace(GOVERNED, release="foreign", told=HOSTILE, requirements=HOSTILE)
    proofs = {"answers": [{"shown": HOSTILE, "unit": "", "problem": HOSTILE}]}
    plain = Read(reported(decided(desk), said(decided(desk)), proofs=proofs))
    for page, times in (
        (reported(opened, judged, governed=governed, proofs=proofs), 10),
        (summed([opened], judged, governed=governed), 5),
    ):
        read = Read(page)
        assert read.text.count(HOSTILE) >= times
        assert read.names <= plain.names | {"thead", "tbody"}
        assert read.attributes <= {"lang", "charset", "name", "content", "class"}


def test_pages_load_nothing(desk: Desk) -> None:
    """No address, no script and no frame stands in them."""
    opened = decided(desk)
    for page in (reported(opened, said(opened)), summed([opened], said(opened))):
        read = Read(page)
        assert not read.names & {"script", "link", "img", "iframe", "object", "a", "base"}
        assert not any(word in page for word in ("http", "url(", "@import", "src=", "href"))
