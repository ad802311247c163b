"""What ran the cases: versions, platform and commit. The only reader of machine and clock."""

import datetime as dt
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterable, Mapping
from importlib.metadata import distributions
from pathlib import Path

from vericase.lock import off_lock

__all__ = ["environment", "host", "new_run_id", "now"]

# A parser of mail headers does the same in ten times the time, for every run.
_NAME, _VERSION = (
    re.compile(rf"^{field}:[ \t]*(.+?)\r?$", re.MULTILINE | re.IGNORECASE)
    for field in ("Name", "Version")
)


def environment(folder: Path, locks: Iterable[Mapping[str, str]] = ()) -> dict[str, object]:
    """Versions of Python and of every installed distribution, the platform, and the commit.

    Args:
        folder: A folder of the repository whose commit is recorded.
        locks: What each lock file pins; an installed version that is another one is told.
    """
    commit, dirty = _commit(folder)
    packages = _packages()
    return {
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count() or 0,
        "packages": packages,
        "off_lock": [text for lock in locks for text in off_lock(lock, packages)],
        "commit": commit,
        "dirty": dirty,
    }


def now() -> str:
    """The time in UTC, to the second, as ISO 8601."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def host() -> str:
    """The name of this machine."""
    return socket.gethostname()


def new_run_id() -> str:
    """A name for a run that no other run has."""
    return uuid.uuid4().hex


def _packages() -> dict[str, str]:
    found = {}
    for distribution in distributions():
        text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
        # The description that follows the headers can be a book.
        headers = text.partition("\n\n")[0]
        if name := _NAME.search(headers):
            version = _VERSION.search(headers)
            found[name[1]] = version[1] if version else ""
    return dict(sorted(found.items()))


def _commit(folder: Path) -> tuple[str, bool]:
    git = shutil.which("git")
    if git is None:
        return "", True
    head = _git(git, folder, "rev-parse", "HEAD")
    # Reports are what a run writes; they make no tree dirty.
    state = _git(git, folder, "status", "--porcelain", "--", ".", ":(exclude)reports")
    return head or "", state is None or bool(state)


def _git(git: str, folder: Path, *arguments: str) -> str | None:
    command = [git, "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603  a fixed command
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
