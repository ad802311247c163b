"""A user's folder of recordings, and the commands of `afib` that make a model from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from afib.cli import main
from afib.settings import Settings, load_settings
from afib.workflow import Prepared, prepared

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Workshop"]


@dataclass(frozen=True, slots=True)
class Workshop:
    """A folder with recordings, a preset, its manifest and its model."""

    folder: Path

    @property
    def preset(self) -> Path:
        """The settings of recordings and network."""
        return self.folder / "small.yaml"

    @property
    def records(self) -> Path:
        """The user's folder of recordings."""
        return self.folder / "records"

    @property
    def model(self) -> Path:
        """The model of that preset."""
        return self.folder / "model"

    @property
    def settings(self) -> Settings:
        """What the preset says."""
        return load_settings(self.preset)

    @property
    def data(self) -> Prepared:
        """The recordings, from the cache."""
        return prepared(self.settings, self.records, progress=False)

    def run(self, command: str, *options: str, preset: Path | None = None) -> int:
        """The exit code of a command on the recordings."""
        chosen = preset or self.preset
        return main([command, f"--preset={chosen}", f"--data={self.records}", *options])

    def train(self, out: Path, *options: str, preset: Path | None = None) -> int:
        """The exit code of `afib train`."""
        return self.run("train", f"--out={out}", *options, preset=preset)

    def crossfit(self, out: Path, *, processes: int) -> int:
        """The exit code of `afib crossfit`."""
        baseline = self.folder / "two-blocks.yaml"
        options = (f"--baseline={baseline}", f"--processes={processes}", f"--out={out}")
        return self.run("crossfit", *options)
