"""What a gate changes of a proof: recordings that a disturbance could leave are shown to it."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from afib.decision import Limits
from afib.gated import with_gate
from afib.proof.many import Challenge, noise_of
from afib.records import Recording
from tests.support.models import tiny_checkpoint
from tests.support.uncertain import tiny_uncertainty

if TYPE_CHECKING:
    from collections.abc import Callable

    from afib.decision import Screener

SETTINGS = tiny_checkpoint().settings
STEP_MV = 0.001
OFFSET = Challenge(
    kind="offset",
    at="recorder",
    size=0.1,
    frequency_hz=None,
    box_mv=0.0,
    parts=1,
    steps=1,
    seconds=1.0,
    restarts=1,
    queries=1,
    seed=5,
)
KINDS = {
    "offset": OFFSET,
    "gain": replace(OFFSET, kind="gain", size=0.2),
    "linf": replace(OFFSET, kind="linf", size=0.0105),
    "wander": replace(OFFSET, kind="wander", frequency_hz=0.3, box_mv=0.004),
    "mains": replace(OFFSET, kind="mains", frequency_hz=50.0),
    "joint": replace(OFFSET, kind="joint", frequency_hz=0.3),
    "wander-band": replace(OFFSET, kind="wander-band"),
}
DOCUMENT = {
    "rhythm": "AFib",
    "certified_margin": 0.5,
    "outcome": "certified",
    "may_abstain": False,
    "certified_decision": True,
}


@cache
def limits(*thresholds: float) -> Limits:
    """Beside a tiny network: a gate that accepts all, and sets of these thresholds."""
    checkpoint = tiny_checkpoint()
    normal, afib = thresholds or (1.0, 1.0)
    return Limits(
        checkpoint=checkpoint, uncertainty=tiny_uncertainty(checkpoint, thresholds=(normal, afib))
    )


def recording(scale: float = 1.0, *, beside: float = 0.0) -> Recording:
    """Ten seconds in whole steps of the recorder, or by a share of a step beside them."""
    steps = np.round(scale * 500 * np.sin(np.arange(3000) / 7)) + beside
    return Recording.of(
        name="A00001", signal_mv=steps * STEP_MV, rate_hz=300.0, origin="here", step_mv=STEP_MV
    )


def device(
    abstains: Callable[[Recording], bool], *, gated: bool = True
) -> tuple[Screener, list[Recording]]:
    """One that abstains by a rule, and the recordings that it is shown."""
    shown: list[Recording] = []

    def decide(given: Recording) -> Any:  # noqa: ANN401  a decision, of which one word is read
        shown.append(given)
        return SimpleNamespace(abstained=abstains(given))

    made = SimpleNamespace(
        limits=limits() if gated else None,
        classifier=SimpleNamespace(settings=SETTINGS),
        decide=decide,
    )
    return cast("Screener", made), shown


@pytest.mark.parametrize("beside", [0.0, -0.4])
@pytest.mark.parametrize("kind", KINDS)
def test_what_the_gate_is_shown_is_a_recording_of_the_set(kind: str, beside: float) -> None:
    """In whole steps, disturbed, and no farther from the recording than the set allows."""
    challenge, one = KINDS[kind], recording(beside=beside)
    screener, shown = device(lambda _: False)
    found = with_gate(screener, DOCUMENT, one, challenge)
    unknown = {"may_abstain": "unknown", "certified_decision": False}
    assert found == {**DOCUMENT, **unknown, "set_may_abstain": False}
    assert shown
    for each in shown:
        steps = each.signal_mv.astype(np.float64) / STEP_MV - beside
        np.testing.assert_allclose(steps, np.round(steps), atol=1e-2)
        assert not np.array_equal(each.signal_mv, one.signal_mv)
        if kind == "wander-band":
            assert np.abs(each.signal_mv - one.signal_mv).max() <= 0.1 + STEP_MV / 2 + 1e-5
            continue
        noise = noise_of(challenge, one, SETTINGS)
        assert noise.contains(each.signal_mv[None], one.signal_mv, 1e-5).all()
        if kind in {"wander", "mains"}:
            # No wave of more than the amplitude, whatever its phase.
            most = challenge.size + challenge.box_mv + STEP_MV / 2 + 1e-5
            assert np.abs(each.signal_mv - one.signal_mv).max() <= most


@pytest.mark.parametrize("rhythm", ["AFib", "normal"])
@pytest.mark.parametrize("outcome", ["certified", "unknown"])
def test_a_set_keeps_a_rhythm_from_some_margin_on(rhythm: str, outcome: str) -> None:
    """By the logit at which its score is the threshold of the set, in closed form."""
    asked = 0.3
    found = limits(asked, asked)
    checkpoint = found.checkpoint
    sign = 1 if rhythm == "AFib" else -1
    kept_from = checkpoint.temperature * math.log((1 - asked) / asked) - sign * checkpoint.threshold
    screener = device(lambda _: False)[0]
    screener.limits = found  # type: ignore[misc]  # a stand-in that may change
    for more, may in ((0.01, False), (-0.01, "unknown")):
        document = {**DOCUMENT, "rhythm": rhythm, "outcome": outcome}
        document["certified_margin"] = kept_from + more
        told = with_gate(screener, document, recording(), OFFSET)["set_may_abstain"]
        assert told == (may if outcome == "certified" else "unknown")


def test_one_that_abstains_shows_that_it_may() -> None:
    """By a recording of the set, and only by that."""
    one = recording()

    def raised(given: Recording) -> bool:
        return bool((given.signal_mv - one.signal_mv).mean() > 0.05)

    found = with_gate(device(raised)[0], DOCUMENT, one, OFFSET)
    assert (found["may_abstain"], found["certified_decision"]) == (True, False)
    small = replace(OFFSET, size=0.02)
    assert with_gate(device(raised)[0], DOCUMENT, one, small)["may_abstain"] == "unknown"


@pytest.mark.parametrize("kind", ["linf", "gain", "offset"])
def test_what_the_converter_cannot_give_is_not_shown(kind: str) -> None:
    """Of a recording that reaches both rails no sample beyond them, and nothing outside the set."""
    rail_mv = 400 * STEP_MV
    one = recording()
    clipped = np.clip(one.signal_mv, -rail_mv, rail_mv)
    railed = replace(one, signal_mv=clipped, range_mv=(-rail_mv, rail_mv))
    screener, shown = device(lambda _: False)
    with_gate(screener, DOCUMENT, railed, KINDS[kind])
    assert bool(shown) == (kind != "offset")
    noise = noise_of(KINDS[kind], railed, SETTINGS)
    for each in shown:
        assert np.abs(each.signal_mv).max() <= rail_mv + 1e-6
        assert noise.contains(each.signal_mv[None], railed.signal_mv, 1e-5).all()


@pytest.mark.parametrize(("radius_mv", "may"), [(0.01, True), (0.0005, "unknown")])
def test_a_gate_that_counts_levels_is_shown_coarse_steps(
    radius_mv: float,
    may: bool | str,  # noqa: FBT001
) -> None:
    """A box of ten steps to either side leaves a 21st of the levels, one below a step all."""
    one = recording()
    every = len(np.unique(one.signal_mv))

    def coarse(given: Recording) -> bool:
        return len(np.unique(given.signal_mv)) <= every / 15

    box = replace(KINDS["linf"], size=radius_mv)
    assert with_gate(device(coarse)[0], DOCUMENT, one, box)["may_abstain"] == may


def test_what_is_known_already_is_left_alone() -> None:
    """Where an abstention was seen none is looked for; a network alone decides nothing."""
    seen = {**DOCUMENT, "may_abstain": True}
    screener, shown = device(lambda _: True)
    assert with_gate(screener, seen, recording(), OFFSET) == {**seen, "set_may_abstain": False}
    alone, shown_alone = device(lambda _: True, gated=False)
    found = with_gate(alone, DOCUMENT, recording(), OFFSET)
    assert (found["may_abstain"], found["certified_decision"]) == ("unknown", False)
    assert shown == shown_alone == []


def test_behind_the_filter_nothing_is_shown() -> None:
    """What the gate would have seen is not known there."""
    screener, shown = device(lambda _: True)
    found = with_gate(screener, DOCUMENT, recording(), replace(OFFSET, at="network"))
    assert (found["may_abstain"], shown) == ("unknown", [])


def test_what_no_recorder_gives_is_not_shown() -> None:
    """A gain that leaves the range of recordings is no recording."""
    screener, shown = device(lambda _: True)
    loud = recording(39.0)
    gain = replace(KINDS["gain"], size=0.2)
    found = with_gate(screener, DOCUMENT, loud, gain)
    assert all(np.abs(each.signal_mv).max() <= 20 for each in shown)
    assert found["may_abstain"] in {True, "unknown"}
    assert (found["may_abstain"] is True) == bool(shown)
