"""Which collected items are verification cases, and what they verify."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from inspect import getdoc

import pytest

from vericase.code import CaseCode
from vericase.evidence import CaseOutcome, Outcome, function_of
from vericase.report.text import readable
from vericase.requirement import Requirement, RequirementSet, Status
from vericase.schema.fields import did_you_mean

__all__ = ["Case", "CaseFinder", "sole_requirements"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One collected item that verifies something."""

    case_id: str
    requirements: tuple[Requirement, ...]
    digest: str
    title: str

    @property
    def function(self) -> str:
        """The case without its parameter."""
        return function_of(self.case_id)

    def ended(self, outcome: Outcome, message: str = "") -> CaseOutcome:
        """The ending of this case."""
        return CaseOutcome(
            case_id=self.case_id,
            requirement_ids=tuple(requirement.id for requirement in self.requirements),
            outcome=outcome,
            message=readable(message),
            digest=self.digest,
            title=readable(self.title),
        )


class CaseFinder:
    """Reads the `verifies` markers of items."""

    def __init__(self, requirements: RequirementSet, code: CaseCode) -> None:
        self._by_id = requirements.by_id()
        self._code = code
        self.problems: list[str] = []

    def find(self, items: Iterable[pytest.Item]) -> dict[str, Case]:
        """The cases among *items*, by node id; wrong markers join `problems`."""
        found = ((item, self._identifiers(item)) for item in items)
        return {item.nodeid: self._case(item, ids) for item, ids in found if ids}

    def _identifiers(self, item: pytest.Item) -> list[str]:
        identifiers: list[str] = []
        for marker in item.iter_markers("verifies"):
            if not marker.args or marker.kwargs:
                self._problem(item, 'expected verifies("ID", ...), got other arguments')
            for identifier in marker.args:
                known = self._by_id.get(identifier) if isinstance(identifier, str) else None
                if known is None:
                    hint = did_you_mean(str(identifier), self._by_id)
                    self._problem(
                        item, f"expected a known requirement id, got {identifier!r}{hint}"
                    )
                elif known.status is Status.RETIRED:
                    self._problem(item, f"expected a requirement in use, {identifier} is retired")
                elif identifier not in identifiers:
                    identifiers.append(identifier)
        return identifiers

    def _problem(self, item: pytest.Item, message: str) -> None:
        problem = f"{function_of(item.nodeid)}: {message}"
        if problem not in self.problems:
            self.problems.append(problem)

    def _case(self, item: pytest.Item, identifiers: Sequence[str]) -> Case:
        doc = getdoc(getattr(item, "obj", None)) or ""
        return Case(
            case_id=item.nodeid,
            requirements=tuple(self._by_id[identifier] for identifier in identifiers),
            digest=self._code.digest(item.nodeid),
            title=doc.split("\n\n", 1)[0].replace("\n", " "),
        )


def sole_requirements(cases: Iterable[Case]) -> dict[str, frozenset[str]]:
    """By case function, the requirements that it alone verifies."""
    functions: dict[str, set[str]] = defaultdict(set)
    for case in cases:
        for requirement in case.requirements:
            functions[requirement.id].add(case.function)
    sole: dict[str, set[str]] = defaultdict(set)
    for identifier, names in functions.items():
        if len(names) == 1:
            sole[next(iter(names))].add(identifier)
    return {name: frozenset(identifiers) for name, identifiers in sole.items()}
