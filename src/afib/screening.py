"""Decisions as a table for people, as JSON lines for programs, and as CSV for spreadsheets."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, TextIO

from afib.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from afib.decision import Decision

__all__ = ["FORMS", "meaning_of_sets", "visible"]

_COLUMNS = (
    "record",
    "duration_s",
    "rhythm",
    "probability_afib",
    "prediction_set",
    "alpha",
    "ood_score",
    "ood_threshold",
    "abstained",
    "reason",
    "model_digest",
    "error",
)
_STRANGE = "Above 0, a recording is too strange to decide.\n"
# What spreadsheets take for the start of a formula, also in full width.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def write_table(results: Iterable[Decision | RecordError], out: TextIO) -> None:
    """One line a record for a reader, and a line that counts."""
    counts = {"AFib": 0, "normal": 0, "abstained": 0, "not read": 0}
    alphas: set[float] = set()
    out.write(
        f"{'record':<16} {'seconds':>7}  {'decision':<10} {'P(AFib)':>8}  {'strange':>8}  "
        "not ruled out, or why not decided\n"
    )
    for result in results:
        word, seconds, probability, strange, why = _columns(result)
        counts[word] += 1
        if not isinstance(result, RecordError) and result.alpha is not None:
            alphas.add(result.alpha)
        line = f"{result.record:<16} {seconds:>7}  {word:<10} {probability:>8}  {strange:>8}  {why}"
        out.write(visible(line.rstrip()) + "\n")
        out.flush()
    told = ", ".join(f"{number} {word}" for word, number in counts.items())
    out.write(f"{told}. Not for diagnostic use: review every decision.\n")
    out.writelines(f"{_STRANGE}{meaning_of_sets(alpha)}\n" for alpha in sorted(alphas))


def meaning_of_sets(alpha: float) -> str:
    """What a prediction set promises, and what it does not; said wherever sets are shown."""
    return (
        f"What is not ruled out holds the true rhythm in {100 * (1 - alpha):g} % of recordings of "
        "each rhythm like those of calibration, in the mean over many recordings and calibrations, "
        "never for one patient."
    )


def write_json(results: Iterable[Decision | RecordError], out: TextIO) -> None:
    """One JSON object a line, each as soon as it is known."""
    for result in results:
        out.write(json.dumps(_fields(result), allow_nan=False) + "\n")
        out.flush()


def write_csv(results: Iterable[Decision | RecordError], out: TextIO) -> None:
    """A header and one row a record; no cell is a formula."""
    writer = csv.DictWriter(out, _COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for result in results:
        writer.writerow({key: _cell(value) for key, value in _fields(result).items()})


FORMS: Mapping[str, Callable[[Iterable[Decision | RecordError], TextIO], None]] = {
    "table": write_table,
    "json": write_json,
    "csv": write_csv,
}


def _columns(result: Decision | RecordError) -> tuple[str, str, str, str, str]:
    """What the table says of a record: decision, seconds, probability, strangeness, and why."""
    if isinstance(result, RecordError):
        return "not read", "", "", "", _one(result)
    probability = "" if result.probability_afib is None else f"{result.probability_afib:.4f}"
    strange = ""
    if result.ood_score is not None and result.ood_threshold is not None:
        # From 0, where the device stops deciding.
        strange = f"{result.ood_score - result.ood_threshold:+.2f}"
    word = result.rhythm or "abstained"
    told = result.reason or " or ".join(result.prediction_set or ())
    return word, f"{result.duration_s:.1f}", probability, strange, told


def visible(text: str) -> str:
    """*text* on one line: a name with a line break cannot write a decision of its own."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def _fields(result: Decision | RecordError) -> dict[str, object]:
    if isinstance(result, RecordError):
        return {"record": result.record, "error": _one(result)}
    return asdict(result)


def _one(error: RecordError) -> str:
    return "; ".join(error.problems)


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value
