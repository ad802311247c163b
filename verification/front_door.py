"""Runs `afib screen` as a user does: files in a folder, a process, JSON lines back."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from afib.records import Recording
    from nnassure.arrays import FloatArray

__all__ = [
    "damaged_files",
    "drawn",
    "screen",
    "unusable_signals",
    "write_recordings",
    "write_signal",
]


def screen(folder: Path, model: Path) -> dict[str, dict[str, Any]]:
    """What `afib screen` says of every record in *folder*, by record."""
    done = _afib("screen", str(folder), "--model", str(model), "--format", "json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["record"]: line for line in lines}


def drawn(path: Path, model: Path, out: Path) -> str:
    """What `afib explain` writes to *out* about *path*; nothing where it fails."""
    done = _afib("explain", str(path), "--model", str(model), "--out", str(out))
    return out.read_text(encoding="utf-8") if done.returncode == 0 else ""


def _afib(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = "from afib.launch import entry; entry()"
    return subprocess.run(  # noqa: S603  our own command
        [sys.executable, "-c", command, *arguments], capture_output=True, text=True, check=False
    )


def write_recordings(recordings: Iterable[Recording], folder: Path) -> None:
    """Each recording as a CSV file of its name; the samples survive exactly."""
    for recording in recordings:
        write_signal(folder / f"{recording.name}.csv", recording.signal_mv, recording.rate_hz)


def write_signal(path: Path, signal_mv: FloatArray, rate_hz: float) -> None:
    """A signal as a CSV file with its rate in a comment."""
    samples = "\n".join(repr(float(sample)) for sample in signal_mv)
    path.write_text(f"# rate_hz: {rate_hz:g}\nmv\n{samples}\n", encoding="utf-8")


def unusable_signals(conditions: Mapping[str, Any]) -> dict[str, FloatArray]:
    """Signals that can hold no rhythm: flat, all but flat, saturated, and too short.

    Args:
        conditions: `rate_hz`, `duration_s`, `each` (signals a kind), `seed`, `noise_mv`,
            `rail_mv`, `wave_mv`, and `short_s` (shortest and longest of the short ones).
    """
    generator, rate_hz = np.random.default_rng(conditions["seed"]), conditions["rate_hz"]
    time_s = np.arange(conditions["duration_s"] * rate_hz) / rate_hz
    noise_mv, rail_mv = conditions["noise_mv"], conditions["rail_mv"]
    signals: dict[str, NDArray[np.float64]] = {}
    for number in range(conditions["each"]):
        level_mv = generator.uniform(-1, 1)
        signals[f"flat-{number}"] = np.full(len(time_s), level_mv, dtype=np.float64)
        noise = level_mv + generator.uniform(-noise_mv, noise_mv, len(time_s))
        signals[f"noise-{number}"] = noise
        wave = conditions["wave_mv"] * np.sin(2 * np.pi * generator.uniform(0.5, 2) * time_s)
        signals[f"saturated-{number}"] = np.clip(wave, -rail_mv, rail_mv)
        short = int(generator.uniform(*conditions["short_s"]) * rate_hz)
        signals[f"short-{number}"] = generator.normal(0, 0.5, short)
    return {name: signal.astype(np.float32) for name, signal in signals.items()}


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
