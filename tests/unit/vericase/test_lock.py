"""Lock files: what they pin, how two differ, and whether the pins were kept."""

from pathlib import Path

import pytest

from vericase.errors import EvidenceError
from vericase.lock import off_lock, pin_changes, read_lock


def test_pins_have_names_in_their_normal_form(tmp_path: Path) -> None:
    """Case, dots and underscores of a name mean nothing (PEP 503), nor do remarks."""
    lock = tmp_path / "constraints.txt"
    lock.write_text("# all of it\n\nPyYAML==6.0  # parser\nruamel.yaml_x[jinja]==0.18\n-e .\n")
    assert read_lock(lock) == {"pyyaml": "6.0", "ruamel-yaml-x": "0.18", "-e .": ""}


def test_the_order_of_pins_means_nothing(tmp_path: Path) -> None:
    """A lock file that was sorted anew is the same lock."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("a==1\nb==2\n")
    other.write_text("b==2\n# sorted\na==1\n")
    assert read_lock(one) == read_lock(other)


def test_changes_are_told_by_name() -> None:
    """Another version, one that came and one that went."""
    changes = pin_changes({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "2.1", "d": "4"})
    assert changes == ["b 2 -> 2.1", "c 3 -> absent", "d absent -> 4"]


def test_what_is_installed_has_to_be_what_is_pinned() -> None:
    """A build of the pinned version is that version; what is not installed breaks no pin."""
    lock = {"torch": "2.13.0", "scipy": "1.17", "absent": "1"}
    assert off_lock(lock, {"torch": "2.13.0+cpu", "SciPy": "1.17"}) == []
    assert off_lock(lock, {"torch": "2.14.0", "scipy": "1.17"}) == ["torch 2.14.0, locked 2.13.0"]
    assert off_lock({"torch": "2.13.0+cpu"}, {"torch": "2.13.0"}) == [
        "torch 2.13.0, locked 2.13.0+cpu"
    ]


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_what_is_no_lock_file_is_told(tmp_path: Path, content: bytes | None) -> None:
    """Missing, or not text."""
    lock = tmp_path / "lock"
    if content is not None:
        lock.write_bytes(content)
    with pytest.raises(EvidenceError, match=r"lock: expected a lock file, got "):
        read_lock(lock)
