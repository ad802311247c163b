"""The export as a workbook: what a spreadsheet shows of it, and that it computes nothing."""

import io
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from tests.support.documents import requirement_record, write_records
from tests.support.matrices import mixed
from tests.support.tracing import (
    a_hazard,
    a_log,
    a_requirement,
    a_set,
    everything_shown,
    with_code,
)
from vericase.cli import main
from vericase.export import EXPORTS
from vericase.export.table import Line, told_rows
from vericase.export.text import inert
from vericase.gate import decide
from vericase.matrix import TraceMatrix, trace
from vericase.store import save_evidence


def written(matrix: TraceMatrix) -> bytes:
    """The bytes of the workbook."""
    return EXPORTS["xlsx"](matrix, decide(matrix))


def opened(matrix: TraceMatrix) -> Workbook:
    """The workbook as a reader has it."""
    return load_workbook(io.BytesIO(written(matrix)))


def titled(title: str) -> str:
    """What the workbook shows of a title."""
    book = opened(trace(a_set(a_requirement(title=title)), a_log()))
    return str(book["Matrix"]["B2"].value)


def test_the_matrix_has_the_rows_of_the_table() -> None:
    """Each field of each row, numbers as numbers, under a header that stays and filters."""
    matrix, decision = mixed()
    sheet = opened(matrix)["Matrix"]
    header, *rows = sheet.iter_rows(values_only=True)
    names, *wanted = told_rows(matrix, decision)
    assert list(header) == names == [*(field.name for field in fields(Line)), "blocking"]
    wanted = [[inert(value) for value in row] for row in wanted]
    assert [["" if cell is None else cell for cell in row] for row in rows] == wanted
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", f"A1:X{len(wanted) + 1}")


def test_the_summary_says_what_the_gate_says() -> None:
    """The headline comes first, then what blocks and why."""
    matrix, decision = mixed()
    rows = [row[:3] for row in opened(matrix)["Summary"].iter_rows(values_only=True)]
    assert rows[0][:2] == ("headline", decision.headline)
    assert rows[1][:2] == ("released", "false")
    told = rows[rows.index(("blocking", "what", "why")) + 1 :]
    assert told == [(b.where, b.what, b.message) for b in decision.blocking]


def test_hazards_are_told_with_what_controls_them() -> None:
    """And where each of these requirements stands."""
    requirements = a_set(a_requirement(hazards=("HAZ-001",)), hazards=[a_hazard()])
    sheet = opened(trace(requirements, everything_shown(requirements)))["Hazards"]
    header, row = sheet.iter_rows(values_only=True)
    told = dict(zip(header, row, strict=True))
    assert (told["id"], told["harm"], told["controlled_by"]) == (
        "HAZ-001",
        "Treatment comes late.",
        "ROB-001 PASS",
    )


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("=HYPERLINK(A1)", "'=HYPERLINK(A1)"),
        ("+1", "'+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("#N/A", "#N/A"),
        ("0123", "0123"),
        ("a\x07b", "a\\x07b"),
        ("a\u202eb", "a\\u202eb"),
        ("שלום", "שלום"),
        # Spreadsheets would show the first one as A.
        ("_x0041_", "_x005F_x0041_"),
    ],
)
def test_text_stays_text(title: str, shown: str) -> None:
    """Whatever a cell holds, nothing is computed, turned around or left out."""
    assert titled(title) == shown


def test_no_cell_of_a_workbook_is_a_formula() -> None:
    """Every cell is text or a number of ours."""
    matrix, _ = mixed()
    cells = [cell for sheet in opened(matrix) for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert "<f>" not in "".join(parts(written(matrix)))


@pytest.mark.parametrize("letter", ["a", "\N{PILL}"])
def test_a_text_that_no_cell_holds_is_cut_in_sight(letter: str) -> None:
    """32,767 units of UTF-16 fit, and one more is told."""
    fits = letter * (32_767 // (len(letter.encode("utf-16-le")) // 2))
    assert titled(fits) == fits
    cut = titled(fits + letter)
    assert cut.startswith(letter * 100)
    assert cut.endswith(" characters, more than a cell holds]")
    assert len(cut.encode("utf-16-le")) <= 2 * 32_767


def parts(content: bytes) -> Iterator[str]:
    """The files in the archive, as text."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        yield from (archive.read(name).decode() for name in archive.namelist())


def test_no_clock_is_in_the_bytes() -> None:
    """The day of judging is, and the archive has no times."""
    matrix = replace(mixed()[0], on=date(2026, 3, 31))
    content = written(matrix)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = archive.read("docProps/core.xml").decode()
    assert core.count("2026-03-31T00:00:00Z<") == 2


def test_without_the_library_one_sentence_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other formats need nothing, and no half a file is left."""
    monkeypatch.chdir(tmp_path)
    write_records(tmp_path / "requirements", "r.yaml", [requirement_record()])
    save_evidence(tmp_path / "e.json", with_code(everything_shown(a_set()), tmp_path))
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert main(["export", "--evidence=e.json", "--format=xlsx", "--out=m.xlsx"]) == 2
    assert capsys.readouterr().err == (
        "openpyxl: expected it installed for XLSX, got nothing; pip install 'vericase[xlsx]'\n"
    )
    assert not Path("m.xlsx").exists()
    assert main(["export", "--evidence=e.json", "--format=csv", "--out=m.csv"]) == 0
