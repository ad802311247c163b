"""The shapes of recorded noise, from the earlier half of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from afib.errors import SourceError
from afib.proof.recorded import noise_windows, recorded_noise
from afib.settings import PreprocessingSettings
from tests.support.recordings import wfdb_record, write_files

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = PreprocessingSettings(rate_hz=60.0, segment_s=10.0, short="tile")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two records of noise of 40 s at 360 Hz: a hum and its drift, and white noise."""
    rng = np.random.default_rng(3)
    times_s = np.arange(14_400) / 360
    hum = np.rint(400 * np.sin(2 * np.pi * 1.5 * times_s) + rng.normal(0, 20, 14_400))
    files: dict[str, bytes] = {}
    for name, signal in (("em", hum), ("ma", np.rint(rng.normal(0, 300, 14_400)))):
        files |= wfdb_record(
            name,
            signal.astype("<i2"),
            top=f"{name} 1 360 14400",
            line=f"{name}.mat 16+24 0 16 0 {int(signal[0])} 0 0 noise1",
        )
    return write_files(tmp_path / "nstdb", files)


def test_shapes_are_those_that_the_noise_varies_along(folder: Path) -> None:
    """A sine and a cosine span the record of hum; peaks are 1, and shares are told."""
    found = recorded_noise(folder / "em", rate_hz=300.0, samples=600, count=2, settings=SETTINGS)
    assert found.components.shape == (2, 600)
    assert np.abs(found.components).max(axis=1).tolist() == [1, 1]
    assert 0.9 < found.share <= 1
    assert 0.9 < found.share_kept <= 1
    # 20 s of 40 in windows of 2 s, each half over the one before: 19.
    assert found.windows == 19


def test_more_shapes_span_no_less(folder: Path) -> None:
    """And white noise is spanned by few shapes only in part."""
    shares = [
        recorded_noise(folder, rate_hz=300.0, samples=600, count=count, settings=SETTINGS).share
        for count in (1, 2, 6)
    ]
    assert shares == sorted(shares)
    assert shares[-1] < 0.9


def test_later_windows_are_others(folder: Path) -> None:
    """No sample of the second half is in a window of the first; each has a mean of 0 and size 1."""
    first, second = (
        noise_windows(folder, rate_hz=300.0, samples=3000, settings=SETTINGS, later=later)
        for later in (False, True)
    )
    assert not {window.tobytes() for window in first} & {window.tobytes() for window in second}
    np.testing.assert_allclose(first.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose((second**2).mean(axis=1), 1)


def test_noise_that_is_too_short_is_told(folder: Path) -> None:
    """Half of it has to hold a window."""
    with pytest.raises(SourceError, match=r"nstdb: expected noise of at least 60 s, got 40 s$"):
        recorded_noise(folder, rate_hz=300.0, samples=9000, count=1, settings=SETTINGS)


def test_what_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without VERICASE_DATA, without the folder in it, and without a record in that."""

    def asked(place: Path | None) -> None:
        recorded_noise(place, rate_hz=300.0, samples=600, count=1, settings=SETTINGS)

    monkeypatch.delenv("VERICASE_DATA", raising=False)
    with pytest.raises(SourceError, match=r"^noise: expected recorded noise, .* set VERICASE_DATA"):
        asked(None)
    monkeypatch.setenv("VERICASE_DATA", str(tmp_path))
    with pytest.raises(SourceError, match=r"expected the folder nstdb in it, got none"):
        asked(None)
    with pytest.raises(SourceError, match=r"records of the Noise Stress Test \(bw, em, ma\)"):
        asked(tmp_path)
