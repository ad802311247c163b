"""The command `vericase plan`: what a run will need, before it is made."""

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vericase.cli.common import BLOCKED, FINE, Commands, add_command
from vericase.errors import InputError
from vericase.measurement import Coverage, Measurement, Proportion
from vericase.planning import MOST_TRIALS, Plan, joint_power, plan_coverage, plan_criterion
from vericase.requirement import SIGNED_OFF, AcceptanceCriterion, Claim, Relation, RequirementSet
from vericase.schema import load_requirements
from vericase.schema.fields import did_you_mean
from vericase.store import load_evidence

__all__ = ["add_to"]


_COUNTED = frozenset({Proportion, Coverage})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known of one criterion before the run."""

    assumed: float | None = None
    trials: int | None = None
    calibration: int | None = None
    kind: type[Measurement] = Proportion


def add_to(commands: Commands) -> None:
    """Declare the command."""
    plan = add_command(
        commands, "plan", _plan, "trials that each criterion needs, and the joint power of the gate"
    )
    plan.add_argument("--data", metavar="SOURCE", help="the source of the data, as in applies_to")
    plan.add_argument(
        "--assume",
        action="append",
        default=[],
        metavar="NAME=RATE",
        help="the true rate behind a criterion or a measurand; repeat it for others",
    )
    plan.add_argument(
        "--trials",
        action="append",
        default=[],
        metavar="NAME=N",
        help="how many trials the data offer for a criterion or a measurand",
    )
    plan.add_argument(
        "--calibration",
        action="append",
        default=[],
        metavar="NAME=N",
        help="it is a conformal coverage, after a calibration on so many scores",
    )
    plan.add_argument(
        "--evidence", type=Path, metavar="F", help="take trials and rates from an earlier run"
    )
    plan.add_argument("--power", type=float, default=0.9, help="wanted chance of a PASS")
    plan.add_argument("--format", choices=("text", "json"), default="text")


def _plan(parsed: argparse.Namespace) -> int:
    requirements = load_requirements(parsed.requirements)
    if not 0 < parsed.power < 1:
        raise InputError(f"--power: expected a number in (0, 1), got {parsed.power:g}")
    known = _known(parsed, requirements)
    plans, left_out = [], []
    for criterion in _in_force(requirements, parsed.data):
        threshold = criterion.threshold_for(parsed.data)
        reason = _unplannable(criterion, threshold, known, parsed.data)
        if reason or threshold is None:
            left_out.append((criterion.id, reason))
            continue
        plans.append(
            _planned(criterion, threshold, known.get(criterion.id, _Known()), parsed.power)
        )
    if not plans and not left_out:
        raise InputError(
            f"{parsed.requirements}: expected an approved requirement that applies, got none"
        )
    shown = _as_json if parsed.format == "json" else _as_text
    print(shown(plans, left_out, parsed.power))
    if parsed.evidence and parsed.format == "text":
        print(f"what nobody stated is as {parsed.evidence} observed it, which is no true value")
    return BLOCKED if any(_finding(plan, parsed.power) for plan in plans) else FINE


def _planned(criterion: AcceptanceCriterion, threshold: float, known: _Known, power: float) -> Plan:
    assumed, trials = known.assumed, known.trials
    if known.calibration is None:
        return plan_criterion(criterion, threshold, assumed=assumed, trials=trials, power=power)
    return plan_coverage(
        criterion, threshold, calibration=known.calibration, assumed=assumed, trials=trials
    )


def _in_force(requirements: RequirementSet, scope: str | None) -> list[AcceptanceCriterion]:
    return [
        criterion
        for requirement in requirements
        if requirement.in_force
        and requirement.claim is Claim.ALL
        and requirement.method not in SIGNED_OFF
        and requirement.applies(scope)
        for criterion in requirement.criteria
        if criterion.applies(scope)
    ]


def _unplannable(
    criterion: AcceptanceCriterion,
    threshold: float | None,
    known: Mapping[str, _Known],
    scope: str | None,
) -> str:
    """Why nothing can be said of *criterion*; empty if something can."""
    if threshold is None:
        return f"no threshold for data from {scope!r}; name the source with --data"
    if criterion.relation is Relation.EQUAL:
        return "equality is no rate"
    if criterion.paired:
        return "its power hangs on how often two releases differ"
    of_it = known.get(criterion.id)
    unbounded = criterion.confidence is None
    if criterion.unit != "1" or not 0 <= threshold <= 1 or (of_it and of_it.kind not in _COUNTED):
        return "no proportion"
    if of_it and of_it.calibration is not None and (unbounded or not 0 < threshold < 1):
        return "a coverage without a bound"
    silent = of_it is None and unbounded and criterion.min_trials is None
    return "perhaps no proportion: it states neither confidence nor min_trials" if silent else ""


def _known(parsed: argparse.Namespace, requirements: RequirementSet) -> dict[str, _Known]:
    problems: list[str] = []
    by_name = _by_name(requirements)
    earlier = _from_evidence(parsed.evidence) if parsed.evidence else {}
    rates = _given("--assume", parsed.assume, by_name, problems)
    counts = _given("--trials", parsed.trials, by_name, problems)
    scores = _given("--calibration", parsed.calibration, by_name, problems)
    for name, rate in rates.items():
        if not 0 <= rate <= 1:
            problems.append(f"--assume: expected a rate in [0, 1] for {name}, got {rate:g}")
    for option, name, count in (
        *(("--trials", name, count) for name, count in counts.items()),
        *(("--calibration", name, count) for name, count in scores.items()),
    ):
        if count < 1 or count != int(count) or count > MOST_TRIALS:
            problems.append(
                f"{option}: expected a whole number in [1, {MOST_TRIALS}] for {name}, got {count:g}"
            )
    if problems:
        raise InputError(problems)
    found = {}
    for name in {*earlier, *rates, *counts, *scores}:
        before = earlier.get(name, _Known())
        found[name] = replace(
            before,
            assumed=rates.get(name, before.assumed),
            trials=int(counts[name]) if name in counts else before.trials,
            calibration=int(scores[name]) if name in scores else before.calibration,
        )
    return found


def _by_name(requirements: RequirementSet) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for identifier, (_, criterion) in requirements.criteria().items():
        names[identifier] = [identifier]
        names.setdefault(criterion.measurand, []).append(identifier)
    return names


def _given(
    option: str,
    entries: Iterable[str],
    by_name: Mapping[str, list[str]],
    problems: list[str],
) -> dict[str, float]:
    """By criterion, the number that *entries* give it; its own goes before its measurand's."""
    found: dict[str, float] = {}
    pairs = [entry.partition("=") for entry in entries]
    for name, _, text in sorted(pairs, key=lambda pair: by_name.get(pair[0]) == [pair[0]]):
        try:
            value = float(text)
        except ValueError:
            problems.append(f"{option}: expected NAME=NUMBER, got {name + '=' + text!r}")
            continue
        if name not in by_name:
            hint = did_you_mean(name, by_name)
            problems.append(f"{option}: expected a criterion or a measurand, got {name!r}{hint}")
        found |= dict.fromkeys(by_name.get(name, ()), value)
    return found


