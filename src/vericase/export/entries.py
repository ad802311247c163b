"""What a ReqIF document of ours holds: entries with their values, made from the one table."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from vericase.export.table import Line, row_lines
from vericase.matrix import TraceMatrix
from vericase.report.text import readable
from vericase.reqif.terms import CRITERION, HAZARD, ID, MEASUREMENT, NAME, REQUIREMENT, TEXT
from vericase.requirement import ANY_DATA, AcceptanceCriterion, Hazard, Requirement

__all__ = ["Entry", "hazard_entries", "requirement_entries"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One object with those below it; *key* is its own among all objects."""

    kind: str
    key: str
    name: str
    values: Mapping[str, object]
    children: tuple["Entry", ...] = field(default=())

    def flat(self) -> Iterator["Entry"]:
        """The entry, and all below it."""
        yield self
        for child in self.children:
            yield from child.flat()


def requirement_entries(matrix: TraceMatrix) -> list[Entry]:
    """Requirements, below them their criteria, and below these what was measured."""
    entries = []
    for row in matrix.rows:
        told = list(row_lines(matrix, row))
        first = told[0]
        groups = {name: list(group) for name, group in groupby(told, lambda line: line.criterion)}
        criteria = [_criterion(c, groups[c.id]) for c in row.requirement.criteria]
        values = _demanded(row.requirement) | {
            "standing": first.standing,
            "reason": "" if first.criterion else first.reason,
            "file": first.file,
            "line": first.line,
        }
        entries.append(
            Entry(
                kind=REQUIREMENT,
                key=first.requirement,
                name=first.requirement,
                values=values,
                children=tuple(criteria),
            )
        )
    return entries


def hazard_entries(matrix: TraceMatrix) -> list[Entry]:
    """Hazards, none below another."""
    return [_hazard(hazard) for hazard in matrix.hazards]


def _demanded(requirement: Requirement) -> dict[str, object]:
    return {
        ID: requirement.id,
        NAME: requirement.title,
        TEXT: requirement.statement,
        "rationale": requirement.rationale,
        "category": requirement.category,
        "status": requirement.status.value,
        "method": requirement.method,
        "references": _json(requirement.references),
        "applies_to": _json(requirement.applies_to),
        "depends": _json(requirement.depends),
        "conditions": _json(requirement.conditions),
        "claim": requirement.claim.value,
        "first_look": requirement.first_look,
        "fingerprint": requirement.fingerprint,
    }


def _criterion(criterion: AcceptanceCriterion, told: list[Line]) -> Entry:
    first, limits = told[0], criterion.limits
    plain = set(limits) == {ANY_DATA}
    return Entry(
        kind=CRITERION,
        key=criterion.id,
        name=criterion.id,
        values={
            ID: criterion.id,
            NAME: criterion.measurand,
            TEXT: first.wanted,
            "relation": criterion.relation.value,
            criterion.limit_kind: json.dumps(limits[ANY_DATA]) if plain else _json(limits),
            "unit": criterion.unit,
            "applies_to": _json(criterion.applies_to),
            "confidence": criterion.confidence,
            "min_trials": criterion.min_trials,
            "small_slices": criterion.small_slices.value,
            "slices": _json(criterion.slices),
            "verdict": first.verdict,
            "reason": first.reason,
            "waiver": first.waiver,
        },
        children=tuple(_measurements(line for line in told if line.shown)),
    )


def _measurements(told: Iterable[Line]) -> Iterator[Entry]:
    """One entry a case; damaged evidence may hold a case twice."""
    seen: Counter[str] = Counter()
    for line in told:
        seen[line.case] += 1
        digest = hashlib.sha256(f"{line.case}\n{seen[line.case]}".encode()).hexdigest()
        yield Entry(
            kind=MEASUREMENT,
            key=f"{line.criterion}.{digest[:16]}",
            name=line.case,
            values={
                ID: f"{line.criterion}.{digest[:16]}",
                NAME: line.case,
                TEXT: line.measured,
                "verdict": line.shown,
                "observed": line.observed,
                "bound": line.bound,
                "successes": line.successes,
                "trials": line.trials,
            },
        )


def _hazard(hazard: Hazard) -> Entry:
    values = {
        ID: hazard.id,
        NAME: hazard.title,
        TEXT: hazard.harm,
        "severity": hazard.severity,
        "sequence_of_events": hazard.sequence_of_events,
        "control": hazard.control,
        "residual_risk": hazard.residual_risk,
    }
    return Entry(kind=HAZARD, key=hazard.id, name=hazard.id, values=values)


def _json(value: object) -> str:
    """*value* as JSON that no export has to escape; empty for nothing in it."""
    if not value:
        return ""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text if readable(text) == text else json.dumps(value, allow_nan=False)
