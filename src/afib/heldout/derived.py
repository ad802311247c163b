"""What follows from a record of held-out gates: who was accepted, prediction sets, and answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from afib.dataset import AFIB, NORMAL
from afib.dataset.splits import PARTS
from afib.rule import answers
from afib.sets import fit_sets, rhythm_scores, sets_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afib.heldout.rows import FoldGate, HeldOut, Rows
    from nnassure.arrays import BoolArray, DoubleArray, StrArray

__all__ = ["Judgement", "judgement_of"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Judgement:
    """Rows with what the devices of their folds say of them.

    Attributes:
        rows: Recordings as they are, and those made of them.
        gates: By fold.
        calibration: The recordings that prediction sets are calibrated on: as they are, with
            normal rhythm or AFib, accepted.
    """

    rows: Rows
    gates: Mapping[int, FoldGate]
    calibration: Rows

    def _of_gate(self, name: str) -> DoubleArray:
        return np.array(
            [getattr(self.gates[fold], name) for fold in self.rows.folds.tolist()],
            dtype=np.float64,
        )

    @cached_property
    def margins(self) -> DoubleArray:
        """How far each score is above the threshold of its gate, shape (rows,)."""
        return self.rows.scores - self._of_gate("ood_threshold")

    @cached_property
    def accepted(self) -> BoolArray:
        """What is usable and not strange, shape (rows,)."""
        return np.asarray(self.rows.usable & (self.margins <= 0))

    @cached_property
    def called_afib(self) -> BoolArray:
        """Where the logit is above the threshold of its network, shape (rows,)."""
        return np.asarray(self.rows.logits > self._of_gate("threshold"))

    @cached_property
    def probabilities(self) -> DoubleArray:
        """Of AFib, shape (rows,)."""
        temperature = self._of_gate("temperature")
        return rhythm_scores((self.rows.logits / temperature).astype(np.float64), 1.0)[:, 0]

    @property
    def is_afib(self) -> BoolArray:
        """By label, shape (rows,)."""
        return np.asarray(self.rows.labels == AFIB)

    def sets(self, alpha: float) -> BoolArray:
        """Prediction sets: normal rhythm and AFib, shape (rows, 2).

        Those of a part of a fold are calibrated on its other parts.

        Raises:
            TrainingError: If they have too few accepted recordings of a rhythm.
        """
        found = np.zeros((len(self.rows), 2), dtype=np.bool_)
        for fold, gate in self.gates.items():
            for part in range(PARTS):
                chosen = (self.rows.folds == fold) & (self.rows.parts == part)
                thresholds = self.thresholds(alpha, fold=fold, but=part)
                found[chosen] = sets_of(
                    self.rows.logits[chosen], temperature=gate.temperature, thresholds=thresholds
                )
        return found

    def thresholds(self, alpha: float, *, fold: int, but: int) -> DoubleArray:
        """Of prediction sets, from a fold without one of its parts, shape (2,).

        Raises:
            TrainingError: If it has too few accepted recordings of a rhythm.
        """
        kept = self.calibration
        own = kept.where((kept.folds == fold) & (kept.parts != but))
        return fit_sets(
            own.logits,
            np.asarray(own.labels == AFIB),
            temperature=self.gates[fold].temperature,
            alpha=alpha,
        )

    def answers(self, alpha: float) -> StrArray:
        """What the device says, as :func:`afib.rule.answers` does, shape (rows,)."""
        return answers(
            usable=self.rows.usable,
            accepted=self.accepted,
            called_afib=self.called_afib,
            sets=self.sets(alpha),
        )

    def where(self, chosen: BoolArray) -> Judgement:
        """Those of *chosen*, shape (rows,), by the same devices."""
        return Judgement(
            rows=self.rows.where(chosen), gates=self.gates, calibration=self.calibration
        )

    def of(self, *labels: str) -> Judgement:
        """Recordings as they are, with some labels."""
        return self.where((self.rows.families == "") & np.isin(self.rows.labels, labels))

    def family(self, name: str, severity: float | None = None) -> Judgement:
        """Recordings made of others, of one family and, unless it is None, severity."""
        chosen = self.rows.families == name
        return self.where(
            chosen if severity is None else chosen & (self.rows.severities == severity)
        )


def judgement_of(found: HeldOut) -> Judgement:
    """What follows from *found*."""
    rows, gates = found.rows, {gate.fold: gate for gate in found.gates}
    real = rows.where((rows.families == "") & np.isin(rows.labels, (NORMAL, AFIB)))
    all_of = Judgement(rows=real, gates=gates, calibration=real)
    return Judgement(rows=rows, gates=gates, calibration=real.where(all_of.accepted))
