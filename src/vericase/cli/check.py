"""The command `vericase check`: files, links, what people signed, and wording."""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vericase.cli.common import BLOCKED, FINE, Commands, add_command, annotation
from vericase.requirement import RequirementSet, Source
from vericase.schema import load_requirements
from vericase.wording import remarks

__all__ = ["add_to"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One finding, or a remark that is none."""

    source: Source
    text: str
    counts: bool = True


def add_to(commands: Commands) -> None:
    """Declare the command."""
    check = add_command(commands, "check", _check, "read every requirement file; never writes")
    check.add_argument("folder", nargs="?", type=Path, help="the folder; default requirements")
    check.add_argument(
        "--strict", action="store_true", help="remarks on the wording are findings too"
    )
    check.add_argument("--format", choices=("text", "github"), default="text")


def _check(parsed: argparse.Namespace) -> int:
    requirements = load_requirements(parsed.folder or parsed.requirements)
    found = [*_hazards(requirements), *_mismatches(requirements)]
    found += _wording(requirements, strict=parsed.strict)
    for each in found:
        if parsed.format == "github":
            print(annotation("error" if each.counts else "warning", each.source, each.text))
        else:
            print(f"{each.source}: {each.text}")
    states = Counter(requirement.status.value for requirement in requirements)
    told = ", ".join(f"{number} {state}" for state, number in sorted(states.items())) or "none"
    findings = sum(each.counts for each in found)
    remarked = len(found) - findings
    summary = f"{findings} findings" if findings else "no problem"
    if remarked:
        summary += f", {remarked} remarks on the wording (vericase explain CODE)"
    print(
        f"{len(requirements.requirements)} requirements ({told}), "
        f"{len(requirements.criteria())} criteria, {len(requirements.hazards)} hazards: {summary}"
    )
    return BLOCKED if findings else FINE


def _hazards(requirements: RequirementSet) -> Iterator[_Found]:
    controlled = {h for r in requirements if r.in_force for h in r.hazards}
    for hazard in requirements.hazards:
        if hazard.id not in controlled:
            told = f"{hazard.id}: expected an approved requirement, got none"
            yield _Found(source=hazard.source, text=told)


def _mismatches(requirements: RequirementSet) -> Iterator[_Found]:
    """Waivers and inspections of requirements that are not what they were."""
    if not requirements.waivers and not requirements.inspections:
        return
    from vericase.signoff import waiver_mismatches  # noqa: PLC0415  where nothing is signed, no use

    criteria, by_id = requirements.criteria(), requirements.by_id()
    for waiver in requirements.waivers:
        for mismatch in waiver_mismatches(waiver, criteria[waiver.criterion][0]):
            yield _Found(source=waiver.source, text=f"{waiver.id}: {mismatch}")
    for inspection in requirements.inspections:
        now = by_id[inspection.requirement].fingerprint
        if inspection.fingerprint != now:
            told = f"expected the fingerprint {now} of {inspection.requirement}"
            text = f"{inspection.id}: {told}, got {inspection.fingerprint}"
            yield _Found(source=inspection.source, text=text)


def _wording(requirements: RequirementSet, *, strict: bool) -> Iterator[_Found]:
    for remark in remarks(requirements):
        text = f"{remark.requirement_id}: {remark.code} {remark.message}"
        yield _Found(source=remark.source, text=text, counts=strict or remark.error)
