"""The command `vericase check`."""

import argparse
from collections import Counter
from pathlib import Path

from vericase.cli.common import BLOCKED, FINE, Commands, add_command
from vericase.schema import load_requirements

__all__ = ["add_to"]


def add_to(commands: Commands) -> None:
    """Declare the command."""
    check = add_command(commands, "check", _check, "read every requirement file; never writes")
    check.add_argument("folder", nargs="?", type=Path, help="the folder; default requirements")


def _check(parsed: argparse.Namespace) -> int:
    requirements = load_requirements(parsed.folder or parsed.requirements)
    states = Counter(requirement.status.value for requirement in requirements)
    told = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    hazards = {h for r in requirements if r.in_force for h in r.hazards}
    open_hazards = [hazard for hazard in requirements.hazards if hazard.id not in hazards]
    for hazard in open_hazards:
        print(f"{hazard.source}: {hazard.id}: expected an approved requirement, got none")
    print(
        f"{len(requirements.requirements)} requirements ({told}), "
        f"{len(requirements.criteria())} criteria, {len(requirements.hazards)} hazards: "
        + (f"{len(open_hazards)} findings" if open_hazards else "no problem")
    )
    return BLOCKED if open_hazards else FINE
