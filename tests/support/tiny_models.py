"""Tiny networks as numpy arrays, in the folders and with the preprocessing of the device."""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save
from scipy.signal import firwin

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["DenseLayer", "TinyModel", "dense_filter", "digests", "low_pass", "relu_lines"]

Array: TypeAlias = NDArray[Any]
# Matrix, bias, products an output, and frames and channels if a ReLU follows.
DenseLayer: TypeAlias = tuple[Array, Array, int, tuple[int, int] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyModel:
    """What a model folder holds.

    Attributes:
        weights: By the names of the folder, float32.
        kernels: Of the blocks.
        strides: Of the blocks.
        threshold: A recording whose logit is above it is called AFib.
        rate_hz: The network's rate.
        length: Samples of a segment.
        polarity: ``free``, or ``invariant`` for a network that reads each segment both ways up.
    """

    weights: Mapping[str, Array]
    kernels: tuple[int, ...]
    strides: tuple[int, ...]
    threshold: float = 0.0
    rate_hz: float = 10.0
    length: int = 24
    polarity: str = "free"

    @classmethod
    def random(cls, seed: int, *, channels: tuple[int, ...] = (3, 4), **stated: Any) -> TinyModel:  # noqa: ANN401  fields
        """Weights drawn from *seed*, with kernels of 5 and 3 and strides of 2."""
        generator = np.random.default_rng(seed)
        kernels = (5, *(3 for _ in channels[1:]))
        weights: dict[str, Array] = {}
        for block, (width, outputs) in enumerate(itertools.pairwise((1, *channels))):
            weights[f"features.{2 * block}.weight"] = generator.normal(
                size=(outputs, width, kernels[block])
            )
        sizes = {"head.0.weight": (4, channels[-1]), "head.2.weight": (2, 4)}
        weights |= {name: generator.normal(size=size) for name, size in sizes.items()}
        for name in list(weights):
            bias = generator.normal(size=len(weights[name]))
            weights[name.replace("weight", "bias")] = 0.3 * bias
        kept = {name: (0.7 * values).astype(np.float32) for name, values in weights.items()}
        return cls(weights=kept, kernels=kernels, strides=tuple(2 for _ in channels), **stated)

    @classmethod
    def load(cls, folder: Path) -> TinyModel:
        """The model of *folder*."""
        document = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        network = document["settings"]["network"]
        prepared = document["settings"]["preprocessing"]
        return cls(
            weights=load_file(folder / "model.safetensors"),
            kernels=tuple(network["kernels"]),
            strides=tuple(network["strides"]),
            threshold=document["threshold"],
            rate_hz=prepared["rate_hz"],
            length=round(prepared["rate_hz"] * prepared["segment_s"]),
            polarity=network.get("polarity", "free"),
        )

    def save(self, folder: Path) -> None:
        """Write the two files of a model folder, with what a checker reads."""
        folder.mkdir(exist_ok=True)
        tensors = save({name: np.ascontiguousarray(each) for name, each in self.weights.items()})
        blocks = range(len(self.kernels))
        network = {
            "architecture": "plain",
            "channels": [len(self.weights[f"features.{2 * block}.bias"]) for block in blocks],
            "hidden": len(self.weights["head.0.bias"]),
            "kernels": self.kernels,
            "strides": self.strides,
            "polarity": self.polarity,
        }
        seconds = self.length / self.rate_hz
        prepared = {"rate_hz": self.rate_hz, "segment_s": seconds, "short": "tile"}
        document = {
            "settings": {"network": network, "preprocessing": prepared},
            "tensors_sha256": hashlib.sha256(tensors).hexdigest(),
            "threshold": self.threshold,
        }
        (folder / "model.safetensors").write_bytes(tensors)
        (folder / "model.json").write_text(json.dumps(document), encoding="utf-8")

    def dense(self) -> list[DenseLayer]:
        """Of each layer: its matrix for one segment, bias, products an output, frames and channels.

        The last entry is None for the layers without a ReLU.
        """
        layers: list[DenseLayer] = []
        frames, width = self.length, 1
        for block, (kernel, stride) in enumerate(zip(self.kernels, self.strides, strict=True)):
            weight = self.weights[f"features.{2 * block}.weight"].astype(np.float64)
            bias = self.weights[f"features.{2 * block}.bias"].astype(np.float64)
            after, outputs = (frames + 2 * (kernel // 2) - kernel) // stride + 1, len(bias)
            matrix = np.zeros((after, outputs, frames, width))
            for frame, tap in itertools.product(range(after), range(kernel)):
                place = frame * stride + tap - kernel // 2
                if 0 <= place < frames:
                    matrix[frame, :, place] = weight[:, :, tap]
            flat = matrix.reshape(after * outputs, frames * width)
            layers.append((flat, np.tile(bias, after), width * kernel, (after, outputs)))
            frames, width = after, outputs
        mean = np.tile(np.eye(width), (1, frames)) / frames
        layers.append((mean, np.zeros(width), frames, None))
        for name in ("head.0", "head.2"):
            weight = self.weights[f"{name}.weight"].astype(np.float64)
            bias = self.weights[f"{name}.bias"].astype(np.float64)
            relus = (1, len(bias)) if name == "head.0" else None
            layers.append((weight, bias, weight.shape[1], relus))
        return layers

    def readings(self, samples: int) -> tuple[Array, Array]:
        """Which sample stands where in the segments, and the sign of each segment."""
        within = np.arange(self.length)
        if samples < self.length:
            indices = (within % samples)[None]
        else:
            starts = np.linspace(0, samples - self.length, -(-samples // self.length))
            indices = starts.round().astype(np.int64)[:, None] + within
        signs = np.ones(len(indices), dtype=np.int64)
        if self.polarity == "free":
            return indices, signs
        return np.concatenate([indices, indices]), np.concatenate([signs, -signs])

    def logit(self, network_mv: Array) -> float:
        """Of a recording at the network's rate, in float64."""
        indices, signs = self.readings(len(network_mv))
        values = network_mv.astype(np.float64)[indices] * signs[:, None]
        layers = self.dense()
        for matrix, bias, _, relus in layers:
            values = values @ matrix.T + bias
            values = values if relus is None else np.maximum(values, 0)
        return float((values[:, 1] - values[:, 0]).mean())


def digests(folder: Path) -> dict[str, str]:
    """What a certificate states of a model folder."""
    shas = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }
    text = "".join(f"{name}\0{sha}\n" for name, sha in shas.items() if name != "release.json")
    whole = hashlib.sha256(text.encode()).hexdigest()
    return {"model_digest": whole, "tensors_sha256": shas["model.safetensors"]}


def low_pass(rate_hz: float, recorder_hz: float) -> tuple[Array, int, int]:
    """The taps of the device's filter between two rates, and the parts of their ratio."""
    ratio = Fraction(rate_hz / recorder_hz).limit_denominator(1000)
    longest = max(ratio.numerator, ratio.denominator)
    taps = firwin(20 * longest + 1, 1 / longest, window=("kaiser", 5.0)).astype(np.float32)
    return taps, ratio.numerator, ratio.denominator


def dense_filter(
    samples: int, rate_hz: float, recorder_hz: float
) -> tuple[Array, Array, int, dict[str, int] | None, Array | None]:
    """The resampling as a matrix, its absolute terms, how many taps meet, its ratio and taps.

    Taps that meet the same outermost sample are added up in the first matrix, and their sizes in
    the second, because the device multiplies each by itself.
    """
    if rate_hz == recorder_hz:
        return np.eye(samples), np.eye(samples), 0, None, None
    taps, up, down = low_pass(rate_hz, recorder_hz)
    longest = max(up, down)
    matrix = np.zeros((-(-samples * up // down), samples))
    sizes = np.zeros_like(matrix)
    for row, tap in itertools.product(range(len(matrix)), range(len(taps))):
        place = row * down + 10 * longest - tap
        if place % up == 0:
            place = min(max(place // up, 0), samples - 1)
            matrix[row, place] += up * float(taps[tap])
            sizes[row, place] += up * abs(float(taps[tap]))
    return matrix, sizes, 20 * longest // up + 1, {"up": up, "down": down}, taps


def relu_lines(lower: Array, upper: Array, slopes: Array) -> tuple[Array, Array, Array]:
    """Slopes of the lower and of the upper lines of ReLUs, and the upper lines' values at 0."""
    inside = (lower < 0) & (upper > 0)
    width = np.where(inside, upper - lower, 1.0)
    falling = np.where(inside, upper / width, lower >= 0)
    offset = np.where(inside, -upper * lower / width, 0.0)
    return np.where(inside, slopes, lower >= 0), falling, offset
