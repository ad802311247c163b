"""What a partial run takes over from the run before it, besides the records that it keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vericase.evidence import EvidenceLog
from vericase.findings import OFF_LOCK, UNCOLLECTED
from vericase.requirement import Status
from vericase.verdict import JUDGING_RULES

__all__ = ["Carried", "carry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What was wrong, or demanded, when the records that are kept were made.

    Attributes:
        judging_rules: Those that the oldest record was judged by.
        noted: By key of the environment, what was seen then.
        approved: Ids of the requirements that were approved.
    """

    judging_rules: int = JUDGING_RULES
    noted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    approved: frozenset[str] = frozenset()

    def environment(self, now: Mapping[str, object]) -> dict[str, object]:
        """The environment *now*, with what was seen in that of the records that are kept."""
        seen = {key: [*then, *_texts(now, key)] for key, then in self.noted.items() if then}
        return {**now, **{key: list(dict.fromkeys(lines)) for key, lines in seen.items()}}

    def statuses(self, now: Mapping[str, str]) -> dict[str, str]:
        """The statuses *now*; one that was approved stays so until a whole run."""
        return {**now, **dict.fromkeys(self.approved, Status.APPROVED.value)}


def carry(earlier: EvidenceLog | None, *, kept: bool) -> Carried:
    """What to take over from *earlier*.

    Args:
        earlier: The evidence that a partial run adds to; None of a whole run.
        kept: Whether any of its records is kept.
    """
    if earlier is None:
        return Carried()
    noted = {UNCOLLECTED: _texts(earlier.environment, UNCOLLECTED)}
    if kept:
        noted[OFF_LOCK] = _texts(earlier.environment, OFF_LOCK)
    approved = {name for name, status in earlier.statuses.items() if status == Status.APPROVED}
    return Carried(
        judging_rules=earlier.judging_rules if kept else JUDGING_RULES,
        noted=noted,
        approved=frozenset(approved),
    )


def _texts(environment: Mapping[str, object], key: str) -> tuple[str, ...]:
    lines = environment.get(key, ())
    return tuple(str(line) for line in lines) if isinstance(lines, list) else ()
