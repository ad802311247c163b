"""What becomes of damaged WFDB records: read by wfdb, and by `afib.records`.

Records are written from the synthetic cohort with a header like those of PhysioNet 2017, and with
the checksum that their samples have. Then one byte of a header is changed to another, drawn at
random, or one bit of the samples. A reader refuses the record, reads what it read before, gives
the same numbers another unit, or reads another signal: other numbers or another rate. A few
headers that a stranger could write on purpose come last.

wfdb may go on for long or ask for much memory, so each reading has a limit of time, and the whole
process one of memory where the system keeps such limits; what reaches them is told apart.

Run in the repository root: ``python -m benchmarks.damaged_headers``
"""

from __future__ import annotations

import argparse
import re
import resource
import signal
import tempfile
import warnings
from bisect import bisect_right
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from afib.errors import RecordError
from afib.records import read_recording
from afib.synthetic import generate_recording

with warnings.catch_warnings():
    # wfdb 4.3 warns of its own use of pandas while it is imported.
    warnings.simplefilter("ignore")
    from wfdb import rdrecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

_SEED, _RECORDS, _HEADERS, _BITS = 17, 40, 4_000, 500
_LIMIT_S, _LIMIT_BYTES = 10, 4 * 2**30
_BEFORE = b"\0" * 24  # PhysioNet's records are MATLAB files, whose samples begin here
_SAME, _UNIT, _OTHER = "as before", "in another unit", "another signal"
_REFUSED, _SLOW, _LARGE = "refused", "out of time", "out of memory"
_ENDS = (_SAME, _UNIT, _OTHER, _REFUSED, _SLOW, _LARGE)
_FIELDS = (
    *("record name", "signals", "rate", "samples", "time", "date"),
    *("file", "format", "gain and unit", "resolution", "zero", "first sample"),
    *("checksum", "block size", "lead"),
)


#: What a stranger could write on purpose, beside 100 samples in format 16.
_HOSTILE = (
    ("r 1 3e2 100", "r.dat 16 200/mV"),
    ("r 1 x 100", "r.dat 16 200/mV"),
    ("r 1", "r.dat 16 200/mV"),
    ("r 1 300 100", "r.dat 16 x/mV"),
    ("r 1 300 100", "r.dat 16"),
    ("r 1000000000 300 100", "r.dat 16 200/mV"),
    ("r 1 300 1000000000000", "r.dat 16 200/mV"),
    ("r 1 300 100", "r.dat 16x1000000000 200/mV"),
    ("r/100000000 1 300 100", "r 100"),
)


class _LimitError(BaseException):
    """A reading took too long; no reader catches this by accident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """One record as two files; the header names the file of samples."""

    name: str
    header: bytes
    samples: bytes


@dataclass(frozen=True, slots=True)
class _Read:
    """What a reader made of a record."""

    signal: NDArray[np.floating]
    unit: str
    rate_hz: float

    def beside(self, before: _Read) -> str:
        """What this is, after the damage, beside what was read before it."""
        alike = np.array_equal(self.signal, before.signal, equal_nan=True)
        if not alike or self.rate_hz != before.rate_hz:
            return _OTHER
        return _SAME if self.unit == before.unit else _UNIT


def main() -> None:
    """Damages the records, reads them with each reader, and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    for name, usual in (("seed", _SEED), ("headers", _HEADERS), ("bits", _BITS)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    records = [_record(asked.seed, number + 1) for number in range(_RECORDS)]
    with tempfile.TemporaryDirectory() as scratch, _bounded():
        folder = Path(scratch)
        _print_headers(folder, records, asked.headers, rng)
        _print_bits(folder, records, asked.bits, rng)
        _print_hostile(folder)
    print(f"wfdb {version('wfdb')}; {_RECORDS} records, seed {asked.seed}.")


@contextmanager
def _bounded() -> Iterator[None]:
    """Memory is limited; what wfdb says about its own use of pandas is dropped."""
    # Not every system limits memory; there, time alone is.
    with suppress(OSError, ValueError):
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (_LIMIT_BYTES, hard))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _record(seed: int, number: int) -> _Record:
    recording = generate_recording(seed=seed, number=number).recording
    steps = np.rint(recording.signal_mv.astype(np.float64) * 1000).astype("<i2")
    checksum = (int(steps.sum(dtype=np.int64)) + 2**15) % 2**16 - 2**15
    lines = (
        f"{recording.name} 1 300 {len(steps)} 05:05:15 1/05/2000",
        f"{recording.name}.mat 16+24 1000/mV 16 0 {steps[0]} {checksum} 0 ECG ",
    )
    header = "".join(f"{line}\n" for line in lines).encode()
    return _Record(name=recording.name, header=header, samples=_BEFORE + steps.tobytes())


def _by_wfdb(path: Path) -> _Read:
    read = rdrecord(str(path))
    return _Read(read.p_signal[:, 0], read.units[0], float(read.fs))


def _by_ours(path: Path) -> _Read:
    read = read_recording(path.with_suffix(".hea"))
    return _Read(read.signal_mv, "mV", read.rate_hz)


_READERS: dict[str, Callable[[Path], _Read]] = {"wfdb": _by_wfdb, "afib.records": _by_ours}


