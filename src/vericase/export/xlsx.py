"""XLSX, for people who work in a spreadsheet: a summary, the matrix and the hazards.

The only door to openpyxl, which comes with the extra `xlsx`. What openpyxl takes from the clock is
replaced, so that the same matrix gives the same bytes.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from vericase.errors import InputError
from vericase.export.table import standing, told_rows
from vericase.export.text import inert
from vericase.gate import GateDecision
from vericase.matrix import TraceMatrix

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["as_xlsx"]

_MOST_LETTERS = 32_767  # of a cell, counted as spreadsheets do: in units of UTF-16
_WIDEST = 60
_UNDATED = date(1980, 1, 1)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # of every file in the archive
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
#: What a spreadsheet takes for an escaped character (ECMA-376-1, ST_Xstring).
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_HAZARD = ("id", "title", "harm", "severity", "sequence_of_events", "control", "residual_risk")

_Row = Sequence[object]


def as_xlsx(matrix: TraceMatrix, decision: GateDecision) -> bytes:
    """A workbook of three sheets.

    Raises:
        InputError: If openpyxl is not installed.
    """
    book = _empty_book(matrix.on or _UNDATED)
    _fill(book.create_sheet("Summary"), list(_summary(matrix, decision)))
    _table(book.create_sheet("Matrix"), told_rows(matrix, decision))
    controlled = (*_HAZARD, "controlled_by")
    _table(book.create_sheet("Hazards"), [controlled, *_hazards(matrix)])
    buffer = io.BytesIO()
    book.save(buffer)
    return _without_clock(buffer.getvalue(), matrix.on or _UNDATED)


def _empty_book(day: date) -> "Workbook":
    try:
        from openpyxl import Workbook  # noqa: PLC0415  an extra
    except ImportError as error:
        raise InputError(
            "openpyxl: expected it installed for XLSX, got nothing; pip install 'vericase[xlsx]'"
        ) from error
    book = Workbook()
    for sheet in book.worksheets:
        book.remove(sheet)
    book.properties.creator = "vericase"
    book.properties.created = datetime.combine(day, time())
    return book


def _summary(matrix: TraceMatrix, decision: GateDecision) -> Iterable[_Row]:
    yield "headline", decision.headline
    yield "released", str(decision.released).lower()
    yield "rehearsal", str(decision.rehearsal).lower()
    for subject in matrix.log.subjects:
        yield f"subject {subject.name}", subject.digest
    yield ()
    yield "blocking", "what", "why"
    for blocker in decision.blocking:
        yield blocker.where, blocker.what, blocker.message


def _hazards(matrix: TraceMatrix) -> Iterable[_Row]:
    for hazard in matrix.hazards:
        controls = (f"{row.requirement.id} {standing(row)}" for row in matrix.controls(hazard))
        yield [*(getattr(hazard, name) for name in _HAZARD), ", ".join(controls)]


def _table(sheet: "Worksheet", rows: Sequence[_Row]) -> None:
    """*rows*, of which the first one stays in sight and filters the others."""
    _fill(sheet, rows)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions


def _fill(sheet: "Worksheet", rows: Sequence[_Row]) -> None:
    from openpyxl.styles import Alignment, Font  # noqa: PLC0415  an extra
    from openpyxl.utils import get_column_letter  # noqa: PLC0415  an extra

    wrapped, bold = Alignment(vertical="top", wrap_text=True), Font(bold=True)
    widest: dict[int, int] = {}
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            shown = _shown(value)
            if shown is None:
                continue
            cell = sheet.cell(number, column)
            cell.value = shown
            if isinstance(shown, str):
                # Told to be text, so that nothing is taken for a formula or an error.
                cell.data_type = "s"
                cell.alignment = wrapped
            if number == 1:
                cell.font = bold
            widest[column] = max(widest.get(column, 0), len(str(shown)))
    for column, width in widest.items():
        sheet.column_dimensions[get_column_letter(column)].width = min(width, _WIDEST) + 2


def _shown(value: object) -> str | float | None:
    """*value* as a cell holds it; None for an empty one."""
    if value is None or value == "":
        return None
    safe = inert(value)
    return safe if isinstance(safe, int | float) else _cut(_ESCAPED.sub("_x005F_", str(safe)))


def _cut(text: str) -> str:
    units = len(text.encode("utf-16-le")) // 2
    if units <= _MOST_LETTERS:
        return text
    told = f" [cut: {units} characters, more than a cell holds]"
    kept = text.encode("utf-16-le")[: 2 * (_MOST_LETTERS - len(told))]
    return kept.decode("utf-16-le", "ignore") + told


def _without_clock(content: bytes, day: date) -> bytes:
    moment = f"{day}T00:00:00Z".encode()
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as made,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as kept,
    ):
        for name in made.namelist():
            part = made.read(name)
            if name == "docProps/core.xml":
                part = _MODIFIED.sub(rb"\g<1>" + moment, part)
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            kept.writestr(entry, part)
    return buffer.getvalue()
