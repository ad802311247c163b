"""The picture of a recording: true millimetres, what it says, and what it refuses."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib.image import imread

from afib.drawing import Drawing
from afib.errors import RecordError
from afib.evidence import Evidence
from afib.explained import Explained
from afib.records import Recording
from afib.strip import LONGEST_S, strip
from nnassure.attribution import METHODS
from tests.support.decisions import DECISION
from vericase.report.drawing import safe_drawing
from verification.pictured import is_true, says_all

if TYPE_CHECKING:
    from collections.abc import Callable

SVG = "{http://www.w3.org/2000/svg}"
PAPER = {
    "mm_in_s": 25,
    "mm_in_mv": 10,
    "reach_mv": 3,
    "row_s": 10,
    "lane_mm": 5,
    "tolerance_mm": 0.05,
}


def explained(
    duration_s: float = 24.0, *, peak_mv: float = 1.0, weights: float = 1.0, label: str | None = "N"
) -> Explained:
    """Spikes of *peak_mv* each second, and evidence that first argues for AFib."""
    samples = round(duration_s * 300)
    signal = np.zeros(samples)
    signal[150::300] = peak_mv
    course = weights * np.sin(np.arange(round(duration_s * 60)) / 60 * 2 * np.pi / duration_s)
    return Explained(
        recording=Recording.of(
            name="A00001", signal_mv=signal, rate_hz=300.0, origin="A00001.hea", label=label
        ),
        decision=DECISION,
        method="grad-cam",
        evidence=Evidence(weights=course, empty=not course.any()),
        evidence_hz=60.0,
        peaks_s=np.arange(0.5, duration_s, 1.0),
    )


def parsed(drawing: Drawing) -> ET.Element:
    """The SVG as a tree."""
    return ET.fromstring(drawing.svg())  # noqa: S314  what our own code wrote


def texts(drawing: Drawing) -> list[str]:
    """All text of the SVG, in its order."""
    return [each.text or "" for each in parsed(drawing).iter(f"{SVG}text")]


def paths(drawing: Drawing) -> list[tuple[str, str | None, list[tuple[float, float]]]]:
    """Fill, stroke and places of each path that has one line."""
    found = []
    for each in parsed(drawing).iter(f"{SVG}path"):
        for line in each.attrib["d"].removesuffix("Z").split("M")[1:]:
            places = [tuple(map(float, pair.split())) for pair in line.split("L")]
            fill, stroke = each.attrib["fill"], each.attrib.get("stroke")
            found.append((fill, stroke, [(x, y) for x, y in places]))
    return found


def test_millimetres_are_true() -> None:
    """A second is 25 mm and a millivolt 10 mm, wherever a row begins."""
    drawing = strip(explained())
    assert is_true(drawing.svg().decode(), explained(), PAPER)
    # The spikes: of the trace, the highest place of each.
    baseline = {}
    for fill, stroke, places in paths(drawing):
        # What is neither paper nor pulse nor the line of a lane.
        if fill == "none" and stroke not in {"#f6d9d9", "#e9a8a8", "#1a1a1a", "#5c5c5c"}:
            for (x, y), (_, before) in zip(places[1:], places, strict=False):
                if before - y > 5:
                    baseline[round(x, 1), round(y, 1)] = before - y
    assert len(baseline) == 24
    assert set(np.round(list(baseline.values()), 2)) == {10.0}
    first_row = sorted(x for x, y in baseline if y < 60)
    np.testing.assert_allclose(np.diff(first_row), 25.0, atol=0.11)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda one: replace(one, recording=other(one, 2.0)),
        lambda one: replace(one, recording=other(one, -1.0)),
        lambda one: replace(one, evidence=Evidence(weights=-one.evidence.weights, empty=False)),
        lambda one: replace(one, evidence=Evidence(weights=one.evidence.weights**3, empty=False)),
        lambda one: replace(one, peaks_s=one.peaks_s[1:]),
        lambda one: replace(one, peaks_s=one.peaks_s + 0.1),
    ],
    ids=["gain", "polarity", "sign", "course", "a beat less", "beats moved"],
)
def test_a_picture_of_something_else_is_noticed(wrong: Callable[[Explained], Explained]) -> None:
    """Another gain, polarity, evidence or beats; the other way round as well."""
    one = explained()
    assert is_true(strip(one).svg().decode(), one, PAPER)
    assert not is_true(strip(wrong(one)).svg().decode(), one, PAPER)
    assert not is_true("", one, PAPER)


@pytest.mark.parametrize("change", [("mm_in_s", 50), ("mm_in_mv", 5), ("lane_mm", 2), ("row_s", 5)])
def test_a_picture_of_another_scale_is_noticed(change: tuple[str, float]) -> None:
    """In time, in voltage, in evidence, and in the length of a row."""
    one = explained()
    assert not is_true(strip(one).svg().decode(), one, PAPER | dict([change]))


@pytest.mark.parametrize("rate_hz", [299.97, 299.9997, 62.4725, 128.0, 50.07, 977.0])
@pytest.mark.parametrize("rows", [1, 3])
def test_a_rate_that_is_not_whole_draws_no_row_too_many(rate_hz: float, rows: int) -> None:
    """Ten or thirty seconds, give or take a sample: every sample is drawn, and no empty row."""
    for more in (-1, 0, 1):
        samples = round(10 * rows * rate_hz) + more
        signal = np.sin(np.arange(samples) / rate_hz * 7)
        one = explained(samples / rate_hz)
        made = Recording.of(name="A00001", signal_mv=signal, rate_hz=rate_hz, origin="A")
        assert is_true(
            strip(replace(one, recording=made)).svg().decode(), replace(one, recording=made), PAPER
        )


class Mutant(Drawing):
    """A drawing that draws something else."""

    def kind(self, colour: str, points: list[list[tuple[float, float]]]) -> str:
        """What the lines are of."""
        paper = {"#f6d9d9": "fine", "#e9a8a8": "coarse", "#1a1a1a": "pulse", "#5c5c5c": "lane"}
        assert points
        return paper.get(colour, "trace")


def turned(colour: str) -> str:
    """Orange for blue."""
    return f"#{colour[5:7]}{colour[3:5]}{colour[1:3]}"


def down(points: list[list[tuple[float, float]]]) -> list[list[tuple[float, float]]]:
    """Lines without those that run across."""
    return [line for line in points if line[0][1] != line[-1][1]]


LINES: dict[str, Callable[..., tuple[Any, str, float] | None]] = {
    "colours of the trace turned": lambda kind, points, colour, width: (
        (points, turned(colour) if kind == "trace" else colour, width)
    ),
    "no colour": lambda kind, points, colour, width: (
        (points, "#464646" if kind == "trace" else colour, width)
    ),
    "no trace to see": lambda kind, points, colour, width: (
        (points, colour, 0.0 if kind == "trace" else width)
    ),
    "no lines across": lambda kind, points, colour, width: (
        (down(points) if kind in {"fine", "coarse"} else points, colour, width)
    ),
    "every other line across": lambda kind, points, colour, width: (
        (
            down(points) + [line for line in points if line not in down(points)][::2]
            if kind == "fine"
            else points,
            colour,
            width,
        )
    ),
    "no bold lines": lambda kind, points, colour, width: (
        (points, "#f6d9d9" if kind == "coarse" else colour, width)
    ),
}
Placed = tuple[float, float, str]


def in_one_place(x: float, y: float, text: str) -> Placed:
    """All intervals at the same place."""
    return (40.0, 30.0, text) if text == "1000" else (x, y, text)


def a_beat_late(x: float, y: float, text: str) -> Placed:
    """Every interval over the next one."""
    return (x + 25, y, text) if text == "1000" else (x, y, text)


def swapped(x: float, y: float, text: str) -> Placed:
    """What stands beside a lane."""
    return x, y, {"AFib": "normal", "normal": "AFib"}.get(text, text)


def mistimed(x: float, y: float, text: str) -> Placed:
    """The second row is said to begin elsewhere."""
    return x, y, {"10 s": "11 s"}.get(text, text)


def unchanged(x: float, y: float, text: str) -> Placed:
    """As it is."""
    return x, y, text


TEXTS = {each.__name__: each for each in (in_one_place, a_beat_late, swapped, mistimed)}


@pytest.mark.parametrize("mutation", [*LINES, *TEXTS, "lanes end half way"])
def test_a_picture_drawn_wrongly_is_noticed(mutation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours, paper, intervals, words, times, and courses that end too early."""

    class Wrong(Mutant):
        def lines(self, points: Any, *, colour: str, width_mm: float) -> None:  # noqa: ANN401  places
            change = LINES.get(mutation)
            if change is not None:
                made = change(self.kind(colour, points), points, colour, width_mm)
                assert made is not None
                points, colour, width_mm = made
            super().lines(points, colour=colour, width_mm=width_mm)

        def area(self, points: Any, *, colour: str) -> None:  # noqa: ANN401  places
            if mutation == "lanes end half way" and len(points) > 3:
                points = [*points[: len(points) // 2], (points[len(points) // 2][0], points[0][1])]
            super().area(points, colour=colour)

        def text(self, x: float, y: float, text: str, **look: Any) -> None:  # noqa: ANN401  a look
            x, y, text = TEXTS.get(mutation, unchanged)(x, y, text)
            super().text(x, y, text, **look)

    one = explained()
    assert is_true(strip(one).svg().decode(), one, PAPER)
    monkeypatch.setattr("afib.strip.Drawing", Wrong)
    assert not is_true(strip(one).svg().decode(), one, PAPER)


def other(one: Explained, gain: float) -> Recording:
    """The recording of *one*, so many times as large."""
    recording = one.recording
    return Recording.of(
        name=recording.name,
        signal_mv=recording.signal_mv * gain,
        rate_hz=recording.rate_hz,
        origin=recording.origin,
        label=recording.label,
    )


def test_it_says_what_was_decided() -> None:
    """Rhythm, label, probability, set, strangeness, intervals, method and limits."""
    told = " ".join(texts(strip(explained())))
    line = {
        **{name: getattr(DECISION, name) for name in ("record", "rhythm", "reason", "alpha")},
        **{
            name: getattr(DECISION, name)
            for name in ("probability_afib", "ood_score", "ood_threshold")
        },
        "prediction_set": ["normal", "AFib"],
        "model_digest": DECISION.model_digest,
    }
    assert says_all(strip(explained()).svg().decode(), line)
    for words in ("labelled normal", "P(AFib) 0.987", "alpha 0.02: normal or AFib", "1000"):
        assert words in told
    assert not says_all(strip(explained()).svg().decode(), line | {"rhythm": "normal"})
    for wrong in ({"probability_afib": 0.5}, {"ood_threshold": 99.0}, {"alpha": 0.1}):
        assert not says_all(strip(explained()).svg().decode(), line | wrong)
    assert "labelled" not in " ".join(texts(strip(explained(label=None))))


def test_it_says_why_nothing_was_decided() -> None:
    """An abstention stands where the rhythm would; numbers that are not there are not shown."""
    silent = replace(
        DECISION,
        rhythm=None,
        abstained=True,
        reason="too short",
        probability_afib=None,
        prediction_set=None,
        ood_score=None,
    )
    told = texts(strip(replace(explained(2.0), decision=silent)))
    assert told[0] == "A00001 · abstained: too short · labelled normal"
    assert not any("P(AFib)" in each or "ruled out" in each for each in told)


def test_evidence_is_above_for_afib_and_below_for_normal() -> None:
    """By place as well as by colour; an empty map is said to be empty."""
    areas = {fill: places for fill, _, places in paths(strip(explained(8.0))) if len(places) > 100}
    above, below = areas["#d55e00"], areas["#005fb9"]
    line = above[0][1]
    assert min(y for _, y in above) < line - 4
    assert max(y for _, y in above) == line
    assert max(y for _, y in below) > line + 4
    assert min(y for _, y in below) == line
    empty = " ".join(texts(strip(explained(weights=0.0))))
    assert "Evidence by Grad-CAM is empty: no sample argues for either rhythm" in empty


def test_what_is_too_tall_is_cut_and_told() -> None:
    """Within 3 mV; what is smaller is drawn whole."""
    assert "cut at 3 mV" in " ".join(texts(strip(explained(peak_mv=7.0))))
    assert "cut at" not in " ".join(texts(strip(explained(peak_mv=2.9))))


def test_too_long_a_recording_is_refused() -> None:
    """Nobody prints an hour."""
    assert strip(explained(LONGEST_S)).height_mm > 1000
    with pytest.raises(RecordError, match=r"expected at most 300 s for one picture, got 301\.000"):
        strip(explained(LONGEST_S + 1))


def test_both_forms_are_of_one_size_and_the_same_each_time() -> None:
    """SVG that a report takes as it is, and PNG of 150 dots an inch."""
    drawing = strip(explained())
    svg, png = drawing.svg(), drawing.png()
    assert safe_drawing(svg) is not None
    assert (svg, png) == (strip(explained()).svg(), strip(explained()).png())
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    assert width == pytest.approx(drawing.width_mm / 25.4 * 150, abs=1)
    assert height == pytest.approx(drawing.height_mm / 25.4 * 150, abs=1)


def test_a_name_stays_text() -> None:
    """Markup, formulas and line breaks in a name draw nothing of their own."""
    hostile = 'x"><script>alert(1)</script>&\n$\\frac{1}{0}$'
    named = Recording.of(
        name=hostile, signal_mv=np.sin(np.arange(900) / 9), rate_hz=300.0, origin="x"
    )
    drawing = strip(replace(explained(3.0), recording=named))
    assert safe_drawing(drawing.svg()) is not None
    assert "<script" not in drawing.svg().decode()
    assert texts(drawing)[0].startswith('x"><script>alert(1)</script>&?$')
    assert drawing.png().startswith(b"\x89PNG")


@pytest.mark.parametrize("method", METHODS)
def test_no_line_runs_out_of_the_picture(method: str) -> None:
    """Neither of a decision nor of an abstention, with the longest that can be said."""
    refused = replace(
        DECISION,
        rhythm=None,
        abstained=True,
        reason="the prediction set rules out the rhythm that the threshold calls",
        prediction_set=("normal", "AFib"),
    )
    for decision in (DECISION, refused):
        shown = replace(explained(weights=1.2345e-10), method=method, decision=decision)
        pixels = imread(io.BytesIO(strip(shown).png()))
        assert (pixels[:, :2, :3] == 1).all()
        assert (pixels[:, -2:, :3] == 1).all()
