"""Check certificates from their files alone; nothing of the engine that wrote them is used.

docs/certificates.md says what a certificate holds and claims and, as [1] to [7], what to show.
Here are the boxes and the leaves; tools/certificate_model.py reads the model, the way of a
recording through it and the tree, and tools/certificate_numbers.py is the arithmetic.
Exit codes: 0 every certificate is valid, 1 one is refused, 2 a file cannot be read.
"""

from __future__ import annotations

import argparse
import functools
import io
import json
import struct
import sys
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if not __package__:  # run as a script: the package is what stands beside it, and no other
    sys.modules["tools"] = type(sys)("tools")
    sys.modules["tools"].__path__ = [str(Path(__file__).parent)]

from tools.certificate_model import (
    LARGEST,
    Layer,
    Model,
    Way,
    array,
    read_model,
    read_way,
    require_facts,
    require_names,
    walk,
)
from tools.certificate_numbers import (
    Array,
    Held,
    Lines,
    Numbers,
    RefusedError,
    gamma,
    lines,
    once,
    require,
    rounded_down,
    sizes_told,
)

if TYPE_CHECKING:
    from numpy.lib.npyio import NpzFile

MALFORMED = (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError)
DAMAGED = (OSError, EOFError, zipfile.BadZipFile, zlib.error, struct.error)
NEAR, TINY, MOST_BYTES = 4, 2.0**-600, 2**31


