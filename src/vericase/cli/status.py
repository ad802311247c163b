"""The command `vericase status`."""

import argparse

from vericase.cli.common import BLOCKED, FINE, Commands, add_command, add_evidence, traced
from vericase.gate import decide

__all__ = ["add_to"]


def add_to(commands: Commands) -> None:
    """Declare the command."""
    status = add_command(commands, "status", _status, "one line a requirement")
    add_evidence(status)
    status.add_argument("--stale", action="store_true", help="only what must be measured again")


def _status(parsed: argparse.Namespace) -> int:
    matrix = traced(parsed)
    stale = False
    for row in matrix.rows:
        reasons = {s for c in row.criteria for item in c.judged for s in item.stale}
        stale = stale or bool(reasons)
        if parsed.stale and not reasons:
            continue
        requirement = row.requirement
        word = row.verdict.name if row.gates else requirement.status.value
        word = word if row.applicable else "not applicable"
        told = "; ".join(sorted(reasons)) if parsed.stale else requirement.title
        print(f"{requirement.id:<10} {word:<14} {told} ({requirement.source})")
    decision = decide(matrix)
    print(decision.headline)
    if stale:
        print("measure again with: pytest --vericase-select=@stale")
    if parsed.stale:
        return BLOCKED if stale else FINE
    return FINE if decision.clear else BLOCKED
