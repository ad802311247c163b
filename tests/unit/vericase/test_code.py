"""Which code counts for a case, and what is told when it is no longer what measured."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.tracing import a_case, a_log
from vericase.code import CaseCode, code_changes, code_root
from vericase.errors import EvidenceError
from vericase.evidence import EvidenceLog

CASE, OTHER = "checks/deep/test_a.py::test_one[x::y]", "checks/test_b.py::test_two"
FILES = (
    *("checks/deep/test_a.py", "checks/deep/conftest.py", "conftest.py", "checks/test_b.py"),
    *("src/device/network.py", "src/device/presets/real.yaml"),
)
UNCHANGED: dict[str, str] = {}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two modules of cases with conftests above them, and a tree of source."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"# {name}\n", encoding="utf-8")
    return tmp_path


def measured(root: Path, *trees: str) -> EvidenceLog:
    """A log of both cases with the code below *root*."""
    code = CaseCode(root, trees)
    cases = [a_case(case_id=name, digest=code.digest(name)) for name in (CASE, OTHER)]
    return replace(a_log(cases=cases), code_trees=code.trees, code=code.files((CASE, OTHER)))


def test_a_module_its_conftests_and_the_trees_count(root: Path) -> None:
    """Of every case its own files; the trees count for all."""
    code = CaseCode(root, ["src"])
    tree = {"src/device/network.py", "src/device/presets/real.yaml"}
    own = {"checks/deep/test_a.py", "checks/deep/conftest.py", "conftest.py"}
    assert set(code.listing(CASE)) == tree | own
    assert set(code.listing(OTHER)) == tree | {"checks/test_b.py", "conftest.py"}
    assert set(code.files((CASE, OTHER))) == set(FILES)


def test_what_is_as_it_was_is_not_told(root: Path) -> None:
    """Caches are no code, nor is what a release leaves beside a model."""
    log = measured(root, "src")
    for cache in ("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis"):
        (root / "src/device" / cache / "deep").mkdir(parents=True)
        (root / "src/device" / cache / "deep/network.py").write_text("other", encoding="utf-8")
    for name in ("network.pyc", "release.json"):
        (root / "src/device" / name).write_text("other", encoding="utf-8")
    (root / "checks/test_c.py").write_text("another module", encoding="utf-8")
    assert code_changes(log, root) == UNCHANGED


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_named_by_the_cases_it_counts_for(root: Path, name: str) -> None:
    """A module changes its own cases, a conftest those below it, a tree all."""
    log = measured(root, "src")
    (root / name).write_text("other", encoding="utf-8")
    told = f"{name} changed since it was measured"
    counted = {"checks/deep/test_a.py": [CASE], "checks/deep/conftest.py": [CASE]} | {
        "checks/test_b.py": [OTHER]
    }
    assert code_changes(log, root) == dict.fromkeys(counted.get(name, [CASE, OTHER]), told)


def test_a_file_that_is_gone_or_new_is_named(root: Path) -> None:
    """In a tree, what comes and what goes both change what measured."""
    log = measured(root, "src")
    (root / "src/device/network.py").rename(root / "src/device/net.py")
    (root / "checks/deep/conftest.py").unlink()
    assert code_changes(log, root) == {
        CASE: "src/device/net.py changed, checks/deep/conftest.py is gone, "
        "src/device/network.py is gone since it was measured",
        OTHER: "src/device/net.py changed, src/device/network.py is gone since it was measured",
    }


def test_a_tree_that_is_gone_is_told_by_its_files(root: Path) -> None:
    """Evidence of code that went is stale, and no error."""
    log = measured(root, "src/device")
    (root / "src").rename(root / "sources")
    assert code_changes(log, root)[OTHER] == (
        "src/device/network.py is gone, src/device/presets/real.yaml is gone since it was measured"
    )


def test_many_changes_are_counted(root: Path) -> None:
    """Three are named."""
    log = measured(root, "src")
    for number in range(5):
        (root / f"src/new_{number}.py").write_text("new", encoding="utf-8")
    assert code_changes(log, root)[OTHER] == (
        "src/new_0.py changed, src/new_1.py changed, src/new_2.py changed and 2 more files "
        "since it was measured"
    )


def test_a_module_that_is_not_here_is_told(root: Path, tmp_path: Path) -> None:
    """Evidence is not judged where its code cannot be seen."""
    log = measured(root)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert code_changes(log, empty) == {
        CASE: "the code of its case is not here: checks/deep/test_a.py",
        OTHER: "the code of its case is not here: checks/test_b.py",
    }


def test_dropping_a_tree_from_the_evidence_makes_it_stale(root: Path) -> None:
    """The list of trees cannot be shortened to hide a change."""
    log = replace(measured(root, "src"), code_trees=())
    assert set(code_changes(log, root)) == {CASE, OTHER}


@pytest.mark.parametrize("folder", ["requirements", "docs/deep/requirements"])
def test_the_root_is_found_around_the_requirements(root: Path, folder: str) -> None:
    """However deep the requirements lie, case ids start above them."""
    assert code_root(measured(root), root / folder) == root


def test_the_root_of_code_that_is_nowhere_is_beside_the_requirements(tmp_path: Path) -> None:
    """Then the cases are told as missing there."""
    log = a_log(cases=[a_case(case_id="nowhere/test_x.py::test_x")])
    assert code_root(log, tmp_path / "requirements") == tmp_path


def test_code_that_cannot_be_read_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without leave to read it is named; nothing counts as unchanged unseen."""

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(EvidenceError, match=r"src/device/\S+: expected readable code, got "):
        CaseCode(root, ["src"])


