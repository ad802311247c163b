"""Records, archives and sources for tests: small, exact, and made in memory."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import numpy as np

from afib.errors import RecordError
from afib.records import Recording

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = [
    "ListedRecordings",
    "MemoryShelf",
    "edf_file",
    "physionet_files",
    "recording",
    "steps",
    "wfdb_record",
    "write_files",
    "write_zip",
]


class MemoryShelf:
    """Files by name without a disk."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._files)

    def place(self, name: str) -> str:
        """The name itself."""
        return name

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of *name*, refused as the shelves on disk refuse them."""
        if name not in self._files:
            raise RecordError(name, f"{name}: expected a file, got no such file or directory")
        if len(self._files[name]) > limit:
            raise RecordError(name, f"{name}: expected at most {limit} bytes, got more")
        return self._files[name]


class ListedRecordings:
    """A source that hands over the recordings it was given, under any versions of their labels."""

    def __init__(
        self,
        recordings: list[Recording],
        versions: Mapping[str, Mapping[str, str]] | None = None,
        *,
        fingerprint: str = "listed",
    ) -> None:
        self.name = "physionet2017"
        self.times_read = 0
        self._recordings = recordings
        self._versions = versions or {"v3": {one.name: one.label or "" for one in recordings}}
        self._fingerprint = fingerprint

    def __len__(self) -> int:
        return len(self._recordings)

    def file_digests(self) -> Mapping[str, str]:
        """One file, whose digest is made up."""
        return {"REFERENCE-v3.csv": "ab" * 32}

    def fingerprint(self) -> str:
        """What the test chose."""
        return self._fingerprint

    def label_versions(self) -> Mapping[str, Mapping[str, str]]:
        """What the test chose."""
        return self._versions

    def recordings(self) -> Iterator[Recording]:
        """The recordings; every call is counted."""
        self.times_read += 1
        return iter(self._recordings)

    def some(self, names: Collection[str]) -> Iterator[Recording]:
        """Those with these names."""
        return (one for one in self._recordings if one.name in names)


def steps(samples: int = 3000, *, seed: int = 0) -> NDArray[np.int16]:
    """A wave with noise in steps of a 16-bit converter, within 12 bits; shape (samples,)."""
    wave = 500 * np.sin(np.arange(samples) / 10)
    noise = np.random.default_rng(seed).normal(0, 40, samples)
    return np.rint(wave + noise).astype("<i2")


def recording(
    name: str = "A00001", *, label: str | None = "N", samples: int = 3000, seed: int = 0
) -> Recording:
    """A recording of :func:`steps` at 300 Hz and 1000 steps a mV."""
    return Recording.of(
        name=name,
        signal_mv=steps(samples, seed=seed) / 1000,
        rate_hz=300.0,
        origin=f"{name}.hea",
        label=label,
    )


def wfdb_record(
    name: str = "A00001",
    signal: NDArray[np.int16] | None = None,
    *,
    top: str | None = None,
    line: str | None = None,
) -> dict[str, bytes]:
    """The two files of a record in PhysioNet 2017's own layout; *top* and *line* replace lines."""
    signal = steps() if signal is None else signal
    top = top or f"{name} 1 300 {len(signal)} 05:05:15 1/05/2000 "
    line = line or f"{name}.mat 16+24 1000/mV 16 0 {signal[0]} 0 0 ECG "
    return {
        f"{name}.hea": f"{top}\r\n{line}\r\n".encode("latin-1"),
        f"{name}.mat": bytes(24) + signal.astype("<i2").tobytes(),
    }


def physionet_files(labels: Mapping[str, str]) -> dict[str, bytes]:
    """The files of a record for each label, named and different."""
    files: dict[str, bytes] = {}
    for seed, name in enumerate(labels):
        files |= wfdb_record(name, steps(2700 + 30 * seed, seed=seed))
    return files


def edf_file(signals: list[dict[str, str]], data: bytes, **top: str) -> bytes:
    """An EDF file; each signal and *top* may replace fields, named as in the format."""
    fixed = {
        "version": "0",
        "patient": "X",
        "recording": "X",
        "date": "01.01.00",
        "time": "00.00.00",
        "header": str(256 * (len(signals) + 1)),
        "reserved": "",
        "blocks": "10",
        "duration": "1",
        "count": str(len(signals)),
    } | top
    widths = dict(zip(fixed, (8, 80, 80, 8, 8, 8, 44, 8, 8, 4), strict=True))
    text = "".join(fixed[field].ljust(width) for field, width in widths.items())
    usual = {
        "label": "ECG I",
        "transducer": "",
        "unit": "mV",
        "physical minimum": "-3.2768",
        "physical maximum": "3.2767",
        "digital minimum": "-32768",
        "digital maximum": "32767",
        "filter": "",
        "samples": "250",
        "reserved": "",
    }
    for field, width in zip(usual, (16, 80, 8, 8, 8, 8, 8, 80, 8, 32), strict=True):
        text += "".join((usual | signal)[field].ljust(width) for signal in signals)
    return text.encode("latin-1") + data


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    """*folder*, with *files* in it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    """The archive *path* of *files*."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path
