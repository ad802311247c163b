"""Attached drawings as figures with captions and words. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vericase.matrix import TraceMatrix
from vericase.report.drawing import described, safe_drawing

__all__ = ["FIRST", "Drawing", "drawings"]

#: So begins the name of a drawing that stands behind the overview, before all details.
FIRST = "first-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A figure with its caption.

    Attributes:
        id: That of its words on the page.
        title: What the drawing calls itself; empty if it does not.
        known: Whether there is such a criterion.
        words: Everything that the drawing says, for whoever does not see it.
        wide: Whether it needs more than one column of the page.
    """

    id: str
    title: str
    criterion_id: str
    known: bool
    measurand: str
    name: str
    words: str
    wide: bool
    markup: str


def drawings(matrix: TraceMatrix, attachments: Mapping[str, bytes]) -> Iterator[Drawing]:
    """Each plain drawing that is at hand, once, in the order of the criteria."""
    known = matrix.requirements.criteria()
    seen: set[str] = set()
    for record in sorted(matrix.log.evidence, key=lambda e: (e.criterion_id, e.case_id)):
        for attachment in record.attachments:
            content = attachments.get(attachment.sha256)
            markup = safe_drawing(content) if content and attachment.name.endswith(".svg") else None
            if markup is None or attachment.sha256 in seen:
                continue
            seen.add(attachment.sha256)
            told = described(markup, f"f{len(seen)}")
            yield Drawing(
                id=f"f{len(seen)}",
                title=told.title,
                criterion_id=record.criterion_id,
                known=record.criterion_id in known,
                measurand=record.measurand.replace("_", " "),
                name=attachment.name,
                words=told.words,
                wide=told.wide,
                markup=told.markup,
            )
