"""The command `afib monitor`: its options, its page, and one line that says what to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from afib.decision import load_screener
from afib.drift_page import page_of, write_page
from afib.errors import ModelError
from afib.monitor import drift_of, read_log
from afib.workflow import shipped_model

if TYPE_CHECKING:
    import argparse

__all__ = ["add_command"]

_FINE, _ALARM = 0, 1


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command is known to *commands*."""
    monitor = commands.add_parser(
        "monitor",
        help="whether what was screened is still like what the model was made for; exits 1 if not",
    )
    monitor.add_argument("log", type=Path, metavar="LOG", help="of afib screen --format json")
    monitor.add_argument("--model", type=Path, metavar="DIR", help="default: the shipped model")
    monitor.add_argument("--out", type=Path, metavar="HTML", help="default: LOG.html")
    monitor.set_defaults(handler=_watch, interrupted="no page was written")


def _watch(parsed: argparse.Namespace) -> int:
    screener = load_screener(parsed.model or shipped_model())
    if screener.limits is None:
        raise ModelError("model: expected a gate, got a network alone")
    lines = read_log(parsed.log, screener.digest)
    found = drift_of(lines, screener.limits)
    out = parsed.out or parsed.log.with_name(f"{parsed.log.name}.html")
    write_page(page_of(found, parsed.log.name), out)
    raised = [f"{name} at line {at}" for name, at in found.alarms.items() if at is not None]
    calm = "no alarm" if found.tells else "too few to tell"
    told = f"ALARM: {'; '.join(raised)}" if raised else calm
    print(f"{len(lines)} lines, {len(found.scores)} looked at: {told}; see {out}")
    return _ALARM if raised else _FINE
