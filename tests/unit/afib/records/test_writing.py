"""Recordings as files: what is written is what is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from afib.records import Recording, read_recording, write_recording

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("step_mv", "most", "file"),
    [(0.001, 900, "a.hea"), (0.00488, 900, "a.hea"), (0.0001, 60_000, "a.hea"), (None, 1, "a.csv")],
)
def test_what_is_written_is_read_again(
    tmp_path: Path, step_mv: float | None, most: int, file: str
) -> None:
    """The same samples, rate and step, in 16 bits or in 32, and as text without a step."""
    generator = np.random.default_rng(3)
    steps = generator.integers(-most, most + 1, 500)
    signal_mv = steps * step_mv if step_mv else generator.normal(size=500)
    one = Recording.of(
        name="here", signal_mv=signal_mv, rate_hz=257.5, origin="here", step_mv=step_mv
    )
    path = write_recording(one, tmp_path, "a")
    again = read_recording(path)
    assert path == tmp_path / file
    assert (again.digest, again.rate_hz) == (one.digest, one.rate_hz)
    assert again.step_mv == (None if step_mv is None else pytest.approx(step_mv))


@pytest.mark.parametrize("signal_mv", [[0.001, 0.0015], [3.0000005, -2.9999995]])
def test_what_is_in_no_whole_steps_is_written_as_text(
    tmp_path: Path, signal_mv: list[float]
) -> None:
    """Also where single precision no longer holds the steps of a fine converter."""
    step_mv = 0.001 if signal_mv[0] < 1 else 1e-8
    one = Recording.of(
        name="here", signal_mv=np.array(signal_mv), rate_hz=300.0, origin="there", step_mv=step_mv
    )
    path = write_recording(one, tmp_path, "a")
    assert path == tmp_path / "a.csv"
    assert read_recording(path).digest == one.digest
