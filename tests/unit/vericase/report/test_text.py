"""Text from outside cannot act on the page or the terminal that shows it."""

import pytest

from vericase.report.text import readable


@pytest.mark.parametrize(
    "text", ["", "plain", "µV ≥ 0.9", "two\nlines\tand a tab", "心電図", "עברית", "👩‍⚕️"]
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    """Languages of all directions, signs and line ends are left alone."""
    assert readable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\rb", "a\\rb"),
        ("a\x00b", "a\\x00b"),
        ("a\x9bb", "a\\x9bb"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u2069b", "a\\u2069b"),
        ("a\udc80b", "a\\udc80b"),
        ("a\ufffeb", "a\\ufffeb"),
        ("a\U0010ffffb", "a\\U0010ffffb"),
    ],
)
def test_what_could_act_is_shown_as_its_escape(text: str, shown: str) -> None:
    """Terminal controls, turned directions, lone surrogates and non-characters become visible."""
    assert readable(text) == shown
    assert readable(text).encode().decode() == shown
