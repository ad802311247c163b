"""What a verification case may measure: counts, their slices, single values, samples of values.

A measurement is checked when it is made: a count that is a bool, a rate without its trials
or a value that is not finite never becomes evidence.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from operator import index
from types import MappingProxyType
from typing import Self

from vericase.errors import MeasurementError

__all__ = ["Coverage", "Measurement", "Proportion", "Sample", "Scalar", "Slices"]

#: Counts up to here are exact as floats too, which the bounds are computed with.
_MOST_TRIALS = 2**53


@dataclass(frozen=True, slots=True)
class Proportion:
    """So many successes in so many independent trials.

    Attributes:
        successes: Count in [0, trials].
        trials: Count; 0 is allowed and never passes.

    Raises:
        MeasurementError: If a count is no integer (a bool is none), or out of range.
    """

    successes: int
    trials: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "successes", _count("successes", self.successes))
        object.__setattr__(self, "trials", _count("trials", self.trials))
        if self.successes > self.trials:
            raise MeasurementError(
                f"Proportion: expected successes <= trials, got {self.successes} of {self.trials}"
            )

    @classmethod
    def of(cls, mask: Iterable[object]) -> Self:
        """Count the true entries of *mask*, one entry a trial.

        Args:
            mask: One-dimensional booleans (a list, or an array with `tolist`).

        Raises:
            MeasurementError: If an entry is anything but a bool.
        """
        entries = mask.tolist() if hasattr(mask, "tolist") else list(mask)
        if not isinstance(entries, list):
            raise MeasurementError(f"Proportion.of: expected a one-dimensional mask, got {mask!r}")
        for position, entry in enumerate(entries):
            if not isinstance(entry, bool):
                raise MeasurementError(
                    f"Proportion.of: expected a bool at position {position}, got {entry!r}"
                )
        return cls(sum(entries), len(entries))

    @property
    def rate(self) -> Fraction | None:
        """The observed rate, exactly; None without trials."""
        return Fraction(self.successes, self.trials) if self.trials else None


@dataclass(frozen=True, slots=True)
class Coverage:
    """So many prediction sets that hold the truth, of so many, after one calibration.

    Its bound is by the exact law of split-conformal coverage, in which the calibration is a
    sample too; without a confidence it is judged as a proportion.

    Attributes:
        covered: Count in [0, trials].
        trials: Count of records that the calibration never saw; 0 is allowed and never passes.
        calibration: How many scores the threshold was taken from, at least 1.

    Raises:
        MeasurementError: If a count is no integer (a bool is none), or out of range.
    """

    covered: int
    trials: int
    calibration: int

    def __post_init__(self) -> None:
        for name in ("covered", "trials", "calibration"):
            object.__setattr__(self, name, _count(name, getattr(self, name), of="Coverage"))
        if self.covered > self.trials:
            raise MeasurementError(
                f"Coverage: expected covered <= trials, got {self.covered} of {self.trials}"
            )
        if self.calibration < 1:
            raise MeasurementError("Coverage: expected calibration >= 1, got 0")

    @property
    def counts(self) -> Proportion:
        """The records alone."""
        return Proportion(self.covered, self.trials)


@dataclass(frozen=True, slots=True)
class Slices:
    """The same proportion in every slice of the trials, judged by the worst slice.

    Attributes:
        parts: By name, what was counted in the slice; in the order of their names.

    Raises:
        MeasurementError: If there is no slice, a name is no text, or a part is no proportion.
    """

    parts: Mapping[str, Proportion]

    def __post_init__(self) -> None:
        given: object = self.parts
        if not isinstance(given, Mapping) or not given:
            raise MeasurementError(f"Slices: expected proportions by name, got {given!r:.80}")
        for name, part in given.items():
            if not isinstance(name, str) or not name:
                raise MeasurementError(f"Slices: expected a name for each slice, got {name!r:.80}")
            if not isinstance(part, Proportion):
                raise MeasurementError(f"Slices: expected a Proportion of {name!r}, got {part!r}")
        parts = {name: self.parts[name] for name in sorted(self.parts)}
        object.__setattr__(self, "parts", MappingProxyType(parts))

    @property
    def trials(self) -> int:
        """The trials of all slices."""
        return sum(part.trials for part in self.parts.values())


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value with its unit ("1" for a pure number).

    Raises:
        MeasurementError: If the value is no finite number (a bool is none).
    """

    value: float
    unit: str = "1"

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", _number("value", self.value))
        _check_unit(self.unit)


@dataclass(frozen=True, slots=True)
class Sample:
    """Values of one quantity, judged by their mean.

    Attributes:
        values: One a record, in *unit*.
        unit: "1" for a pure number.
        clusters: The independent unit each value belongs to (a recording, a patient);
            one a value, or None when every value stands for itself.

    Raises:
        MeasurementError: If a value is not finite, or clusters and values differ in number.
    """

    values: tuple[float, ...]
    unit: str = "1"
    clusters: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        values = _entries(self.values)
        numbers = tuple(_number(f"values[{i}]", value) for i, value in enumerate(values))
        object.__setattr__(self, "values", numbers)
        _check_unit(self.unit)
        if self.clusters is not None:
            clusters = tuple(str(cluster) for cluster in _entries(self.clusters))
            # An empty list of names is a list that got lost, not a claim of independence.
            if len(clusters) != len(numbers):
                raise MeasurementError(
                    f"Sample: expected one cluster a value ({len(numbers)}), got {len(clusters)}"
                )
            object.__setattr__(self, "clusters", clusters or None)
        if not isfinite(sum(map(abs, numbers))):
            raise MeasurementError("Sample: expected values with a finite sum, got an overflow")

    @property
    def mean(self) -> float | None:
        """The mean of the values, rounded once; None without any."""
        exact = sum(map(Fraction, self.values))
        return float(exact / len(self.values)) if self.values else None

    @property
    def units_of_resampling(self) -> tuple[str, ...]:
        """The cluster of every value; each value its own where none were given."""
        return self.clusters or tuple(f"{i:09d}" for i in range(len(self.values)))


Measurement = Proportion | Coverage | Slices | Scalar | Sample


def _entries(values: Iterable[object]) -> Sequence[object]:
    entries = values.tolist() if hasattr(values, "tolist") else values
    if isinstance(entries, str) or not isinstance(entries, Iterable):
        raise MeasurementError(f"Sample: expected a sequence of numbers, got {values!r}")
    return tuple(entries)


def _count(name: str, value: object, *, of: str = "Proportion") -> int:
    problem = f"{of}: expected an integer for {name}, got {value!r}"
    if isinstance(value, bool):
        raise MeasurementError(problem)
    try:
        number = index(value)  # type: ignore[arg-type]  # refusing what has no index is the point
    except TypeError:
        raise MeasurementError(problem) from None
    if number < 0:
        raise MeasurementError(f"{of}: expected {name} >= 0, got {number}")
    if number > _MOST_TRIALS:
        raise MeasurementError(f"{of}: expected {name} <= {_MOST_TRIALS}, got more")
    return number


def _number(name: str, value: object) -> float:
    item = value.item() if hasattr(value, "item") else value
    try:
        if not isinstance(item, bool) and isinstance(item, int | float) and isfinite(item):
            return float(item)
    except OverflowError:
        raise MeasurementError(f"{name}: expected a number that a float can hold") from None
    raise MeasurementError(f"{name}: expected a finite number, got {value!r}")


def _check_unit(unit: object) -> None:
    if not isinstance(unit, str) or not unit:
        raise MeasurementError(f'unit: expected a text such as "mV" or "1", got {unit!r}')
