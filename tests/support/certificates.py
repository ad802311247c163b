"""Certificates of tiny networks, written the plain and slow way: with one dense matrix a layer.

It follows docs/certificates.md and shares nothing with the engine or with the checker.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tests.support.tiny_models import DenseLayer, dense_filter, digests, relu_lines

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.support.tiny_models import TinyModel

__all__ = ["Question", "Writer", "save_certificate"]

Array: TypeAlias = NDArray[Any]
_UNIT, _SMALLEST = 2.0**-24, 2.0**-149


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be certified.

    Attributes:
        signal_mv: The recorder's samples, float32.
        rate_hz: The recorder's rate.
        at: ``recorder`` or ``network``.
        radius_mv: Of the box of single samples.
        generators: Shape (parameters, samples) at that place, in mV a unit.
        half_widths: Shape (parameters,).
        halved: How often the first parameter's interval is halved.
        split: How many ReLUs are split below each box.
        method: ``ibp`` for intervals alone, ``crown`` for back-substitution as well, with each of
            the three choices of lower lines.
    """

    signal_mv: Array
    rate_hz: float
    at: str = "network"
    radius_mv: float = 0.0
    generators: Array | None = None
    half_widths: Array | None = None
    halved: int = 0
    split: int = 0
    method: str = "crown"


