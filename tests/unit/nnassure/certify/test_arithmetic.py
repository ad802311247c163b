"""Which arithmetic a proof assumes, and that a machine that computes otherwise is refused."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from nnassure.certify.arithmetic import (
    FLOAT32,
    MOST_TERMS,
    REAL,
    Arithmetic,
    require_plain_arithmetic,
)
from nnassure.errors import ArithmeticAssumptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def test_plain_arithmetic_is_accepted() -> None:
    """Torch as it comes computes what is assumed."""
    require_plain_arithmetic()


@contextmanager
def _matmul(precision: str) -> Iterator[None]:
    torch.set_float32_matmul_precision(precision)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision("highest")


@contextmanager
def _backend(name: str, precision: str) -> Iterator[None]:
    place = getattr(torch.backends.mkldnn, name)
    before = place.fp32_precision
    place.fp32_precision = precision
    try:
        yield
    finally:
        place.fp32_precision = before


@contextmanager
def _flushing() -> Iterator[None]:
    assert torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


_ALTERED: dict[str, tuple[Callable[[], Any], str]] = {
    "medium": (
        lambda: _matmul("medium"),
        "torch.get_float32_matmul_precision(): expected highest, got medium",
    ),
    "high": (
        lambda: _matmul("high"),
        "torch.get_float32_matmul_precision(): expected highest, got high",
    ),
    "conv bf16": (
        lambda: _backend("conv", "bf16"),
        "torch.backends.mkldnn.conv.fp32_precision: expected none or ieee, got bf16",
    ),
    "conv tf32": (
        lambda: _backend("conv", "tf32"),
        "torch.backends.mkldnn.conv.fp32_precision: expected none or ieee, got tf32",
    ),
    "matmul bf16": (
        lambda: _backend("matmul", "bf16"),
        "torch.backends.mkldnn.matmul.fp32_precision: expected none or ieee, got bf16",
    ),
    "autocast": (
        lambda: torch.autocast("cpu", dtype=torch.bfloat16),
        "torch.is_autocast_enabled('cpu'): expected False, got True",
    ),
    "flushing": (
        _flushing,
        "torch: expected gradual underflow, got numbers flushed to zero",
    ),
}


@pytest.mark.parametrize("name", _ALTERED)
def test_altered_precision_is_refused(name: str) -> None:
    """The message names the setting; afterwards all is well again."""
    altered, message = _ALTERED[name]
    with altered(), pytest.raises(ArithmeticAssumptionError) as caught:
        require_plain_arithmetic()
    assert message in caught.value.problems
    require_plain_arithmetic()


@pytest.mark.parametrize("name", ["ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE"])
def test_the_environment_may_ask_for_no_shorter_format(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What a library takes for granted counts, as if torch had asked for it."""
    monkeypatch.setenv(name, "strict")
    require_plain_arithmetic()
    monkeypatch.setenv(name, "BF16")
    with pytest.raises(ArithmeticAssumptionError, match=f"{name}: expected STRICT, got BF16"):
        require_plain_arithmetic()


@pytest.mark.parametrize("name", ["conv1d", "matmul"])
def test_arithmetic_that_no_setting_tells_is_tried(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A transform or a shorter format changes numbers that should be handed on."""
    place: Any = nn.functional if name == "conv1d" else torch.Tensor
    computed = nn.functional.conv1d if name == "conv1d" else torch.Tensor.__matmul__

    def shorter(values: torch.Tensor, *args: Any, **options: Any) -> torch.Tensor:  # noqa: ANN401
        found: torch.Tensor = computed(values.bfloat16().float(), *args, **options)
        return found

    monkeypatch.setattr(place, "conv1d" if name == "conv1d" else "__matmul__", shorter)
    with pytest.raises(
        ArithmeticAssumptionError, match=r"expected a (product|convolution) to hand"
    ):
        require_plain_arithmetic()


@pytest.fixture
def no_onednn() -> Iterator[None]:
    """Switched off by itself: the public switch sets precisions beside it."""
    was = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(False)
    yield
    torch._C._set_mkldnn_enabled(was)


@pytest.mark.usefixtures("no_onednn")
def test_transforms_that_take_over_from_a_switched_off_library_are_refused() -> None:
    """From 16 segments on, torch convolves by transforms where oneDNN is off."""
    values = torch.rand(16, 8, 256, generator=torch.Generator().manual_seed(1)) + 1
    taps = torch.zeros(8, 8, 9)
    taps[range(8), range(8), 4] = 1.0
    refusal: Any = nullcontext()
    if not torch.equal(nn.functional.conv1d(values, taps, padding=4), values):
        refusal = pytest.raises(ArithmeticAssumptionError, match="expected a convolution to hand")
    with refusal:
        require_plain_arithmetic()


def test_sums_too_long_for_a_bound_are_refused() -> None:
    """Beyond 2**23 terms neither the deployed rounding nor the engine's own is bounded."""
    for arithmetic in (FLOAT32, REAL):
        with pytest.raises(ArithmeticAssumptionError, match="operations: expected fewer than"):
            arithmetic.relative_error(MOST_TERMS)
    half = Arithmetic(name="float16", unit=2.0**-11, smallest=2.0**-24)
    with pytest.raises(ArithmeticAssumptionError, match=r"for float16, got 1024"):
        half.relative_error(1024)
