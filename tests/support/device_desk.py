"""The command `afib` on a desk: a model, two recordings, and what it says about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afib.checkpoint import model_digest
from afib.cli import main
from tests.support.recordings import wfdb_record, write_files
from tests.support.uncertain import tiny_device

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

__all__ = ["GOOD", "DeviceDesk", "certify"]

GOOD = wfdb_record("A00001") | wfdb_record("A00003")


class DeviceDesk:
    """A folder with a model and recordings, and the command to ask about them."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.model = tiny_device(folder / "model")
        self.digest = model_digest(self.model)
        self.records = write_files(folder / "records", GOOD)

    def ask(self, *arguments: object) -> tuple[int, list[str], list[str]]:
        """Exit code, lines of output, and lines of error."""
        code = main([str(argument) for argument in arguments])
        told = self._capsys.readouterr()
        return code, told.out.splitlines(), told.err.splitlines()

    def screen(self, *paths: object, form: str = "json") -> tuple[int, list[str], list[str]]:
        """What `afib screen` says of *paths*, or else of the recordings there are."""
        return self.ask(
            "screen", *(paths or [self.records]), "--model", self.model, "--format", form
        )


def certify(
    desk: DeviceDesk, *more: object, beside: bool = False
) -> tuple[int, list[str], list[str]]:
    """What the command says of the recordings on the desk, *beside* at the network's input too."""
    return desk.ask(
        *("certify", desk.records, "--model", desk.model, "--seconds", "2", "--format", "json"),
        *([] if beside else ["--recorder-only"]),
        *more,
    )
