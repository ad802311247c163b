"""The first signal of an EDF or EDF+C file, in millivolts.

The format is fixed-width ASCII followed by 16-bit integers (Kemp et al. 1992,
doi:10.1016/0013-4694(92)90009-7), so it is decoded here: wfdb's reader rounds the rate and the
baseline to integers and asks for as much memory as a damaged header names.
Annotation signals of EDF+ are passed over; interrupted recordings (EDF+D) are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from afib.errors import RecordError
from afib.records.recording import Recording
from afib.records.shelf import Shelf, stem

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read_edf"]

_MAX_BYTES = 256 * 2**20
_MAX_SIGNALS = 64
_TOP = 256
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,8}")
_MV_PER_UNIT = {"mV": 1.0, "uV": 1e-3, "µV": 1e-3, "V": 1e3}
_ANNOTATIONS = "EDF Annotations"
# Name and width in bytes of the fields that each signal has, in their order in the file.
_SIGNAL_FIELDS = (
    ("label", 16),
    ("transducer", 80),
    ("unit", 8),
    ("physical minimum", 8),
    ("physical maximum", 8),
    ("digital minimum", 8),
    ("digital maximum", 8),
    ("filter", 80),
    ("samples a block", 8),
    ("reserved", 32),
)


class _RefusedError(Exception):
    """One sentence on what is wrong, still without its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How the blocks of a file are made; first and last are samples within a block."""

    blocks: int
    block_samples: int
    first: int
    last: int
    rate_hz: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """The straight line through both pairs of extremes, as the format defines it.

    Attributes:
        low: Digital minimum.
        high: Digital maximum.
        bottom: Physical minimum.
        top: Physical maximum.
        unit_mv: The unit of the physical ones in mV.
    """

    low: float
    high: float
    bottom: float
    top: float
    unit_mv: float

    @property
    def step_mv(self) -> float:
        """What one step of the converter is."""
        return (self.top - self.bottom) / (self.high - self.low) * self.unit_mv

    @property
    def range_mv(self) -> tuple[float, float]:
        """The least and the greatest sample."""
        return self.bottom * self.unit_mv, self.top * self.unit_mv

    def millivolts(self, steps: NDArray[np.int16]) -> NDArray[np.float64]:
        """The samples in mV, shape (samples,).

        Raises:
            _RefusedError: If there are any beyond the extremes.
        """
        outside = int(((steps < self.low) | (steps > self.high)).sum())
        if outside:
            raise _RefusedError(
                f"expected samples within the digital extremes, got {outside} outside"
            )
        slope = (self.top - self.bottom) / (self.high - self.low)
        return ((steps.astype(np.float64) - self.low) * slope + self.bottom) * self.unit_mv


def read_edf(shelf: Shelf, name: str) -> Recording:
    """The first signal of the file *name* that is no annotation.

    Raises:
        RecordError: If the header breaks the format, the size is not what it says, or the signal
            is no ECG in mV.
    """
    place = shelf.place(name)
    content = shelf.read(name, _MAX_BYTES)
    try:
        signals = _signals(content)
        chosen = _chosen(signals)
        layout = _layout(content, signals, chosen)
        line = _line(signals[chosen])
        signal_mv = line.millivolts(_steps(content, len(signals), layout))
    except _RefusedError as refusal:
        raise RecordError(stem(name), f"{place}: {refusal}") from refusal
    origin = f"{place}, first of {len(signals)} signals: {signals[chosen]['label']}"
    return Recording.of(
        name=stem(name),
        signal_mv=signal_mv,
        rate_hz=layout.rate_hz,
        origin=place if len(signals) == 1 else origin,
        step_mv=line.step_mv,
        range_mv=line.range_mv,
    )


def _signals(content: bytes) -> list[dict[str, str]]:
    """The header's fields, one mapping a signal."""
    if content[:8] != b"0       ":
        raise _RefusedError("expected an EDF file, which starts with '0' and 7 blanks, got another")
    if content[192:197] == b"EDF+D":
        raise _RefusedError("expected an uninterrupted recording, got EDF+D")
    count = _integer(_text(content, 252, 256), "number of signals")
    if not 1 <= count <= _MAX_SIGNALS:
        raise _RefusedError(f"number of signals: expected 1 to {_MAX_SIGNALS}, got {count}")
    stated = _integer(_text(content, 184, 192), "bytes of the header")
    needed = _TOP * (count + 1)
    if stated != needed or len(content) < needed:
        raise _RefusedError(
            f"bytes of the header: expected {needed} for {count} signals, "
            f"got {stated} stated and {min(len(content), needed)} present"
        )
    signals: list[dict[str, str]] = [{} for _ in range(count)]
    start = _TOP
    for field, width in _SIGNAL_FIELDS:
        for signal in signals:
            signal[field] = _text(content, start, start + width)
            start += width
    return signals


def _chosen(signals: list[dict[str, str]]) -> int:
    """The position of the first signal that is no annotation."""
    for position, signal in enumerate(signals):
        if signal["label"] != _ANNOTATIONS:
            return position
    raise _RefusedError("expected a signal, got annotations alone")


def _layout(content: bytes, signals: list[dict[str, str]], chosen: int) -> _Layout:
    blocks = _integer(_text(content, 236, 244), "number of blocks")
    duration_s = _number(_text(content, 244, 252), "duration of a block")
    counts = [_integer(s["samples a block"], "samples a block") for s in signals]
    if blocks < 1 or not duration_s > 0 or min(counts) < 1:
        raise _RefusedError(
            "expected blocks, a duration and samples above 0, "
            f"got {blocks} blocks of {duration_s:g} s with {min(counts)} samples"
        )
    needed = _TOP * (len(signals) + 1) + 2 * blocks * sum(counts)
    if len(content) != needed:
        raise _RefusedError(f"expected {needed} bytes as its header says, got {len(content)}")
    first = sum(counts[:chosen])
    return _Layout(
        blocks=blocks,
        block_samples=sum(counts),
        first=first,
        last=first + counts[chosen],
        rate_hz=counts[chosen] / duration_s,
    )


def _steps(content: bytes, signals: int, layout: _Layout) -> NDArray[np.int16]:
    steps = np.frombuffer(content, dtype="<i2", offset=_TOP * (signals + 1))
    blocks = steps.reshape(layout.blocks, layout.block_samples)
    return blocks[:, layout.first : layout.last].ravel()


def _line(signal: dict[str, str]) -> _Line:
    """The straight line that the header of *signal* states."""
    low, high = (
        _number(signal[f"digital {end}"], f"digital {end}") for end in ("minimum", "maximum")
    )
    bottom, top = (
        _number(signal[f"physical {end}"], f"physical {end}") for end in ("minimum", "maximum")
    )
    if not -(2**15) <= low < high < 2**15 or not bottom < top:
        raise _RefusedError(
            "expected rising extremes, digital ones within 16 bits, "
            f"got {low:g} to {high:g} for {bottom:g} to {top:g}"
        )
    if signal["unit"] not in _MV_PER_UNIT:
        raise _RefusedError(f"unit: expected mV, uV or V, got {signal['unit']!r}")
    return _Line(low=low, high=high, bottom=bottom, top=top, unit_mv=_MV_PER_UNIT[signal["unit"]])


def _text(content: bytes, start: int, end: int) -> str:
    return content[start:end].decode("latin-1").strip()


def _integer(text: str, field: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise _RefusedError(f"{field}: expected an integer, got {text!r}")
    return int(text)


def _number(text: str, field: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise _RefusedError(f"{field}: expected a number, got {text!r}")
    return float(text)
