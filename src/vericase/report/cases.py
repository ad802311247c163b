"""Cases as text, seen from their side of the matrix. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vericase.matrix import TraceMatrix

__all__ = ["CaseLine", "CaseLink", "Verified", "case_lines", "case_links"]

_JOINT = "::"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """One requirement that a case names, or whose criteria it measured.

    Attributes:
        requirement_id: Empty for criteria that no requirement has.
        known: Whether there is such a requirement.
        criterion_ids: What the case measured of it.
    """

    requirement_id: str
    known: bool
    criterion_ids: tuple[str, ...]

    @property
    def told(self) -> bool:
        """Whether the ids of its criteria say which requirement it is."""
        beginning = f"{self.requirement_id}."
        return bool(self.criterion_ids) and all(
            name.startswith(beginning) for name in self.criterion_ids
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """One case.

    Attributes:
        number: Its place in the list, from 1.
        verified: The requirements that it names, in its order, then any others that it measured.
    """

    number: int
    case_id: str
    title: str
    outcome: str
    message: str
    verified: tuple[Verified, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLink:
    """Where a case stands in the list, and its name without the file that holds it."""

    number: int
    name: str


def case_lines(matrix: TraceMatrix) -> tuple[CaseLine, ...]:
    """Every case of the log, by its id."""
    known = frozenset(matrix.requirements.by_id())
    owners = {c.id: r.id for r in matrix.requirements for c in r.criteria}
    pairs = sorted(matrix.backward, key=lambda pair: pair[0].case_id)
    return tuple(
        CaseLine(
            number=number,
            case_id=case.case_id,
            title=case.title,
            outcome=case.outcome.value,
            message=case.message,
            verified=tuple(_verified(case.requirement_ids, measured, owners, known)),
        )
        for number, (case, measured) in enumerate(pairs, start=1)
    )


def case_links(cases: tuple[CaseLine, ...]) -> Mapping[str, CaseLink]:
    """By id, how each case is named elsewhere on the page."""
    return {
        case.case_id: CaseLink(number=case.number, name=case.case_id.split(_JOINT, 1)[-1])
        for case in cases
    }


def _verified(
    named: tuple[str, ...],
    measured: tuple[str, ...],
    owners: Mapping[str, str],
    known: frozenset[str],
) -> Iterator[Verified]:
    groups: dict[str, list[str]] = {name: [] for name in named}
    for criterion_id in measured:
        groups.setdefault(owners.get(criterion_id, ""), []).append(criterion_id)
    for name, ids in groups.items():
        yield Verified(requirement_id=name, known=name in known, criterion_ids=tuple(ids))