@pytest.mark.parametrize("name", ["limits.json", "b.toml", "a.yml", "deep/weights", ".env"])
def test_every_file_of_a_tree_counts(root: Path, name: str) -> None:
    """What code reads decides as much as the code: no suffix is left out."""
    path = root / "src" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("1", encoding="utf-8")
    log = measured(root, "src")
    path.write_text("2", encoding="utf-8")
    assert code_changes(log, root)[CASE] == f"src/{name} changed since it was measured"


def test_a_linked_folder_in_a_tree_is_refused(root: Path) -> None:
    """As in a subject; a linked file counts by what it holds, and a cache may be a link."""
    (root / "elsewhere").mkdir()
    (root / "src/__pycache__").symlink_to(root / "elsewhere")
    (root / "limits.json").write_text("1", encoding="utf-8")
    (root / "src/limits.json").symlink_to(root / "limits.json")
    log = measured(root, "src")
    (root / "limits.json").write_text("2", encoding="utf-8")
    assert code_changes(log, root)[CASE] == "src/limits.json changed since it was measured"
    (root / "src/device/linked").symlink_to(root / "elsewhere")
    with pytest.raises(EvidenceError, match=r"device/linked: expected a folder of its own, got a "):
        CaseCode(root, ["src"])


def test_a_folder_that_cannot_be_read_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in it would otherwise count as nothing."""

    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(EvidenceError, match=r"/src: expected readable code, got \[Errno 13\]"):
        CaseCode(root, ["src"])


def test_what_a_lock_includes_has_to_count_too(root: Path) -> None:
    """A file that is only included could change unseen; one that is named beside it cannot."""
    (root / "locks").mkdir()
    (root / "locks/all.txt").write_text("-r ../base.txt\n", encoding="utf-8")
    (root / "base.txt").write_text("-c locks/all.txt\na==1\n", encoding="utf-8")
    both = CaseCode(root, (), ["locks/all.txt", "base.txt"])
    assert set(both.lock) <= set(both.listing(CASE))
    told = r"^locks/all.txt: expected each file that it includes .*, got \.\./base\.txt$"
    with pytest.raises(EvidenceError, match=told):
        CaseCode(root, (), ["locks/all.txt"])
