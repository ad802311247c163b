"""What lies on the desk of a reviewer, and what the device says of it."""

from __future__ import annotations

import threading
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

import afib.app.desk
from afib.app.desk import LONGEST_S, Desk
from afib.classifier import Classifier
from afib.decision import Limits, Screener
from afib.errors import RecordError
from afib.records import Recording
from afib.synthetic import generate_recording
from tests.support.models import tiny_checkpoint
from tests.support.recordings import recording
from tests.support.uncertain import tiny_uncertainty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afib.app.desk import Opened
    from afib.checkpoint import Checkpoint

RATE_HZ = 300.0


@cache
def tiny() -> Checkpoint:
    """A network of a size that tests can afford."""
    return tiny_checkpoint()


@cache
def screener() -> Screener:
    """The device with it."""
    checkpoint = tiny()
    limits = Limits(checkpoint=checkpoint, uncertainty=tiny_uncertainty(checkpoint))
    return Screener(Classifier(checkpoint), limits)


@pytest.fixture
def desk() -> Iterator[Desk]:
    """An empty one, with a device."""
    desk = Desk(screener())
    with closing(desk):
        yield desk


@pytest.fixture
def silent() -> Iterator[Desk]:
    """An empty one, with a device that may say nothing."""
    desk = Desk(None)
    with closing(desk):
        yield desk


def lasting(duration_s: float, name: str = "A00001") -> Recording:
    """A recording of so many seconds."""
    return recording(name, samples=round(duration_s * RATE_HZ))


def settled(desk: Desk) -> None:
    """All windows are decided: one each in turn, so that waiting is over after as many turns."""
    for _ in range(sum(each.windows_in_all for each in desk.since(0)) + 1):
        desk._behind.submit(lambda: None).result()


def test_recordings_lie_in_the_order_of_opening(silent: Desk) -> None:
    """Each with its number; who has seen some asks for the rest."""
    opened = [silent.open(recording(name)) for name in ("B", "C", "A")]
    assert [each.number for each in opened] == [0, 1, 2]
    assert silent.since(0) == silent.since(-5) == opened
    assert (silent.since(2), silent.since(3)) == (opened[2:], [])
    assert all(silent.get(each.key) is each for each in opened)


def test_the_same_recording_twice_is_one(silent: Desk) -> None:
    """The same is of one name, one rate and the same samples."""
    first = silent.open(recording())
    assert silent.open(recording()) is first
    other_rate = Recording.of(
        name="A00001", signal_mv=recording().signal_mv, rate_hz=250.0, origin="A"
    )
    for number, other in enumerate((recording("B"), recording(seed=1), other_rate), start=1):
        assert silent.open(other).number == number


def test_a_recording_keeps_name_and_samples(silent: Desk) -> None:
    """However long its name, and whatever stands in it."""
    name = "ward 3/Müller <b> " + "x" * 300
    one = recording(name)
    opened = silent.open(one)
    assert opened.recording.name == name
    whole = silent.whole(opened)
    np.testing.assert_array_equal(whole.signal_mv, one.signal_mv)
    assert (whole.digest, whole.rate_hz, opened.duration_s) == (one.digest, 300.0, 10.0)


