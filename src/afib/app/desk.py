"""What is on the desk of a reviewer: opened recordings, what the device says, and why.

Recordings are there as long as the app runs; nothing is stored but judgements.
A recording that is longer than the intended use is not decided as a whole: its windows are, each as
a recording of its own, and no decision is made of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from afib.app.shelf import SignalShelf
from afib.beats import r_peaks
from afib.errors import AfibError, RecordError
from afib.explained import explain
from afib.records import Recording
from nnassure.errors import AssuranceError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from afib.app.shelf import Kept
    from afib.decision import Decision, Screener
    from afib.explained import Explained
    from nnassure.arrays import DoubleArray

__all__ = ["LONGEST_S", "WINDOW_S", "Desk", "Opened", "Window"]

#: The longest recording of the intended use, `requirements/intended-use.yaml`.
LONGEST_S = 61.0
#: As long as a segment of the network.
WINDOW_S = 30.0
_MOST = 20_000
#: R peaks are looked for in so much at a time, and so much around it.
_STRETCH_S, _AROUND_S = 600.0, 10.0
_UNRELEASED = "the model was not released, so the device says nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of a recording that was decided by itself.

    Attributes:
        start_s: Where it begins.
        end_s: Where it ends.
        decision: What the device says of it; None where it could say nothing.
    """

    start_s: float
    end_s: float
    decision: Decision | None


