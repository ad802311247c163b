"""What the page is told of recordings, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from afib.app.pages import decided_word

if TYPE_CHECKING:
    from afib.app.desk import Opened, Window

__all__ = ["told", "told_of_window"]


def told(opened: Opened, *, is_judged: bool) -> dict[str, Any]:
    """What a list of recordings shows of one."""
    recording = opened.recording
    return {
        "key": opened.key,
        "number": opened.number,
        "record": recording.name,
        "duration_s": opened.duration_s,
        "rate_hz": recording.rate_hz,
        "samples": opened.kept.samples,
        "word": decided_word(opened),
        "decision": None if opened.decision is None else asdict(opened.decision),
        "problem": opened.problem,
        "is_long": opened.is_long,
        "is_judged": is_judged,
        "windows_in_all": opened.windows_in_all,
        "windows_decided": len(opened.windows),
    }


def told_of_window(window: Window) -> dict[str, Any]:
    """What the timeline shows of a window."""
    decision = window.decision
    return {
        "start_s": window.start_s,
        "end_s": window.end_s,
        "word": "none" if decision is None else decision.rhythm or "abstained",
        "probability_afib": None if decision is None else decision.probability_afib,
        "reason": None if decision is None else decision.reason,
    }