def _from_evidence(path: Path) -> dict[str, _Known]:
    """The smallest group that each criterion was measured on, and its rate."""
    log, findings = load_evidence(path)
    if findings:
        raise InputError(f"{path}: expected evidence as it was sealed, got {findings[0].message}")
    found: dict[str, _Known] = {}
    for record in log.evidence:
        measured, calibration = record.measurement, None
        if isinstance(measured, Coverage):
            calibration, measured = measured.calibration, measured.counts
        if not isinstance(measured, Proportion) or measured.rate is None:
            found[record.criterion_id] = _Known(kind=type(measured))
            continue
        before = found.get(record.criterion_id)
        if before is None or before.trials is None or measured.trials < before.trials:
            rate, trials = float(measured.rate), measured.trials
            found[record.criterion_id] = _Known(
                assumed=rate, trials=trials, calibration=calibration
            )
    return found


def _finding(plan: Plan, power: float) -> str:
    if plan.fewest is None:
        return "no number of trials can show it"
    if not plan.decidable:
        return f"these data cannot decide it: it takes {plan.fewest}"
    if plan.power is not None and plan.power < power:
        return "too little power"
    return ""


def _as_text(plans: Sequence[Plan], left_out: Sequence[tuple[str, str]], power: float) -> str:
    rows = [
        (
            plan.criterion.id,
            f"{plan.criterion.relation.value} {plan.threshold:g}",
            "" if plan.criterion.confidence is None else f"{plan.criterion.confidence:g}",
            "" if plan.assumed is None else f"{plan.assumed:.4f}",
            "" if plan.fewest is None else str(plan.fewest),
            "" if plan.needed is None else str(plan.needed),
            "" if plan.trials is None else str(plan.trials),
            "" if plan.power is None else f"{plan.power:.3f}",
            _finding(plan, power),
        )
        for plan in plans
    ]
    head = ("criterion", "wanted", "confidence", "assumed", "fewest", f"for {power:g}")
    table = [(*head, "trials", "power", ""), *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    for reason in dict.fromkeys(reason for _, reason in left_out):
        names = " ".join(name for name, why in left_out if why == reason)
        lines.append(f"not planned, {reason}: {names}")
    return "\n".join([*lines, _joint(plans)])


def _joint(plans: Iterable[Plan]) -> str:
    powers = [plan.power for plan in plans if plan.power is not None]
    if not powers:
        return "joint power: say what to assume with --assume and --trials, or --evidence"
    joint = joint_power(powers)
    return (
        f"joint power of {len(powers)} criteria: {joint.independent:.3f} if independent, "
        f"at least {joint.least:.3f} whatever their dependence"
    )


def _as_json(plans: Sequence[Plan], left_out: Sequence[tuple[str, str]], power: float) -> str:
    joint = joint_power(plan.power for plan in plans if plan.power is not None)
    record = {
        "format": 1,
        "power": power,
        "criteria": [
            {
                "criterion": plan.criterion.id,
                "relation": plan.criterion.relation.value,
                "threshold": plan.threshold,
                "confidence": plan.criterion.confidence,
                "assumed": plan.assumed,
                "fewest": plan.fewest,
                "needed": plan.needed,
                "trials": plan.trials,
                "power": plan.power,
                "finding": _finding(plan, power),
            }
            for plan in plans
        ],
        "not_planned": [{"criterion": name, "reason": reason} for name, reason in left_out],
        "joint_power": {"independent": joint.independent, "least": joint.least},
    }
    return json.dumps(record, indent=1)
