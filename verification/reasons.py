"""What explanations of held-out recordings are worth: one value a recording and check.

Each recording is explained beside the network of its fold, which never saw it; of a longer one, its
first segment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from afib.beat_parts import PARTS, beat_parts
from afib.beats import r_peaks
from afib.checkpoint import Checkpoint
from afib.crossfit import fold_model
from afib.dataset import AFIB, NORMAL
from afib.preprocessing import segments
from nnassure.attribution import Question, attribution, widening
from nnassure.explanation import rank_agreement
from verification.anew import drawn_anew
from verification.faithful import faithfulness

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from afib.dataset import Dataset
    from afib.heldout.derived import Judgement
    from nnassure.arrays import BoolArray, DoubleArray, FloatArray, StrArray

__all__ = ["COARSE", "FINE", "OTHERS", "SLOW", "Reasons", "drawn_for_reasons", "reasons_of"]

#: What is checked in full; what looks at single samples; and what the first is compared with.
COARSE, FINE = "grad-cam", "integrated gradients"
OTHERS = ("grad-cam++", FINE)
#: Slow, as it hides one stretch after the other; asked whether it is empty, and how far it agrees.
SLOW = "occlusion"
_FEWEST_BEATS = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reasons:
    """One row a recording.

    Attributes:
        names: Of the recordings.
        is_afib: By label, shape (recordings,).
        called_afib: By the network of the fold, shape (recordings,).
        values: By check, shape (recordings,): ``empty METHOD`` 1 where a map has no weight;
            ``drawn anew NUMBER LAYER`` agreement with the map of a network of which so many layers
            are drawn anew, from the last to this one; ``removed METHOD`` and ``inserted METHOD``
            how much better than at random the answer falls and rises; ``noisy`` and ``shifted``
            agreement with the map under noise and of a recording begun elsewhere; ``agreement
            METHOD`` and, with the map of another recording that is called alike, ``mismatched
            METHOD``; ``irregularity`` rank correlation of evidence at each beat with how much the
            RR interval changes there, NaN of few beats; ``weight PART`` density of evidence in a
            part of the heartbeat, and ``untrained PART`` that of a network whose layers are all
            drawn anew.
        inputs: What is explained of each, shape (recordings, samples).
        halfway: The same with the half replaced that weighs most.
        halfway_at_random: The same with a half replaced that was drawn.
        rate_hz: Of both.
    """

    names: StrArray
    is_afib: BoolArray
    called_afib: BoolArray
    values: Mapping[str, DoubleArray]
    inputs: FloatArray
    halfway: FloatArray
    halfway_at_random: FloatArray
    rate_hz: float


def drawn_for_reasons(judged: Judgement, *, each: int, seed: int) -> dict[int, list[str]]:
    """Names of accepted recordings by fold: *each* in all, half of them with AFib."""
    generator = np.random.default_rng(seed)
    rows = judged.of(NORMAL, AFIB)
    rows = rows.where(rows.accepted)
    share = each // (2 * len(judged.gates))
    drawn: dict[int, list[str]] = {}
    for fold in sorted(judged.gates):
        drawn[fold] = []
        for is_afib in (False, True):
            own = rows.rows.names[(rows.rows.folds == fold) & (rows.is_afib == is_afib)]
            drawn[fold] += generator.permutation(np.sort(own))[:share].tolist()
    return drawn


def reasons_of(
    dataset: Dataset, drawn: Mapping[int, Sequence[str]], networks: Path, asked: Mapping[str, Any]
) -> Reasons:
    """What explanations of *drawn* recordings are worth.

    Args:
        dataset: All recordings.
        drawn: Names, by the fold whose network explains them.
        networks: Folder of the networks.
        asked: The ``seed``, the ``radius_mv`` of noise, the ``stretch_s`` that is replaced at once,
            the ``fade_s`` over which it passes into its neighbours, and how many random ``orders``.
    """
    parts = []
    for fold, names in drawn.items():
        own = dataset.where(np.isin(dataset.names, list(names)))
        parts.append(_of_fold(own, Checkpoint.load(fold_model(networks, fold)), fold, asked))
    return Reasons(
        names=np.concatenate([part.names for part in parts]),
        is_afib=np.concatenate([part.is_afib for part in parts]),
        called_afib=np.concatenate([part.called_afib for part in parts]),
        values={
            name: np.concatenate([part.values[name] for part in parts]) for name in parts[0].values
        },
        inputs=np.concatenate([part.inputs for part in parts]),
        halfway=np.concatenate([part.halfway for part in parts]),
        halfway_at_random=np.concatenate([part.halfway_at_random for part in parts]),
        rate_hz=parts[0].rate_hz,
    )


def _of_fold(
    dataset: Dataset, checkpoint: Checkpoint, fold: int, asked: Mapping[str, Any]
) -> Reasons:
    preprocessing = checkpoint.settings.preprocessing
    rate_hz, seed = preprocessing.rate_hz, int(asked["seed"])
    inputs = np.stack([segments(signal, preprocessing)[0] for signal in dataset.signals])
    question = Question(network=checkpoint.network, wanted=1, other=0)
    found = {method: attribution(method, question, inputs) for method in (COARSE, *OTHERS, SLOW)}
    maps = {method: each.weights for method, each in found.items()}
    answers = found[COARSE].answers
    called = np.asarray(answers > checkpoint.threshold)
    blur, frame = widening(checkpoint.network), math.prod(checkpoint.settings.network.strides)
    generator = np.random.default_rng(seed)
    noise = generator.uniform(-1, 1, inputs.shape) * float(asked["radius_mv"])
    noisy = attribution(COARSE, question, (inputs + noise).astype(np.float32)).weights
    beats = [r_peaks(row, rate_hz) / rate_hz for row in inputs]
    values = {f"empty {method}": each.empty.astype(float) for method, each in found.items()}
    anew, untrained = drawn_anew(
        checkpoint.network,
        inputs,
        maps[COARSE],
        (COARSE, FINE),
        noise=noise.astype(np.float32),
        seed=seed + fold,
    )
    values |= anew
    faithful = faithfulness(
        checkpoint.network,
        inputs,
        {method: maps[method] for method in (COARSE, FINE)},
        called,
        {
            "stretch": round(float(asked["stretch_s"]) * rate_hz),
            "fade": max(1, round(float(asked["fade_s"]) * rate_hz)),
            "orders": int(asked["orders"]),
            "seed": seed,
        },
    )
    values |= faithful.values
    values |= {
        "noisy": rank_agreement(maps[COARSE], noisy),
        "by frames": _shifted(question, inputs, maps[COARSE], frame, generator),
        "by samples": _shifted(question, inputs, maps[COARSE], 1, generator),
        "irregularity": np.array(
            [_irregularity(*each, rate_hz) for each in zip(maps[COARSE], beats, strict=True)]
        ),
    }
    values |= _between_methods(maps, blur, _partners(called, seed))
    return Reasons(
        names=dataset.names,
        is_afib=dataset.is_afib,
        called_afib=called,
        values=values
        | _by_part(maps[FINE], beats, rate_hz, "weight")
        | _by_part(untrained, beats, rate_hz, "untrained"),
        inputs=inputs,
        halfway=faithful.halfway,
        halfway_at_random=faithful.halfway_at_random,
        rate_hz=rate_hz,
    )


def _between_methods(
    maps: Mapping[str, DoubleArray], blur: int, partners: list[int]
) -> dict[str, DoubleArray]:
    """How far methods agree on a recording, and on two of which each sees another one."""
    values: dict[str, DoubleArray] = {}
    usual = _blurred(maps[COARSE], blur)
    for method in (*OTHERS, SLOW):
        course = _blurred(maps[method], blur)
        values[f"agreement {method}"] = rank_agreement(usual, course)
        # What maps of different recordings have in common by being maps.
        values[f"mismatched {method}"] = rank_agreement(usual, course[partners])
    return values


def _partners(called: BoolArray, seed: int) -> list[int]:
    """For each recording another one that is called alike, or any where there is none."""
    generator = np.random.default_rng(seed)
    found = []
    for place, own in enumerate(called.tolist()):
        alike = np.flatnonzero((called == own) & (np.arange(len(called)) != place))
        found.append(int(generator.choice(alike if len(alike) else len(called))))
    return found


def _shifted(
    question: Question,
    inputs: FloatArray,
    usual: DoubleArray,
    step: int,
    generator: np.random.Generator,
) -> DoubleArray:
    """Agreement where each recording begins some steps later and its start follows its end."""
    samples, reach = inputs.shape[1], widening(question.network)
    by = (step * generator.integers(1, samples // (2 * step), len(inputs))).tolist()
    turned = np.stack([np.roll(row, -shift) for row, shift in zip(inputs, by, strict=True)])
    again = attribution(COARSE, question, turned).weights
    found = []
    for before, after, shift in zip(usual, again, by, strict=True):
        # Near either end, and after the seam, frames see something else.
        same = slice(reach, samples - shift - reach)
        found.append(rank_agreement(np.roll(before, -shift)[None, same], after[None, same])[0])
    return np.array(found)


def _blurred(weights: DoubleArray, width: int) -> DoubleArray:
    """The mean over *width* samples round each: what a coarser map could show of a finer one."""
    kernel = np.ones(width)
    counts = np.convolve(np.ones(weights.shape[1]), kernel, mode="same")
    return np.stack([np.convolve(row, kernel, mode="same") / counts for row in weights])


def _irregularity(weights: DoubleArray, peaks_s: DoubleArray, rate_hz: float) -> float:
    if len(peaks_s) < _FEWEST_BEATS:
        return float("nan")
    rr_s = np.diff(peaks_s)
    changes = np.abs(np.diff(rr_s))
    at = np.clip(np.rint(peaks_s[1:-1] * rate_hz).astype(int), 0, len(weights) - 1)
    return float(rank_agreement(weights[at][None], changes[None])[0])


def _by_part(
    weights: DoubleArray, beats: Sequence[DoubleArray], rate_hz: float, kind: str
) -> dict[str, DoubleArray]:
    """By part of the heartbeat the share of weight over the share of time; NaN without beats."""
    parts = np.stack([beat_parts(each, weights.shape[1], rate_hz) for each in beats])
    known, sizes = parts >= 0, np.abs(weights)
    totals, times = (sizes * known).sum(axis=1), known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            f"{kind} {part}": np.asarray(
                ((sizes * (parts == place)).sum(axis=1) / totals)
                / ((parts == place).sum(axis=1) / times),
                np.float64,
            )
            for place, part in enumerate(PARTS)
        }
