"""What goes on behind the page once the app has started."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import torch

from afib.app.desk import Desk
from afib.app.starting import start
from tests.support.recordings import recording, wfdb_record, write_files
from tests.support.uncertain import tiny_device

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from afib.app.starting import Started


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    """An app that listens, with a folder to open."""
    threads = torch.get_num_threads()
    folder = write_files(tmp_path / "ward", wfdb_record("W00001"))
    started = start(
        tiny_device(tmp_path / "model"),
        port=0,
        unreleased=True,
        judgements=tmp_path / "judgements.sqlite",
        paths=[folder],
    )
    with closing(started._socket), closing(started._parts.desk), closing(started._parts.proofs):
        yield started
    torch.set_num_threads(threads)


def test_what_it_was_started_with_is_opened_behind_the_page(started: Started) -> None:
    """It is loading until all of it is there; what it rehearses with is nowhere."""
    desk = started._parts.desk
    assert desk.loading
    started._behind()
    assert [each.recording.name for each in desk.since(0)] == ["W00001"]
    assert (desk.loading, desk.problems) == (False, [])


def test_a_fault_behind_the_page_is_told_on_it(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for what will never come, and the fault is raised for the log."""

    def broken(_desk: Desk, _one: object) -> None:
        raise RuntimeError("no memory")

    monkeypatch.setattr(Desk, "rehearse", broken)
    with pytest.raises(RuntimeError, match="no memory"):
        started._behind()
    desk = started._parts.desk
    assert not desk.loading
    assert desk.problems == [
        "app: expected to open what it was given, got RuntimeError('no memory')"
    ]
    assert desk.open(recording("later")).decision is not None
