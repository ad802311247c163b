"""auto_LiRPA under the torch and numpy that are installed; the only importer of the package.

Release 0.3 is the last one on the Python Package Index and was written for torch below 1.13.
Four things that it uses are gone since; they are put in place while it is loaded or converts a
network, and taken away again, also after an error. They are the whole process's, so one thread
at a time may use the package.
Loading it would also change the filters of warnings, the root logger, the recursion limit and,
through setuptools, the path of modules, and make a folder in the user's home; none of that is left
behind.
Another release is used as it is.

Nothing is imported before the first call of :func:`load_auto_lirpa`.
"""

from __future__ import annotations

import importlib.util
import inspect
import io
import logging
import sys
import tempfile
import threading
import warnings
from contextlib import ExitStack, contextmanager, redirect_stdout
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch
import torch.onnx.symbolic_helper
from torch import nn
from torch.onnx._internal.torchscript_exporter import _globals as exporter

from nnassure.bounds.standins import added, module, replaced
from nnassure.errors import EngineMissingError

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterator

    from torch import Tensor

__all__ = ["ALONE", "AutoLirpa", "footprint", "load_auto_lirpa"]

#: Held while the process is changed; who holds it may take it again.
ALONE = threading.RLock()

_NAME = "auto_LiRPA"
_PATCHED_RELEASE = "0.3"
_INSTALL = (
    "install the extra `formal`, and the engine with "
    "`pip install --no-deps --require-hashes -r constraints/formal-nodeps.txt`"
)
_OPTIONS = {
    # Kernels of height one need it: the package's patches are square.
    "conv_mode": "matrix",
    # Below 1, optimising fails behind convolutions of which more than that share is unsure.
    "minimum_sparsity": 1.0,
}
_REMOVED_FROM_NUMPY = "numpy.lib.arraysetops"
# What torch says about the package's age, and the package about large layers: nothing that a
# caller can act on.
_EXPECTED_WARNINGS = ("torch.jit.", "`torch.jit.", "Creating an identity matrix")