class Box:
    """A part of the set, the bounds claimed of it, and what follows from them."""

    def __init__(self, numbers: Numbers, way: Way, intervals: Array) -> None:
        """The samples where the disturbance enters [2]."""
        self.numbers, self.way, self.layers = numbers, way, way.layers
        read, times = numbers.read, numbers.times
        self.weights = [read(layer.weight) for layer in way.layers]
        self.biases = [read(layer.bias) for layer in way.layers]
        self.signal, self.moves, self.radius = read(way.signal), read(way.moves), read(way.radius)
        self.ends = read(intervals).reshape(-1, 2, 1)
        reach = times(self.moves[:, None], self.ends)
        self.terms = np.abs(self.signal) + np.abs(reach).max(axis=1).sum(axis=0) + self.radius
        spread = self.radius + times(self.terms, numbers.slack(len(reach)))
        self.low = (self.signal + reach.min(axis=1).sum(axis=0) - spread)[:, None]
        self.high = (self.signal + reach.max(axis=1).sum(axis=0) + spread)[:, None]
        self.meets = [layer.meet() for layer in way.layers]
        self.errors: list[Array] = []
        self.claims: dict[int, tuple[Array, Array]] = {}
        # By the adaptive slopes, by slope 0 and by slope 1 [3].
        self.lines: tuple[dict[int, Lines], ...] = ({}, {}, {})

    def follow(self, file: NpzFile, box: int) -> None:
        """Hold the claims on every layer against what follows from those before it [3]."""
        for j, layer in enumerate(self.layers):
            self._allow(layer, j)
            if layer.kind == "way":
                units = np.argwhere(np.ones((len(layer.where), 1)))
                low, high = (self.bounds(j, side, units, {})[:, None] for side in (1, -1))
                self.low, self.high = self.numbers.short(low), -self.numbers.short(high)
            else:
                self.low, self.high = self._intervals(layer, j)
                if layer is not self.layers[-1]:
                    self._hold(file, box, j)

    def _allow(self, layer: Layer, j: int) -> None:
        n, largest = self.numbers, np.maximum(np.abs(self.low), np.abs(self.high))
        products = layer.weight[:, 0].size
        sizes = n.linear(layer.forward, largest, np.abs(self.weights[j]), products)
        sizes = sizes + np.abs(self.biases[j])
        require((sizes <= n.read(LARGEST)).all(), f"layer {j}", f"sizes up to {LARGEST}", "larger")
        share = layer.share + n.slack(max(layer.terms, self.meets[j]) + 4)
        self.errors.append(
            n.times(sizes, share * (1 + 4 * n.slack(products))) + n.read(layer.floor)
        )

    def _intervals(self, layer: Layer, j: int) -> tuple[Array, Array]:
        def forward(x: Array, weight: Array) -> Array:
            return self.numbers.linear(layer.forward, x, weight, layer.weight[:, 0].size)

        up, down = np.maximum(self.weights[j], 0), np.minimum(self.weights[j], 0)
        low = forward(self.low, up) + forward(self.high, down) + self.biases[j]
        high = forward(self.high, up) + forward(self.low, down) + self.biases[j]
        return low - self.errors[j], high + self.errors[j]

    def _hold(self, file: NpzFile, box: int, j: int) -> None:
        n, ends = self.numbers, []
        for end, side, found in (("lower", 1, self.low), ("upper", -1, -self.high)):
            name = f"box{box}.{end}.{j - self.way.steps}"
            claimed = array(file, name, self.way.shape(j)).reshape(found.shape)
            wanted, word = n.read(side * claimed), "most" if side > 0 else "least"
            for by in (*self.lines, *self._given(file, name, j)):
                left = np.argwhere(~np.asarray(found >= wanted, dtype=bool))
                where = tuple(left.T)
                found[where] = np.maximum(found[where], self.bounds(j, side, left, by))
            for at in np.argwhere(~np.asarray(found >= wanted, dtype=bool)).tolist()[:1]:
                got, shown = f"{claimed[tuple(at)]} at {at}", side * n.shown(found[tuple(at)])
                require(False, name, f"at {word} {shown}", got)
            ends.append(claimed)
        require((ends[0] <= ends[1]).all(), f"box{box}", "lower ends below upper ones", "others")
        self.claims[j] = ends[0], ends[1]
        self.low, self.high = n.read(ends[0]), n.read(ends[1])
        if self.layers[j].kind == "relu":
            for by, slopes in zip(self.lines, (ends[1] > -ends[0], 0.0, 1.0), strict=True):
                by[j] = lines(n, ends[0], ends[1], slopes * np.ones_like(ends[0]))
            self.low, self.high = np.maximum(self.low, 0), np.maximum(self.high, 0)

    def _given(self, file: NpzFile, name: str, j: int) -> list[dict[int, Lines]]:
        """Lines by the slopes that stand beside a claim on layer *j*, if any do [3]."""
        names = {i: f"{name}.{i - self.way.steps}" for i in self.lines[0] if i < j}
        if not set(names.values()) & set(file.files):
            return []
        return [{i: self._lines(file, at, i, self.claims[i]) for i, at in names.items()}]

    def _lines(self, file: NpzFile, name: str, j: int, ends: tuple[Array, Array]) -> Lines:
        slopes = array(file, name, self.way.shape(j)).reshape(ends[0].shape)
        require(((slopes >= 0) & (slopes <= 1)).all(), name, "slopes from 0 to 1", "others")
        return lines(self.numbers, *ends, slopes)

    def bounds(self, j: int, side: int, units: Array, by: dict[int, Lines]) -> Array:
        """The least values of *side* times each of *units* (time, channel) of layer *j*."""
        # Neighbours share most of what they depend on, so they are followed together.
        near = max(1, min(NEAR, len(self.layers[j].where) // self.way.segments))
        found = [self.numbers.read([])]
        for part in np.split(units, np.flatnonzero(np.diff(units[:, 0] // near)) + 1):
            if len(part):
                at = slice(int(part[0, 0]), int(part[-1, 0]) + 1)
                c = np.zeros((len(part), at.stop - at.start, len(self.biases[j])))
                c[np.arange(len(part)), part[:, 0] - at.start, part[:, 1]] = side
                found.append(self.lower(self.numbers.read(c), at, j, (by, {})))
        return np.concatenate(found)

    def lower(
        self, c: Array, at: slice, top: int, by: tuple[dict[int, Lines], dict[int, Array]]
    ) -> Array:
        """The least sums of *c* (rows, time, channels) times the values of layer *top* at *at*.

        *by* are the lines of ReLUs and coefficients to add on the way, by layer [3, 4].
        """
        n, total, terms = self.numbers, 0 * c[:, 0, 0], 0
        size = total
        for j in range(top, -1, -1):
            layer, loss = self.layers[j], 0 * c
            if j < top and layer.kind == "relu":
                c, loss = self._relaxed(c, tuple(part[at] for part in by[0][j]))
            c = c + by[1][j][at] if j in by[1] else c
            allowed = n.times(np.abs(self.biases[j]), n.slack(c[0].size)) + self.errors[j][at]
            middle = n.times(c, self.biases[j]).sum(axis=(1, 2))
            spread = (n.times(np.abs(c), allowed) + loss).sum(axis=(1, 2))
            total, size = total + middle - spread, size + np.abs(middle) + spread
            terms = max(terms, c[0].size)
            backward = functools.partial(layer.backward, at=at)
            c, at = n.linear(backward, c, self.weights[j], self.meets[j]), layer.inputs(at)
        c = c[:, :, 0]
        last = n.times(c, self.signal[at]).sum(axis=1) - n.times(np.abs(c).sum(axis=1), self.radius)
        for move, ends in zip(self.moves, self.ends, strict=True):
            last = last + n.times(n.times(c, move[at]).sum(axis=1), ends).min(axis=0)
        spread = n.times(np.abs(c), self.terms[at]).sum(axis=1)
        spread = n.times(spread, n.slack(c.shape[1] + len(self.moves)))
        size = n.times(size + np.abs(last), n.slack(terms + 16 * len(self.layers)))
        return np.asarray(total + last - spread - size - n.read(TINY))

    def _relaxed(self, c: Array, line: tuple[Array, ...]) -> tuple[Array, Array]:
        rising, falling, below, above = line
        n, falls = self.numbers, np.maximum(-c, 0)
        held = n.short(n.times(falls, falling))
        # relu(z) * falls <= held * z + loss: so at both ends, and the left side is convex.
        loss = np.maximum(n.times(held, below), n.times(falls - held, above))
        return n.short(n.times(np.maximum(c, 0), rising)) - held, loss

    def leaf(self, file: NpzFile, leaf: int, splits: list[Any]) -> tuple[Any, ...]:
        """Lines of the leaf's ReLUs and coefficients of its splits, by layer [4]."""
        multipliers = array(file, f"leaf{leaf}.multipliers", (len(splits),))
        require((multipliers >= 0).all(), f"leaf{leaf}.multipliers", "numbers from 0", "others")
        claims = {j: (lower.copy(), upper.copy()) for j, (lower, upper) in self.claims.items()}
        pulls = {j: np.zeros_like(lower) for j, (lower, _) in claims.items()}
        for multiplier, ((layer, *place), side) in zip(multipliers, splits, strict=True):
            j = layer + self.way.steps
            require(layer >= 0 and j in self.lines[0], "tree", "a ReLU", (layer, *place))
            at = np.ravel_multi_index(place, self.way.shape(j))
            ends, clip = claims[j][side < 0].reshape(-1), np.maximum if side > 0 else np.minimum
            ends[at] = clip(ends[at], 0.0)
            pulls[j].reshape(-1)[at] -= side * multiplier
        relus = {
            j: self._lines(file, f"leaf{leaf}.slopes.{j - self.way.steps}", j, claims[j])
            for j in self.lines[0]
        }
        return relus, {j: self.numbers.read(pull) for j, pull in pulls.items()}

    def margin(self, place: str, document: dict[str, Any], by: tuple[Any, ...]) -> float:
        """The margin with the lines and coefficients of one leaf, rounded for display [4]."""
        n, many, wanted = self.numbers, self.way.segments, document["margin"]
        side, threshold = 1 if document["rhythm"] == "AFib" else -1, n.read(document["threshold"])
        c = n.read(np.tile([-1.0 * side, 1.0 * side], (1, many, 1)))
        total = self.lower(c, slice(0, many), len(self.layers) - 1, (by[0], by[1]))
        sizes = np.maximum(np.abs(self.low), np.abs(self.high)).sum() + many * np.abs(threshold)
        share = gamma(many + 6) * (1 + n.slack(8)) + n.slack(2 * many + 16)
        total = total - many * side * threshold - n.times(sizes, share)
        found = n.shown(total[0]) / many
        require(total[0] >= (many * n.read(wanted))[0], place, f"at least {wanted}", found)
        return found


def check(file: NpzFile, model: Model, numbers: Numbers) -> str:
    """One sentence on a valid certificate."""
    size = sum(member.file_size for member in file.zip.infolist()) if file.zip else 0
    require(size <= MOST_BYTES, "file", f"at most {MOST_BYTES} bytes", size)
    document = json.loads(np.asarray(file["document"]).tobytes(), object_pairs_hook=once)
    require_facts(document, model)
    way = read_way(model, document, file)
    steps = list(walk(document["tree"], [(-half, half) for half in way.halves.tolist()], None))
    for kind, many in (("box", document["boxes"]), ("leaf", document["leaves"])):
        found = sorted(number for step, number, _ in steps if step == kind)
        require(many == len(found), kind, f"{many} in the tree", len(found))
        require(found == list(range(len(found))), "tree", f"each {kind} once", found)
    require_names(file, document, way)
    margins = []
    for kind, number, what in steps:
        if kind == "box":
            box = Box(numbers, way, what)
            box.follow(file, number)
        else:
            margins.append(box.margin(f"leaf{number}", document, box.leaf(file, number, what)))
    place, ratio = document["at"], document["filter"] or {"up": 1, "down": 1}
    rate_hz = document["rate_hz"] * (ratio["up"] / ratio["down"] if place == "network" else 1)
    held = Held(document["disturbance"]["parameters"], way.halves, way.moves, way.radius)
    sizes = sizes_told(held, way.signal, rate_hz)
    what = f"{document['record']!r} of {document['rate_hz']!r} Hz stays {document['rhythm']} at the"
    least = f"{' and '.join(sizes)}, by at least {rounded_down(min(margins), 4)}"
    return f"valid: {what} {place} within {least}; signal {document['signal_sha256'][:16]}"


def main(arguments: list[str] | None = None) -> int:
    """Check the certificates that *arguments* name, and say what came out."""
    parser = argparse.ArgumentParser(description="Check certificates; see docs/certificates.md.")
    parser.add_argument("--model", type=Path, required=True, help="folder of the model")
    parser.add_argument("--exact", action="store_true", help="compute in fractions (slow)")
    parser.add_argument("certificates", type=Path, nargs="+", metavar="CERTIFICATE")
    stated = parser.parse_args(arguments)
    found = [_outcome(path, stated.model, Numbers(stated.exact)) for path in stated.certificates]
    for path, (_, sentence) in zip(stated.certificates, found, strict=True):
        told = f"{path}: {sentence}"  # A name may hold ends of lines.
        print("".join(each if each.isprintable() else ascii(each)[1:-1] for each in told))
    valid, refused, unread = ([code for code, _ in found].count(code) for code in range(3))
    print(f"{len(found)} certificates: {valid} valid, {refused} refused, {unread} not readable")
    return max(code for code, _ in found)


def _outcome(path: Path, folder: Path, numbers: Numbers) -> tuple[int, str]:
    try:
        model = read_model(folder)
    except (RefusedError, *DAMAGED, *MALFORMED, ValueError) as error:
        return 2, f"{folder}: expected a model folder, got {error!r:.200}"
    try:
        file = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
        require(file.files, "file", "arrays", "none")
    except (RefusedError, *DAMAGED, *MALFORMED, ValueError) as error:
        return 2, f"file: expected a certificate, got {error!r:.200}"
    try:
        with np.errstate(all="ignore"):
            return 0, check(file, model, numbers)
    except RefusedError as error:
        return 1, str(error)
    except (*DAMAGED, *MALFORMED, ValueError) as error:
        return 1, f"file: expected the form of docs/certificates.md, got {error!r:.200}"


if __name__ == "__main__":
    sys.exit(main())
