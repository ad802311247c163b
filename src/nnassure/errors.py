"""What a caller of the methods can meet.

::

    AssuranceError
    ├── ShapeError          an array has other axes, or another length, than a method needs
    ├── NotFiniteError      a value that must be a number is NaN or infinite
    ├── PerturbationError   a disturbance, or the search for one, is not well defined
    └── EngineMissingError  a library that a method runs on is not installed

Every message reads ``<place>: expected <this>, got <that>``.
"""

from __future__ import annotations

__all__ = [
    "AssuranceError",
    "EngineMissingError",
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


class EngineMissingError(AssuranceError):
    """A library that a method runs on is not installed; what it would have told stays unknown."""
