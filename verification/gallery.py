"""Pictures of decisions by the networks of the folds: the gravest errors with their evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from afib.beats import r_peaks
from afib.checkpoint import Checkpoint
from afib.crossfit import fold_model
from afib.dataset import AFIB, NORMAL
from afib.decision import Decision
from afib.evidence import USUAL_METHOD, evidence_in
from afib.explained import Explained
from afib.preprocessing import to_network_rate
from afib.rule import RHYTHMS, answers
from afib.strip import strip

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from afib.heldout.derived import Judgement
    from afib.records import Recording

__all__ = ["Pictured", "gravest_errors", "pictures"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictured:
    """A picture, and what it has to show.

    Attributes:
        svg: The strip.
        explained: What it was drawn from.
    """

    svg: str
    explained: Explained

    def says(self, *, is_afib: bool, called_afib: bool) -> bool:
        """Whether the picture states the label and the other rhythm that was decided."""
        words = {True: "AFib", False: "normal"}
        wanted = (f"labelled {words[is_afib]}", f"decided {words[called_afib]}")
        return all(each in self.svg for each in wanted)


def gravest_errors(judged: Judgement, *, each: int) -> list[str]:
    """Names of accepted recordings that were decided wrongly with the highest probability.

    *each* with AFib that were called normal, then as many the other way round.
    """
    rows = judged.of(NORMAL, AFIB)
    wrong = rows.where(rows.accepted & (rows.called_afib != rows.is_afib))
    sure = np.abs(wrong.probabilities - 0.5)
    order = np.argsort(-sure, kind="stable")
    names: list[str] = []
    for is_afib in (True, False):
        chosen = order[wrong.is_afib[order] == is_afib]
        names += wrong.rows.names[chosen[:each]].tolist()
    return names


def pictures(
    judged: Judgement,
    recordings: Mapping[str, Recording],
    networks: Path,
    *,
    alpha: float,
) -> dict[str, Pictured]:
    """By name, the strip of each recording of *judged* and what it was drawn from.

    Args:
        judged: Rows of recordings as they are.
        recordings: As the recorder gave them, by name.
        networks: Folder of the networks of the folds.
        alpha: Of the prediction sets.
    """
    models = {
        fold: Checkpoint.load(fold_model(networks, fold))
        for fold in sorted(set(judged.rows.folds.tolist()))
    }
    sets = judged.sets(alpha)
    said = answers(
        usable=judged.rows.usable,
        accepted=judged.accepted,
        called_afib=judged.called_afib,
        sets=sets,
    ).tolist()
    drawn: dict[str, Pictured] = {}
    for place, name in enumerate(judged.rows.names.tolist()):
        recording = replace(recordings[name], label=str(judged.rows.labels[place]))
        fold = int(judged.rows.folds[place])
        model = models[fold]
        rhythm = said[place] if said[place] in RHYTHMS else None
        named = tuple(each for each, kept in zip(RHYTHMS, sets[place], strict=True) if kept)
        decision = Decision(
            record=name,
            duration_s=round(recording.duration_s, 3),
            rhythm=rhythm,
            probability_afib=float(judged.probabilities[place]),
            prediction_set=named,
            alpha=alpha,
            ood_score=float(judged.rows.scores[place]),
            ood_threshold=judged.gates[fold].ood_threshold,
            abstained=rhythm is None,
            reason=None if rhythm else f"by the rule: {said[place]}",
            model_digest=model.digest,
        )
        preprocessing = model.settings.preprocessing
        signal_mv = to_network_rate(recording.signal_mv, recording.rate_hz, preprocessing)
        explained = Explained(
            recording=recording,
            decision=decision,
            method=USUAL_METHOD,
            evidence=evidence_in(model, [signal_mv])[0],
            evidence_hz=preprocessing.rate_hz,
            peaks_s=r_peaks(recording.signal_mv, recording.rate_hz) / recording.rate_hz,
        )
        drawn[name] = Pictured(svg=strip(explained).svg().decode(), explained=explained)
    return drawn
