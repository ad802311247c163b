"""The array types that methods exchange, and the checks every method opens with.

Axes go by name (``"recordings, samples"``), so that a message tells which axis is missing.
The checks return nothing and raise one sentence; what they accept is left unchanged.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnassure.errors import NotFiniteError, ShapeError

__all__ = [
    "BoolArray",
    "DoubleArray",
    "FloatArray",
    "IntArray",
    "StrArray",
    "require_finite",
    "require_same_length",
    "require_shape",
]

FloatArray: TypeAlias = NDArray[np.float32]
DoubleArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]
IntArray: TypeAlias = NDArray[np.int64]
StrArray: TypeAlias = NDArray[np.str_]


def require_shape(name: str, array: NDArray[np.generic], axes: str) -> None:
    """Hold *array* to have exactly the named *axes*.

    Args:
        name: What the caller calls the array; it opens the message.
        array: Any array.
        axes: Axis names separated by commas, such as ``"recordings, samples"``.

    Raises:
        ShapeError: If *array* has more or fewer axes.
    """
    wanted = axes.count(",") + 1
    if array.ndim == wanted:
        return
    shape = f"({axes})" if wanted > 1 else f"({axes},)"
    message = f"{name}: expected shape {shape}, got {array.shape}"
    if array.ndim == wanted - 1:
        first = axes.split(",", maxsplit=1)[0].strip()
        message += f"; add the {first} axis with {name}[None]"
    raise ShapeError(message)


def require_same_length(**arrays: NDArray[np.generic]) -> None:
    """Hold that all *arrays* run over the same records: their first axes agree.

    Raises:
        ShapeError: If two of them differ in length; the message names the first such pair.
    """
    named = list(arrays.items())
    for name, array in named[1:]:
        first_name, first = named[0]
        if len(array) != len(first):
            raise ShapeError(
                f"{name}: expected one value for each of the {len(first)} of {first_name}, "
                f"got {len(array)}"
            )


def require_finite(name: str, array: NDArray[np.floating]) -> None:
    """Hold every value of *array* to be a number.

    Raises:
        NotFiniteError: If a value is NaN or infinite; the message counts them and places the first.
    """
    finite = np.isfinite(array)
    if finite.all():
        return
    first = tuple(int(index) for index in np.argwhere(~finite)[0])
    place = first[0] if len(first) == 1 else first
    raise NotFiniteError(
        f"{name}: expected finite values, got {int((~finite).sum())} of {array.size} "
        f"that are not, the first at {place}"
    )
