"""Disturbances that depend linearly on few parameters, with a box for what they leave out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from nnassure.arrays import BoolArray, DoubleArray, FloatArray, require_finite, require_shape
from nnassure.errors import PerturbationError, ShapeError

__all__ = ["LinearSet", "jointly"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearSet:
    """Every signal ``centre + parameters @ generators + residual`` within a box of both.

    Seen as a set of points it is a zonotope; what is linear in the parameters before the network
    stays so in its first linear layer, so nothing is lost on the way there.

    Attributes:
        names: What each parameter is called, all different, shape (parameters,).
        generators: Change of the signal in mV for one unit of each parameter, shape
            (parameters, samples).
        lower: Least value of each parameter, shape (parameters,).
        upper: Greatest value of each parameter, shape (parameters,).
        radius_mv: Largest residual of a sample, at least 0; 0 only where there is a parameter.

    The arrays are copied and can no longer be written to.

    Raises:
        ShapeError: If the arrays do not fit together or hold no sample.
        NotFiniteError: If a value of an array is NaN or infinite.
        PerturbationError: If the box or the radius is none, names are not each used once, or
            no signal but one is in the set: such a set shows nothing.
    """

    names: tuple[str, ...]
    generators: DoubleArray
    lower: DoubleArray
    upper: DoubleArray
    radius_mv: float = 0.0

    def __post_init__(self) -> None:
        for name in ("generators", "lower", "upper"):
            array = np.array(getattr(self, name), dtype=np.float64)
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        _require_arrays(self)
        _require_box(self)
        _require_extent(self)

    @property
    def parameters(self) -> int:
        """How many parameters the set has."""
        return len(self.names)

    @property
    def samples(self) -> int:
        """How many samples a signal of the set has."""
        return int(self.generators.shape[1])

    def point(
        self,
        centre: FloatArray | DoubleArray,
        parameters: DoubleArray,
        residual: DoubleArray | float = 0.0,
    ) -> DoubleArray:
        """The signal of the set at *parameters* and *residual*.

        Args:
            centre: Undisturbed signal in mV, shape (samples,).
            parameters: A value in the box for each parameter, shape (parameters,).
            residual: Further change in mV, within the radius, shape (samples,) or one for all.

        Returns:
            The signal in mV, shape (samples,); rounding it to another format leaves the set.

        Raises:
            ShapeError: If *centre* or *parameters* have another length.
            PerturbationError: If a parameter or a residual is out of its range.
        """
        chosen = np.asarray(parameters, dtype=np.float64)
        _require_length("centre", centre, self.samples, "samples")
        _require_length("parameters", chosen, self.parameters, "parameters")
        if not np.all((self.lower <= chosen) & (chosen <= self.upper)):
            raise PerturbationError(
                f"parameters: expected values from {self.lower.tolist()} to "
                f"{self.upper.tolist()}, got {chosen.tolist()}"
            )
        largest = float(np.max(np.abs(residual)))
        if not largest <= self.radius_mv:
            raise PerturbationError(
                f"residual: expected at most {self.radius_mv} mV a sample, got {largest}"
            )
        moved: DoubleArray = np.asarray(centre, np.float64) + chosen @ self.generators + residual
        return moved

    def contains(
        self,
        points: FloatArray | DoubleArray,
        centre: FloatArray | DoubleArray,
        tolerance: float,
    ) -> BoolArray:
        """Whether each of *points* is in the set around *centre*, up to *tolerance* a sample.

        Parameters that lead to the point are sought by least squares and, where these leave the
        box, by linear programming; what they lead to is then compared in float64. A point is
        thus never called a member without parameters that show it.

        Args:
            points: Signals in mV, shape (points, samples).
            centre: Undisturbed signal in mV, shape (samples,).
            tolerance: How much farther than the radius a sample may be, in mV, such as the
                rounding of the points' number format.

        Returns:
            One value a point, shape (points,).

        Raises:
            ShapeError: If *points* or *centre* have other axes or another length.
            PerturbationError: If *tolerance* is negative or not a number.
        """
        require_shape("points", points, "points, samples")
        _require_length("centre", centre, self.samples, "samples")
        if points.shape[1] != self.samples:
            raise ShapeError(f"points: expected {self.samples} samples, got {points.shape[1]}")
        if not tolerance >= 0:
            raise PerturbationError(f"tolerance: expected at least 0, got {tolerance}")
        changes = np.asarray(points, np.float64) - np.asarray(centre, np.float64)
        reach = self.radius_mv + tolerance
        return np.array([self._leads_to(change, reach) for change in changes], dtype=np.bool_)

    def halves(self, parameter: int) -> tuple[LinearSet, LinearSet]:
        """The part with the lower values of *parameter* and the part with the higher ones.

        Their union is the set; what they share is the middle.

        Raises:
            PerturbationError: If there is no such parameter, or its interval is too short to be
                halved in float64.
        """
        if not 0 <= parameter < self.parameters:
            raise PerturbationError(
                f"parameter: expected one of the {self.parameters}, got number {parameter}"
            )
        low, high = float(self.lower[parameter]), float(self.upper[parameter])
        middle = low + (high - low) / 2
        if not low < middle < high:
            raise PerturbationError(
                f"parameter: expected an interval to halve, got {low} to {high} "
                f"of {self.names[parameter]}"
            )
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[parameter] = upper[parameter] = middle
        return replace(self, upper=upper), replace(self, lower=lower)

    def _leads_to(self, change: DoubleArray, reach: float) -> bool:
        if not self.parameters:
            return bool(np.abs(change).max() <= reach)
        values = _least_squares(self, change)
        if self._largest_miss(change, values) > reach:
            values = _nearest(self, change, reach)
        return self._largest_miss(change, values) <= reach

    def _largest_miss(self, change: DoubleArray, values: DoubleArray) -> float:
        inside = np.clip(values, self.lower, self.upper)
        return float(np.abs(change - inside @ self.generators).max())


def jointly(*sets: LinearSet, radius_mv: float = 0.0) -> LinearSet:
    """What the *sets* do together: every change of one added to every change of the others.

    Args:
        sets: At least one, over the same samples, no parameter's name twice.
        radius_mv: A further residual, added to the radii of the sets.

    Raises:
        ShapeError: If there is no set, or their samples differ in number.
        PerturbationError: If a name stands twice, or the radius is negative or no number.
    """
    if len({each.samples for each in sets}) != 1:
        raise ShapeError(
            "sets: expected one or more over the same samples, "
            f"got {[each.samples for each in sets]} samples"
        )
    _require_radius(radius_mv)
    return LinearSet(
        names=tuple(name for each in sets for name in each.names),
        generators=np.concatenate([each.generators for each in sets]),
        lower=np.concatenate([each.lower for each in sets]),
        upper=np.concatenate([each.upper for each in sets]),
        radius_mv=math.fsum([radius_mv, *(each.radius_mv for each in sets)]),
    )


def _least_squares(noise: LinearSet, change: DoubleArray) -> DoubleArray:
    return np.asarray(np.linalg.lstsq(noise.generators.T, change)[0], np.float64)


def _nearest(noise: LinearSet, change: DoubleArray, reach: float) -> DoubleArray:
    """The parameters in the box whose largest miss of *change* is least."""
    from scipy.optimize import linprog  # noqa: PLC0415 - slow to import, and seldom needed

    # In units of the reach, as the solver's own tolerance is absolute; the last unknown is the
    # largest miss, which no sample may exceed in either direction.
    scale = reach or 1.0
    across, ones = noise.generators.T / scale, np.ones((noise.samples, 1))
    solved = linprog(
        np.append(np.zeros(noise.parameters), 1.0),
        A_ub=np.block([[across, -ones], [-across, -ones]]),
        b_ub=np.concatenate([change, -change]) / scale,
        bounds=[*zip(noise.lower, noise.upper, strict=True), (0, None)],
    )
    return noise.lower if solved.x is None else np.asarray(solved.x[:-1], np.float64)


def _require_arrays(noise: LinearSet) -> None:
    require_shape("generators", noise.generators, "parameters, samples")
    for name in ("lower", "upper"):
        _require_length(name, getattr(noise, name), noise.parameters, "parameters")
    for name in ("generators", "lower", "upper"):
        require_finite(name, getattr(noise, name))
    wanted = (noise.parameters, max(noise.samples, 1))
    if noise.generators.shape != wanted:
        raise ShapeError(f"generators: expected shape {wanted}, got {noise.generators.shape}")


def _require_box(noise: LinearSet) -> None:
    if len(set(noise.names)) != len(noise.names):
        raise PerturbationError(f"names: expected each once, got {', '.join(noise.names)}")
    _require_radius(noise.radius_mv)
    if not np.all(noise.lower <= noise.upper):
        raise PerturbationError(
            f"lower: expected at most {noise.upper.tolist()}, got {noise.lower.tolist()}"
        )


def _require_radius(radius_mv: float) -> None:
    if not (math.isfinite(radius_mv) and radius_mv >= 0):
        raise PerturbationError(
            f"radius_mv: expected a finite number of at least 0, got {radius_mv}"
        )


def _require_extent(noise: LinearSet) -> None:
    widths = np.abs(noise.generators).max(axis=1, initial=0.0) * (noise.upper - noise.lower)
    if not (noise.radius_mv > 0 or np.any(widths > 0)):
        raise PerturbationError(
            "radius_mv: expected above 0 where no parameter moves the signal, "
            f"got {noise.radius_mv}"
        )


def _require_length(name: str, array: FloatArray | DoubleArray, length: int, axis: str) -> None:
    require_shape(name, array, axis)
    if len(array) != length:
        raise ShapeError(f"{name}: expected {length} {axis}, got {len(array)}")
