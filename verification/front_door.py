"""Runs `afib screen` as a user does: files in a folder, a process, JSON lines back."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from afib.records import Recording
    from nnassure.arrays import FloatArray

__all__ = ["damaged_files", "screen", "unusable_signals", "write_recordings", "write_signal"]


def screen(folder: Path, model: Path) -> dict[str, dict[str, Any]]:
    """What `afib screen` says of every record in *folder*, by record."""
    command = "from afib.launch import entry; entry()"
    arguments = ["screen", str(folder), "--model", str(model), "--format", "json"]
    done = subprocess.run(  # noqa: S603  our own command
        [sys.executable, "-c", command, *arguments], capture_output=True, text=True, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["record"]: line for line in lines}


def write_recordings(recordings: Iterable[Recording], folder: Path) -> None:
    """Each recording as a CSV file of its name; the samples survive exactly."""
    for recording in recordings:
        write_signal(folder / f"{recording.name}.csv", recording.signal_mv, recording.rate_hz)


def write_signal(path: Path, signal_mv: FloatArray, rate_hz: float) -> None:
    """A signal as a CSV file with its rate in a comment."""
    samples = "\n".join(repr(float(sample)) for sample in signal_mv)
    path.write_text(f"# rate_hz: {rate_hz:g}\nmv\n{samples}\n", encoding="utf-8")


def unusable_signals(rate_hz: int, seed: int, each: int) -> dict[str, FloatArray]:
    """Signals that can hold no rhythm: flat, all but flat, saturated, and too short."""
    import numpy as np  # noqa: PLC0415  only signals need it

    generator = np.random.default_rng(seed)
    time_s = np.arange(30 * rate_hz) / rate_hz
    signals: dict[str, FloatArray] = {}
    for number in range(each):
        level = generator.uniform(-1, 1)
        signals[f"flat-{number}"] = np.full(len(time_s), level, dtype=np.float32)
        noise = level + generator.uniform(-0.002, 0.002, len(time_s))
        signals[f"noise-{number}"] = noise.astype(np.float32)
        wave = 10 * np.sin(2 * np.pi * generator.uniform(0.5, 2) * time_s)
        signals[f"saturated-{number}"] = np.clip(wave, -3, 3).astype(np.float32)
        beats = generator.normal(0, 0.5, int(generator.uniform(1, 8) * rate_hz))
        signals[f"short-{number}"] = beats.astype(np.float32)
    return signals


def damaged_files() -> dict[str, dict[str, bytes]]:
    """By record, files that no reader may take for a recording."""
    header = b"%b 1 300 3000\n%b.mat 16+24 1000/mV 16 0 0 0 0 ECG\n"
    body = bytes(24) + bytes(6000)

    def wfdb(name: bytes, head: bytes, data: bytes) -> dict[str, bytes]:
        return {f"{name.decode()}.hea": head, f"{name.decode()}.mat": data}

    def good(name: bytes) -> bytes:
        return header % (name, name)

    return {
        "empty": {"empty.csv": b""},
        "words": {"words.csv": b"# rate_hz: 300\nmv\n0.1\nno number\n"},
        "commas": {"commas.csv": b"# rate_hz: 300\nmv\n0,1\n0,2\n"},
        "notanumber": {"notanumber.csv": b"# rate_hz: 300\nmv\n0.1\nnan\n0.2\n"},
        "norate": {"norate.csv": b"mv\n0.1\n0.2\n"},
        "cut": wfdb(b"cut", good(b"cut"), body[:3000]),
        "lonely": {"lonely.hea": good(b"lonely")},
        "gain": wfdb(b"gain", good(b"gain").replace(b"1000/mV", b"-1000/mV"), body),
        "rate": wfdb(b"rate", good(b"rate").replace(b" 300 ", b" 3e2 "), body),
        "edf": {"edf.edf": b"0       not really an EDF file"},
    }
