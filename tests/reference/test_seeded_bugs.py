"""Bugs planted into the engine, and whether our tests notice."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.support.engine_bugs import Bug, certify_folder, engine_bugs


def test_there_are_enough_bugs() -> None:
    """At least 40, each with a name of its own."""
    names = [(bug.module, bug.name) for bug in engine_bugs()]
    assert len(names) == len(set(names)) >= 40


@pytest.mark.parametrize("bug", engine_bugs(), ids=lambda bug: f"{bug.module}: {bug.name}")
def test_a_bug_can_be_planted(bug: Bug) -> None:
    """What it changes stands in the engine exactly once, and Python still reads the module."""
    source = (certify_folder() / f"{bug.module}.py").read_text(encoding="utf-8")
    planted = bug.planted(source)
    assert planted != source
    compile(planted, bug.module, "exec")


def test_text_that_is_gone_is_told() -> None:
    """A table that the engine has outgrown fails loudly."""
    bug = Bug(name="gone", module="linear", old="no such text", new="")
    with pytest.raises(ValueError, match="linear: expected 'no such text' once, got it 0 times"):
        bug.planted("a = 1")


@pytest.mark.long
def test_our_tests_notice_planted_bugs(capsys: pytest.CaptureFixture[str]) -> None:
    """At least 95 in 100; those that nothing notices are shown."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.support.engine_bug_runner"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    (_, _, sound), *found = [json.loads(line) for line in told.splitlines()]
    assert sound == "", f"the tests fail without a bug: {sound}"
    unseen = [f"{module}: {name}" for module, name, caught_by in found if not caught_by]
    with capsys.disabled():
        print(  # noqa: T201  what the run is for
            f"\n{len(found) - len(unseen)} of {len(found)} planted bugs are noticed; "
            f"unseen: {', '.join(unseen) or 'none'}"
        )
    assert len(found) == len(engine_bugs())
    assert len(unseen) <= 0.05 * len(found)
