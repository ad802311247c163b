"""Lock files: what they pin, how two differ, and whether the pins were kept."""

from pathlib import Path

import pytest

from vericase.errors import EvidenceError
from vericase.lock import included_files, off_lock, pin_changes, read_lock


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


#: A line that pins pytest, in each way that pip knows, and what it pins.
PINS = {
    "pytest == 1.0": {"pytest": "1.0"},
    "pytest[dev] ==1.0": {"pytest": "1.0"},
    "pytest==1.0 \\\n    --hash=sha256:bb \\\n    --hash=sha256:aa": {
        "pytest": "1.0",
        "pytest with options": "--hash=sha256:aa --hash=sha256:bb",
    },
    "pytest==1.0 ; python_version > '3'": {"pytest; python_version > '3'": "1.0"},
    "# remark \\\npytest==1.0": {"pytest": "1.0"},
    "pytest==1.\\\n0": {"pytest": "1.0"},
    "pytest==1.0 \\\n# remark": {"pytest": "1.0"},
    "\ufeffpytest==1.0": {"pytest": "1.0"},
    "pytest<2": {"pytest<2": ""},
    "pytest===1.0": {"pytest===1.0": ""},
    "pytest==1.0; nonsense": {"pytest; nonsense": "1.0"},
    "pytest==first": {"pytest": "first"},
}


@pytest.mark.parametrize("line", PINS)
def test_a_pin_is_seen_in_every_form(tmp_path: Path, line: str) -> None:
    """Spaces, hashes, markers, joined lines: what is installed is held against each."""
    lock = tmp_path / "lock"
    lock.write_text(f"{line}\n", encoding="utf-8")
    assert read_lock(lock) == PINS[line]
    (told,) = off_lock(read_lock(lock), {"pytest": "8.0"})
    assert told.startswith("pytest 8.0, locked ")


@pytest.mark.parametrize(
    ("line", "version"),
    [
        *(("pytest==8.0; python_version < '3'", "9"), ("pytest>=8", "9"), ("pytest", "9")),
        *(("pytest==8.0", "8.0.0"), ("pytest==first", "first"), ("-e .", "9"), ("./pytest", "9")),
    ],
)
def test_what_no_pin_forbids_is_fine(tmp_path: Path, line: str, version: str) -> None:
    """A marker of another Python, a range that is kept, another spelling of one version."""
    lock = tmp_path / "lock"
    lock.write_text(f"{line}\n", encoding="utf-8")
    assert off_lock(read_lock(lock), {"pytest": version}) == []


def test_one_package_has_one_pin(tmp_path: Path) -> None:
    """Two pins for different markers are two; two of one package are refused, as by pip."""
    lock = tmp_path / "lock"
    lock.write_text("a==1; python_version < '3'\na==2; python_version > '3'\nb==1\nb==1\n")
    assert list(read_lock(lock).values()) == ["1", "2", "1"]
    lock.write_text("a==1\na==2\n")
    with pytest.raises(EvidenceError, match="lock: expected one pin of a, got 1 and 2"):
        read_lock(lock)


@pytest.mark.parametrize(
    "before",
    [
        'name = "a"\nversion = "1"\nname = "b"\nversion = "2"\n',
        "- name: a\n  version: 1\n- name: b\n  version: 2\n",
    ],
)
def test_every_byte_of_another_format_counts(tmp_path: Path, before: str) -> None:
    """Two versions that change places are a change, though the lines are the same."""
    lock = tmp_path / "uv.lock"
    lock.write_text(before)
    first = read_lock(lock)
    lock.write_text(before.replace("1", "x").replace("2", "1").replace("x", "2"))
    assert read_lock(lock) != first


def test_a_change_is_seen_however_far_down(tmp_path: Path) -> None:
    """Beyond the first MiB too; a file that is out of all proportion is refused."""
    lock = tmp_path / "lock"
    lock.write_text("# long\n" * 200_000 + "a==1\n")
    assert read_lock(lock) == {"a": "1"}
    lock.write_bytes(b"#" * ((1 << 24) + 1))
    with pytest.raises(EvidenceError, match="lock: expected at most 16777216 bytes, got more"):
        read_lock(lock)


@pytest.mark.parametrize(
    "line", ["-r base.txt", "-cbase.txt", "--requirement=base.txt", "--pre --constraint base.txt"]
)
def test_what_a_lock_includes_is_named(tmp_path: Path, line: str) -> None:
    """In each way that pip knows; other options include nothing."""
    lock = tmp_path / "lock"
    lock.write_text(f"-e .\n--pre\na==1\n{line}\n")
    assert included_files(read_lock(lock)) == ["base.txt"]


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_what_is_no_lock_file_is_told(tmp_path: Path, content: bytes | None) -> None:
    """Missing, or not text."""
    lock = tmp_path / "lock"
    if content is not None:
        lock.write_bytes(content)
    with pytest.raises(EvidenceError, match=r"lock: expected a lock file, got "):
        read_lock(lock)
