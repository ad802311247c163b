"""The other tools that benchmarks hold this one against: pinned, each in an environment of its own.

A peer that cannot be installed is told as such, with the reason, and never left out in silence.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PEERS", "Installed", "Peer", "install"]

#: The same for all, so that no difference comes from pytest itself.
_PYTEST = "pytest==9.2.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One tool at one version.

    Attributes:
        needs: What is installed with it. Empty where its own requirements can be.
        without: Which of its requirements is left out, and why.
    """

    name: str
    version: str
    needs: tuple[str, ...] = ()
    without: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """Where a peer is; with a reason instead where it could not be installed."""

    peer: Peer
    folder: Path
    problem: str = ""

    @property
    def told(self) -> str:
        """Name and version, as tables show them."""
        return f"{self.peer.name} {self.peer.version}"

    def command(self, name: str) -> str:
        """The path of the program *name* in its environment."""
        return str(self.folder / "bin" / name)


PEERS = (
    Peer(name="doorstop", version="3.2"),
    Peer(name="strictdoc", version="0.30.4"),
    Peer(name="sphinx-needs", version="9.1.0"),
    Peer(
        name="jamb",
        version="2.0.0",
        needs=("click==8.3.1", "jinja2==3.1.6", "openpyxl==3.1.5", "pyyaml==6.0.3", "tomlkit"),
        without="quarto-cli, which is built by a download and is not used here",
    ),
    Peer(name="reqcov", version="0.3.1"),
    Peer(name="pytest-gxp", version="0.3.0"),
    Peer(name="pytest-verifies", version="1.1.1"),
)


def install(folder: Path) -> dict[str, Installed]:
    """Every peer by name, installed below *folder*; what is there already is used again."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {peer.name: _install(peer, folder.absolute() / peer.name) for peer in PEERS}
    print("Peers: " + ", ".join(_told(installed) for installed in found.values()) + ".\n")
    return found


def _told(installed: Installed) -> str:
    if installed.problem:
        return f"{installed.told} (not installed: {installed.problem})"
    without = installed.peer.without
    return installed.told + (f" (without {without})" if without else "")


def _install(peer: Peer, folder: Path) -> Installed:
    stamp = folder / f"installed-{peer.version}"
    if stamp.exists():
        return Installed(peer=peer, folder=folder)
    python = str(folder / "bin" / "python")
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    wanted = f"{peer.name}=={peer.version}"
    steps: list[tuple[str, ...]] = [(sys.executable, "-m", "venv", "--clear", str(folder))]
    if peer.needs:
        steps += [(*pip, "--no-deps", wanted), (*pip, *peer.needs, _PYTEST)]
    else:
        steps += [(*pip, wanted, _PYTEST)]
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            problem = next(reversed(done.stderr.strip().splitlines()), "pip failed")
            return Installed(peer=peer, folder=folder, problem=problem)
    stamp.touch()
    return Installed(peer=peer, folder=folder)
