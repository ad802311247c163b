"""Decisions for people, for programs and for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from afib.decision import Decision
from afib.errors import RecordError
from afib.screening import FORMS

if TYPE_CHECKING:
    from collections.abc import Iterator

DECIDED = Decision(
    record="A00001",
    duration_s=30.0,
    rhythm="AFib",
    probability_afib=0.98765,
    prediction_set=None,
    alpha=None,
    ood_score=None,
    ood_threshold=None,
    abstained=False,
    reason=None,
    model_digest="ab" * 32,
)
REFUSED = replace(
    DECIDED,
    record="A00002",
    duration_s=6.67,
    rhythm=None,
    probability_afib=None,
    abstained=True,
    reason="too short: 6.6 s of at least 9 s",
)
UNREAD = RecordError("A00003", "A00003.hea: expected a header, got none", "and more")
#: The keys that others rely on, in their order.
KEYS = [
    *("record", "duration_s", "rhythm", "probability_afib", "prediction_set"),
    *("alpha", "ood_score", "ood_threshold", "abstained", "reason", "model_digest"),
]


def shown(form: str, *results: Decision | RecordError) -> str:
    """What a form makes of *results*."""
    out = io.StringIO()
    FORMS[form](results, out)
    return out.getvalue()


def rows(*results: Decision | RecordError) -> list[dict[str, str]]:
    """What a spreadsheet reads from the CSV form."""
    return list(csv.DictReader(io.StringIO(shown("csv", *results))))


def test_there_are_three_forms() -> None:
    """The command offers these by name."""
    assert list(FORMS) == ["table", "json", "csv"]


def test_json_is_one_object_a_line() -> None:
    """Every field is there, in order, null where there is nothing to say."""
    first, second = shown("json", DECIDED, replace(DECIDED, record="B")).splitlines()
    assert list(json.loads(first)) == KEYS
    assert json.loads(first) == {
        "record": "A00001",
        "duration_s": 30.0,
        "rhythm": "AFib",
        "probability_afib": 0.98765,
        "prediction_set": None,
        "alpha": None,
        "ood_score": None,
        "ood_threshold": None,
        "abstained": False,
        "reason": None,
        "model_digest": "ab" * 32,
    }
    assert json.loads(second)["record"] == "B"


def test_json_of_an_abstention_has_no_rhythm() -> None:
    """The rhythm is null exactly when the device abstained, and the reason is told."""
    line = json.loads(shown("json", REFUSED))
    assert (line["rhythm"], line["abstained"], line["reason"]) == (
        None,
        True,
        "too short: 6.6 s of at least 9 s",
    )


def test_json_of_an_unreadable_record_is_an_error() -> None:
    """Its only keys are the record and what is wrong, all of it on one line."""
    assert json.loads(shown("json", UNREAD)) == {
        "record": "A00003",
        "error": "A00003.hea: expected a header, got none; and more",
    }


def test_json_lists_a_prediction_set() -> None:
    """A set is a list, also an empty one."""
    both = replace(DECIDED, prediction_set=("AFib", "normal"))
    assert json.loads(shown("json", both))["prediction_set"] == ["AFib", "normal"]
    none = replace(DECIDED, prediction_set=())
    assert json.loads(shown("json", none))["prediction_set"] == []


@pytest.mark.parametrize("name", ["Müller", "心房", "a\nb", "\udcff", "\u2028"])
def test_json_carries_any_name_in_plain_characters(name: str) -> None:
    """A name that no terminal can show does not stop the run, and is read back as it was."""
    text = shown("json", replace(DECIDED, record=name))
    assert text.isascii()
    assert text.count("\n") == 1
    assert json.loads(text)["record"] == name


@pytest.mark.parametrize("form", ["json", "table"])
def test_a_decision_is_shown_as_soon_as_it_is_known(form: str) -> None:
    """A reader who follows the output does not wait for the last recording."""
    out = io.StringIO()
    seen: list[bool] = []

    def results() -> Iterator[Decision | RecordError]:
        yield DECIDED
        seen.append("A00001" in out.getvalue())
        yield UNREAD
        seen.append("A00003" in out.getvalue())

    FORMS[form](results(), out)
    assert seen == [True, True]


def test_the_table_is_a_line_a_record_and_a_count() -> None:
    """Rhythm, abstention and error read alike; the last lines count, warn, and tell of sets."""
    whole = replace(
        DECIDED, prediction_set=("normal", "AFib"), alpha=0.1, ood_score=1.25, ood_threshold=2.0
    )
    assert shown("table", whole, REFUSED, UNREAD) == (
        "record           seconds  decision    P(AFib)   strange  "
        "not ruled out, or why not decided\n"
        "A00001              30.0  AFib         0.9877     -0.75  normal or AFib\n"
        "A00002               6.7  abstained                      "
        "too short: 6.6 s of at least 9 s\n"
        "A00003                    not read                       "
        "A00003.hea: expected a header, got none; and more\n"
        "1 AFib, 0 normal, 1 abstained, 1 not read. "
        "Not for diagnostic use: review every decision.\n"
        "Above 0, a recording is too strange to decide.\n"
        "What is not ruled out holds the true rhythm in 90 % of recordings of each rhythm "
        "like those of calibration, in the mean over many recordings and calibrations, "
        "never for one patient.\n"
    )


@pytest.mark.parametrize("name", ["x\nA00009  30.0  normal", "x\x1b[2J", "x\rA00001", "x\u2028y"])
def test_a_name_cannot_write_a_line_of_its_own(name: str) -> None:
    """Line breaks and escapes in a name are shown, not obeyed."""
    lines = shown("table", replace(DECIDED, record=name)).splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("x\\")


def test_csv_is_a_header_and_a_row_a_record() -> None:
    """The columns are the keys of JSON and the error; what is null is empty."""
    assert shown("csv", DECIDED, UNREAD).splitlines() == [
        ",".join([*KEYS, "error"]),
        f"A00001,30.0,AFib,0.98765,,,,,False,,{'ab' * 32},",
        'A00003,,,,,,,,,,,"A00003.hea: expected a header, got none; and more"',
    ]


def test_csv_joins_a_prediction_set() -> None:
    """A set is one cell with its rhythms in it."""
    (row,) = rows(replace(DECIDED, prediction_set=("AFib", "normal")))
    assert row["prediction_set"] == "AFib normal"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff20"])
def test_no_cell_of_csv_is_a_formula(start: str) -> None:
    """What a spreadsheet would compute stands behind an apostrophe, in every column of text."""
    text = f'{start}HYPERLINK("https://example.org")'
    assert rows(replace(DECIDED, record=text, reason=text))[0] | {"duration_s": ""} == {
        **dict.fromkeys([*KEYS, "error"], ""),
        "record": f"'{text}",
        "rhythm": "AFib",
        "probability_afib": "0.98765",
        "abstained": "False",
        "reason": f"'{text}",
        "model_digest": "ab" * 32,
    }
    (row,) = rows(RecordError(text, text))
    assert (row["record"], row["error"]) == (f"'{text}", f"'{text}")


def test_csv_keeps_other_text_as_it_is() -> None:
    """Commas, quotes, line breaks and signs inside a name come back unchanged."""
    for name in ("a,b", 'a"b', "a\nb", "a=b", "1-2"):
        assert rows(replace(DECIDED, record=name))[0]["record"] == name


@pytest.mark.parametrize(("form", "lines"), [("table", 2), ("json", 0), ("csv", 1)])
def test_no_results_are_a_header_at_most(form: str, lines: int) -> None:
    """Of nothing there are no decisions; the table still counts them."""
    assert len(shown(form).splitlines()) == lines
    assert "0 AFib, 0 normal, 0 abstained, 0 not read." in shown("table")
