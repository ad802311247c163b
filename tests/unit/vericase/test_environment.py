"""What is recorded of the machine and its clock."""

import datetime as dt
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from vericase.environment import environment, host, new_run_id, now


def git(folder: Path, *arguments: str) -> str:
    """What git says in *folder*."""
    program = shutil.which("git") or "git"
    identity = ["-c", "user.name=A", "-c", "user.email=a@b.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(  # noqa: S603  a fixed command
        [program, *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_versions_of_what_ran_are_recorded(tmp_path: Path) -> None:
    """Python, platform and every installed distribution are named with their versions."""
    found = environment(tmp_path)
    packages = found["packages"]
    assert isinstance(packages, dict)
    assert found["python"] == platform.python_version()
    assert packages["scipy"] == version("scipy")
    assert list(packages) == sorted(packages)


def test_no_repository_is_no_commit_and_counts_as_dirty(tmp_path: Path) -> None:
    """Where no commit can be named, none is, and nobody calls the tree clean."""
    found = environment(tmp_path)
    assert (found["commit"], found["dirty"]) == ("", True)


def test_without_git_no_commit_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without git records no commit, and a dirty tree."""
    monkeypatch.setenv("PATH", str(tmp_path))
    found = environment(tmp_path)
    assert (found["commit"], found["dirty"]) == ("", True)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_a_clean_commit_is_named_and_a_change_makes_it_dirty(tmp_path: Path) -> None:
    """The commit is recorded; a changed file makes the tree dirty, a written report does not."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "case.py").write_text("1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "One")
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "evidence.json").write_text("{}")
    clean = environment(tmp_path)
    assert (clean["commit"], clean["dirty"]) == (git(tmp_path, "rev-parse", "HEAD"), False)
    (tmp_path / "case.py").write_text("2\n")
    assert environment(tmp_path)["dirty"] is True


def test_times_are_in_utc_and_to_the_second() -> None:
    """The clock is read in UTC, so that a date is the same everywhere."""
    read = dt.datetime.fromisoformat(now())
    assert read.utcoffset() == dt.timedelta(0)
    assert read.microsecond == 0
    assert abs(dt.datetime.now(dt.UTC) - read) < dt.timedelta(minutes=1)


def test_each_run_has_a_name_of_its_own() -> None:
    """No two runs share an id."""
    assert len({new_run_id() for _ in range(100)}) == 100
    assert host()
