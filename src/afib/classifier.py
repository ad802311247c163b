"""A checkpoint in use: signals in, logits and calls out, as numpy arrays.

The logit of a recording is the mean over its segments of the AFib logit minus the normal one.
Each recording goes through the network by itself, so what is said of it does not depend, not
even in the last bit, on the recordings beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import numpy as np
import torch
from scipy.special import expit

from afib.preprocessing import segment_indices, segment_samples, segments
from nnassure.arrays import require_finite, require_shape
from nnassure.detection import detected
from nnassure.errors import ShapeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor, nn

    from afib.checkpoint import Checkpoint
    from afib.settings import Settings
    from nnassure.arrays import BoolArray, FloatArray

__all__ = ["Classifier"]


@final
class Classifier:
    """The model of one checkpoint."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._settings = checkpoint.settings
        self._network = checkpoint.network
        self._preprocessing = checkpoint.settings.preprocessing
        self._threshold = checkpoint.threshold
        self._temperature = checkpoint.temperature
        self._digest = checkpoint.digest

    @property
    def digest(self) -> str:
        """The digest of the model folder."""
        return self._digest

    @property
    def network(self) -> nn.Module:
        """The network that it decides with."""
        return self._network

    @property
    def settings(self) -> Settings:
        """All settings that the model was made with."""
        return self._settings

    @property
    def threshold(self) -> float:
        """A recording whose logit is above it is called AFib."""
        return self._threshold

    def logits(self, signals: Sequence[FloatArray]) -> FloatArray:
        """How strongly each recording speaks for AFib.

        Args:
            signals: Recordings at the network's rate in mV, each of shape (samples,).

        Returns:
            Logits of shape (recordings,); higher speaks for AFib.

        Raises:
            ShapeError: If a recording is empty or not one-dimensional.
            NotFiniteError: If a sample is not finite, or the network answers no finite number.
        """
        logits = np.empty(len(signals), dtype=np.float32)
        with torch.no_grad():
            for position, signal_mv in enumerate(signals):
                require_shape(f"signals[{position}]", signal_mv, "samples")
                require_finite(f"signals[{position}]", signal_mv)
                pieces = segments(signal_mv.astype(np.float32), self._preprocessing)
                logits[position] = self._differences(torch.from_numpy(pieces)).mean()
        require_finite("logits", logits)
        return logits

    def probabilities(self, logits: FloatArray) -> FloatArray:
        """The probability of AFib: the logistic function of logit / temperature, in [0, 1].

        Args:
            logits: What :meth:`logits` returned, shape (recordings,).

        Raises:
            ShapeError: If *logits* is not one-dimensional.
            NotFiniteError: If a logit is not finite.
        """
        require_shape("logits", logits, "recordings")
        require_finite("logits", logits)
        return np.asarray(expit(logits / np.float32(self._temperature)), dtype=np.float32)

    def calls_afib(self, logits: FloatArray) -> BoolArray:
        """Which recordings are called AFib: those with a logit above the threshold.

        Args:
            logits: What :meth:`logits` returned, shape (recordings,).

        Raises:
            ShapeError: If *logits* is not one-dimensional.
            NotFiniteError: If a logit is not finite.
        """
        return detected(logits, self._threshold)

    def margin_function(self, samples: int, is_afib: Tensor) -> Callable[[Tensor], Tensor]:
        """How far whole recordings of one length are on the right side of the threshold.

        A sample that stands in two segments, because they overlap or repeat a short recording,
        is one variable: a disturbance of the recording moves it in both.

        Args:
            samples: Samples of each recording at the network's rate.
            is_afib: Whether each recording is AFib, shape (recordings,), bool.

        Returns:
            A differentiable function from signals in mV, shape (recordings, samples), to margins
            of shape (recordings,): logit - threshold for AFib, threshold - logit for normal.

        Raises:
            ShapeError: If *samples* is below 1, or *is_afib* not one-dimensional. The function
                raises it for signals of another shape.
        """
        length = segment_samples(self._preprocessing)
        positions = torch.from_numpy(segment_indices(samples, length))
        require_shape("is_afib", is_afib.numpy(), "recordings")
        wanted = (len(is_afib), samples)
        side = torch.where(is_afib, 1.0, -1.0)

        def margins(signals_mv: Tensor) -> Tensor:
            if tuple(signals_mv.shape) != wanted:
                raise ShapeError(
                    f"signals_mv: expected shape {wanted}, got {tuple(signals_mv.shape)}"
                )
            pieces = signals_mv[:, positions].flatten(end_dim=1)
            logits = self._differences(pieces).reshape(wanted[0], -1).mean(dim=1)
            return side * (logits - self._threshold)

        return margins

    def _differences(self, pieces: Tensor) -> Tensor:
        """AFib logit minus normal logit, a segment."""
        normal, afib = self._network(pieces).unbind(dim=1)
        return torch.sub(afib, normal)