def test_nothing_is_decided_while_it_rehearses(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evidence is found by hooks into the one network, for nobody as for somebody."""
    decided = threading.Event()

    def open_one() -> None:
        desk.open(recording())
        decided.set()

    opens = threading.Thread(target=open_one)

    def asked(_screener: Screener, _one: Recording) -> None:
        opens.start()
        assert not decided.wait(0.3)

    monkeypatch.setattr(afib.app.desk, "explain", asked)
    desk.rehearse(recording("nobody"))
    opens.join(10)
    assert decided.is_set()
    assert [each.recording.name for each in desk.since(0)] == ["A00001"]


def test_a_silent_device_rehearses_nothing(silent: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nobody to ask, and what has no reasons is no error."""
    monkeypatch.setattr(afib.app.desk, "explain", lambda *_: pytest.fail("asked"))
    silent.rehearse(recording("nobody"))
    assert silent.since(0) == []


def test_the_device_says_what_it_says_elsewhere(desk: Desk) -> None:
    """A short recording has a decision and no windows."""
    opened = desk.open(recording())
    assert opened.decision == screener().decide(recording())
    assert (opened.problem, opened.is_long, opened.windows_in_all) == (None, False, 0)


def test_without_a_device_nothing_is_decided(silent: Desk) -> None:
    """Not the whole, no window, and no reasons are given."""
    opened = silent.open(lasting(100))
    told = "the model was not released, so the device says nothing"
    assert (opened.decision, opened.problem, opened.windows_in_all) == (None, told, 0)
    settled(silent)
    assert opened.windows == []
    with pytest.raises(RecordError) as caught:
        silent.explained(opened, 0)
    assert caught.value.problems == (f"A00001: {told}",)


def test_a_long_recording_is_decided_window_by_window(desk: Desk) -> None:
    """Each as a recording of its own; no decision is made of them."""
    opened = desk.open(lasting(100))
    assert opened.is_long
    assert opened.decision is None
    assert opened.problem == (
        "longer than the 61 s that the device is made for: its windows of 30 s are decided, "
        "and no decision is made of them"
    )
    settled(desk)
    # The fewest of 30 s that hold every sample, evenly apart: 70 s in three steps.
    assert opened.windows_in_all == 4
    starts = [each.start_s for each in opened.windows]
    np.testing.assert_allclose(starts, [0, 70 / 3, 140 / 3, 70], atol=1 / RATE_HZ)
    for each in opened.windows:
        assert each.end_s == pytest.approx(each.start_s + 30)
        assert each.decision == screener().decide(desk.part(opened, each.start_s))


@pytest.mark.parametrize(
    ("duration_s", "is_long", "windows"),
    [(30.0, False, 0), (30.01, False, 2), (LONGEST_S, False, 3), (LONGEST_S + 0.01, True, 3)],
)
def test_the_intended_use_has_an_end(
    desk: Desk, duration_s: float, *, is_long: bool, windows: int
) -> None:
    """Up to it the whole is decided, and windows only tell where."""
    opened = desk.open(lasting(duration_s))
    assert (opened.is_long, opened.decision is None) == (is_long, is_long)
    settled(desk)
    assert len(opened.windows) == opened.windows_in_all == windows


@pytest.mark.parametrize(
    ("start_s", "first_s"), [(0, 0), (12.5, 12.5), (70, 70), (95, 70), (1e6, 70), (-3, 0)]
)
def test_a_part_lies_within_the_recording(silent: Desk, start_s: float, first_s: float) -> None:
    """At its ends it is the last, or first, that is whole."""
    opened = silent.open(lasting(100))
    part = silent.part(opened, start_s)
    first = round(first_s * RATE_HZ)
    np.testing.assert_array_equal(
        part.signal_mv, lasting(100).signal_mv[first : first + round(30 * RATE_HZ)]
    )
    assert part.name == f"A00001, {first_s:.1f} to {first_s + 30:.1f} s"


def test_a_part_of_a_short_recording_is_all_of_it(silent: Desk) -> None:
    """There is no more."""
    opened = silent.open(recording())
    np.testing.assert_array_equal(silent.part(opened, 5.0).signal_mv, recording().signal_mv)


def test_reasons_are_of_what_is_looked_at(desk: Desk) -> None:
    """Of the whole of a short recording, and of a window of a long one, which is told."""
    short, long = desk.open(recording()), desk.open(lasting(100))
    settled(desk)
    found, start_s = desk.explained(short, 2)
    assert (len(found.recording.signal_mv), start_s) == (3000, 0.0)
    assert found.decision == short.decision
    found, start_s = desk.explained(long, 3)
    assert start_s == 70.0
    np.testing.assert_array_equal(found.recording.signal_mv, lasting(100).signal_mv[-9000:])


def test_reasons_are_of_one_recording_while_another_is_decided(desk: Desk) -> None:
    """Whoever uploads meanwhile, or whatever window is decided, changes nothing in them."""
    short = desk.open(recording())
    alone = desk.explained(short, 0)[0].evidence.weights
    others: list[threading.Thread] = []

    def meanwhile(*_given: object) -> None:
        if threading.current_thread() in others:
            return
        other = recording("B", seed=len(others) + 1)
        others.append(threading.Thread(target=desk.open, args=(other,)))
        others[-1].start()
        # A desk that lets one wait for the other is fine too.
        others[-1].join(0.2)

    handle = tiny().network.register_forward_pre_hook(meanwhile)
    try:
        found = desk.explained(short, 0)[0].evidence.weights
    finally:
        handle.remove()
        for other in others:
            other.join()
    np.testing.assert_array_equal(found, alone)


@pytest.mark.parametrize(("window", "start_s"), [(4, 70.0), (10**400, 70.0), (-1, 0.0)])
def test_reasons_beyond_all_windows_are_of_an_end(desk: Desk, window: int, start_s: float) -> None:
    """Whoever asks for them breaks nothing."""
    assert desk.explained(desk.open(lasting(100)), window)[1] == start_s


def test_what_has_no_reasons_says_so(desk: Desk) -> None:
    """A constant signal is decided, and nothing in it argues."""
    still = Recording.of(name="still", signal_mv=np.full(3000, 0.5), rate_hz=300.0, origin="s")
    opened = desk.open(still)
    assert opened.decision is not None
    assert opened.decision.abstained
    with pytest.raises(RecordError, match=r"still: .*expected a recording that varies"):
        desk.explained(opened, 0)


def test_beats_are_where_they_are(silent: Desk) -> None:
    """In seconds from the start, also when they are asked for again."""
    one = generate_recording(seed=1, number=1, noisy=False)
    opened = silent.open(one.recording)
    found = silent.peaks_s(opened)
    inner = one.r_peaks[2:-2]
    assert all(np.abs(found - peak_s).min() < 0.05 for peak_s in inner)
    assert len(found) == pytest.approx(len(one.r_peaks), abs=2)
    np.testing.assert_array_equal(silent.peaks_s(opened), found)


def test_beats_of_a_long_recording_are_found_once(silent: Desk) -> None:
    """Also where the stretches meet in which they are looked for."""
    times_s = np.arange(0.4, 1300, 0.8)
    signal = np.zeros(1300 * 100)
    signal[np.round(times_s * 100).astype(int)] = 1.0
    long = Recording.of(name="long", signal_mv=signal, rate_hz=100.0, origin="long")
    found = silent.peaks_s(silent.open(long))
    assert np.diff(found[10:]) == pytest.approx(np.full(len(found) - 11, 0.8), abs=0.03)
    assert found[-1] > 1298


def test_problems_are_collected(silent: Desk) -> None:
    """What can be opened is, and all that is wrong with the rest is told."""
    found: list[Recording | RecordError] = [
        recording("A"),
        RecordError("B", "B.hea: no header", "B.hea: no signal"),
        recording("C"),
        RecordError("D", "D.csv: no text"),
    ]
    opened, problems = silent.open_all(found)
    assert [each.recording.name for each in opened] == ["A", "C"]
    assert problems == ["B.hea: no header", "B.hea: no signal", "D.csv: no text"]


def test_a_full_desk_says_so(silent: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name of what finds no place; what lies there is still found."""
    monkeypatch.setattr(afib.app.desk, "_MOST", 2)
    opened, problems = silent.open_all(map(recording, ("A", "B", "C", "A")))
    assert names(opened) == ["A", "B", "A"]
    assert problems == ["desk: expected at most 2 recordings; restart the app"]
    with pytest.raises(RecordError) as caught:
        silent.open(recording("D"))
    assert caught.value.record == "D"


def test_what_is_not_there_is_refused(silent: Desk) -> None:
    """A key that nobody was given leads nowhere."""
    with pytest.raises(RecordError, match="recording: expected one that is open, got none"):
        silent.get("0" * 32)


def test_after_its_end_nothing_is_opened(desk: Desk) -> None:
    """Nor is a window decided."""
    desk.close()
    assert desk.open_all([recording()]) == ([], [])


def names(opened: list[Opened]) -> list[str]:
    """Of recordings, in their order."""
    return [each.recording.name for each in opened]
