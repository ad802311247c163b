"""The door of the command `afib`, which also opens where the device is not installed."""

from __future__ import annotations

import io
import sys

__all__ = ["entry"]


def entry() -> None:
    """Run the command, or say in a sentence what has to be installed first."""
    try:
        from afib.cli import main  # noqa: PLC0415  the tool alone is installed without torch
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"afib: expected the device to be installed, got no module {error.name}; "
            "install it with pip install '.[afib]'\n"
        )
        sys.exit(2)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file name need not be a text that a terminal can show; its record is told all the same.
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main(sys.argv[1:]))
