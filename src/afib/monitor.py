"""The command `afib monitor`: whether what is screened in the field is still what it was.

It reads what `afib screen --format json` wrote, in the order of screening, and compares how strange
recordings are with those that the model was calibrated on. No label is needed, so it can tell that
recordings changed and never that decisions became wrong, which they may while it is still.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from afib.errors import RecordError
from nnassure.monitoring import (
    conformal_p_values,
    cusum,
    cusum_limit,
    first_alarm,
    wealth,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from afib.decision import Limits
    from afib.settings import MonitorSettings
    from nnassure.arrays import DoubleArray, IntArray

__all__ = ["Drift", "drift_of", "first_of_all", "read_log"]

_RHYTHMS = ("AFib", "normal", None)
# No score of the device is as far out.
_LARGEST = 1e9
# Streams that tell how soon a shift is noticed, and the length at which one is given up.
_STREAMS, _LONGEST = 61, 1000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drift:
    """What the alarms say of a log.

    Attributes:
        scores: How strange each recording is, in the order of screening, shape (recordings,); one
            that can hold no rhythm has a score above all others.
        lines: Where each stands in the log, from 1, shape (recordings,).
        threshold: Above it the device abstains.
        sums: Of Shiryaev and Roberts, shape (recordings,).
        martingale: Wealth of one bet on all of them, shape (recordings,).
        cusum: Shape (recordings,).
        cusum_limit: Of *cusum*.
        counts: Recordings by what the device said; those without a score among them.
        settings: When an alarm is raised.
        delay: After how many recordings the first alarm notices, in the median of simulated
            streams, that every score has risen by one spread of the calibration scores; None if
            most streams end without.
    """

    scores: DoubleArray
    lines: IntArray
    threshold: float
    sums: DoubleArray
    martingale: DoubleArray
    cusum: DoubleArray
    cusum_limit: float
    counts: dict[str, int]
    settings: MonitorSettings
    delay: int | None

    @property
    def alarms(self) -> dict[str, int | None]:
        """At which line of the log each alarm was raised; None if it was not."""
        raised = {
            "bets begun with each recording": first_alarm(
                self.sums, self.settings.false_alarm_after
            ),
            "one bet on all recordings": first_alarm(self.martingale, 1 / self.settings.chance),
            "cumulative sum": first_alarm(self.cusum, self.cusum_limit),
        }
        return {
            name: None if at is None else int(self.lines[at - 1]) for name, at in raised.items()
        }

    @property
    def tells(self) -> bool:
        """Whether there are enough recordings to say that nothing has changed."""
        return len(self.scores) >= self.settings.fewest


def read_log(path: Path, model_digest: str) -> list[dict[str, Any]]:
    """The lines of a log of `afib screen --format json`.

    Raises:
        RecordError: With every line that is none, or of another model.
        OSError: If it cannot be read.
    """
    try:
        texts = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise RecordError(
            path.name, f"{path}: expected UTF-8 text, got {error.reason} at byte {error.start}"
        ) from error
    lines, problems = [], []
    for number, text in enumerate(texts, start=1):
        line = _parsed(text)
        if line is None:
            problems.append(f"{path}: line {number}: expected a decision of afib screen as JSON")
        elif "error" not in line and line["model_digest"] != model_digest:
            problems.append(
                f"{path}: line {number}: expected the model {model_digest[:16]}, "
                f"got {line['model_digest'][:16]}"
            )
        else:
            lines.append(line)
    if problems:
        raise RecordError(path.name, *problems)
    if not lines:
        raise RecordError(path.name, f"{path}: expected decisions of afib screen, got none")
    return lines


def drift_of(lines: Sequence[dict[str, Any]], limits: Limits) -> Drift:
    """What the alarms say of *lines*, in their order.

    A recording that can hold no rhythm has no score and counts as stranger than any that has one;
    what could not be read is counted and not ranked.

    Raises:
        FitError: If the model was calibrated on too few recordings to compare with.
    """
    usual, asked = limits.uncertainty.ordinary_scores, limits.uncertainty.settings.monitor
    ranked = [(at, line) for at, line in enumerate(lines, start=1) if "error" not in line]
    told = np.array(
        [np.nan if line["ood_score"] is None else line["ood_score"] for _, line in ranked],
        dtype=np.float64,
    )
    strangest = float(np.nanmax([usual[-1], *told])) + max(float(usual.std()), 1.0)
    scores = np.where(np.isnan(told), strangest, told)
    bets = wealth(conformal_p_values(usual, scores, seed=asked.seed))
    limit = cusum_limit(
        usual,
        slack=asked.slack,
        records=asked.false_alarm_after,
        runs=asked.runs,
        seed=asked.seed,
    )
    counts = {"AFib": 0, "normal": 0, "abstained": 0, "not read": 0}
    for line in lines:
        counts["not read" if "error" in line else line["rhythm"] or "abstained"] += 1
    return Drift(
        scores=scores,
        lines=np.array([at for at, _ in ranked], dtype=np.int64),
        threshold=limits.threshold,
        sums=bets.sums,
        martingale=bets.martingale,
        cusum=cusum(usual, scores, slack=asked.slack),
        cusum_limit=limit,
        counts=counts,
        settings=asked,
        delay=_delay(usual, limit, asked),
    )


def first_of_all(
    usual: DoubleArray,
    scores: DoubleArray,
    *,
    cusum_limit: float,
    settings: MonitorSettings,
    seed: int,
) -> int | None:
    """After how many of *scores* the first of the alarms is raised; None if none is.

    Args:
        usual: Scores of calibration recordings, shape (calibration recordings,).
        scores: Of what came in, in its order, shape (recordings,).
        cusum_limit: Of the cumulative sum, as *usual* gives it.
        settings: When the others are raised.
        seed: Of ties between scores.
    """
    bets = wealth(conformal_p_values(usual, scores, seed=seed))
    raised = (
        first_alarm(bets.sums, settings.false_alarm_after),
        first_alarm(bets.martingale, 1 / settings.chance),
        first_alarm(cusum(usual, scores, slack=settings.slack), cusum_limit),
    )
    return min((at for at in raised if at is not None), default=None)


def _delay(usual: DoubleArray, limit: float, asked: MonitorSettings) -> int | None:
    """The median of when simulated streams notice a shift of all scores by one spread."""
    generator = np.random.default_rng(asked.seed)
    found: list[float] = []
    for run in range(_STREAMS):
        stream = generator.choice(usual, _LONGEST) + float(usual.std())
        at = first_of_all(usual, stream, cusum_limit=limit, settings=asked, seed=run)
        found.append(math.inf if at is None else at)
    median = float(np.median(found))
    return round(median) if math.isfinite(median) else None


def _parsed(text: str) -> dict[str, Any] | None:
    """The decision, or the record that could not be read, that a line states; None if neither."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(line, dict):
        return None
    if isinstance(line.get("error"), str):
        return line
    score, rhythm = line.get("ood_score"), line.get("rhythm")
    sound = (
        rhythm in _RHYTHMS
        and "error" not in line
        and line.get("abstained") is (rhythm is None)
        and isinstance(line.get("model_digest"), str)
        and "ood_score" in line
        and (score is None or (isinstance(score, float) and abs(score) <= _LARGEST))
    )
    return line if sound else None
