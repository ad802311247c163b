"""What a caller of the methods can meet.

::

    AssuranceError
    ├── ShapeError          an array has other axes, or another length, than a method needs
    ├── NotFiniteError      a value that must be a number is NaN or infinite
    └── PerturbationError   a disturbance, or the search for one, is not well defined

Every message reads ``<place>: expected <this>, got <that>``.
"""

from __future__ import annotations

__all__ = ["AssuranceError", "NotFiniteError", "PerturbationError", "ShapeError"]


class AssuranceError(Exception):
    """The root: a method cannot give an answer that would mean something."""


class ShapeError(AssuranceError):
    """An array does not have the axes or the length that a method needs."""


class NotFiniteError(AssuranceError):
    """An array, or what a network answered, holds NaN or infinite values."""


class PerturbationError(AssuranceError):
    """A disturbance, or the search for one, is not well defined."""


class ArithmeticAssumptionError(AssuranceError):
    """The machine computes with less precision than a certificate assumes.

    Attributes:
        problems: Every setting that is in the way.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class UnsupportedLayerError(AssuranceError):
    """A network has layers that an engine cannot bound.

    Attributes:
        problems: Every such layer, and what to do about it.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
