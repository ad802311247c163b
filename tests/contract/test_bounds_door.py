"""What a process and an installation see of the door to auto_LiRPA."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.engines import needs_auto_lirpa

ROOT = Path(__file__).parents[2]
_IMPORT = """
import sys
import nnassure.bounds
assert "auto_LiRPA" not in sys.modules
assert "appdirs" not in sys.modules
"""
_USE = """
import logging
from nnassure.bounds import self_test
from nnassure.bounds.compat import footprint
before = footprint()
self_test()
assert footprint() == before, (footprint(), before)
assert logging.getLogger().handlers == []
"""


def _run(code: str, home: Path) -> str:
    """What a new process prints that runs *code* with warnings as errors and a home of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    done = subprocess.run(  # noqa: S603  our own code
        [sys.executable, "-W", "error", "-c", code],
        env=kept | {"HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_nothing_is_imported_before_a_bound_is_asked_for(tmp_path: Path) -> None:
    """The package of methods works where the engine is not installed."""
    assert _run(_IMPORT, tmp_path) == ""


@needs_auto_lirpa
def test_a_new_process_is_left_as_it_was(tmp_path: Path) -> None:
    """No warning, no output, no log handler, no patch, and no folder in the user's home."""
    assert _run(_USE, tmp_path) == ""
    assert not list(tmp_path.rglob("*LiRPA*"))


def test_what_is_installed_by_itself_is_pinned_with_its_digest() -> None:
    """In the version that the constraints have, so that evidence is stale when it changes."""
    lines = (ROOT / "constraints" / "formal-nodeps.txt").read_text().splitlines()
    (line,) = [line for line in lines if not line.startswith("#")]
    found = re.fullmatch(r"auto_LiRPA==(\S+) --hash=sha256:[0-9a-f]{64}", line)
    assert found is not None
    # As pip spells the name in a list of what is installed.
    assert f"auto-LiRPA=={found[1]}" in (ROOT / "constraints.txt").read_text().splitlines()
    assert "--no-deps --require-hashes" in (ROOT / "Makefile").read_text()
