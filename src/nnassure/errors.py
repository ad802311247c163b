"""What a caller of the methods can meet.

::

    AssuranceError
    ├── ShapeError          an array has other axes, or another length, than a method needs
    ├── NotFiniteError      a value that must be a number is NaN or infinite
    ├── PerturbationError   a disturbance, or the search for one, is not well defined
    ├── NetworkError        a network has layers, weights or a mode that a method cannot bound
    ├── BoundError          bounds contradict the network or each other, or cannot be asked for
    ├── EngineMissingError  an engine is not installed, or not as it was qualified
    ├── FitError            a method cannot be fitted on the records that it was given
    ├── AttributionError    a question about what argues for an answer makes no sense
    ├── ExchangeError       a question cannot be written for other verifiers, or read from them
    └── ArithmeticAssumptionError  the machine computes less precisely than a proof assumes

Every message reads ``<place>: expected <this>, got <that>``.
"""

from __future__ import annotations

__all__ = [
    "ArithmeticAssumptionError",
    "AssuranceError",
    "AttributionError",
    "BoundError",
    "EngineMissingError",
    "ExchangeError",
    "FitError",
    "NetworkError",
    "NotFiniteError",
    "PerturbationError",
    "ShapeError",
]


class AssuranceError(Exception):
    """The root: a method cannot give an answer that would mean something."""


class ShapeError(AssuranceError):
    """An array does not have the axes or the length that a method needs."""


class NotFiniteError(AssuranceError):
    """An array, or what a network answered, holds NaN or infinite values."""


class PerturbationError(AssuranceError):
    """A disturbance, or the search for one, is not well defined."""


class NetworkError(AssuranceError):
    """A network has layers, weights or a mode that a method cannot bound."""


class BoundError(AssuranceError):
    """Bounds contradict the network or each other, or are asked for by no method that there is."""


class EngineMissingError(AssuranceError):
    """An engine is not installed, or does not give the bounds that it was qualified with."""


class FitError(AssuranceError):
    """A method cannot be fitted on the records that it was given: too few, or of one kind."""


class AttributionError(AssuranceError):
    """Nothing can be attributed: an unknown method, or a record without anything to tell apart."""


class ExchangeError(AssuranceError):
    """A question cannot be written in the files of other verifiers, or read from them.

    Attributes:
        problems: Everything that is in the way, one sentence each.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ArithmeticAssumptionError(AssuranceError):
    """The machine computes with less precision than a certificate assumes.

    Attributes:
        problems: Every setting that is in the way.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
