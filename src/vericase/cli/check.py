"""The command `vericase check`."""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from vericase.cli.common import BLOCKED, FINE, Commands, add_command
from vericase.requirement import RequirementSet
from vericase.schema import load_requirements
from vericase.signoff import waiver_mismatches

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
    findings = [
        f"{hazard.source}: {hazard.id}: expected an approved requirement, got none"
        for hazard in open_hazards
    ]
    findings += _mismatches(requirements)
    for finding in findings:
        print(finding)
    print(
        f"{len(requirements.requirements)} requirements ({told}), "
        f"{len(requirements.criteria())} criteria, {len(requirements.hazards)} hazards: "
        + (f"{len(findings)} findings" if findings else "no problem")
    )
    return BLOCKED if findings else FINE


def _mismatches(requirements: RequirementSet) -> Iterator[str]:
    """Waivers and inspections of requirements that are not what they were."""
    criteria, by_id = requirements.criteria(), requirements.by_id()
    for waiver in requirements.waivers:
        for mismatch in waiver_mismatches(waiver, criteria[waiver.criterion][0]):
            yield f"{waiver.source}: {waiver.id}: {mismatch}"
    for inspection in requirements.inspections:
        now = by_id[inspection.requirement].fingerprint
        if inspection.fingerprint != now:
            told = f"expected the fingerprint {now} of {inspection.requirement}"
            yield f"{inspection.source}: {inspection.id}: {told}, got {inspection.fingerprint}"
