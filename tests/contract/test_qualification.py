"""The page on qualification names tests; each of them is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "qualification.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"(tests/[\w/]+\.py)::(\w+)", PAGE)))


def functions_of(path: Path) -> set[str]:
    """The test functions that a module defines and describes."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and ast.get_docstring(node)
    }


@pytest.mark.parametrize(("module", "name"), NAMED, ids="::".join)
def test_every_test_that_is_named_is_there(module: str, name: str) -> None:
    """Whoever follows a row of the page finds the test that it names."""
    assert (ROOT / module).is_file()
    assert name in functions_of(ROOT / module)


def test_every_row_names_a_test() -> None:
    """No way to mislead is listed without the test that shows it is closed."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    claims = [row for row in rows if not row.startswith(("| it could ", "| long test "))]
    assert len(claims) >= 60
    assert [row for row in claims if len(re.findall(r"`tests/[^`]+::\w+`", row)) != 1] == []


@pytest.mark.parametrize(
    "limit",
    [
        "Someone who may edit the gate",
        "Cases that measure the wrong thing.",
        "Forged evidence.",
        "Trials that are not independent.",
    ],
)
def test_what_is_not_promised_is_said(limit: str) -> None:
    """The page says what the tool does not defend against."""
    limits = PAGE.partition("## What the tool does not defend against")[2]
    assert limit in limits
