"""What reviewers said, in a local SQLite file to which rows are only ever added.

A correction is a new row. Each row is on disk before its reviewer is told that it is kept, and the
file refuses to change, forget or replace one; who takes its triggers away can.
"""

from __future__ import annotations

import csv
import os
import sqlite3
import threading
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from afib.errors import AfibError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = [
    "DECIDED",
    "RHYTHMS",
    "VERDICTS",
    "Judgement",
    "JudgementError",
    "Judgements",
    "agreement",
    "write_csv",
]

VERDICTS = ("confirmed", "corrected", "flagged")
#: What a device says: a rhythm, that it abstains, or nothing, of what it was not made for.
DECIDED = ("AFib", "normal", "abstained", "none")
RHYTHMS = ("AFib", "normal", "other", "unreadable")
_LONGEST = {"reviewer": 100, "comment": 2000}
_PATIENCE_S, _HEAD_BYTES = 5, 100
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS judgements (
  number INTEGER PRIMARY KEY,
  made_at TEXT NOT NULL,
  record TEXT NOT NULL,
  record_digest TEXT NOT NULL,
  model_digest TEXT NOT NULL,
  decided TEXT NOT NULL,
  verdict TEXT NOT NULL,
  rhythm TEXT,
  reviewer TEXT NOT NULL,
  comment TEXT NOT NULL
);
CREATE TRIGGER IF NOT EXISTS nothing_changes BEFORE UPDATE ON judgements
BEGIN SELECT RAISE(ABORT, 'a judgement is never changed; add another'); END;
CREATE TRIGGER IF NOT EXISTS nothing_goes BEFORE DELETE ON judgements
BEGIN SELECT RAISE(ABORT, 'a judgement is never removed'); END;
CREATE TRIGGER IF NOT EXISTS nothing_is_replaced BEFORE INSERT ON judgements
WHEN EXISTS (SELECT 1 FROM judgements WHERE number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'a judgement is never replaced; add another'); END;
"""


class JudgementError(AfibError):
    """A judgement that says nothing, or cannot be kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one reviewer said of one recording at one time.

    Attributes:
        record: Name of the recording.
        record_digest: Of its samples.
        model_digest: Of the model whose decision was judged.
        decided: What the device said, one of :data:`DECIDED`.
        verdict: One of :data:`VERDICTS`.
        rhythm: What the reviewer calls it, one of :data:`RHYTHMS`; needed where it was corrected.
        reviewer: Who it was.
        comment: In their words.
        made_at: When, in UTC; set when it is kept.
        number: In the order of keeping, from 1; set when it is kept.
    """

    record: str
    record_digest: str
    model_digest: str
    decided: str
    verdict: str
    rhythm: str | None
    reviewer: str
    comment: str
    made_at: str = ""
    number: int = 0


class Judgements:
    """The file of judgements.

    Args:
        path: Made with the first judgement if there is none.

    Raises:
        JudgementError: If it cannot be opened, is no such file, or could not be made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known: tuple[tuple[object, ...] | None, list[Judgement]] = (None, [])
        if path.exists():
            # Before any work is done: whoever judges wants to keep it.
            self.all()
            if not os.access(path, os.W_OK):
                raise JudgementError(f"{path}: expected a file to add to, got one to read alone")
        elif not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
            raise JudgementError(f"{path}: expected a folder to write into, got none")

    def add(self, judgement: Judgement) -> Judgement:
        """*judgement* with its number and time, once it is on disk.

        Raises:
            JudgementError: With everything that is wrong with it, or if it cannot be kept.
        """
        if problems := _problems(judgement):
            raise JudgementError(*problems)
        names = [field.name for field in fields(Judgement) if field.name != "number"]
        made_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        values = asdict(judgement) | {"made_at": made_at, "reviewer": judgement.reviewer.strip()}
        marks = ", ".join(f":{name}" for name in names)
        statement = f"INSERT INTO judgements ({', '.join(names)}) VALUES ({marks})"  # noqa: S608  our own names
        try:
            with closing(self._connected()) as connection, connection:
                connection.executescript(_SCHEMA)
                number = connection.execute(statement, values).lastrowid
        except sqlite3.Error as error:
            raise JudgementError(f"{self._path}: expected to keep it, got {error}") from error
        return Judgement(**(values | {"number": int(number or 0)}))

    def all(self) -> list[Judgement]:
        """Every judgement, in the order of keeping.

        Raises:
            JudgementError: If the file cannot be read, or is none of judgements.
        """
        with self._lock:
            if not self._path.exists():
                return []
            try:
                # Asked for again and again; read once for every change.
                now = self._version()
                if self._known[0] != now:
                    self._known = (now, self._read())
            except (OSError, sqlite3.Error) as error:
                raise JudgementError(
                    f"{self._path}: expected a file of judgements, got {error}"
                ) from error
            return list(self._known[1])

    def _version(self) -> tuple[object, ...]:
        if not self._path.is_file():
            return ()
        status = self._path.stat()
        with self._path.open("rb") as file:
            # The head of the file holds its counter of changes, whatever the clock says.
            return status.st_mtime_ns, status.st_size, status.st_ino, file.read(_HEAD_BYTES)

    def _read(self) -> list[Judgement]:
        names = ", ".join(field.name for field in fields(Judgement))
        with closing(self._connected()) as connection:
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                # Made, and not begun: whoever made it was stopped in between.
                return []
            rows = connection.execute(f"SELECT {names} FROM judgements ORDER BY number")  # noqa: S608  our own names
            return [Judgement(**dict(row)) for row in rows.fetchall()]

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_PATIENCE_S)
        connection.row_factory = sqlite3.Row
        # Written through to the disk with every row: a machine that stops loses none.
        connection.execute("PRAGMA synchronous=EXTRA")
        return connection