def _reading(folder: Path, record: _Record, reader: str) -> _Read | str:
    """What *reader* makes of *record*, or how it ended."""
    (folder / f"{record.name}.hea").write_bytes(record.header)
    (folder / f"{record.name}.mat").write_bytes(record.samples)
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(_LIMIT_S)
    try:
        return _READERS[reader](folder / record.name)
    except _LimitError:
        return _SLOW
    except MemoryError:
        return _LARGE
    except RecordError:
        return _REFUSED
    except Exception:  # wfdb has no error of its own
        if reader != "wfdb":
            raise
        return _REFUSED
    finally:
        signal.alarm(0)


def _stop(*_: object) -> None:
    raise _LimitError


def _end(folder: Path, record: _Record, before: _Read, reader: str) -> str:
    read = _reading(folder, record, reader)
    return read if isinstance(read, str) else read.beside(before)


def _undamaged(folder: Path, record: _Record, reader: str) -> _Read:
    read = _reading(folder, record, reader)
    if isinstance(read, str):
        raise SystemExit(f"{record.name}: expected {reader} to read it undamaged, got {read}")
    return read


def _print_headers(
    folder: Path, records: list[_Record], number: int, rng: np.random.Generator
) -> None:
    damaged = [_with_another_byte(records[k % len(records)], rng) for k in range(number)]
    print(f"## {number:,} headers with one byte changed\n")
    ends, fields = {}, {}
    for reader in _READERS:
        before = {record.name: _undamaged(folder, record, reader) for record in records}
        seen = [_end(folder, record, before[record.name], reader) for record, _ in damaged]
        ends[reader] = Counter(seen)
        fields[reader] = Counter(
            field for (_, field), end in zip(damaged, seen, strict=True) if end == _OTHER
        )
    _print_ends(ends, number)
    print("\nRead as another signal, by the field in which the byte was:\n")
    print(f"| field | {' | '.join(_READERS)} |\n|---|---|---|")
    for field in _FIELDS:
        counts = [fields[reader][field] for reader in _READERS]
        if any(counts):
            print(f"| {field} | {' | '.join(map(str, counts))} |")
    print()


def _print_bits(
    folder: Path, records: list[_Record], number: int, rng: np.random.Generator
) -> None:
    damaged = [_with_another_bit(records[k % len(records)], rng) for k in range(number)]
    print(f"## {number:,} records with one bit of the samples flipped\n")
    ends = {}
    for reader in _READERS:
        before = {record.name: _undamaged(folder, record, reader) for record in records}
        ends[reader] = Counter(
            _end(folder, record, before[record.name], reader) for record in damaged
        )
    _print_ends(ends, number)
    print()


def _print_hostile(folder: Path) -> None:
    print("## Headers that a stranger could write\n")
    print("Each is two lines, and 100 samples lie beside it.\n")
    print(f"| header | {' | '.join(_READERS)} |\n|---|---|---|")
    (folder / "r.dat").write_bytes(np.arange(100, dtype="<i2").tobytes())
    for lines in _HOSTILE:
        header = "".join(f"{line}\n" for line in lines).encode()
        record = _Record(name="r", header=header, samples=b"")
        cells = [_told(_reading(folder, record, reader)) for reader in _READERS]
        print(f"| `{'`, `'.join(lines)}` | {' | '.join(cells)} |")
    print(
        f"\nA reading may take {_LIMIT_S} s, and the process {_LIMIT_BYTES // 2**30} GiB of "
        "addresses.\n"
    )


def _told(read: _Read | str) -> str:
    if isinstance(read, str):
        return read
    # The second of the samples is one step, which tells the gain.
    return f"{read.rate_hz:g} Hz, {1 / float(read.signal[1]):g} steps a {read.unit}"


def _print_ends(ends: dict[str, Counter[str]], number: int) -> None:
    shown = [end for end in _ENDS if any(counts[end] for counts in ends.values())]
    print(f"| reader | {' | '.join(shown)} |\n|---|{'---|' * len(shown)}")
    for reader, counts in ends.items():
        cells = [f"{counts[end] / number:.4f} ({counts[end]} of {number})" for end in shown]
        print(f"| {reader} | {' | '.join(cells)} |")


def _with_another_byte(record: _Record, rng: np.random.Generator) -> tuple[_Record, str]:
    """The record with one byte of its header changed, and the field that the byte was in."""
    header = bytearray(record.header)
    at = int(rng.integers(len(header)))
    header[at] = (header[at] + int(rng.integers(1, 256))) % 256
    # What separates fields belongs to the one before it.
    starts = [found.start() for found in re.finditer(rb"\S+", record.header)]
    named = _FIELDS[bisect_right(starts, at) - 1]
    return _Record(name=record.name, header=bytes(header), samples=record.samples), named


def _with_another_bit(record: _Record, rng: np.random.Generator) -> _Record:
    samples = bytearray(record.samples)
    samples[int(rng.integers(len(_BEFORE), len(samples)))] ^= 1 << int(rng.integers(8))
    return _Record(name=record.name, header=record.header, samples=bytes(samples))


if __name__ == "__main__":
    main()
