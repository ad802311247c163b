"""Typed fields out of a mapping, with every problem and its place."""

from math import isfinite

import pytest

from tests.support.nodes import listed, mapped, plain, quoted
from vericase.requirement import Status
from vericase.schema.fields import Fields, describe, did_you_mean
from vericase.schema.tree import Node

#: With a Cyrillic letter in the place of the i.
LOOKS_LIKE_TITLE = "t\u0456tle"


def fields_of(**entries: Node) -> tuple[Fields, list[str]]:
    """The fields of a mapping on line 1 of f.yaml, and the list that takes its problems."""
    problems: list[str] = []
    return Fields(mapped(dict(entries)), "f.yaml", "$[0]", problems), problems


def test_a_text_is_trimmed() -> None:
    """Spaces and line ends around a text are no part of it."""
    fields, problems = fields_of(title=quoted("  Two words \n"))
    assert fields.text("title") == "Two words"
    assert problems == []


def test_a_missing_text_is_told_only_if_it_is_required() -> None:
    """What is not there and need not be is empty and no problem."""
    fields, problems = fields_of()
    assert fields.text("title", required=False) == ""
    assert problems == []
    assert fields.text("title") == ""
    assert problems == ["f.yaml:1: $[0].title: expected a value, got nothing"]


@pytest.mark.parametrize(
    "word",
    [
        *("no", "NO", "yes", "on", "Off", "true", "False", "y", "N", "null", "~"),
        *("010", "0012", "12_3", "1_000", "0x1F", "0b11", "0o17", "1e-3", "1e3", "1.5", "-7"),
        *("1:30", "95%", "0,95", ".nan", ".inf", "-.INF", "2026-01-02", "2026-01-02T10:00:00Z"),
    ],
)
def test_what_another_reader_could_take_otherwise_must_be_quoted(word: str) -> None:
    """A bare word that YAML or an eye could read as a flag, a number or a date is refused."""
    fields, problems = fields_of(title=plain(word))
    fields.text("title")
    assert problems == [f"f.yaml:1: $[0].title: expected a text; quote it: got the bare {word!r}"]
    fields, problems = fields_of(title=quoted(word))
    assert fields.text("title") == word
    assert problems == []


@pytest.mark.parametrize(
    "word", ["now", "online", "I", "Nothing", "lead 1", "3 leads", "v1.2", ">="]
)
def test_ordinary_words_need_no_quotes(word: str) -> None:
    """The rule on bare words leaves plain language alone."""
    fields, problems = fields_of(title=plain(word))
    assert (fields.text("title"), problems) == (word, [])


@pytest.mark.parametrize(
    "text", ["a\u202eb", "a\u2066b", "a\x00b", "a\x1b[31mb", "a\x7fb", "a\rb", "a\x0bb"]
)
def test_a_text_must_be_readable(text: str) -> None:
    """Characters that turn the direction or move a cursor could hide what a text says."""
    fields, problems = fields_of(statement=quoted(text))
    fields.text("statement")
    assert problems == [
        "f.yaml:1: $[0].statement: expected readable text, got a control or direction character"
    ]


@pytest.mark.parametrize(
    ("node", "got"),
    [
        (quoted("  "), "a text, got an empty one"),
        (plain(""), "a text, got an empty one"),
        (listed(), "a text, got a list"),
        (mapped({}), "a text, got a mapping"),
    ],
)
def test_what_is_no_text_is_told(node: Node, got: str) -> None:
    """An empty text, a list and a mapping are no texts."""
    fields, problems = fields_of(title=node)
    fields.text("title")
    assert problems == [f"f.yaml:1: $[0].title: expected {got}"]


def test_a_wrong_word_is_told_with_the_choices_and_the_nearest() -> None:
    """A misspelt word gets the list of what is allowed and a guess."""
    fields, problems = fields_of(status=plain("aproved", line=4))
    assert fields.word("status", tuple(Status)) == "draft"
    assert problems == [
        (
            "f.yaml:4: $[0].status: expected one of draft, approved, retired, got 'aproved'; "
            "did you mean 'approved'?"
        )
    ]


