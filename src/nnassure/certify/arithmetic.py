"""What rounding may do: the error bounds of the arithmetic that a decision is computed in.

A certificate is about the deployed program, and that rounds.
A sum of n products and a bias is off by at most gamma(n + 1) times the sum of the absolute terms,
whatever the order of summation, the blocking, and whether products and sums are fused
(Higham 2002, Accuracy and Stability of Numerical Algorithms, sections 3.1 and 4.2), plus what
underflow loses.
The bound engine rounds as well, in float64; its own error is bounded alike and added.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nnassure.errors import ArithmeticAssumptionError

__all__ = [
    "ENGINE_ERROR",
    "FLOAT32",
    "MOST_TERMS",
    "REAL",
    "Arithmetic",
    "require_plain_arithmetic",
]

#: Relative error that the engine's own float64 sums may have. No quantity is a sum of more than
#: 2**23 terms, and 2**23 roundings of 2**-53 each are below 2**-29.
ENGINE_ERROR = 2.0**-29
#: The most terms of a sum for which that holds.
MOST_TERMS = 2**23

# From 16 segments on, NNPACK takes transforms where oneDNN is off.
_BATCH, _KERNELS = 16, (3, 5, 9, 11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic:
    """The number format of a network's evaluation.

    Attributes:
        name: As a certificate states it.
        unit: The unit roundoff: half the distance from 1 to the next number.
        smallest: The smallest positive number, which bounds what one underflow loses.
        largest: The largest number; what is summed beyond it may be infinite or no number.
    """

    name: str
    unit: float
    smallest: float
    largest: float = math.inf

    def relative_error(self, operations: int) -> float:
        """The gamma of so many roundings in a row, the engine's own error added.

        Raises:
            ArithmeticAssumptionError: If there are so many that the format bounds nothing.
        """
        total = operations * self.unit
        # Beyond one half the bound n u / (1 - n u) means nothing.
        if operations >= MOST_TERMS or total >= 0.5:  # noqa: PLR2004
            raise ArithmeticAssumptionError(
                f"operations: expected fewer than {MOST_TERMS} and a sum of their roundings "
                f"below 0.5 for {self.name}, got {operations}"
            )
        return (total / (1 - total) + ENGINE_ERROR) * (1 + ENGINE_ERROR)

    def underflow(self, operations: int) -> float:
        """How much so many operations may lose to underflow."""
        return operations * self.smallest

    def lost(self, terms: Tensor, operations: int, *, summed: int = 1) -> Tensor:
        """How far a sum may be off; infinitely where it may be beyond the largest number.

        Args:
            terms: Sums of absolute terms, any shape.
            operations: Roundings that one of them goes through.
            summed: By what a mean is divided once it is summed.
        """
        off = self.relative_error(operations) * terms + self.underflow(operations)
        # A sum is at most twice its absolute terms: gamma is below 1.
        return torch.where(2 * summed * terms <= self.largest, off, math.inf)


#: IEEE 754 binary32 with gradual underflow, multiply and add in any order, fused or not.
FLOAT32 = Arithmetic(
    name="float32", unit=2.0**-24, smallest=2.0**-149, largest=(2 - 2.0**-23) * 2.0**127
)
#: Real numbers: what most verifiers assume; the engine's own rounding is counted all the same.
REAL = Arithmetic(name="real", unit=0.0, smallest=0.0)


def require_plain_arithmetic() -> None:
    """Hold torch to compute float32 as :data:`FLOAT32` says, on this processor.

    Raises:
        ArithmeticAssumptionError: With every setting that lets it compute with less precision.
    """
    problems = [
        f"{name}: expected {wanted}, got {got}"
        for name, wanted, got in _precision_settings()
        if got != wanted
    ]
    problems += _flushing() or _computed_otherwise()
    if problems:
        raise ArithmeticAssumptionError(*problems)


def _precision_settings() -> list[tuple[str, object, object]]:
    return [
        ("torch.get_float32_matmul_precision()", "highest", _matmul_precision()),
        *(
            (f"torch.backends.{place}.fp32_precision", "none or ieee", "none or ieee")
            if _precision(place) in {"none", "ieee"}
            else (f"torch.backends.{place}.fp32_precision", "none or ieee", _precision(place))
            for place in ("mkldnn", "mkldnn.conv", "mkldnn.matmul")
        ),
        *(
            (name, "STRICT", (os.environ.get(name) or "STRICT").upper())
            # What oneDNN takes for granted where torch asks for nothing.
            for name in ("ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE")
        ),
        (
            "torch.is_autocast_enabled('cpu')",
            False,
            torch.is_autocast_enabled("cpu"),
        ),
    ]


def _matmul_precision() -> str:
    try:
        return str(torch.get_float32_matmul_precision())
    except RuntimeError:
        # So torch answers where a backend was set by itself to something else.
        return "no one precision"


def _precision(place: str) -> str:
    value: object = torch.backends
    for part in place.split("."):
        value = getattr(value, part, None)
    return str(getattr(value, "fp32_precision", "none"))


def _flushing() -> list[str]:
    """Whether numbers below the normal range are lost, found by trying."""
    tiny = torch.tensor([2.0**-140], dtype=torch.float32)
    kept = float((tiny * 1.0).double()[0]) == 2.0**-140 and math.isclose(
        float((tiny + tiny).double()[0]), 2.0**-139
    )
    return [] if kept else ["torch: expected gradual underflow, got numbers flushed to zero"]


def _computed_otherwise() -> list[str]:
    """Products and convolutions that change what they should hand on, bit for bit.

    Transforms of convolutions (Winograd, Fourier) and shorter formats do. Libraries take them for
    some sizes of batch and kernel alone.
    """
    odd = (torch.arange(_BATCH * 8 * 256) * 2654435761) % 2**23
    values = (1 + odd.double() * 2.0**-23).float().reshape(_BATCH, 8, 256)
    # A column of numbers below the normal range among them.
    values[:, :, 5] *= 2.0**-126
    with torch.no_grad():
        handed_on = [
            (
                "product",
                (values.transpose(1, 2) @ torch.eye(8, dtype=torch.float32)).transpose(1, 2),
            )
        ]
        for kernel in _KERNELS:
            taps = torch.zeros(8, 8, kernel, dtype=torch.float32)
            taps[range(8), range(8), kernel // 2] = 1.0
            for some in (values, values[:2]):
                got = nn.functional.conv1d(some, taps, padding=kernel // 2)
                handed_on.append(("convolution", got))
    wrong = [
        name
        for name, got in handed_on
        if got.dtype != torch.float32 or not torch.equal(got, values[: len(got)])
    ]
    return [
        f"torch: expected a {name} to hand on float32 numbers as they are, got others"
        for name in dict.fromkeys(wrong)
    ]
