"""What one case measures, and how it ended; runs where the case runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Protocol, runtime_checkable

from vericase.errors import MeasurementError
from vericase.evidence import Attachment, Evidence
from vericase.measurement import Coverage, Measurement, Proportion, Sample, Scalar, Slices
from vericase.report.numbers import judgement_text
from vericase.report.text import readable
from vericase.requirement import AcceptanceCriterion, Claim, Requirement
from vericase.schema.fields import did_you_mean
from vericase.store import digest_bytes, write_atomically
from vericase.verdict import Judgement, Verdict, judge

__all__ = ["MAX_ATTACHMENT", "CaseRecorder", "Figure"]

MAX_ATTACHMENT = 1024 * 1024


@runtime_checkable
class Figure(Protocol):
    """Anything that draws itself as matplotlib figures do."""

    def savefig(self, fname: object, *, format: str) -> object:  # noqa: A002  matplotlib's own name
        """Write the figure to *fname*."""
        ...


@dataclass(slots=True, kw_only=True)
class CaseRecorder:
    """Collects the measurements of one case.

    Attributes:
        sole: Requirements that no other case verifies: this one must measure all of each.
        references: By criterion and case, what the last release measured.
    """

    case_id: str
    case_digest: str
    requirements: tuple[Requirement, ...]
    sole: frozenset[str]
    attachments_folder: Path
    references: Mapping[tuple[str, str], Measurement] = field(default_factory=dict)
    measured: dict[str, tuple[Measurement, tuple[Attachment, ...]]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    _judgements: dict[tuple[str, str | None], Judgement] = field(default_factory=dict)

    def measure(
        self,
        name: str,
        value: Measurement,
        attachments: Mapping[str, Path | str | bytes | Figure] | None = None,
    ) -> None:
        """Record *value* for every criterion of this case that asks for the measurand *name*.

        Args:
            name: The measurand, as the criterion writes it.
            value: What was measured.
            attachments: Files to keep beside the evidence: a path, bytes, text or a figure.

        Raises:
            MeasurementError: If the measurand is unknown here or measured twice, if *value* is
                no measurement, or if an attachment is too large.
        """
        try:
            self._check(name, value)
            kept = tuple(self._attach(n, content) for n, content in (attachments or {}).items())
        except MeasurementError as error:
            self.problems.append(str(error))
            raise
        self.measured[name] = (value, kept)

    def listening(self, function: Callable[..., object]) -> Callable[..., None]:
        """*function*, and a problem if it returns anything: what it says would go unheard."""

        @wraps(function)
        def call(*arguments: object, **named: object) -> None:
            __tracebackhide__ = True
            said = function(*arguments, **named)
            if said is not None:
                self.problems.append(f"expected a case to return nothing, got {said!r}; measure it")

        return call

    def evidence(self, scope: str | None) -> tuple[Evidence, ...]:
        """A record for every criterion that was measured."""
        return tuple(
            self._record(requirement, criterion, scope)
            for requirement in self.requirements
            for criterion in requirement.criteria
            if criterion.measurand in self.measured
        )

    def _record(
        self, requirement: Requirement, criterion: AcceptanceCriterion, scope: str | None
    ) -> Evidence:
        measurement, attachments = self.measured[criterion.measurand]
        return Evidence(
            criterion_id=criterion.id,
            requirement_id=requirement.id,
            requirement_fingerprint=requirement.fingerprint,
            measurand=criterion.measurand,
            case_id=self.case_id,
            case_digest=self.case_digest,
            measurement=measurement,
            verdict=self._judged(criterion, scope).verdict,
            attachments=attachments,
            reference=self._reference(criterion),
        )

    def _reference(self, criterion: AcceptanceCriterion) -> Measurement | None:
        return self.references.get((criterion.id, self.case_id)) if criterion.paired else None

    def misses(self, scope: str | None) -> list[str]:
        """One sentence for every criterion in force that is unmet, or should be here and is not."""
        sentences = []
        for requirement in self.requirements:
            # Of a claim that any criterion shows, no single case can tell.
            free = requirement.claim is Claim.ANY or not requirement.in_force
            if free or not requirement.applies(scope):
                continue
            for criterion in requirement.criteria:
                if criterion.applies(scope):
                    sentences += self._miss(requirement, criterion, scope)
        return sentences

    def _miss(
        self, requirement: Requirement, criterion: AcceptanceCriterion, scope: str | None
    ) -> list[str]:
        if criterion.measurand not in self.measured:
            if requirement.id not in self.sole:
                return []
            return [f"{criterion.id} {criterion.measurand}: NOT_RUN, this case did not measure it"]
        measurement = self.measured[criterion.measurand][0]
        judgement = self._judged(criterion, scope)
        if judgement.verdict is Verdict.PASS:
            return []
        text = judgement_text(criterion, measurement, judgement)
        return [f"{criterion.id} {criterion.measurand}: {judgement.verdict.name}, {text}"]

    def _judged(self, criterion: AcceptanceCriterion, scope: str | None) -> Judgement:
        # Asked twice a case; only a subject that is registered between the two changes the answer.
        key = (criterion.id, scope)
        if key not in self._judgements:
            measurement = self.measured[criterion.measurand][0]
            reference = self._reference(criterion)
            self._judgements[key] = judge(criterion, measurement, scope=scope, reference=reference)
        return self._judgements[key]

    def _check(self, name: str, value: object) -> None:
        known = {c.measurand for r in self.requirements for c in r.criteria}
        if name not in known:
            raise MeasurementError(
                f"measure: expected a measurand of {', '.join(r.id for r in self.requirements)}, "
                f"got {name!r}{did_you_mean(name, known)}"
            )
        if name in self.measured:
            raise MeasurementError(f"measure: expected {name!r} once a case, got it again")
        if not isinstance(value, Proportion | Coverage | Slices | Scalar | Sample):
            kinds = "a Proportion, Coverage, Slices, Scalar or Sample"
            raise MeasurementError(f"measure: expected {kinds} for {name!r}, got {value!r}")

    def _attach(self, name: str, content: Path | str | bytes | Figure) -> Attachment:
        data = _bytes_of(name, content)
        if len(data) > MAX_ATTACHMENT:
            raise MeasurementError(
                f"attachment {name!r}: expected at most {MAX_ATTACHMENT} bytes, got {len(data)}"
            )
        digest = digest_bytes(data)
        write_atomically(self.attachments_folder / digest, data)
        return Attachment(name=readable(name), sha256=digest, bytes=len(data))


def _bytes_of(name: str, content: object) -> bytes:
    match content:
        case bytes():
            return content
        case str():
            return content.encode()
        case Path():
            return content.read_bytes()
        case Figure():
            return _drawn(content)
    raise MeasurementError(
        f"attachment {name!r}: expected a path, bytes, text or a figure, got {type(content)}"
    )


def _drawn(figure: Figure) -> bytes:
    from io import BytesIO  # noqa: PLC0415  needed for figures alone

    page = BytesIO()
    figure.savefig(page, format="svg")
    return page.getvalue()
