"""What the checker of certificates reads: the model, and the way of a recording through it.

Nothing of it is taken from a certificate that the model's folder or the recording can tell.
Numbers in brackets are the points of docs/certificates.md.
"""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from tools.certificate_numbers import SMALLEST, UNIT, Array, gamma, require

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.lib.npyio import NpzFile

Node: TypeAlias = dict[str, Any]
KEYS = (
    "arithmetic at boxes disturbance filter format leaves margin model_digest rate_hz record "
    "rhythm signal_sha256 tensors_sha256 threshold tree"
)
LARGEST = 2.0**100  # far from what overflows float32, in any order of summation


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
    """The network of *folder* with its digests and its threshold [1]; other files say no rhythm."""
    names = ("model.json", "model.safetensors")
    files = {name: (folder / name).read_bytes() for name in names}
    shas = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    lines = [f"{name}\0{shas[name]}\n" for name in names]
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
    # Signals are rounded to float32 where they enter; a ball holds such signals alone.
    rounded = at == "network" and len(disturbance["parameters"]) > 0
    cutting = _cutting(model, len(network), file, 2 * UNIT if rounded else 0.0)
    steps, signal = ([resampling, cutting], signal) if at == "recorder" else ([cutting], network)
    radius, count = disturbance["radius_mv"], len(disturbance["parameters"])
    halves = array(file, "half_widths", (count,))
    moves = array(file, "generators", (count, len(signal)))
    sizes, reach = np.append(halves, radius), radius + (halves @ np.abs(moves)).sum()
    require(((sizes >= 0) & (sizes < LARGEST)).all(), "disturbance", "sizes from 0", sizes)
    require(reach > 0, "disturbance", "more than one signal", f"a reach of {reach} mV")
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
    close = np.abs(taps - design / design.sum()) <= ulp * (0.5 + 1e-6) + 1e-12 / longest
    require(close.all(), "taps", "those of the model's filter", "others")
    # Before its start and after its end the signal stays at its outermost samples.
    places = np.arange(-(-count * up // down))[:, None] * down - times
    where, used = (places // up).clip(0, count - 1), places % up == 0
    terms = 2 * half // up + 1 if half else 0
    share = 2 * UNIT + (gamma(terms + 2) + UNIT / 512 if half else 0.0)
    weight, floor = (up * taps)[:, None, None], (terms + 2) * SMALLEST
    signs, bias = np.ones((len(places), 1)), np.zeros(1)
    return Layer(where, used, signs, weight, bias, terms, share, floor, "way")


def _cutting(model: Model, count: int, file: NpzFile, share: float) -> Layer:
    within, size = np.arange(model.length), -(-count // model.length)
    starts = np.linspace(0, max(count - model.length, 0), size).round().astype(np.int64)
    rule = (starts[:, None] + within) % count
    shape = (size * len(model.signs),)
    indices = array(file, "indices", (*shape, model.length), "int64 int32")
    signs = array(file, "signs", shape, "int64 int32 int8 float32 float64")
    for sign in model.signs:
        right = np.array_equal(indices[signs == sign], rule)
        require(right, "indices", f"the segments of {count} samples with sign {sign}", "others")
    where, each = indices.reshape(-1, 1), np.repeat(signs.astype(np.int64), model.length)[:, None]
    weight, floor = np.ones((1, 1, 1)), 2 * SMALLEST if share else 0.0
    return Layer(where, each != 0, each, weight, np.zeros(1), 0, share, floor, "way")


def array(file: NpzFile, name: str, shape: tuple[int, ...] | None, types: str = "float64") -> Array:
    """One array of the archive, of finite numbers; of any length if *shape* is None."""
    values = np.asarray(file[name])
    shape = values.shape[:1] if shape is None else shape
    good = values.shape == shape and values.dtype.name in types.split()
    require(good, name, f"{types} of shape {shape}", f"{values.dtype} of shape {values.shape}")
    require(np.isfinite(values).all(), name, "finite numbers", "others")
    return np.ascontiguousarray(values)


def require_facts(document: dict[str, Any], model: Model) -> None:
    """Hold what *document* states against the model and the one form of a certificate [1]."""
    require(sorted(document) == KEYS.split(), "document", f"the keys {KEYS}", sorted(document))
    arithmetic = {"name": "float32", "unit": UNIT, "smallest": SMALLEST}
    for key, value in {"format": 2, "arithmetic": arithmetic, **model.facts}.items():
        require(document[key] == value, key, value, document[key])
    rhythm, margin = document["rhythm"], document["margin"]
    require(rhythm in ("AFib", "normal"), "rhythm", "AFib or normal", rhythm)
    require(0 < margin < LARGEST, "margin", "a number above 0", margin)
    match document["disturbance"], document["rate_hz"]:
        case {"parameters": list(names), "radius_mv": float(), **others}, float() if not others:
            require(len(set(names)) == len(names), "disturbance", "different names", names)
        case stated:
            require(False, "disturbance", "radius_mv and parameters, and a rate", stated)


def require_names(file: NpzFile, document: dict[str, Any], way: Way) -> None:
    """Hold the arrays to those that the boxes and leaves of *document* need."""
    names = ["document", "signal_mv", "network_mv", "indices", "signs", "generators", "half_widths"]
    names += ["taps"] if document["filter"] else []
    inner = [(j - way.steps, way.layers[j].kind) for j in range(way.steps, len(way.layers) - 1)]
    for b in range(document["boxes"]):
        for j, end in ((j, end) for j, _ in inner for end in ("lower", "upper")):
            slopes = [f"box{b}.{end}.{j}.{i}" for i, kind in inner if kind == "relu" and i < j]
            names += [f"box{b}.{end}.{j}", *(slopes if set(slopes) & set(file.files) else [])]
    for k in range(document["leaves"]):
        names += [f"leaf{k}.slopes.{j}" for j, kind in inner if kind == "relu"]
        names += [f"leaf{k}.multipliers"]
    differ = sorted(set(names) ^ set(file.files))
    require(sorted(names) == sorted(file.files), "arrays", "each that is needed, once", differ)


def walk(node: Node, ends: list[Any], splits: list[Any] | None) -> Iterator[tuple[str, int, Any]]:
    """Boxes with their intervals and leaves with their splits, in the order of the tree [5]."""
    keys, kinds = " ".join(sorted(node)), ("halves parameter", "below box", "relu sides", "leaf")
    require(keys in kinds, "tree", "a node of the four kinds", keys)
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
            require(False, "tree", "a node in its place", node)
