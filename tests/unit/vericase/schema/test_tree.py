"""A YAML document as a tree, with everything that YAML would guess refused."""

import os
from pathlib import Path

import pytest
import yaml

from vericase.errors import RequirementError
from vericase.schema.tree import MAX_BYTES, List, Mapping, Node, Text, read_tree


def tree_of(folder: Path, content: str | bytes) -> tuple[Node | None, list[str]]:
    """The tree of a file with *content*, and its problems."""
    path = folder / "file.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_tree(path, "file.yaml")


def test_every_node_knows_its_line(tmp_path: Path) -> None:
    """Keys, items and values keep the line on which they start."""
    tree, problems = tree_of(tmp_path, "a: 1\nb:\n  - x\n  - 'y'\n")
    assert problems == []
    assert tree == Mapping(
        {
            "a": Text("1", quoted=False, line=1),
            "b": List(
                [Text("x", quoted=False, line=3), Text("y", quoted=True, line=4)],
                line=3,
            ),
        },
        {"a": 1, "b": 2},
        line=1,
    )


@pytest.mark.parametrize("text", ["'x'", '"x"', "|\n  x", ">\n  x"])
def test_quotes_and_blocks_are_always_text(tmp_path: Path, text: str) -> None:
    """What stands in quotes or in a block is never taken for a number or a flag."""
    tree, _ = tree_of(tmp_path, f"a: {text}\n")
    assert isinstance(tree, Mapping)
    assert isinstance(tree.entries["a"], Text)
    assert tree.entries["a"].quoted is True


def test_scalars_are_kept_as_they_were_written(tmp_path: Path) -> None:
    """No scalar is turned into a number, a date or a flag on the way."""
    words = ["1.10", "010", "no", "2026-01-02", "1e3", "12_3", "1:30", ".nan"]
    tree, _ = tree_of(tmp_path, "\n".join(f"- {word}" for word in words))
    assert isinstance(tree, List)
    assert [item.text for item in tree.items if isinstance(item, Text)] == words


@pytest.mark.parametrize("content", ["", "# only a remark\n", "\n\n"])
def test_an_empty_file_has_no_tree(tmp_path: Path, content: str) -> None:
    """A file without content is told from one with an empty list."""
    assert tree_of(tmp_path, content) == (None, [])


def test_a_key_twice_is_told_with_both_lines(tmp_path: Path) -> None:
    """PyYAML lets the last of two thresholds win; here both lines are named."""
    tree, problems = tree_of(tmp_path, "threshold: 0.95\nunit: mV\nthreshold: 0.50\n")
    assert isinstance(tree, Mapping)
    assert problems == ["file.yaml:3: expected each key once, got 'threshold' again (line 1)"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("a: &x 1\n", "file.yaml:1: expected plain YAML, got an anchor or a tag"),
        ("a: &x [1]\n", "file.yaml:1: expected plain YAML, got an anchor or a tag"),
        ("a: 1\nb: *a\n", "file.yaml:2: expected plain YAML, got the alias *a"),
        ("a: !!int '1'\n", "file.yaml:1: expected plain YAML, got an anchor or a tag"),
        ("a: !!python/object:os.system x\n", "file.yaml:1: expected plain YAML, got an anchor"),
        ("- !!map {}\n", "file.yaml:1: expected plain YAML, got an anchor or a tag"),
        ("a:\n  <<: {b: 1}\n", "file.yaml:2: expected plain YAML, got a merge key"),
        ("? [1, 2]\n: 3\n", "file.yaml:1: expected a plain word as key, got something else"),
        ("a: 1\n---\nb: 2\n", "file.yaml:2: expected one document, got a second one"),
        ("a: [1\n", "file.yaml:2: expected YAML, got: "),
        ("a: 'x\n", "file.yaml:2: expected YAML, got: "),
        ("a: >= 1\n", "file.yaml:1: expected YAML, got: "),
        ("\ta: 1\n", "file.yaml:1: expected YAML, got: "),
        ("a: @x\n", "file.yaml:1: expected YAML, got: "),
        ("a: \x07\n", "file.yaml:1: expected YAML, got: "),
    ],
)
def test_what_cannot_be_read_plainly_is_refused(tmp_path: Path, content: str, problem: str) -> None:
    """Anchors, tags, merges, odd keys and broken YAML are told with their line."""
    tree, problems = tree_of(tmp_path, content)
    assert tree is None
    assert len(problems) == 1
    assert problems[0].startswith(problem)


def test_nesting_has_a_limit(tmp_path: Path) -> None:
    """Sixteen levels are read, seventeen are refused."""
    assert tree_of(tmp_path, "[" * 16 + "]" * 16)[1] == []
    assert tree_of(tmp_path, "[" * 17 + "]" * 17)[1] == [
        "file.yaml:1: expected at most 16 levels of nesting, got more"
    ]


def test_nesting_is_counted_anew_after_each_branch(tmp_path: Path) -> None:
    """Many shallow branches are no depth, and no credit for a deep one that follows."""
    branches = ", ".join(["[]"] * 40)
    assert tree_of(tmp_path, f"[{branches}]")[1] == []
    assert tree_of(tmp_path, f"[{branches}, {'[' * 16}{']' * 16}]")[1] == [
        "file.yaml:1: expected at most 16 levels of nesting, got more"
    ]


@pytest.mark.parametrize("bracket", ["[", "- ", "{a: ", "? "])
def test_deep_nesting_does_not_take_the_process_down(tmp_path: Path, bracket: str) -> None:
    """A hundred thousand levels crash PyYAML with its C parser; here they end early."""
    tree, problems = tree_of(tmp_path, bracket * 100_000)
    assert tree is None
    assert len(problems) == 1


def test_an_alias_bomb_does_not_go_off(tmp_path: Path) -> None:
    """Nine levels of nine aliases are refused at the first anchor."""
    lines = ["a0: &a0 [x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    assert tree_of(tmp_path, "\n".join(lines))[1] == [
        "file.yaml:1: expected plain YAML, got an anchor or a tag"
    ]


def test_a_file_over_the_cap_is_not_parsed(tmp_path: Path) -> None:
    """A file of more than 8 MiB is refused before it costs anything."""
    with pytest.raises(RequirementError) as caught:
        tree_of(tmp_path, b"#" * (MAX_BYTES + 1))
    assert str(caught.value) == "file.yaml: expected at most 8388608 bytes, got 8388609"


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    """A file that is not UTF-8 is told with the first byte that is not."""
    with pytest.raises(RequirementError) as caught:
        tree_of(tmp_path, "title: µV".encode("latin-1"))
    assert str(caught.value) == "file.yaml: expected UTF-8 text, got byte 7 that is not"


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A folder with the name of a file is an error with the reason of the system."""
    (tmp_path / "file.yaml").mkdir()
    with pytest.raises(RequirementError) as caught:
        read_tree(tmp_path / "file.yaml", "file.yaml")
    assert str(caught.value) == f"file.yaml: expected a readable file, got {os.strerror(21)}"


def test_without_the_c_parser_the_answers_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installation of PyYAML without its C part reads the same tree."""
    content = "- {a: 1, b: 'x'}\n- c\n"
    fast = tree_of(tmp_path, content)
    monkeypatch.setattr("vericase.schema.tree._Loader", yaml.SafeLoader)
    assert tree_of(tmp_path, content) == fast
