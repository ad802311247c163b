"""Randomised smoothing: what a decision taken by vote over noisy copies withstands.

It speaks of another classifier than the one that is deployed: of the vote of that one over
copies of a recording with Gaussian noise, in infinitely many copies. What it states of that vote
it states with a confidence, from a sample of the copies; it is no proof.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy.special import betaincinv, ndtri

from nnassure.arrays import BoolArray, DoubleArray, FloatArray, require_finite, require_shape
from nnassure.errors import PerturbationError, ShapeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Decide: TypeAlias = Callable[[FloatArray], BoolArray]

__all__ = ["Smoothed", "smoothed"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Smoothed:
    """What the vote says of each recording, and within which distance it says the same.

    Attributes:
        is_positive: What most copies say, shape (records,); where *abstained*, no more than a
            guess.
        abstained: Whether the sample is too evenly divided for the confidence, shape (records,).
        radius_l2_mv: No recording nearer than this in the Euclidean distance has another vote, in
            mV, shape (records,); 0 where *abstained*.
        samples: Samples of a recording.
    """

    is_positive: BoolArray
    abstained: BoolArray
    radius_l2_mv: DoubleArray
    samples: int

    @property
    def radius_linf_mv(self) -> DoubleArray:
        """No recording that differs by less than this in each sample has another vote, in mV.

        A box of half width r lies in the Euclidean ball of radius r * sqrt(samples).
        """
        radius: DoubleArray = self.radius_l2_mv / math.sqrt(self.samples)
        return radius


def smoothed(  # noqa: PLR0913  a certificate is only told by its whole sample
    decide: Decide,
    signals_mv: FloatArray,
    *,
    sigma_mv: float,
    guesses: int,
    copies: int,
    confidence: float,
    seed: int,
    at_once: int = 256,
) -> Smoothed:
    """Votes and radii of Cohen et al. 2019 (arXiv:1902.02918, CERTIFY).

    A first sample guesses what most copies say; a second, independent one bounds from below, by
    Clopper and Pearson, the share p of copies that say it. If the bound is above one half, the
    vote is the same within sigma times the normal quantile of the bound.

    Args:
        decide: Whether each of some recordings is called, (copies, samples) to (copies,); what
            it says of one may not depend on the others.
        signals_mv: Undisturbed recordings in mV, shape (records, samples).
        sigma_mv: Standard deviation of the noise of each sample.
        guesses: Copies of the first sample.
        copies: Copies of the second.
        confidence: With which each statement holds, in (0, 1); it is about one recording.
        seed: Of the noise; each recording has noise of its own.
        at_once: The most copies that are decided together.

    Raises:
        ShapeError: If *signals_mv* has other axes, or *decide* does not return one value a copy.
        NotFiniteError: If a sample is NaN or infinite.
        PerturbationError: If a number is out of its range.
    """
    require_shape("signals_mv", signals_mv, "records, samples")
    require_finite("signals_mv", signals_mv)
    _require_sample(sigma_mv, confidence, guesses=guesses, copies=copies, at_once=at_once)
    is_positive, lower = np.zeros(len(signals_mv), np.bool_), np.zeros(len(signals_mv))
    for record, signal_mv in enumerate(signals_mv):
        rng = np.random.default_rng([seed, record])
        noisy = _Copies(decide, signal_mv, sigma_mv, rng, at_once)
        is_positive[record] = 2 * noisy.called(guesses) > guesses
        called = noisy.called(copies)
        agreeing = called if is_positive[record] else copies - called
        lower[record] = _lower_bound(agreeing, copies, confidence)
    abstained = lower <= 1 / 2
    radius = sigma_mv * np.where(abstained, 0.0, ndtri(np.where(abstained, 0.5, lower)))
    return Smoothed(
        is_positive=is_positive,
        abstained=abstained,
        radius_l2_mv=radius,
        samples=signals_mv.shape[1],
    )


@dataclass(frozen=True, slots=True)
class _Copies:
    decide: Decide
    signal_mv: FloatArray
    sigma_mv: float
    rng: np.random.Generator
    at_once: int

    def called(self, count: int) -> int:
        """How many of *count* further copies are called."""
        return sum(int(mask.sum()) for mask in self._masks(count))

    def _masks(self, count: int) -> Iterator[BoolArray]:
        for start in range(0, count, self.at_once):
            some = min(self.at_once, count - start)
            noise = self.rng.normal(0.0, self.sigma_mv, (some, len(self.signal_mv)))
            mask = self.decide((self.signal_mv + noise).astype(np.float32))
            if mask.shape != (some,):
                raise ShapeError(f"decide: expected shape ({some},), got {mask.shape}")
            yield mask


def _lower_bound(successes: int, trials: int, confidence: float) -> float:
    """The exact lower bound of a share (Clopper and Pearson 1934)."""
    if successes == 0:
        return 0.0
    return float(betaincinv(successes, trials - successes + 1, 1 - confidence))


def _require_sample(sigma_mv: float, confidence: float, **counts: int) -> None:
    if not (math.isfinite(sigma_mv) and sigma_mv > 0):
        raise PerturbationError(f"sigma_mv: expected a finite number above 0, got {sigma_mv}")
    if not 0 < confidence < 1:
        raise PerturbationError(f"confidence: expected a number in (0, 1), got {confidence}")
    for name, count in counts.items():
        if count < 1:
            raise PerturbationError(f"{name}: expected at least 1, got {count}")