@final
class AutoLirpa:
    """The package, ready for use: every call leaves the process as it found it."""

    def __init__(self, package: types.ModuleType, release: str) -> None:
        self.release = release
        self._package: Any = package
        self._bounded_module = _bounded_module(package) if self._is_patched else None

    @property
    def _is_patched(self) -> bool:
        return self.release == _PATCHED_RELEASE

    def bounded(self, network: nn.Module, example: Tensor) -> Any:  # noqa: ANN401  it has no types
        """*network* as the package holds it.

        Args:
            network: In evaluation mode, from a batch to a batch.
            example: An input of one record, without gradient.
        """
        factory = self._bounded_module or self._package.BoundedModule
        with ALONE, _quiet(), _patches() if self._is_patched else ExitStack():
            return factory(network, example, bound_opts=dict(_OPTIONS), device="cpu")

    def bounds(  # noqa: PLR0913 - what the package needs to know
        self,
        bounded: Any,  # noqa: ANN401  it has no types
        *,
        lower: Tensor,
        upper: Tensor,
        specification: Tensor,
        method: str,
        intermediate: dict[str, tuple[Tensor, Tensor]] | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """The least and the largest value of *specification* times the outputs over a box.

        Args:
            bounded: What :meth:`bounded` returned.
            lower: The lowest inputs, the shape that the network takes.
            upper: The highest inputs.
            specification: Shape (records, 1, outputs).
            method: As the package calls it; ``CROWN-Optimized`` gives no upper bound.
            intermediate: Bounds to keep, of the layers with these names.
        """
        is_optimised = method == "CROWN-Optimized"
        name = "interm_bounds"
        if name not in inspect.signature(bounded.compute_bounds).parameters:
            name = "intermediate_layer_bounds"
        kept = {} if intermediate is None else {name: intermediate}
        with ALONE, _quiet(), torch.set_grad_enabled(is_optimised):
            box = self._package.PerturbationLpNorm(norm=np.inf, x_L=lower, x_U=upper)
            centre = self._package.BoundedTensor((lower + upper) / 2, box)
            least, largest = bounded.compute_bounds(
                x=(centre,), C=specification, method=method, bound_upper=not is_optimised, **kept
            )
        return least.detach().flatten(), None if largest is None else largest.detach().flatten()


def load_auto_lirpa() -> AutoLirpa:
    """The package, loaded with patches if the release needs them.

    Raises:
        EngineMissingError: If it is not installed or cannot be loaded.
    """
    if importlib.util.find_spec(_NAME) is None:
        raise EngineMissingError(f"{_NAME}: expected it to be installed, got none; {_INSTALL}")
    with ALONE:
        release = _release()
        before = set(sys.modules)
        try:
            with (
                _quiet(),
                _interpreter(),
                _loading() if release == _PATCHED_RELEASE else ExitStack(),
            ):
                import auto_LiRPA  # noqa: PLC0415  only who asks for bounds pays for it
        except Exception as error:
            for name in {n for n in sys.modules if n.partition(".")[0] == _NAME} - before:
                del sys.modules[name]
            raise EngineMissingError(
                f"{_NAME} {release}: expected it to load under torch {torch.__version__} and numpy "
                f"{np.__version__}, got {type(error).__name__}: {error}; {_INSTALL}"
            ) from error
        return AutoLirpa(auto_LiRPA, release)


def footprint() -> tuple[object, ...]:
    """All that loading and use may have changed in this process, to be compared before and after.

    What the patches add, the exporter's version, torch's precision, whether each warning is told
    once only, log handlers, the recursion limit and the path of modules.
    """
    return (
        _REMOVED_FROM_NUMPY in sys.modules,
        hasattr(_symbolic_helper(), "_set_opset_version"),
        hasattr(torch._C.Node, "__getitem__"),  # noqa: SLF001  it has no public name
        exporter.GLOBALS.export_onnx_opset_version,
        torch.get_default_dtype(),
        any(each[:3] == ("once", None, Warning) for each in warnings.filters),
        len(logging.getLogger().handlers),
        sys.getrecursionlimit(),
        tuple(sys.path),
    )


def _release() -> str:
    try:
        return version(_NAME)
    except PackageNotFoundError:
        return "of a source tree"


@contextmanager
def _interpreter() -> Iterator[None]:
    """The recursion limit and the path of modules as they were.

    Release 0.3 raises the limit a thousandfold, so that deep nesting anywhere would end the
    process instead of raising an error; setuptools, which it imports, adds packages of its own.
    """
    limit, path = sys.getrecursionlimit(), list(sys.path)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
        sys.path[:] = path


@contextmanager
def _loading() -> Iterator[None]:
    """The patches, and no folder or log handler made by the import."""
    import appdirs  # noqa: PLC0415  a dependency of the package alone

    root = logging.getLogger()
    handlers = list(root.handlers)
    folder = tempfile.gettempdir()
    try:
        with _patches(), replaced(appdirs, "user_data_dir", lambda *_args, **_named: folder):
            yield
    finally:
        root.handlers[:] = handlers


@contextmanager
def _patches() -> Iterator[None]:
    """What release 0.3 uses and torch and numpy no longer have."""
    node: Any = torch._C.Node  # noqa: SLF001  it has no public name
    opset = exporter.GLOBALS.export_onnx_opset_version
    try:
        with (
            module(_REMOVED_FROM_NUMPY, isin=np.isin),
            added(_symbolic_helper(), "_set_opset_version", _set_opset),
            added(node, "__getitem__", _attribute),
        ):
            yield
    finally:
        exporter.GLOBALS.export_onnx_opset_version = opset


def _symbolic_helper() -> types.ModuleType:
    # The attribute of torch.onnx by this name is another module.
    return sys.modules["torch.onnx.symbolic_helper"]


def _set_opset(number: int) -> None:
    # It has to act: later versions give means their axes in another way than the package reads.
    exporter.GLOBALS.export_onnx_opset_version = number


def _attribute(node: Any, name: str) -> object:  # noqa: ANN401  a class of torch without types
    found: object = getattr(node, node.kindOf(name))(name)
    return found


def _bounded_module(package: Any) -> Callable[..., Any]:  # noqa: ANN401  it has no types
    """The package's class, whose members take the argument that torch passes since 2.0."""
    base = package.BoundedModule

    def named_members(
        self: object,
        members: object,
        prefix: str = "",
        recurse: bool = True,  # noqa: FBT001, FBT002 - the signature of torch
        remove_duplicate: bool = True,  # noqa: ARG001, FBT001, FBT002 - the same
    ) -> object:
        return base._named_members(self, members, prefix, recurse)  # noqa: SLF001  as torch

    return type("BoundedModule", (base,), {"_named_members": named_members})


@contextmanager
def _quiet() -> Iterator[None]:
    """Neither progress on standard output nor the warnings that are expected; others are passed."""
    with warnings.catch_warnings(record=True) as caught, redirect_stdout(io.StringIO()):
        warnings.simplefilter("always")
        yield
    for each in caught:
        if not str(each.message).startswith(_EXPECTED_WARNINGS):
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
