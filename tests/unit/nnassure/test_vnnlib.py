"""Properties as VNN-LIB: what is written is read again, and what is no property is refused."""

import numpy as np
import pytest

from nnassure.errors import ExchangeError, NotFiniteError, ShapeError
from nnassure.exchange import Property, read_vnnlib, write_vnnlib

_HEAD = "(declare-const X_0 Real)\n(declare-const Y_0 Real)\n"
_BOX = "(assert (>= X_0 -1.5))\n(assert (<= X_0 2))\n"
_ASKED = "(assert (<= Y_0 0.25))\n"


def a_property(**other: object) -> Property:
    """Of two samples."""
    parts = {
        "lower": np.array([-0.1, 0.0]),
        "upper": np.array([0.1, 0.2]),
        "relation": ">=",
        "threshold": -0.5,
        **other,
    }
    return Property(**parts)  # type: ignore[arg-type]  # by name


def refused(text: str) -> tuple[str, ...]:
    """Every problem of a file."""
    with pytest.raises(ExchangeError) as caught:
        read_vnnlib(text, place="p")
    return caught.value.problems


def test_a_property_is_written_as_the_format_says() -> None:
    """Declarations, both ends of each input, and one comparison of the output."""
    assert write_vnnlib(a_property(), title="one\ntwo") == (
        "; one\n; two\n"
        "(declare-const X_0 Real)\n(declare-const X_1 Real)\n(declare-const Y_0 Real)\n"
        "(assert (>= X_0 -0.1))\n(assert (<= X_0 0.1))\n"
        "(assert (>= X_1 0.0))\n(assert (<= X_1 0.2))\n"
        "(assert (>= Y_0 -0.5))\n"
    )


def test_small_numbers_are_written_without_exponent() -> None:
    """The format knows no exponents."""
    text = write_vnnlib(a_property(threshold=1e-9), title="")
    assert "(>= Y_0 0.000000001)" in text


def test_comments_line_breaks_and_either_order_are_read() -> None:
    """As files of others have them."""
    text = "; a\n" + _HEAD + "(assert\n (<= -1.5 X_0)) ; b\n(assert (<= X_0 2))" + _ASKED
    found = read_vnnlib(text, place="p")
    assert (found.lower.tolist(), found.upper.tolist()) == ([-1.5], [2.0])
    assert (found.relation, found.threshold) == ("<=", 0.25)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (_HEAD + _BOX, "p: expected one comparison of the one output Y_0, got 0 of 1"),
        (_HEAD + _ASKED, "p: expected both ends of each input, got none for X_0 <=, X_0 >="),
        (
            _HEAD + _BOX + _ASKED + "(assert (<= Y_0 1))",
            "p:6: expected one <= for Y_0, got a second",
        ),
        (
            _HEAD + _BOX + _ASKED + "(assert (>= Y_0 0))",
            "p: expected one comparison of the one output Y_0, got 2 of 1",
        ),
        (_HEAD + _BOX + _ASKED + "(check-sat)", "p:6: expected a declaration of X_i or Y_0, or"),
        (_HEAD + _BOX + _ASKED + "(assert (or (<= Y_0 1)))", "p:6: expected a declaration of"),
        (_HEAD + _BOX + _ASKED + "(assert (< X_0 1))", "p:6: expected <= or >=, got <"),
        (_HEAD + _BOX + _ASKED + "(assert (<= X_3 1))", "p:6: expected a constant that is decl"),
        (_HEAD + _BOX + _ASKED + "(assert (<= X_0 nan))", "p:6: expected a finite number, got"),
        *(
            (
                _HEAD + _BOX + _ASKED + f"(assert (<= X_0 {text}))",
                f"p:6: expected a finite number, got {text}",
            )
            # What Python takes for a number, and other readers of the file for none or another.
            for text in ("1_0", "\u0663", "1e400", "0x1", "+-1", ".")
        ),
        (_HEAD + _BOX + "(assert (<= Y_0 Y_0))", "p:5: expected a finite number, got Y_0"),
        (_HEAD + _BOX + _ASKED + "stray", "p:6: expected a command in parentheses, got stray"),
        (_HEAD + _BOX + _ASKED + ")", "p:6: expected a command in parentheses, got )"),
        (_HEAD + _BOX + _ASKED + "(assert", "p:6: expected a closing parenthesis, got the end"),
        (_HEAD + _HEAD, "p:3: expected each constant declared once, got X_0 again"),
        (
            _HEAD.replace("X_0", "X_1") + _ASKED,
            "p: expected X_0 and those that follow, got 1 inputs with gaps",
        ),
        ("", "p: expected X_0 and those that follow, got 0 inputs"),
    ],
)
def test_what_is_no_property_is_refused(text: str, problem: str) -> None:
    """With its line, what was expected and what was got."""
    assert [each for each in refused(text) if each.startswith(problem)]


def test_all_problems_of_a_file_are_told_at_once() -> None:
    """Not the first alone."""
    told = refused(_HEAD + "(assert (< X_0 1))\n(assert (<= X_9 1))\n")
    assert [each.split(":")[1] for each in told[:2]] == ["3", "4"]
    assert len(told) == 4


def test_ends_that_cross_are_refused() -> None:
    """Such a box holds no recording, and everything is true of it."""
    text = _HEAD + "(assert (>= X_0 2))(assert (<= X_0 1))" + _ASKED
    with pytest.raises(ExchangeError, match=r"X_0: expected a lower end up to 1\.0, got 2\.0"):
        read_vnnlib(text, place="p")


def test_a_property_holds_numbers_of_the_same_samples() -> None:
    """Whatever is no box or no comparison is refused where it is made."""
    with pytest.raises(ShapeError, match="upper: expected one value for each of the 2 of lower"):
        a_property(upper=np.ones(3))
    with pytest.raises(NotFiniteError, match="threshold: expected finite values"):
        a_property(threshold=float("inf"))
    with pytest.raises(ExchangeError, match="relation: expected <= or >=, got '<'"):
        a_property(relation="<")
    with pytest.raises(ExchangeError, match="property: expected at least one sample, got none"):
        a_property(lower=np.ones(0), upper=np.ones(0))
