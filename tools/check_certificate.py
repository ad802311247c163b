"""Check certificates from their files alone; nothing of the engine that wrote them is used.

docs/certificates.md says what a certificate holds and claims and, as [1] to [6], what to show.
In the order of reading: numbers, layers, the way of a sample, the model, boxes, leaves, the tree.
Exit codes: 0 every certificate is valid, 1 one is refused, 2 a file cannot be read.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import io
import json
import math
import struct
import sys
import zipfile
import zlib
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.lib.npyio import NpzFile

Array = np.ndarray[Any, np.dtype[Any]]
Lines = tuple[Array, Array, Array, Array]
UNIT, SMALLEST, LARGEST, TINY = 2.0**-24, 2.0**-149, 2.0**100, 2.0**-600
# With --exact, numbers are whole multiples of 2**-BITS, and coefficients are cut to 2**-COARSE.
NEAR, BITS, COARSE, MOST_BYTES = 4, 640, 80, 2**31
KEYS = (
    "arithmetic at boxes disturbance filter format leaves margin model_digest rate_hz record "
    "rhythm signal_sha256 tensors_sha256 threshold tree"
)
MALFORMED = (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError)
DAMAGED = (OSError, EOFError, zipfile.BadZipFile, zlib.error, struct.error)


class RefusedError(Exception):
    """A file does not show what it claims."""


def require(holds: object, place: str, expected: object, got: object) -> None:
    """Refuse unless *holds*."""
    if not holds:
        raise RefusedError(f"{place}: expected {expected}, got {str(got)[:120]}")


class Numbers(NamedTuple):
    """How to compute: rounding in float64, or never, in whole multiples of 2**-BITS."""

    exact: bool

    def read(self, values: object) -> Array:
        """Floating-point numbers, as they are."""
        floats = np.atleast_1d(np.asarray(values, dtype=np.float64))
        return np.asarray(np.frompyfunc(_whole, 1, 1)(floats)) if self.exact else floats

    def shown(self, value: Any) -> float:  # noqa: ANN401  of the kind in use
        """One of the numbers, rounded for display."""
        return float(Fraction(value) / 2**BITS) if self.exact else float(value)

    def slack(self, terms: int) -> float:
        """At least gamma(terms + 2) of float64, for fewer than 2**26 terms [6]."""
        return 0.0 if self.exact else (terms + 8) * 2.0**-53

    def times(self, x: Array, y: Array | float) -> Array:
        """The product, entry by entry."""
        both = x * (y if isinstance(y, np.ndarray) else self.read(y))
        if self.exact:
            fits = not (both & (2**BITS - 1)).any()
            require(fits, "--exact", f"multiples of 2**-{BITS}", "finer ones")
        return both >> BITS if self.exact else both

    def short(self, c: Array) -> Array:
        """What may be a little lower, so that whole numbers stay short."""
        return c >> BITS - COARSE << BITS - COARSE if self.exact else c

    def linear(self, f: Callable[[Array, Array], Array], x: Array, y: Array, terms: int) -> Array:
        """``f(x, y)``, where *f* is linear in both and sums at most *terms* products a result.

        Whole numbers are cut into digits to the base 2**16, whose products float64 sums exactly.
        """
        if not self.exact:
            return f(x, y)
        (zeros, left), (more, right) = _digits(x), _digits(y)
        fits = terms * len(left) < 2**20 and zeros + more >= BITS
        require(fits, "--exact", f"short sums of multiples of 2**-{BITS}", f"{terms} terms")
        total: Any = 0
        for place in range(len(left) + len(right) - 1):
            pairs = range(max(0, place - len(right) + 1), min(place + 1, len(left)))
            part: Any = sum(f(left[i], right[place - i]) for i in pairs)
            total = total + (part.astype(np.int64).astype(object) << 16 * place)
        return np.asarray(total << zeros + more - BITS)


def _whole(value: float) -> int:
    top, bottom = value.as_integer_ratio()
    require(bottom.bit_length() <= BITS, "--exact", f"multiples of 2**-{BITS}", value)
    return (top << BITS) // bottom


def _digits(whole: Array) -> tuple[int, list[Array]]:
    together = int(np.bitwise_or.reduce(whole, axis=None))
    zeros = (together & -together).bit_length() - 1 if together else BITS
    digits, whole = [], whole >> zeros
    while ((whole != 0) & (whole != -1)).any():
        digits.append((whole & 0xFFFF).astype(np.float64))
        whole = whole >> 16
    return zeros, [*digits, whole.astype(np.float64)]


def gamma(terms: int) -> float:
    """The gamma of float32, rounded up."""
    return math.nextafter(float(terms * Fraction(UNIT) / (1 - terms * Fraction(UNIT))), math.inf)


class Layer(NamedTuple):
    """A filter, a cutting into segments, a convolution, a mean or a linear layer.

    Output u is ``bias`` and ``signs[u]`` times the sum of ``weight[t] @ input[where[u, t]]`` over
    the taps t that are ``used``; it is off by at most ``share`` times the sum of absolute terms,
    plus ``floor``. Axes are (time, channels), and segments stand one after another.
    """

    where: Array  # (outputs, taps)
    used: Array  # (outputs, taps)
    signs: Array  # (outputs, 1)
    weight: Array  # (taps, channels out, channels in)
    bias: Array  # (channels out,)
    terms: int
    share: float
    floor: float
    kind: str  # way, relu, mean or logits

    def forward(self, x: Array, weight: Array) -> Array:
        """Outputs of inputs, without signs and bias."""
        taps = zip(self.where.T, self.used.T, weight, strict=True)
        return np.asarray(sum((x[where] * used[:, None]) @ w.T for where, used, w in taps))

    def backward(self, c: Array, weight: Array, at: slice) -> Array:
        """Coefficients (rows, time, channels) of inputs, of those of the outputs *at*."""
        where, used = self.where[at] - self.inputs(at).start, self.used[at]
        out = np.zeros((len(c), where[used].max() + 1, weight.shape[2]))
        flat, steps = (c * self.signs[at]).reshape(-1, c.shape[2]), np.diff(where, axis=0)
        step = int(steps[0, 0]) if len(steps) else 1
        if step > 0 and used.all() and (steps == step).all():
            for w, (first, last) in zip(weight, where[[0, -1]].T, strict=True):
                out[:, first : last + 1 : step] += (flat @ w).reshape(*c.shape[:2], -1)
        else:
            parts = flat @ weight.transpose(1, 0, 2).reshape(c.shape[2], -1)
            parts = parts.reshape(*c.shape[:2], len(weight), -1)[:, used]
            np.add.at(out.transpose(1, 0, 2), where[used], parts.transpose(1, 0, 2))
        return out

    def meet(self) -> int:
        """At most how many products a coefficient of an input sums."""
        return int(np.bincount(self.where[self.used]).max()) * len(self.bias)

    def inputs(self, at: slice) -> slice:
        """From the first to the last input that any of the outputs *at* reads."""
        read = self.where[at][self.used[at]]
        return slice(int(read.min()), int(read.max()) + 1)


class Model(NamedTuple):
    """What the folder of a model holds, and the facts that a certificate has to state."""

    facts: dict[str, object]
    settings: dict[str, Any]
    tensors: dict[str, Array]
    rate_hz: float
    length: int
    signs: list[int]


def read_model(folder: Path) -> Model:
    """The network of *folder* with its digests and its threshold [1]."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    shas = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    lines = sorted(f"{name}\0{sha}\n" for name, sha in shas.items() if name != "release.json")
    document, sha = json.loads(files["model.json"]), shas["model.safetensors"]
    require(sha == document["tensors_sha256"], "model.json", f"tensors_sha256 {sha}", "another")
    settings, path = document["settings"]["network"], document["settings"]["preprocessing"]
    kind = (settings["architecture"], path["short"], settings.get("polarity", "free"))
    known = {("plain", "tile", "free"): [1], ("plain", "tile", "invariant"): [1, -1]}
    require(kind in known, "model.json", f"one of {list(known)}", kind)
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    facts = {"model_digest": digest, "tensors_sha256": sha, "threshold": document["threshold"]}
    length = round(path["rate_hz"] * path["segment_s"])
    tensors = _tensors(files["model.safetensors"])
    return Model(facts, settings, tensors, path["rate_hz"], length, known[kind])


