"""The page of single test decisions: counts, and what nobody looked at."""

from __future__ import annotations

from tools.looked_at import page_of


def row(record: str, label: str, network: str, device: str) -> dict[str, str]:
    """A decision as the report lists it."""
    return {
        "record": record,
        "label": label,
        "network": network,
        "device": device,
        "probability of AFib by the network": "0.500",
        "set": "AFib",
        "strangeness": "1.00",
    }


def test_wrong_calls_are_counted_and_what_is_seen_stands_beside_each() -> None:
    """By label; an abstention is no wrong decision; a remark may be missing, and that is told."""
    decisions = [
        row("A00001", "N", "AFib", "AFib"),
        row("A00002", "N", "AFib", "strange"),
        row("A00003", "A", "normal", "normal"),
        row("A00004", "A", "AFib", "AFib"),
    ]
    remarks = {
        "A00001": {"looked_on": "2026-01-02", "kind": "noise", "remark": "Much of it."},
        "A00004": {"looked_on": "2026-01-02", "kind": "as labelled", "remark": "Uneven."},
    }
    text = page_of(decisions, remarks)
    assert "Of 3 wrong calls the device takes 2 and abstains on 1." in text
    false_alarms, missed, right = text.split("\n## ")[1:]
    assert "noise: 1, not looked at: 1." in false_alarms
    assert (
        "| A00001 | AFib | 0.500 | AFib | 1.00 | noise: Much of it. | 2026-01-02 |" in false_alarms
    )
    assert "| A00002 | strange | 0.500 | AFib | 1.00 | not looked at |  |" in false_alarms
    assert "A00003" in missed
    assert "A00001" not in missed
    assert "as labelled: 1." in right