class Writer:
    """Writes the certificate of one question on one model."""

    def __init__(self, model: TinyModel, question: Question, folder: Path) -> None:
        self.model, self.question = model, question
        signal = question.signal_mv.astype(np.float32)
        dense = dense_filter(len(signal), model.rate_hz, question.rate_hz)
        matrix, self.sizes, meet, self.ratio, self.taps = dense
        self.network_mv = (matrix @ signal.astype(np.float64)).astype(np.float32)
        self.indices, self.signs = model.readings(len(self.network_mv))
        parameters = 0 if question.half_widths is None else len(question.half_widths)
        if question.at == "recorder":
            self.centre, self.map = signal.astype(np.float64), matrix
            share = 2 * _UNIT + (0.0 if self.taps is None else _gamma(meet + 2) + _UNIT / 500)
        else:
            self.centre, self.map = self.network_mv.astype(np.float64), np.eye(len(matrix))
            share, self.sizes, meet = 2 * _UNIT if parameters else 0.0, self.map, 0
        self.share, self.floor = share, (meet + 2) * _SMALLEST if share else 0.0
        shape = (parameters, len(self.centre))
        self.generators = np.zeros(shape) if question.generators is None else question.generators
        self.half_widths = np.zeros(0) if question.half_widths is None else question.half_widths
        self.segments = len(self.indices)
        self.layers = [self._joined(*layer) for layer in model.dense()]
        self.folder = folder
        self.arrays: dict[str, Array] = {}
        self.margins: list[float] = []
        self.boxes = self.leaves = 0

    def _joined(
        self, matrix: Array, bias: Array, terms: int, relus: tuple[int, int] | None
    ) -> DenseLayer:
        many = self.segments
        return np.kron(np.eye(many), matrix), np.tile(bias, many), terms, relus

    def write(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """The document and the arrays; the margin says whether the proof came out."""
        question, model = self.question, self.model
        self.side = 1 if model.logit(self.network_mv) > model.threshold else -1
        intervals = [(-half, half) for half in self.half_widths.tolist()]
        tree = self._tree(intervals, question.halved)
        signal = question.signal_mv.astype(np.float32)
        self.arrays |= {
            "signal_mv": signal,
            "network_mv": self.network_mv,
            "indices": self.indices,
            "signs": self.signs,
            "generators": self.generators,
            "half_widths": self.half_widths,
        }
        self.arrays |= {} if self.taps is None else {"taps": self.taps}
        document = {
            "format": 2,
            "record": "tiny",
            **digests(self.folder),
            "signal_sha256": hashlib.sha256(signal.tobytes()).hexdigest(),
            "rate_hz": question.rate_hz,
            "at": question.at,
            "disturbance": {
                "radius_mv": question.radius_mv,
                "parameters": [f"way {number}" for number in range(len(self.half_widths))],
            },
            "rhythm": "AFib" if self.side > 0 else "normal",
            "threshold": model.threshold,
            "margin": 0.999 * min(self.margins),
            "arithmetic": {"name": "float32", "unit": _UNIT, "smallest": _SMALLEST},
            "filter": self.ratio,
            "tree": tree,
            "boxes": self.boxes,
            "leaves": self.leaves,
        }
        return document, self.arrays

    def _tree(self, intervals: list[tuple[float, float]], halved: int) -> dict[str, Any]:
        if halved:
            low, high = intervals[0]
            middle = (low + high) / 2
            parts = [(low, middle), (middle, high)]
            halves = [self._tree([part, *intervals[1:]], halved - 1) for part in parts]
            return {"parameter": 0, "halves": halves}
        box = _Box(self, intervals)
        number, self.boxes = self.boxes, self.boxes + 1
        for layer, (lower, upper) in enumerate(box.claims):
            shape = (self.segments, *box.shapes[layer])
            self.arrays[f"box{number}.lower.{layer}"] = lower.reshape(shape)
            self.arrays[f"box{number}.upper.{layer}"] = upper.reshape(shape)
        return {"box": number, "below": self._below(box, [])}

    def _below(self, box: _Box, splits: list[tuple[int, int, int]]) -> dict[str, Any]:
        if len(splits) < min(self.question.split, len(box.unstable())):
            layer, unit = box.unstable()[len(splits)]
            place = np.unravel_index(unit, (self.segments, *box.shapes[layer]))
            sides = [self._below(box, [*splits, (layer, unit, side)]) for side in (1, -1)]
            return {"relu": [layer, *(int(index) for index in place)], "sides": sides}
        number, self.leaves = self.leaves, self.leaves + 1
        slopes, multipliers, margin = box.leaf(splits)
        for layer, slope in slopes.items():
            shape = (self.segments, *box.shapes[layer])
            self.arrays[f"leaf{number}.slopes.{layer}"] = slope.reshape(shape)
        self.arrays[f"leaf{number}.multipliers"] = np.array(multipliers, dtype=np.float64)
        self.margins.append(margin)
        return {"leaf": number}


class _Box:
    """The bounds of one box, by intervals and by dense back-substitution."""

    def __init__(self, writer: Writer, intervals: list[tuple[float, float]]) -> None:
        self.writer, self.layers = writer, writer.layers
        ends = np.array(intervals).reshape(-1, 2)
        self.middles, self.halves = ends.mean(axis=1), (ends[:, 1] - ends[:, 0]) / 2
        radius, generators = writer.question.radius_mv, writer.generators
        middle = writer.centre + self.middles @ generators
        largest = np.abs(middle) + self.halves @ np.abs(generators) + radius
        self.rounding = writer.share * (writer.sizes @ largest) + writer.floor
        self.middle, self.moves = writer.map @ middle, generators @ writer.map.T
        spread = radius * np.abs(writer.map).sum(axis=1) + self.halves @ np.abs(self.moves)
        spread = spread + self.rounding
        signs = writer.signs[:, None]
        centres, spreads = self.middle[writer.indices] * signs, spread[writer.indices]
        lower, upper = (centres - spreads).ravel(), (centres + spreads).ravel()
        self.errors: list[Array] = []
        self.claims: list[tuple[Array, Array]] = []
        self.lines: list[tuple[Array, Array, Array] | None] = []
        # The other two of the three choices of lower lines that a claim may rest on.
        alike: dict[float, list[tuple[Array, Array, Array] | None]] = {0.0: [], 1.0: []}
        for number, (matrix, bias, terms, relus) in enumerate(self.layers):
            sizes = np.abs(matrix) @ np.maximum(-lower, upper) + np.abs(bias)
            self.errors.append((_gamma(terms + 2) + 1e-12) * sizes + (terms + 2) * _SMALLEST)
            up, down = np.maximum(matrix, 0), np.minimum(matrix, 0)
            low = up @ lower + down @ upper + bias - self.errors[-1]
            high = up @ upper + down @ lower + bias + self.errors[-1]
            if number == len(self.layers) - 1:
                self.logits = np.maximum(-low, high)
                break
            if writer.question.method == "crown":
                rows = np.eye(len(bias))
                for lines in (self.lines, *alike.values()):
                    low = np.maximum(low, self.bound(rows, number, lines))
                    high = np.minimum(high, -self.bound(-rows, number, lines))
            wider = 1e-9 * np.maximum(np.abs(low), np.abs(high))
            low, high = low - wider, high + wider
            self.claims.append((low, high))
            self.lines.append(None if relus is None else relu_lines(low, high, high > -low))
            for slope, lines in alike.items():
                same = np.full_like(low, slope)
                lines.append(None if relus is None else relu_lines(low, high, same))
            lower, upper = (
                (low, high) if relus is None else (np.maximum(low, 0), np.maximum(high, 0))
            )
        frames = [relus for *_, relus in self.layers[:-1]]
        self.shapes = [
            (1, len(self.layers[n][1]) // writer.segments) if shape is None else shape
            for n, shape in enumerate(frames)
        ]

    def bound(
        self,
        c: Array,
        top: int,
        lines: list[tuple[Array, Array, Array] | None],
        pulls: dict[int, Array] | None = None,
    ) -> Array:
        """The least values of ``c @ z`` for the values z of layer *top*."""
        writer, total = self.writer, np.zeros(len(c))
        for number in range(top, -1, -1):
            matrix, bias, _, relus = self.layers[number]
            line = lines[number] if number < top and relus is not None else None
            if line is not None:
                rising, falling, offset = line
                up, down = np.maximum(c, 0), np.minimum(c, 0)
                total = total + down @ offset
                c = up * rising + down * falling
            if pulls and number in pulls:
                c = c + pulls[number]
            total = total + c @ bias - np.abs(c) @ self.errors[number]
            c = c @ matrix
        readings = (c.reshape(len(c), *writer.indices.shape) * writer.signs[:, None]).reshape(
            len(c), -1
        )
        net = np.zeros((len(c), len(self.middle)))
        for place, sample in enumerate(writer.indices.ravel()):
            net[:, sample] += readings[:, place]
        total = total + net @ self.middle - np.abs(net) @ self.rounding
        total = total - np.abs(net @ self.moves.T) @ self.halves
        total = total - writer.question.radius_mv * np.abs(net @ writer.map).sum(axis=1)
        return np.asarray(total - 1e-12 * (1 + np.abs(total)))

    def unstable(self) -> list[tuple[int, int]]:
        """Layer and unit of every ReLU with 0 inside, the widest first."""
        found = [
            (min(-lower[unit], upper[unit]), number, int(unit))
            for number, (lower, upper) in enumerate(self.claims)
            if self.lines[number] is not None
            for unit in np.flatnonzero((lower < 0) & (upper > 0))
        ]
        return [(number, unit) for _, number, unit in sorted(found, reverse=True)]

    def leaf(
        self, splits: list[tuple[int, int, int]]
    ) -> tuple[dict[int, Array], list[float], float]:
        """Slopes, multipliers and margin of a leaf; multipliers are tried one after another."""
        claims = [(lower.copy(), upper.copy()) for lower, upper in self.claims]
        for number, unit, side in splits:
            ends, clip = claims[number][side < 0], max if side > 0 else min
            ends[unit] = clip(ends[unit], 0.0)
        slopes = {
            n: (high > -low).astype(np.float64)
            for n, (low, high) in enumerate(self.claims)
            if self.lines[n] is not None
        }
        lines = [
            relu_lines(*claims[n], slopes[n]) if n in slopes else None for n in range(len(claims))
        ]
        best = [0.0] * len(splits)
        for place, multiplier in itertools.product(range(len(splits)), (0.02, 0.1, 0.4)):
            tried = [*best[:place], multiplier, *best[place + 1 :]]
            if self._margin(lines, splits, tried) > self._margin(lines, splits, best):
                best = tried
        return slopes, best, self._margin(lines, splits, best)

    def _margin(
        self,
        lines: list[tuple[Array, Array, Array] | None],
        splits: list[tuple[int, int, int]],
        multipliers: list[float],
    ) -> float:
        writer, many = self.writer, self.writer.segments
        pulls = {n: np.zeros(len(lower)) for n, (lower, _) in enumerate(self.claims)}
        for (number, unit, side), multiplier in zip(splits, multipliers, strict=True):
            pulls[number][unit] -= side * multiplier
        c = writer.side * np.tile([-1.0, 1.0], many)[None] / many
        total = self.bound(
            c, len(self.layers) - 1, lines, {n: each / many for n, each in pulls.items()}
        )
        threshold = writer.model.threshold
        terms = self.logits.sum() / many + abs(threshold)
        return float(total[0] - writer.side * threshold - _gamma(many + 6) * terms)


def save_certificate(path: Path, document: dict[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write a certificate, right or wrong."""
    text = np.frombuffer(json.dumps(document).encode(), dtype=np.uint8)
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, document=text, **arrays)


def _gamma(terms: int) -> float:
    return terms * _UNIT / (1 - terms * _UNIT)
