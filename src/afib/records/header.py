"""The strict grammar of a WFDB header.

wfdb reads a damaged header as another record without an error, and asks for more memory than a
machine has on a hostile one (decision 0004).
So the text is held to this grammar first: each field matches whole, has a bounded length, and
nothing that changes the signal is filled in with a default.
What the format itself defines stays: without a unit it is mV, without a baseline the ADC zero.
Fields are those of header(5) of the WFDB applications guide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from afib.errors import RecordError
from afib.records.recording import RATES_HZ

__all__ = ["FORMATS", "WfdbHeader", "parse_header"]

FORMATS = (16, 24, 32, 80, 212)
"""The formats that store each sample as a number of its own; others have state or codecs."""

_MAX_SIGNALS = 64
_MAX_SAMPLES = 2**26
_MV_PER_UNIT = {"mV": 1.0, "uV": 1e-3, "V": 1e3}
_TEXT = re.compile(r"[\x20-\x7e\t\r\n]*")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FILE = re.compile(r"[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9]{1,8})?")
_COUNT = re.compile(r"[0-9]{1,12}")
_INTEGER = re.compile(r"-?[0-9]{1,10}")
_RATE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,12})?")
_TIME = re.compile(r"[0-9]{1,2}(:[0-9]{1,2}){1,2}(\.[0-9]{1,6})?")
_DATE = re.compile(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}")
_FORMAT = re.compile(r"(?P<format>[0-9]{1,3})(\+(?P<offset>[0-9]{1,9}))?")
_GAIN = re.compile(
    r"(?P<gain>[0-9]{1,9}(\.[0-9]{1,20})?)(\((?P<baseline>-?[0-9]{1,10})\))?(/(?P<unit>\S{1,16}))?"
)
_ASKED = {
    _NAME: "letters, digits, - and _",
    _FILE: "a file name without a folder",
    _COUNT: "a count",
    _INTEGER: "an integer",
    _RATE: "a decimal number",
    _TIME: "a time hh:mm:ss",
    _DATE: "a date dd/mm/yyyy",
    _FORMAT: "a format such as 16 or 16+24, without skew or samples per frame",
    _GAIN: "gain(baseline)/unit such as 1000(0)/mV",
}
_RECORD_FIELDS = (
    ("record name", _NAME),
    ("number of signals", _COUNT),
    ("rate", _RATE),
    ("number of samples", _COUNT),
    ("time", _TIME),
    ("date", _DATE),
)
_SIGNAL_FIELDS = (
    ("file", _FILE),
    ("format", _FORMAT),
    ("gain", _GAIN),
    ("ADC resolution", _COUNT),
    ("ADC zero", _INTEGER),
    ("first sample", _INTEGER),
    ("checksum", _INTEGER),
    ("block size", _COUNT),
)
_RECORD_REQUIRED = 4
_SIGNAL_REQUIRED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class WfdbHeader:
    """What is needed to decode the first signal of a record.

    Attributes:
        rate_hz: Samples a second.
        samples: Samples a signal.
        signals: Signals that share the data file, interleaved.
        file: The data file's name, beside the header.
        format: One of :data:`FORMATS`.
        byte_offset: Bytes before the first sample.
        gain: Steps of the converter per unit.
        baseline: The step that means zero.
        mv_per_unit: Millivolts per unit.
        checksum: Sum of the first signal's samples modulo 65536, signed; 0 means none is given.
        lead: What the first signal is called; may be empty.
    """

    rate_hz: float
    samples: int
    signals: int
    file: str
    format: int
    byte_offset: int
    gain: float
    baseline: int
    mv_per_unit: float
    checksum: int
    lead: str


def parse_header(record: str, place: str, content: bytes) -> WfdbHeader:
    """The header of *record* as *content* states it.

    Args:
        record: The name that the header has to give.
        place: Where the header lies; it opens every message, followed by the line's number.
        content: The header file.

    Raises:
        RecordError: With every field that breaks the grammar, or else every contradiction.
    """
    text = content.decode("latin-1")
    if not _TEXT.fullmatch(text):
        raise RecordError(record, f"{place}: expected printable ASCII, got other bytes")
    lines = [
        (f"{place}:{number}", line.split())
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines:
        raise RecordError(record, f"{place}: expected a record line, got none")
    (top, fields), signals = lines[0], lines[1:]
    problems = _field_problems(top, fields, _RECORD_FIELDS, _RECORD_REQUIRED)
    if len(fields) > len(_RECORD_FIELDS):
        problems.append(f"{top}: expected at most {len(_RECORD_FIELDS)} fields, got {len(fields)}")
    if not problems:
        problems = _record_problems(record, top, fields, len(signals))
    if not problems:
        for at, line in signals:
            problems += _field_problems(at, line, _SIGNAL_FIELDS, _SIGNAL_REQUIRED)
    if not problems:
        problems = _signal_problems(record, signals)
    if problems:
        raise RecordError(record, *problems)
    return _header(fields, signals[0][1])


def _field_problems(
    at: str, fields: list[str], known: tuple[tuple[str, re.Pattern[str]], ...], required: int
) -> list[str]:
    problems = [
        f"{at}: {name}: expected {_ASKED[pattern]}, got {_shown(field)}"
        for (name, pattern), field in zip(known, fields, strict=False)
        if not pattern.fullmatch(field)
    ]
    missing = [name for name, _ in known[len(fields) : required]]
    return problems + [f"{at}: {name}: expected a value, got none" for name in missing]


def _record_problems(record: str, at: str, fields: list[str], signal_lines: int) -> list[str]:
    lowest, highest = RATES_HZ
    signals, rate, samples = int(fields[1]), float(fields[2]), int(fields[3])
    checks = [
        (fields[0] == record, f"record name: expected {record!r}, got {fields[0]!r}"),
        (
            1 <= signals <= _MAX_SIGNALS,
            f"number of signals: expected 1 to {_MAX_SIGNALS}, got {signals}",
        ),
        (
            signals == signal_lines,
            f"number of signals: expected the number of lines below, {signal_lines}, got {signals}",
        ),
        (lowest <= rate <= highest, f"rate: expected {lowest:g} to {highest:g} Hz, got {rate:g}"),
        (
            1 <= samples <= _MAX_SAMPLES // max(signals, 1),
            f"number of samples: expected 1 to {_MAX_SAMPLES} over all signals, got {samples}",
        ),
    ]
    return [f"{at}: {problem}" for holds, problem in checks if not holds]


def _signal_problems(record: str, signals: list[tuple[str, list[str]]]) -> list[str]:
    (at, first), *others = signals
    gain = _groups(_GAIN, first[2])
    unit = gain["unit"] or "mV"
    problems = []
    if first[0].partition(".")[0] != record:
        problems.append(f"{at}: file: expected one named {record!r}, got {first[0]!r}")
    code = first[1].partition("+")[0]
    if int(code) not in FORMATS:
        known = ", ".join(map(str, FORMATS))
        problems.append(f"{at}: format: expected one of {known}, got {code}")
    if float(gain["gain"]) == 0:
        problems.append(f"{at}: gain: expected more than 0, got 0, which means not calibrated")
    if unit not in _MV_PER_UNIT:
        problems.append(f"{at}: unit: expected mV, uV or V, got {unit!r}")
    problems += [
        f"{place}: expected the file and format of the first signal, "
        f"got {fields[0]} in format {fields[1]}"
        for place, fields in others
        if fields[:2] != first[:2]
    ]
    return problems


def _header(record: list[str], signal: list[str]) -> WfdbHeader:
    """The header of two lines that have passed all checks."""
    code, _, offset = signal[1].partition("+")
    gain = _groups(_GAIN, signal[2])
    padded = signal[3:8] + ["0"] * (8 - len(signal))
    _, zero, _, checksum, _ = padded
    return WfdbHeader(
        rate_hz=float(record[2]),
        samples=int(record[3]),
        signals=int(record[1]),
        file=signal[0],
        format=int(code),
        byte_offset=int(offset or 0),
        gain=float(gain["gain"]),
        baseline=int(gain["baseline"] or zero),
        mv_per_unit=_MV_PER_UNIT[gain["unit"] or "mV"],
        checksum=int(checksum),
        lead=" ".join(signal[8:]),
    )


def _groups(pattern: re.Pattern[str], field: str) -> dict[str, str]:
    found = pattern.fullmatch(field)
    return found.groupdict(default="") if found else {}


def _shown(field: str) -> str:
    return repr(field if len(field) <= 40 else f"{field[:37]}...")  # noqa: PLR2004  (a line's worth)
