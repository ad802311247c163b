"""YAML that does not mean what it seems to mean is refused."""

from __future__ import annotations

import pytest

from afib.errors import SettingsError
from afib.settings.strict import parse_yaml


def _problem(content: bytes) -> str:
    with pytest.raises(SettingsError) as caught:
        parse_yaml("s.yaml", content)
    (problem,) = caught.value.problems
    return problem


def test_a_plain_document_is_read() -> None:
    """Nested mappings, lists, numbers and comments come back as plain values."""
    content = b"a: {b: 0.5}  # why\nc: [1, 2]\nd: null\n"
    assert parse_yaml("s.yaml", content) == {"a": {"b": 0.5}, "c": [1, 2], "d": None}


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"epochs: 3\nepochs: 30\n", "the key 'epochs' twice or as a merge"),
        (b"a: {b: 1, b: 2}\n", "the key 'b' twice or as a merge"),
        (b"a: &x {b: 1}\n", "an anchor or an alias; write the value out"),
        (b"a: *x\n", "an anchor or an alias; write the value out"),
        (b"a:\n  <<: {b: 1}\n", "the key '<<' twice or as a merge"),
        (b"a: !!python/object:os.system x\n", "could not determine a constructor"),
        (b"a: [1, 2\n", "while parsing a flow sequence"),
        (b"[" * 30 + b"]" * 30, "values nested deeper than 20"),
    ],
)
def test_what_hides_a_meaning_is_refused(content: bytes, got: str) -> None:
    """Repeated keys, anchors, merges, tags and bottomless nesting never become a value."""
    problem = _problem(content)
    assert problem.startswith("s.yaml: expected a plain YAML document, got ")
    assert got in problem


def test_only_utf_8_is_read() -> None:
    """Text in another encoding is refused, not guessed."""
    assert _problem("a: 1".encode("utf-16")).startswith("s.yaml: expected UTF-8 text, got ")


def test_a_huge_file_is_refused_unread() -> None:
    """A file beyond 256 KiB holds no settings."""
    assert _problem(b"#" * 262_145) == "s.yaml: expected at most 262144 bytes, got 262145"