def test_texts_are_a_list_without_repetition() -> None:
    """Links are a list; a link twice, or a text in its place, is told."""
    fields, problems = fields_of(parents=listed(plain("A-001"), plain("A-001")), hazards=plain("x"))
    assert fields.texts("parents") == ("A-001", "A-001")
    assert fields.texts("hazards") == ()
    assert fields.texts("references") == ()
    assert problems == [
        "f.yaml:1: $[0].parents: expected each entry once, got A-001, A-001",
        "f.yaml:1: $[0].hazards: expected a list of texts, got x",
    ]


@pytest.mark.parametrize(
    ("text", "value"), [("0.95", 0.95), ("-3", -3.0), ("+1", 1.0), ("0", 0.0), ("10.50", 10.5)]
)
def test_plain_decimals_are_numbers(text: str, value: float) -> None:
    """A number is written as a plain decimal."""
    fields, problems = fields_of(threshold=plain(text))
    assert fields.number("threshold", isfinite, "a number") == value
    assert problems == []


@pytest.mark.parametrize(
    "text",
    [
        *("1e-3", "010", "0,95", "95%", ".5", "5.", "1_000", "0x10", ".nan", ".inf", "1:30"),
        *("yes", "", "--1", "٣", "9" * 400),
    ],
)
def test_other_spellings_are_no_numbers(text: str) -> None:
    """Exponents, octals, commas, per cent and words are refused instead of guessed."""
    fields, problems = fields_of(threshold=plain(text))
    assert fields.number("threshold", isfinite, "a number") is None
    assert len(problems) == 1
    assert problems[0].startswith("f.yaml:1: $[0].threshold: expected a number, got ")


def test_a_quoted_number_is_a_text() -> None:
    """Quotes turn a number into a text, and a text is no threshold."""
    fields, problems = fields_of(threshold=quoted("0.95"))
    assert fields.number("threshold", isfinite, "a number") is None
    assert problems == ["f.yaml:1: $[0].threshold: expected a number, got '0.95'"]


def test_a_number_out_of_range_is_told_with_the_range() -> None:
    """A confidence of 95 instead of 0.95 is told with what was wanted."""
    fields, problems = fields_of(confidence=plain("95", line=3))
    assert fields.number("confidence", lambda p: 0 < p < 1, "a number in (0, 1)") is None
    assert problems == ["f.yaml:3: $[0].confidence: expected a number in (0, 1), got 95"]


@pytest.mark.parametrize("text", ["0", "-1", "1.0", "1.5", "many", "9" * 20])
def test_a_count_is_an_integer_from_its_minimum(text: str) -> None:
    """Zero trials, half trials and absurd counts are refused."""
    fields, problems = fields_of(min_trials=plain(text))
    assert fields.integer("min_trials", 1) is None
    assert problems == [f"f.yaml:1: $[0].min_trials: expected an integer of at least 1, got {text}"]


@pytest.mark.parametrize("text", ["1", "300", "9" * 15])
def test_a_count_may_be_its_minimum_and_fifteen_digits_long(text: str) -> None:
    """The least count that is allowed is allowed, and so is the longest."""
    fields, problems = fields_of(min_trials=plain(text))
    assert (fields.integer("min_trials", 1), problems) == (int(text), [])
    fields, problems = fields_of(conditions=mapped({"seed": plain(text)}))
    assert (fields.free("conditions"), problems) == ({"seed": int(text)}, [])