@dataclass(slots=True, kw_only=True)
class Opened:
    """A recording on the desk.

    Attributes:
        key: By which the page asks for it: of its name and samples.
        number: In the order of opening, from 0.
        recording: Without its samples, which lie on the shelf.
        kept: They.
        decision: What the device says of the whole; None where it says nothing.
        problem: Why it says nothing; None where it does.
        windows: Decided so far.
        windows_in_all: How many there will be; 0 for a recording of one window.
        peaks_s: Times of R peaks, shape (beats,), once they were asked for.
    """

    key: str
    number: int
    recording: Recording
    duration_s: float
    kept: Kept
    decision: Decision | None
    problem: str | None
    windows: list[Window] = field(default_factory=list)
    windows_in_all: int = 0
    peaks_s: DoubleArray | None = None

    @property
    def starts_s(self) -> list[float]:
        """Where its windows begin: evenly spaced, as :func:`afib.preprocessing.segment_indices`."""
        rate_hz, samples = self.recording.rate_hz, self.kept.samples
        length = round(WINDOW_S * rate_hz)
        count = max(1, -(-samples // length))
        starts = np.linspace(0, max(0, samples - length), count).round()
        return [float(each) / rate_hz for each in starts]

    @property
    def is_long(self) -> bool:
        """Whether it is longer than the intended use."""
        return self.duration_s > LONGEST_S


class Desk:
    """Opened recordings in the order of opening.

    Args:
        screener: The device; None where its model was not released and nobody asked for it.
    """

    def __init__(self, screener: Screener | None) -> None:
        self._screener = screener
        self._opened: dict[str, Opened] = {}
        self._shelf = SignalShelf()
        self._lock = threading.Lock()
        # Evidence is found by hooks into the one network: nobody else may run it meanwhile.
        self._network = threading.Lock()
        # A window of each recording in turn: one of a day does not keep the others waiting.
        self._behind = ThreadPoolExecutor(1, thread_name_prefix="windows")
        self._closed = threading.Event()
        self.loading = False
        self.problems: list[str] = []

    def open(self, recording: Recording) -> Opened:
        """*recording* on the desk, decided where the device may speak.

        Raises:
            RecordError: If the desk is full.
        """
        key = _key(recording)
        with self._lock:
            if key in self._opened:
                return self._opened[key]
            if len(self._opened) >= _MOST:
                raise RecordError(
                    recording.name, f"desk: expected at most {_MOST} recordings; restart the app"
                )
        duration_s = recording.duration_s
        decision, problem = self._decided(recording)
        opened = Opened(
            key=key,
            number=-1,
            recording=replace(recording, signal_mv=np.empty(0, dtype=np.float32)),
            duration_s=duration_s,
            kept=self._shelf.keep(recording.signal_mv),
            decision=decision,
            problem=problem,
        )
        with self._lock:
            if key in self._opened:
                return self._opened[key]
            opened.number = len(self._opened)
            self._opened[key] = opened
        if self._screener is not None and duration_s > WINDOW_S:
            opened.windows_in_all = len(opened.starts_s)
            self._behind.submit(self._decide_window, opened)
        return opened

    def open_all(self, found: Iterable[Recording | RecordError]) -> tuple[list[Opened], list[str]]:
        """Everything of *found* that can be opened, and what is wrong with the rest."""
        opened: list[Opened] = []
        problems: list[str] = []
        for each in found:
            if self._closed.is_set():
                break
            try:
                if isinstance(each, RecordError):
                    raise each
                opened.append(self.open(each))
            except RecordError as error:
                problems.extend(error.problems)
        return opened, problems

    def since(self, number: int) -> list[Opened]:
        """What was opened from this number on."""
        with self._lock:
            return list(self._opened.values())[max(0, number) :]

    def get(self, key: str) -> Opened:
        """The recording with this key.

        Raises:
            RecordError: If it is not on the desk.
        """
        with self._lock:
            if key not in self._opened:
                raise RecordError("recording", "recording: expected one that is open, got none")
            return self._opened[key]

    def whole(self, opened: Opened) -> Recording:
        """The recording with its samples."""
        return replace(opened.recording, signal_mv=opened.kept.whole())

    def part(self, opened: Opened, start_s: float) -> Recording:
        """A window of a recording, as a recording of its own that is named for it."""
        rate_hz = opened.recording.rate_hz
        length = round(WINDOW_S * rate_hz)
        latest = max(0, opened.kept.samples - length)
        first = round(min(max(start_s * rate_hz, 0), latest))
        ends = f"{first / rate_hz:.1f} to {(first + length) / rate_hz:.1f} s"
        return Recording.of(
            name=f"{opened.recording.name}, {ends}",
            signal_mv=opened.kept.part(first, first + length),
            rate_hz=rate_hz,
            origin=opened.recording.origin,
            step_mv=opened.recording.step_mv,
        )

    def peaks_s(self, opened: Opened) -> DoubleArray:
        """Times of the R peaks in seconds, shape (beats,)."""
        if opened.peaks_s is None:
            opened.peaks_s = _peaks_s(opened)
        return opened.peaks_s

    def explained(self, opened: Opened, window: int) -> tuple[Explained, float]:
        """What argues for the decision on a recording, or on a window of a long one, and its start.

        Raises:
            RecordError: If the device may not speak, or there are no reasons.
        """
        name = opened.recording.name
        if self._screener is None:
            raise RecordError(name, f"{name}: {_UNRELEASED}")
        start_s = 0.0
        if opened.is_long:
            starts_s = opened.starts_s
            start_s = starts_s[max(0, min(window, len(starts_s) - 1))]
        recording = self.part(opened, start_s) if opened.is_long else self.whole(opened)
        try:
            with self._network:
                return explain(self._screener, recording), start_s
        except AssuranceError as error:
            raise RecordError(name, f"{name}: {error}") from error

    def rehearse(self, recording: Recording) -> None:
        """Asks all of the device about *recording*, and keeps nothing."""
        if self._screener is None:
            return
        with contextlib.suppress(AssuranceError, AfibError), self._network:
            explain(self._screener, recording)

    def close(self) -> None:
        """Nothing is worked on any more."""
        self._closed.set()
        # The window that is being decided is the last.
        self._behind.shutdown(wait=True, cancel_futures=True)
        self._shelf.close()

    def _decided(self, recording: Recording) -> tuple[Decision | None, str | None]:
        if self._screener is None:
            return None, _UNRELEASED
        if recording.duration_s > LONGEST_S:
            return None, (
                f"longer than the {LONGEST_S:g} s that the device is made for: its windows of "
                f"{WINDOW_S:g} s are decided, and no decision is made of them"
            )
        try:
            with self._network:
                return self._screener.decide(recording), None
        except AssuranceError as error:
            return None, f"{recording.name}: {error}"

    def _decide_window(self, opened: Opened) -> None:
        if self._closed.is_set():
            return
        start_s = opened.starts_s[len(opened.windows)]
        part = self.part(opened, start_s)
        decision = self._decided(part)[0]
        opened.windows.append(
            Window(start_s=start_s, end_s=start_s + part.duration_s, decision=decision)
        )
        if len(opened.windows) < opened.windows_in_all:
            with contextlib.suppress(RuntimeError):
                # Unless the desk was closed meanwhile.
                self._behind.submit(self._decide_window, opened)


def _key(recording: Recording) -> str:
    told = f"{recording.name}\0{recording.rate_hz!r}\0{recording.digest}"
    return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _peaks_s(opened: Opened) -> DoubleArray:
    """Times of R peaks, found in stretches that overlap: a day of ECG is not looked at at once."""
    rate_hz, found = opened.recording.rate_hz, []
    for start_s in np.arange(0, max(opened.duration_s, _STRETCH_S / 2), _STRETCH_S):
        end_s = start_s + _STRETCH_S
        first = max(0, round((start_s - _AROUND_S) * rate_hz))
        signal = opened.kept.part(first, round((end_s + _AROUND_S) * rate_hz))
        peaks_s = (r_peaks(signal, rate_hz) + first) / rate_hz
        found.append(peaks_s[(peaks_s >= start_s) & (peaks_s < end_s)])
    return np.concatenate(found).astype(np.float64)
