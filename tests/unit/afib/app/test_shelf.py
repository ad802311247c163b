"""Signals come from the shelf as they were laid there, and leave nothing behind."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest

import afib.app.shelf
from afib.app.shelf import SignalShelf
from afib.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def shelf() -> Iterator[SignalShelf]:
    """An empty one."""
    shelf = SignalShelf()
    with closing(shelf._file):
        yield shelf


def wave(samples: int, seed: int = 0) -> np.ndarray:
    """Noise in mV."""
    return np.random.default_rng(seed).normal(size=samples).astype(np.float32)


def test_signals_come_back_as_they_were(shelf: SignalShelf) -> None:
    """Whole and in part, each its own, whatever lies beside it."""
    signals = [wave(samples, seed) for seed, samples in enumerate((1, 3000, 17))]
    kept = [shelf.keep(signal) for signal in signals]
    for signal, each in zip(signals, kept, strict=True):
        assert each.samples == len(signal)
        np.testing.assert_array_equal(each.whole(), signal)
    np.testing.assert_array_equal(kept[1].part(100, 200), signals[1][100:200])


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [(-5, 3, [0, 1, 2]), (8, 99, [8, 9]), (4, 4, []), (7, 3, []), (10, 20, []), (50, 60, [])],
)
def test_a_part_ends_where_the_signal_does(
    shelf: SignalShelf, first: int, last: int, found: list[int]
) -> None:
    """Neighbours on the shelf are never seen."""
    shelf.keep(np.full(10, -1.0, dtype=np.float32))
    kept = shelf.keep(np.arange(10, dtype=np.float32))
    shelf.keep(np.full(100, -1.0, dtype=np.float32))
    assert kept.part(first, last).tolist() == found


def test_signals_of_any_layout_are_kept(shelf: SignalShelf) -> None:
    """Every second sample, or samples of another width."""
    signal = wave(3000)
    np.testing.assert_array_equal(shelf.keep(signal[::2]).whole(), signal[::2])
    np.testing.assert_array_equal(shelf.keep(signal.astype(np.float64)).whole(), signal)


def test_many_may_lay_down_at_once(shelf: SignalShelf) -> None:
    """No two signals share a place."""
    signals = [wave(2000, seed) for seed in range(64)]
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(shelf.keep, signals))
    for signal, each in zip(signals, kept, strict=True):
        np.testing.assert_array_equal(each.whole(), signal)


def test_nothing_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever ends the app, no folder shows what was opened."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    shelf = SignalShelf()
    with closing(shelf._file):
        shelf.keep(wave(3000))
        assert list(tmp_path.iterdir()) == []


def test_a_full_shelf_says_so(shelf: SignalShelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies there stays, and what still fits is taken."""
    monkeypatch.setattr(afib.app.shelf, "_MOST_BYTES", 400)
    kept = shelf.keep(wave(90))
    with pytest.raises(RecordError, match="desk: expected room for a recording, got none; restart"):
        shelf.keep(wave(11))
    np.testing.assert_array_equal(shelf.keep(wave(10, 1)).whole(), wave(10, 1))
    np.testing.assert_array_equal(kept.whole(), wave(90))
