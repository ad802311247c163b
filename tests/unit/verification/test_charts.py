"""The figures of the report draw what was counted, and nothing but drawings."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from nnassure.errors import ShapeError
from vericase.report.drawing import safe_drawing
from verification.charts import certified_curve, confusion_matrix, roc

if TYPE_CHECKING:
    from nnassure.arrays import BoolArray, FloatArray

#: Of four AFib three are called, of six normal one is.
IS_AFIB = np.array([True] * 4 + [False] * 6)
CALLED = np.array([True, True, True, False, True] + [False] * 5)
SCORES = np.array([5, 4, 3, -1, 1, -2, -3, -4, -5, -6], dtype=np.float32)
#: Where the axes of the ROC curve lie: x at 0 and 1, y at 0 and 1.
LEFT, RIGHT, BOTTOM, TOP = 50.0, 370.0, 345.0, 35.0


def drawing(svg: str) -> ET.Element[str]:
    """The drawing as the report lets it through."""
    markup = safe_drawing(svg.encode())
    assert markup is not None
    return ET.fromstring(markup)  # noqa: S314  what the report itself made of our own drawing


def words(svg: str) -> list[str]:
    """Every text in the drawing."""
    return [element.text or "" for element in drawing(svg).iter("text")]


def cells(called: BoolArray, is_afib: BoolArray) -> list[tuple[str, str, str]]:
    """Kind, count and share of each cell of a confusion matrix, by row."""
    svg = confusion_matrix(called, is_afib)
    kinds = [box.attrib["class"] for box in drawing(svg).iter("rect")]
    texts = [text for text in words(svg) if "called" not in text and not text.endswith(")")]
    return list(zip(kinds, texts[::2], texts[1::2], strict=True))


def curve(scores: FloatArray, is_afib: BoolArray) -> list[tuple[float, float]]:
    """The points of a ROC curve as false alarm rate and sensitivity."""
    (line,) = drawing(roc(scores, is_afib, 0.0)).iter("polyline")
    pairs = (point.split(",") for point in line.attrib["points"].split())
    return [((float(x) - LEFT) / (RIGHT - LEFT), (BOTTOM - float(y)) / 310) for x, y in pairs]


def test_a_confusion_matrix_shows_counts_and_shares_of_the_row() -> None:
    """Found and missed AFib above, false alarms and cleared normal rhythm below."""
    assert cells(CALLED, IS_AFIB) == [
        ("good", "3", "75.0% of AFib"),
        ("bad", "1", "25.0% of AFib"),
        ("bad", "1", "16.7% of normal"),
        ("good", "5", "83.3% of normal"),
    ]


def test_a_confusion_matrix_names_rows_and_columns() -> None:
    """Each row says how many recordings it has, each column what was called."""
    texts = words(confusion_matrix(CALLED, IS_AFIB))
    assert [text for text in texts if text.startswith("called")] == ["called AFib", "called normal"]
    assert [text for text in texts if text.endswith(")")] == ["AFib (4)", "normal (6)"]


def test_a_row_without_recordings_has_no_share() -> None:
    """Nothing is divided by nothing."""
    assert cells(CALLED[4:], IS_AFIB[4:])[:2] == [
        ("good", "0", "no recordings of AFib"),
        ("bad", "0", "no recordings of AFib"),
    ]


def test_the_curve_goes_through_every_score() -> None:
    """From nothing called to all called, sensitivity against false alarms."""
    expected = [(0, 0), (0, 0.25), (0, 0.5), (0, 0.75), (1 / 6, 0.75), (1 / 6, 1), (1 / 3, 1)]
    points = curve(SCORES, IS_AFIB)
    np.testing.assert_allclose(points[:7], expected, atol=1e-3)
    assert points[-1] == (1, 1)
    assert all(x1 <= x2 and y1 <= y2 for (x1, y1), (x2, y2) in pairwise(points))


@pytest.mark.parametrize(
    ("threshold", "false_alarms", "sensitivity"), [(0.0, 1 / 6, 0.75), (2.0, 0, 0.75), (-9, 1, 1)]
)
def test_the_dot_is_the_threshold_in_use(
    threshold: float, false_alarms: float, sensitivity: float
) -> None:
    """It lies at the rates of the calls that this threshold makes."""
    (dot,) = drawing(roc(SCORES, IS_AFIB, threshold)).iter("circle")
    assert float(dot.attrib["cx"]) == pytest.approx(LEFT + 320 * false_alarms, abs=0.06)
    assert float(dot.attrib["cy"]) == pytest.approx(BOTTOM - 310 * sensitivity, abs=0.06)


def test_the_curve_says_its_area_and_how_many_recordings() -> None:
    """23 of the 24 pairs of an AFib and a normal recording stand in order: 23/24 = 0.9583."""
    texts = words(roc(SCORES, IS_AFIB, 0.0))
    assert "area 0.9583" in texts
    assert "sensitivity; 4 AFib, 6 normal" in texts


@pytest.mark.parametrize("axis", [("x1", LEFT), ("x1", RIGHT), ("y1", BOTTOM), ("y1", TOP)])
def test_the_axes_run_from_nothing_to_all(axis: tuple[str, float]) -> None:
    """The grid has a line at both ends of both axes."""
    name, place = axis
    lines = drawing(roc(SCORES, IS_AFIB, 0.0)).iter("line")
    assert place in [float(line.attrib[name]) for line in lines]


def test_the_curve_says_what_its_marks_are() -> None:
    """The dot and the dashed diagonal, along which chance lies, are explained in the drawing."""
    svg = roc(SCORES, IS_AFIB, 0.0)
    (chance,) = (line for line in drawing(svg).iter("line") if line.attrib["class"] == "axis")
    ends = [float(chance.attrib[name]) for name in ("x1", "y1", "x2", "y2")]
    assert ends == [LEFT, BOTTOM, RIGHT, TOP]
    assert chance.attrib["stroke-dasharray"] == "4 4"
    assert {"dot: decision threshold in use", "dashed: what chance gives"} <= set(words(svg))


def test_a_figure_says_in_words_what_it_draws() -> None:
    """Whoever does not see it is told the same numbers."""
    assert drawing(confusion_matrix(CALLED, IS_AFIB)).findtext("desc") == (
        "Of 4 AFib, 3 were called AFib: 75.0%. Of 4 AFib, 1 were called normal: 25.0%. "
        "Of 6 normal, 1 were called AFib: 16.7%. Of 6 normal, 5 were called normal: 83.3%."
    )
    # At 0: three of four AFib are called, and one of six normal.
    assert drawing(roc(SCORES, IS_AFIB, 0.0)).findtext("desc") == (
        "Sensitivity against false alarm rate over all thresholds; 4 AFib, 6 normal. "
        "The area under the curve is 0.9583. At the decision threshold in use the "
        "sensitivity is 0.7500 and the false alarm rate 0.1667."
    )


def test_a_curve_needs_both_rhythms() -> None:
    """Without AFib there is no curve to draw, and no drawing that looks like one."""
    with pytest.raises(ShapeError, match=r"^present: expected records with and without"):
        roc(SCORES[4:], IS_AFIB[4:], 0.0)


@pytest.mark.parametrize("svg", [confusion_matrix(CALLED, IS_AFIB), roc(SCORES, IS_AFIB, 0.0)])
def test_a_figure_has_a_title_and_brings_no_colours(svg: str) -> None:
    """A screen reader can name it, and the style sheet of the report colours it."""
    root = drawing(svg)
    assert root.attrib["role"] == "img"
    assert root.findtext("title") in {"Confusion matrix", "Receiver operating characteristic"}
    assert not [e for e in root.iter() if {"fill", "stroke", "style"} & set(e.attrib)]
    shapes = [e for e in root.iter() if e.tag not in {"svg", "title", "desc"}]
    assert all(e.attrib["class"] for e in shapes)


def test_a_curve_of_certified_shares_has_a_line_each() -> None:
    """Points lie where radius and share are, names stand beside, and values are read out."""
    shares = {"AFib proven": [1.0, 1.0, 0.5, 0.25], "AFib not attacked": [1.0, 1.0, 0.75, 0.5]}
    svg = certified_curve([0.0, 0.01, 0.02, 0.04], shares, "at the recorder's end, 4 with AFib")
    lines = [
        [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
        for line in drawing(svg).iter("polyline")
    ]
    found = [[((x - LEFT) / 320, (BOTTOM - y) / 310) for x, y in line] for line in lines]
    for line, values in zip(found, shares.values(), strict=True):
        np.testing.assert_allclose(
            line, list(zip([0, 0.25, 0.5, 1.0], values, strict=True)), atol=1e-3
        )
    assert set(shares) <= set(words(svg))
    assert {"0", "10", "20", "40", "radius in uV"} <= set(words(svg))
    assert "at the recorder's end, 4 with AFib" in words(svg)
    # The report takes no entities but those that XML cannot do without.
    assert safe_drawing(svg.encode()) is not None
    dashes = {line.attrib.get("stroke-dasharray") for line in drawing(svg).iter("polyline")}
    assert len(dashes) == len(shares)
    (told,) = (element.text or "" for element in drawing(svg).iter("desc"))
    assert "AFib proven: 1.000 at 0 uV, 1.000 at 10 uV, 0.500 at 20 uV, 0.250 at 40 uV." in told