def _tensors(data: bytes) -> dict[str, Array]:
    start, tensors = 8 + int.from_bytes(data[:8], "little"), {}
    for name, entry in json.loads(data[8:start]).items():
        if name != "__metadata__":
            low, high = entry["data_offsets"]
            values = np.frombuffer(data[start + low : start + high], "<f4").reshape(entry["shape"])
            good = entry["dtype"] == "F32" and np.isfinite(values).all()
            require(good, f"weights {name}", "finite float32", entry["dtype"])
            tensors[name] = values.astype(np.float64)
    return tensors


def network_layers(model: Model, segments: int) -> Iterator[Layer]:
    """The layers of the network on *segments* segments side by side [3]."""
    settings, frames, width = model.settings, model.length, 1
    blocks = zip(settings["channels"], settings["kernels"], settings["strides"], strict=True)
    for block, (outputs, kernel, stride) in enumerate(blocks):
        name = f"features.{2 * block}"
        weight = model.tensors[f"{name}.weight"].reshape(outputs, width, kernel).transpose(2, 0, 1)
        after = (frames + 2 * (kernel // 2) - kernel) // stride + 1
        places = np.arange(after)[:, None] * stride + np.arange(kernel) - kernel // 2
        bias = model.tensors[f"{name}.bias"].reshape(outputs)
        yield _layer(places, frames, segments, weight, bias, width * kernel, "relu")
        frames, width = after, outputs
    mean = np.tile(np.eye(width) / frames, (frames, 1, 1))
    places = np.arange(frames)[None]
    yield _layer(places, frames, segments, mean, np.zeros(width), frames, "mean")
    for name, outputs, kind in (("head.0", settings["hidden"], "relu"), ("head.2", 2, "logits")):
        weight = model.tensors[f"{name}.weight"].reshape(1, outputs, width)
        bias = model.tensors[f"{name}.bias"].reshape(outputs)
        yield _layer(places[:, :1], 1, segments, weight, bias, width, kind)
        width = outputs


def _layer(  # noqa: PLR0913, PLR0917  what a layer is
    places: Array, frames: int, segments: int, weight: Array, bias: Array, terms: int, kind: str
) -> Layer:
    used = np.tile((places >= 0) & (places < frames), (segments, 1))
    starts = np.repeat(np.arange(segments) * frames, len(places))[:, None]
    where = starts + np.tile(places.clip(0, frames - 1), (segments, 1))
    # One divided by the number of frames is rounded.
    share = gamma(terms + 2) + (2.0**-52 if kind == "mean" else 0.0)
    signs, floor = np.ones((len(where), 1)), (terms + 2) * SMALLEST
    return Layer(where, used, signs, weight, bias, terms, share, floor, kind)


class Way(NamedTuple):
    """The set of samples, and all layers from there to the logits; *steps* precede the network."""

    signal: Array
    moves: Array  # (parameters, samples)
    radius: float
    halves: Array
    layers: list[Layer]
    steps: int
    segments: int

    def shape(self, j: int) -> tuple[int, int, int]:
        """Segments, frames and channels of layer *j*, one of the network."""
        frames = len(self.layers[j].where) // self.segments
        return self.segments, frames, len(self.layers[j].bias)


def read_way(model: Model, document: dict[str, Any], file: NpzFile) -> Way:
    """The way of the certificate's recording, held against the model's settings [1, 2]."""
    signal = array(file, "signal_mv", None, "float32").astype(np.float64)
    sha = hashlib.sha256(signal.astype("<f4").tobytes()).hexdigest()
    require(document["signal_sha256"] == sha, "signal_sha256", sha, document["signal_sha256"])
    ratio = Fraction(model.rate_hz / float(document["rate_hz"])).limit_denominator(1000)
    require(ratio > 0 and len(signal) > 0, "rate_hz", "a rate above 0", document["rate_hz"])
    stated = {"up": ratio.numerator, "down": ratio.denominator} if ratio != 1 else None
    require(document["filter"] == stated, "filter", stated, document["filter"])
    taps = array(file, "taps", None, "float32").astype(np.float64) if stated else np.ones(1)
    resampling = _filter(taps, len(signal), ratio.numerator, ratio.denominator)
    network = array(file, "network_mv", resampling.where.shape[:1], "float32").astype(np.float64)
    terms = signal[resampling.where] * resampling.used * resampling.weight[:, 0, 0]
    most = resampling.share * np.abs(terms).sum(axis=1) + resampling.floor
    close = np.abs(terms.sum(axis=1) - network) <= most
    require(close.all(), "network_mv", "signal_mv through the filter", "another signal")
    at, disturbance = document["at"], document["disturbance"]
    require(at in ("recorder", "network"), "at", "recorder or network", at)
    cutting = _cutting(model, len(network), file)
    steps, signal = ([resampling, cutting], signal) if at == "recorder" else ([cutting], network)
    radius, count = disturbance["radius_mv"], len(disturbance["parameters"])
    halves = array(file, "half_widths", (count,))
    moves = array(file, "generators", (count, len(signal)))
    sizes = np.append(halves, radius)
    require(((sizes >= 0) & (sizes < LARGEST)).all(), "disturbance", "sizes from 0", sizes)
    segments = len(cutting.where) // model.length
    layers = [*steps, *network_layers(model, segments)]
    return Way(signal, moves, radius, halves, layers, len(steps), segments)


def _filter(taps: Array, count: int, up: int, down: int) -> Layer:
    longest = max(up, down)
    half = 10 * longest if up != down else 0
    require(len(taps) == 2 * half + 1, "taps", f"{2 * half + 1} of them", len(taps))
    times = np.arange(2 * half + 1) - half
    design = np.sinc(times / longest) * np.kaiser(2 * half + 1, 5.0)
    ulp = np.spacing(np.abs(taps).astype(np.float32))
    close = np.abs(taps - design / design.sum()) <= 2 * ulp + 1e-12 / longest
    require(close.all(), "taps", "those of the model's filter", "others")
    # Before its start and after its end the signal stays at its outermost samples.
    places = np.arange(-(-count * up // down))[:, None] * down - times
    where, used = (places // up).clip(0, count - 1), places % up == 0
    terms = 2 * half // up + 1 if half else 0
    share = 2 * UNIT + (gamma(terms + 2) + UNIT / 512 if half else 0.0)
    weight, floor = (up * taps)[:, None, None], (terms + 2) * SMALLEST
    signs, bias = np.ones((len(places), 1)), np.zeros(1)
    return Layer(where, used, signs, weight, bias, terms, share, floor, "way")


def _cutting(model: Model, count: int, file: NpzFile) -> Layer:
    within, size = np.arange(model.length), -(-count // model.length)
    starts = np.linspace(0, max(count - model.length, 0), size).round().astype(np.int64)
    rule = (starts[:, None] + within) % count
    shape = (size * len(model.signs),)
    indices = array(file, "indices", (*shape, model.length), "int64 int32")
    signs = array(file, "signs", shape, "int64 int32 int8 float32 float64").astype(np.int64)
    for sign in model.signs:
        right = np.array_equal(indices[signs == sign], rule)
        require(right, "indices", f"the segments of {count} samples with sign {sign}", "others")
    where, each = indices.reshape(-1, 1), np.repeat(signs, model.length)[:, None]
    return Layer(where, each != 0, each, np.ones((1, 1, 1)), np.zeros(1), 0, 0.0, 0.0, "way")


def array(file: NpzFile, name: str, shape: tuple[int, ...] | None, types: str = "float64") -> Array:
    """One array of the archive, of finite numbers; of any length if *shape* is None."""
    values = np.asarray(file[name])
    shape = values.shape[:1] if shape is None else shape
    good = values.shape == shape and values.dtype.name in types.split()
    require(good, name, f"{types} of shape {shape}", f"{values.dtype} of shape {values.shape}")
    require(np.isfinite(values).all(), name, "finite numbers", "others")
    return np.ascontiguousarray(values)


def lines(numbers: Numbers, lower: Array, upper: Array, slopes: Array) -> Lines:
    """Of ReLUs: slopes of the lower and upper lines, and how far their ends are from 0 [3]."""
    inside = (lower < 0) & (upper > 0)
    rising = np.where(inside, slopes, lower >= 0)
    falling = np.where(inside, upper / np.where(inside, upper - lower, 1.0), lower >= 0)
    # Any slope from 0 to 1 does, so one of few digits.
    slopes = np.floor(np.stack([rising, falling]) * 2.0**60) * 2.0**-60
    ends = np.stack([np.maximum(-lower, 0), np.maximum(upper, 0)])
    return (*numbers.read(slopes), *numbers.read(ends))


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
        self.lines: dict[int, Lines] = {}

    def follow(self, file: NpzFile, box: int) -> None:
        """Hold the claims on every layer against what follows from those before it [3]."""
        for j, layer in enumerate(self.layers):
            self._allow(layer, j)
            if layer.kind == "way":
                units = np.argwhere(np.ones((len(layer.where), 1)))
                low, high = (self.bounds(j, side, units)[:, None] for side in (1, -1))
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
            left = np.argwhere(~np.asarray(found >= wanted, dtype=bool))
            for at, bound in zip(left.tolist(), self.bounds(j, side, left), strict=True):
                got, shown = f"{claimed[tuple(at)]} at {at}", side * n.shown(bound)
                require(bound >= wanted[tuple(at)], name, f"at {word} {shown}", got)
            ends.append(claimed)
        require((ends[0] <= ends[1]).all(), f"box{box}", "lower ends below upper ones", "others")
        self.claims[j] = ends[0], ends[1]
        self.low, self.high = n.read(ends[0]), n.read(ends[1])
        if self.layers[j].kind == "relu":
            self.lines[j] = lines(n, ends[0], ends[1], ends[1] > -ends[0])
            self.low, self.high = np.maximum(self.low, 0), np.maximum(self.high, 0)

    def bounds(self, j: int, side: int, units: Array) -> Array:
        """The least values of *side* times each of *units* (time, channel) of layer *j*."""
        # Neighbours share most of what they depend on, so they are followed together.
        near = max(1, min(NEAR, len(self.layers[j].where) // self.way.segments))
        found = [self.numbers.read([])]
        for part in np.split(units, np.flatnonzero(np.diff(units[:, 0] // near)) + 1):
            if len(part):
                at = slice(int(part[0, 0]), int(part[-1, 0]) + 1)
                c = np.zeros((len(part), at.stop - at.start, len(self.biases[j])))
                c[np.arange(len(part)), part[:, 0] - at.start, part[:, 1]] = side
                found.append(self.lower(self.numbers.read(c), at, j, (self.lines, {})))
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
            if j < top and j in by[0]:
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
            require(layer >= 0 and j in self.lines, "tree", "a ReLU", (layer, *place))
            at = np.ravel_multi_index(place, self.way.shape(j))
            ends, clip = claims[j][side < 0].reshape(-1), np.maximum if side > 0 else np.minimum
            ends[at] = clip(ends[at], 0.0)
            pulls[j].reshape(-1)[at] -= side * multiplier
        relus = {}
        for j in self.lines:
            name = f"leaf{leaf}.slopes.{j - self.way.steps}"
            slopes = array(file, name, self.way.shape(j)).reshape(claims[j][0].shape)
            require(((slopes >= 0) & (slopes <= 1)).all(), name, "slopes from 0 to 1", "others")
            relus[j] = lines(self.numbers, *claims[j], slopes)
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


def walk(node: object, ends: list[Any], splits: list[Any] | None) -> Iterator[tuple[str, int, Any]]:
    """Boxes with their intervals and leaves with their splits, in the order of the tree [5]."""
    match node, splits is None:
        case {"parameter": int(p), "halves": [below, above]}, True if 0 <= p < len(ends):
            middle = sum(ends[p]) / 2
            yield from walk(below, [*ends[:p], (ends[p][0], middle), *ends[p + 1 :]], None)
            yield from walk(above, [*ends[:p], (middle, ends[p][1]), *ends[p + 1 :]], None)
        case {"box": int(b), "below": below}, True:
            yield "box", b, np.array(ends).reshape(-1, 2)
            yield from walk(below, ends, [])
        case {"relu": [int(), int(), int(), int()] as relu, "sides": [above, below]}, False:
            yield from walk(above, ends, [*(splits or []), (relu, 1)])
            yield from walk(below, ends, [*(splits or []), (relu, -1)])
        case {"leaf": int(k)}, False:
            yield "leaf", k, splits
        case _:
            require(False, "tree", "a node of the four kinds in its place", node)


def check(file: NpzFile, model: Model, numbers: Numbers) -> str:
    """One sentence on a valid certificate."""
    size = sum(member.file_size for member in file.zip.infolist()) if file.zip else 0
    require(size <= MOST_BYTES, "file", f"at most {MOST_BYTES} bytes", size)
    document = json.loads(np.asarray(file["document"]).tobytes())
    _require_facts(document, model)
    way = read_way(model, document, file)
    steps = list(walk(document["tree"], [(-half, half) for half in way.halves.tolist()], None))
    for kind, many in (("box", document["boxes"]), ("leaf", document["leaves"])):
        found = sorted(number for step, number, _ in steps if step == kind)
        require(many == len(found), kind, f"{many} in the tree", len(found))
        require(found == list(range(len(found))), "tree", f"each {kind} once", found)
    _require_names(file, document, way)
    margins = []
    for kind, number, what in steps:
        if kind == "box":
            box = Box(numbers, way, what)
            box.follow(file, number)
        else:
            margins.append(box.margin(f"leaf{number}", document, box.leaf(file, number, what)))
    return f"valid: {document['record']} stays {document['rhythm']}, by at least {min(margins):.4g}"


def _require_facts(document: dict[str, Any], model: Model) -> None:
    require(sorted(document) == KEYS.split(), "document", f"the keys {KEYS}", sorted(document))
    arithmetic = {"name": "float32", "unit": UNIT, "smallest": SMALLEST}
    for key, value in {"format": 1, "arithmetic": arithmetic, **model.facts}.items():
        require(document[key] == value, key, value, document[key])
    rhythm, margin = document["rhythm"], document["margin"]
    require(rhythm in ("AFib", "normal"), "rhythm", "AFib or normal", rhythm)
    require(0 < margin < LARGEST, "margin", "a number above 0", margin)
    keys = sorted(document["disturbance"])
    require(keys == ["parameters", "radius_mv"], "disturbance", "radius_mv and parameters", keys)


def _require_names(file: NpzFile, document: dict[str, Any], way: Way) -> None:
    names = ["document", "signal_mv", "network_mv", "indices", "signs", "generators", "half_widths"]
    names += ["taps"] if document["filter"] else []
    inner = [(j - way.steps, way.layers[j].kind) for j in range(way.steps, len(way.layers) - 1)]
    for b in range(document["boxes"]):
        names += [f"box{b}.{end}.{j}" for j, _ in inner for end in ("lower", "upper")]
    for k in range(document["leaves"]):
        names += [f"leaf{k}.slopes.{j}" for j, kind in inner if kind == "relu"]
        names += [f"leaf{k}.multipliers"]
    differ = sorted(set(names) ^ set(file.files))
    require(sorted(names) == sorted(file.files), "arrays", "each that is needed, once", differ)


def main(arguments: list[str] | None = None) -> int:
    """Check the certificates that *arguments* name, and say what came out."""
    parser = argparse.ArgumentParser(description="Check certificates; see docs/certificates.md.")
    parser.add_argument("--model", type=Path, required=True, help="folder of the model")
    parser.add_argument("--exact", action="store_true", help="compute in fractions (slow)")
    parser.add_argument("certificates", type=Path, nargs="+", metavar="CERTIFICATE")
    stated = parser.parse_args(arguments)
    found = [_outcome(path, stated.model, Numbers(stated.exact)) for path in stated.certificates]
    for path, (_, sentence) in zip(stated.certificates, found, strict=True):
        print(f"{path}: {sentence}")
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