def agreement(judgements: Iterable[Judgement]) -> dict[str, int]:
    """How often the last judgement of each reviewer on a recording agrees with the device.

    Returns:
        ``agree`` and ``disagree``, where the device named a rhythm and the reviewer one too;
        ``abstained`` and ``none``, where the device named none; and ``flagged``.
    """
    last = {(each.record_digest, each.reviewer): each for each in judgements}
    counts = dict.fromkeys(("agree", "disagree", "abstained", "none", "flagged"), 0)
    for each in last.values():
        if each.verdict == "flagged":
            counts["flagged"] += 1
        elif each.decided in counts:
            counts[each.decided] += 1
        else:
            counts["agree" if each.rhythm == each.decided else "disagree"] += 1
    return counts


def write_csv(judgements: Iterable[Judgement], out: TextIO) -> None:
    """A header and one row each; no cell is a formula."""
    names = [field.name for field in fields(Judgement)]
    # All quoted: the end of a line within a comment begins no line of the table.
    writer = csv.DictWriter(out, names, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    for each in judgements:
        writer.writerow({name: _cell(value) for name, value in asdict(each).items()})


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return "" if value is None else value


def _problems(judgement: Judgement) -> list[str]:
    problems = []
    if judgement.verdict not in VERDICTS:
        problems.append(
            f"verdict: expected one of {', '.join(VERDICTS)}, got {judgement.verdict!r}"
        )
    if judgement.rhythm is not None and judgement.rhythm not in RHYTHMS:
        problems.append(f"rhythm: expected one of {', '.join(RHYTHMS)}, got {judgement.rhythm!r}")
    if judgement.verdict == "corrected" and judgement.rhythm is None:
        problems.append("rhythm: expected what it is instead, got none")
    if judgement.verdict == "corrected" and judgement.rhythm == judgement.decided:
        problems.append("rhythm: expected another one than was decided; confirm that one")
    if judgement.verdict == "confirmed" and judgement.decided == "none":
        problems.append("verdict: expected a decision to confirm, got none; correct or flag it")
    if not judgement.reviewer.strip():
        problems.append("reviewer: expected a name, got none")
    problems += [
        f"{name}: expected text, got half a character"
        for name in _LONGEST
        if not _is_text(getattr(judgement, name))
    ]
    problems += [
        f"{name}: expected at most {most} characters, got {len(getattr(judgement, name))}"
        for name, most in _LONGEST.items()
        if len(getattr(judgement, name)) > most
    ]
    return problems


def _is_text(words: str) -> bool:
    try:
        words.encode()
    except UnicodeEncodeError:
        return False
    return True
