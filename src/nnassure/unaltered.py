"""Whether a network computes what its classes say, which is all that bounds know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.modules import module as torch_module

from nnassure.errors import NetworkError

if TYPE_CHECKING:
    from torch import nn

__all__ = ["classes_of", "global_hooks", "is_altered", "require_unaltered", "settings_of"]


def require_unaltered(network: nn.Module) -> None:
    """Hold *network* and all its parts to compute what their classes say.

    Raises:
        NetworkError: With every part that has hooks or methods of its own, and with hooks that are
            set for all modules.
    """
    problems = [
        f"network{'.' if name else ''}{name}: expected a module as its class computes it, got hooks"
        for name, module in network.named_modules()
        if is_altered(module)
    ]
    problems += global_hooks()
    if problems:
        raise NetworkError("\n".join(problems))


def global_hooks() -> list[str]:
    """A sentence on hooks for all modules, and on a mode that changes what torch computes."""
    found = []
    if torch_module._global_forward_hooks or torch_module._global_forward_pre_hooks:  # noqa: SLF001  they have no public name
        found.append("torch: expected no hooks for all modules, got some")
    if torch._C._len_torch_function_stack() or torch._C._len_torch_dispatch_stack():  # noqa: SLF001  likewise
        found.append("torch: expected no mode that stands in for its functions, got one")
    return found


def settings_of(network: nn.Module) -> list[str]:
    """Each part of *network* with what it is set to, such as a stride; its weights apart."""
    return [
        f"network{'.' if name else ''}{name} {type(module).__name__}"
        f" { ({key: value for key, value in vars(module).items() if key[0] != '_'}) }"
        for name, module in network.named_modules()
    ]


def classes_of(network: nn.Module) -> list[type[nn.Module]]:
    """The class of each part of *network*; another of the same name may compute otherwise."""
    return [type(module) for module in network.modules()]


def is_altered(module: nn.Module) -> bool:
    """Whether *module* has a method of its own in the place of its class's, or hooks."""
    own, kind = vars(module), type(module)
    methods = any(callable(getattr(kind, name, None)) for name in own)
    compiled = own.get("_compiled_call_impl") is not None
    return methods or compiled or bool(own["_forward_hooks"] or own["_forward_pre_hooks"])
