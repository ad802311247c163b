"""Laws of writing: when the disk fails, the file is what it was or what it should be."""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.tracing import a_log, a_record, a_requirement, a_set, everything_shown
from vericase.measurement import Proportion
from vericase.store import (
    JOURNAL,
    Journal,
    append_line,
    load_evidence,
    read_journal,
    save_evidence,
    write_atomically,
)


class FailingDisk:
    """Lets so many calls of the system through, and fails the next one, or all from then on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, allowed: int, for_ever: bool) -> None:
        self._left, self._for_ever = allowed, for_ever
        self.failed = False
        for owner, name in (
            (os, "fsync"),
            (os, "fdopen"),
            (os, "open"),
            (Path, "replace"),
            (Path, "chmod"),
            (Path, "mkdir"),
        ):
            monkeypatch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401  any call of the system
            self._left -= 1
            if self._left == -1 or (self._left < 0 and self._for_ever):
                self.failed = True
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return call(*arguments, **options)

        return counted


@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "for ever"])
@pytest.mark.parametrize("allowed", range(12))
def test_a_failing_disk_leaves_a_whole_file(
    tmp_path: Path, *, allowed: int, for_ever: bool
) -> None:
    """At whichever call the disk fails, the evidence is the old or the new one, and whole."""
    path = tmp_path / "evidence.json"
    old, new = everything_shown(a_set()), a_log(a_record(a_requirement(), Proportion(1, 2)))
    save_evidence(path, old)
    with pytest.MonkeyPatch.context() as monkeypatch:
        disk = FailingDisk(monkeypatch, allowed=allowed, for_ever=for_ever)
        try:
            save_evidence(path, new)
            told = False
        except OSError:
            told = True
    assert told is disk.failed
    assert load_evidence(path) in ((old, ()), (new, ()))
    assert told or load_evidence(path) == (new, ())
    # A disk that fails for ever may keep its own litter; nobody can take it away.
    assert for_ever or [p.name for p in tmp_path.iterdir()] == ["evidence.json"]


@pytest.mark.parametrize("allowed", range(5))
def test_a_failing_disk_loses_no_acknowledged_line(tmp_path: Path, allowed: int) -> None:
    """What was appended before the disk failed is there, and what comes after it too."""
    journal = tmp_path / JOURNAL
    append_line(journal, {"line": 1})
    with pytest.MonkeyPatch.context() as monkeypatch:
        FailingDisk(monkeypatch, allowed=allowed, for_ever=True)
        with suppress(OSError):
            append_line(journal, {"line": 2})
    append_line(journal, {"line": 3})
    lines = [record["line"] for record in read_journal(journal)]
    assert lines in ([1, 3], [1, 2, 3])


@pytest.mark.parametrize("allowed", range(5))
def test_an_open_journal_outlives_a_failing_disk(tmp_path: Path, allowed: int) -> None:
    """The same of a journal that stays open from line to line."""
    journal = Journal(tmp_path / JOURNAL)
    journal.append({"line": 1})
    with pytest.MonkeyPatch.context() as monkeypatch:
        FailingDisk(monkeypatch, allowed=allowed, for_ever=True)
        with suppress(OSError):
            journal.append({"line": 2})
    journal.append({"line": 3})
    journal.close()
    lines = [record["line"] for record in read_journal(tmp_path / JOURNAL)]
    assert lines in ([1, 3], [1, 2, 3])


@pytest.mark.parametrize("signal", [KeyboardInterrupt, MemoryError, SystemExit])
def test_an_interruption_leaves_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signal: type[BaseException]
) -> None:
    """Also what is no error of the disk takes the half-written file away."""
    path = tmp_path / "evidence.json"
    write_atomically(path, b"old")

    def interrupted(_: int) -> None:
        raise signal

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(signal):
        write_atomically(path, b"new")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"evidence.json": b"old"}