def test_conditions_keep_their_kind() -> None:
    """Numbers, flags, texts, lists and mappings of them come out as what they were written."""
    fields, problems = fields_of(
        conditions=mapped(
            {
                "radius_mv": plain("0.01"),
                "steps": plain("40"),
                "signed": plain("true"),
                "lead": plain("I"),
                "version": quoted("1.10"),
                "rates": listed(plain("250"), plain("300")),
                "ball": mapped({"norm": quoted("inf")}),
            }
        )
    )
    assert fields.free("conditions") == {
        "radius_mv": 0.01,
        "steps": 40,
        "signed": True,
        "lead": "I",
        "version": "1.10",
        "rates": [250, 300],
        "ball": {"norm": "inf"},
    }
    assert problems == []
    assert fields.free("nothing") == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no", "a text; quote it: got the bare 'no'"),
        ("1e-3", "a text; quote it: got the bare '1e-3'"),
        ("010", "a text; quote it: got the bare '010'"),
        ("9" * 16, f"an integer of at most 15 digits, got {'9' * 16}"),
        ("9" * 5000, f"an integer of at most 15 digits, got {'9' * 37}..."),
        ("9" * 400 + ".5", f"a number that a float can hold, got {'9' * 37}..."),
    ],
)
def test_a_condition_is_not_guessed_either(text: str, expected: str) -> None:
    """A condition that could be read in two ways, or held by no float, is refused."""
    fields, problems = fields_of(conditions=mapped({"x": plain(text)}))
    fields.free("conditions")
    assert problems == [f"f.yaml:1: $[0].conditions.x: expected {expected}"]


def test_conditions_are_a_mapping() -> None:
    """A list of conditions has no names."""
    fields, problems = fields_of(conditions=listed())
    assert fields.free("conditions") == {}
    assert problems == ["f.yaml:1: $[0].conditions: expected a mapping, got a list"]


def test_unknown_keys_are_told_with_the_nearest_known_one() -> None:
    """A misspelt key is never passed over, nor one that only looks like a known one."""
    fields, problems = fields_of(
        **{key: plain("x") for key in ("title", "titel", LOOKS_LIKE_TITLE, "zzz")}
    )
    fields.text("title")
    fields.close()
    assert problems == [
        "f.yaml:2: $[0]: expected a known key, got 'titel'; did you mean 'title'?",
        f"f.yaml:3: $[0]: expected a known key, got {LOOKS_LIKE_TITLE!r}; did you mean 'title'?",
        "f.yaml:4: $[0]: expected a known key, got 'zzz'",
    ]


def test_what_is_no_mapping_has_no_fields() -> None:
    """One problem tells it, and every field after it is empty without a second one."""
    problems: list[str] = []
    fields = Fields(listed(line=5), "f.yaml", "$[0]", problems)
    assert fields.text("title") == ""
    fields.close()
    assert problems == ["f.yaml:5: $[0]: expected a mapping, got a list"]


def test_nothing_near_gives_no_hint() -> None:
    """A guess is made only where one is close."""
    assert did_you_mean("ROB-002", ["ROB-001"]) == "; did you mean 'ROB-001'?"
    assert did_you_mean("ROB-002", ["x"]) == ""
    assert did_you_mean("ROB-002", []) == ""


@pytest.mark.parametrize(
    ("node", "told"),
    [
        (plain("0.5"), "0.5"),
        (quoted("0.5"), "'0.5'"),
        (plain(""), "nothing"),
        (plain("x" * 40), "x" * 40),
        (plain("x" * 41), "x" * 37 + "..."),
        (listed(), "a list"),
        (mapped({}), "a mapping"),
    ],
)
def test_a_node_is_told_in_a_few_words(node: Node, told: str) -> None:
    """A message quotes what was found, and never a page of it."""
    assert describe(node) == told


def test_a_long_value_is_told_by_its_beginning() -> None:
    """A sentence stays one that can be read, whatever a file holds."""
    fields, problems = fields_of(status=plain("x" * 1000), title=plain("9" * 1000))
    fields.word("status", ("draft", "approved"))
    fields.text("title")
    assert problems == [
        f"f.yaml:1: $[0].status: expected one of draft, approved, got '{'x' * 77}...'",
        f"f.yaml:1: $[0].title: expected a text; quote it: got the bare '{'9' * 77}...'",
    ]
