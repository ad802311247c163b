"""The package is loaded under patches that are gone afterwards, whatever happens."""

from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from nnassure.bounds import available, self_test
from nnassure.bounds.compat import footprint, load_auto_lirpa
from nnassure.errors import EngineMissingError
from tests.support.engines import needs_auto_lirpa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

_SEES = """
import sys
import torch
import torch.onnx.symbolic_helper

SEEN = (
    "numpy.lib.arraysetops" in sys.modules,
    hasattr(sys.modules["torch.onnx.symbolic_helper"], "_set_opset_version"),
    hasattr(torch._C.Node, "__getitem__"),
)
"""


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Makes a package by the name of auto_LiRPA be found instead of what is installed."""
    installed = _taken_out()

    def make(number: str, code: str) -> None:
        (tmp_path / "auto_LiRPA").mkdir()
        (tmp_path / "auto_LiRPA" / "__init__.py").write_text(code)
        metadata = tmp_path / f"auto_LiRPA-{number}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Name: auto_LiRPA\nVersion: {number}\n")
        monkeypatch.syspath_prepend(str(tmp_path))

    yield make
    _taken_out()
    sys.modules.update(installed)


def _taken_out() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.partition(".")[0] == "auto_LiRPA"]
    return {name: sys.modules.pop(name) for name in names}


def test_a_missing_engine_is_told_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an error of its own, so that a case can be skipped, and nothing is available."""
    monkeypatch.setitem(sys.modules, "auto_LiRPA", None)  # Python's way to say: not there
    message = (
        "auto_LiRPA: expected it to be installed, got none; install the extra `formal`, and the "
        "engine with `pip install --no-deps --require-hashes -r constraints/formal-nodeps.txt`"
    )
    with pytest.raises(EngineMissingError, match=f"^{re.escape(message)}$"):
        load_auto_lirpa()
    assert not available()


def test_release_0_3_is_loaded_with_patches(release: Callable[..., None]) -> None:
    """While it is imported it sees all that it needs, and afterwards nothing is left."""
    release("0.3", f"{_SEES}\nclass BoundedModule:\n    pass\n")
    before = footprint()
    engine = load_auto_lirpa()
    assert engine.release == "0.3"
    assert sys.modules["auto_LiRPA"].SEEN == (True, True, True)
    assert footprint() == before


def test_one_thread_at_a_time_changes_the_process(release: Callable[..., None]) -> None:
    """Patches are the whole process's: two threads at once would take each other's away."""
    release(
        "0.3",
        "import time\n\nINSIDE = []\nMOST = []\n\nclass BoundedModule:\n"
        "    def __init__(self, *given, **named):\n"
        "        INSIDE.append(1)\n        MOST.append(len(INSIDE))\n"
        "        time.sleep(0.02)\n        INSIDE.pop()\n",
    )
    before = footprint()
    engine = load_auto_lirpa()
    with ThreadPoolExecutor(4) as pool:
        made = [pool.submit(engine.bounded, nn.Identity(), torch.zeros(1)) for _ in range(8)]
    assert [each.exception() for each in made] == [None] * 8
    assert sys.modules["auto_LiRPA"].MOST == [1] * 8
    assert footprint() == before


def test_a_newer_release_is_used_as_it_is(release: Callable[..., None]) -> None:
    """It sees no patch, and its own class bounds."""
    release(
        "0.9",
        f"{_SEES}\nclass BoundedModule:\n    def __init__(self, *given, **named):\n"
        "        self.given, self.named = given, named\n",
    )
    engine = load_auto_lirpa()
    assert engine.release == "0.9"
    assert sys.modules["auto_LiRPA"].SEEN == (False, False, False)
    network, example = nn.Identity(), torch.zeros(1)
    bounded = engine.bounded(network, example)
    assert type(bounded) is sys.modules["auto_LiRPA"].BoundedModule
    assert bounded.given == (network, example)
    assert bounded.named == {
        "bound_opts": {"conv_mode": "matrix", "minimum_sparsity": 1.0},
        "device": "cpu",
    }


def test_the_interpreter_is_left_as_it_was(release: Callable[..., None]) -> None:
    """A release that raises the recursion limit and adds to the path of modules changes neither."""
    changes = "import sys\nsys.setrecursionlimit(10**6)\nsys.path.append('/added')\n"
    release("0.3", f"{changes}class BoundedModule:\n    pass\n")
    before = footprint()
    load_auto_lirpa()
    assert footprint() == before


def test_an_import_that_fails_leaves_nothing_behind(release: Callable[..., None]) -> None:
    """Patches, half-loaded modules and log handlers are gone, and the reason is told."""
    release("0.3", "import logging\nlogging.basicConfig()\nraise RuntimeError('too old')\n")
    before = footprint()
    message = (
        r"auto_LiRPA 0\.3: expected it to load under torch [^ ]+ and numpy [^ ]+, "
        r"got RuntimeError: too old; install the extra `formal`"
    )
    with pytest.raises(EngineMissingError, match=f"^{message}"):
        load_auto_lirpa()
    assert footprint() == before
    assert "auto_LiRPA" not in sys.modules
    assert not available()


@needs_auto_lirpa
def test_a_network_that_cannot_be_converted_leaves_nothing_behind() -> None:
    """An error of the package passes, and the patches are undone."""
    engine, before = load_auto_lirpa(), footprint()
    with pytest.raises(RuntimeError):
        engine.bounded(nn.Linear(3, 2).eval(), torch.zeros((1, 4)))
    assert footprint() == before


@needs_auto_lirpa
def test_the_door_works_with_what_is_installed() -> None:
    """Bounds worked by hand come out of it, and the process is as it was."""
    before = footprint()
    self_test()
    assert footprint() == before
    assert available()


@needs_auto_lirpa
def test_the_self_test_tells_other_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that computes something else is not the one that was qualified."""
    load_auto_lirpa()
    package = sys.modules["auto_LiRPA"]
    bounds = package.BoundedModule.compute_bounds

    def loose(*given: object, **named: object) -> tuple[torch.Tensor, torch.Tensor]:
        lower, upper = bounds(*given, **named)
        return lower - 1.0, upper

    monkeypatch.setattr(package.BoundedModule, "compute_bounds", loose)
    message = "self test: expected (3.5, 8.0) by ibp, got (2.5, 8.0)"
    with pytest.raises(EngineMissingError, match=f"^{re.escape(message)}$"):
        self_test()
    assert not available()


@needs_auto_lirpa
def test_the_self_test_tells_an_error_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it raises under another torch, the door is not there."""
    load_auto_lirpa()

    def broken(*_given: object, **_named: object) -> None:
        raise TypeError("no such argument")

    monkeypatch.setattr(sys.modules["auto_LiRPA"].BoundedModule, "compute_bounds", broken)
    message = "self test: expected bounds, got TypeError: no such argument"
    with pytest.raises(EngineMissingError, match=f"^{message}$"):
        self_test()


@needs_auto_lirpa
def test_the_class_takes_what_torch_passes() -> None:
    """Parameters can be listed, with the argument that torch added later."""
    bounded = load_auto_lirpa().bounded(nn.Linear(2, 2).eval(), torch.zeros((1, 2)))
    assert len(list(bounded.parameters())) == 2
