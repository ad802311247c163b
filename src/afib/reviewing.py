"""The command `afib app`: the review page on this machine."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from afib.errors import AfibError
from afib.workflow import shipped_model

if TYPE_CHECKING:
    from afib.app.starting import Started

__all__ = ["add_command"]

_FINE = 0
_HIGHEST_PORT = 65535


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command is known to *commands*."""
    command = commands.add_parser(
        "app",
        help="open recordings on a page of this machine, look at decisions and judge them",
        description="Serves the review page on the loopback address of this machine. Nothing is "
        "stored but judgements, and nothing is loaded from elsewhere. Not for diagnostic use.",
    )
    command.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="recordings, folders or archives to open",
    )
    command.add_argument(
        "--port", type=_port, default=8765, metavar="N", help="default 8765; 0 takes any free one"
    )
    command.add_argument("--model", type=Path, metavar="DIR", help="default: the shipped model")
    command.add_argument(
        "--unreleased", action="store_true", help="let a model decide that was not released"
    )
    command.add_argument(
        "--judgements",
        type=Path,
        default=Path("judgements.sqlite"),
        metavar="FILE",
        help="where judgements are kept; default judgements.sqlite",
    )
    command.set_defaults(handler=_serve, interrupted="every judgement that was kept is kept")


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"expected a port from 0 to {_HIGHEST_PORT}, got {text!r}")
    return int(text)


def _serve(parsed: argparse.Namespace) -> int:
    started = _started(parsed)
    speaks = "" if started.speaks else " The device decides nothing; --unreleased lets it."
    print(f"open {started.address} (Ctrl-C ends it). {started.told}{speaks}", flush=True)
    started.serve()
    return _FINE


def _started(parsed: argparse.Namespace) -> Started:
    try:
        # Imported here: whoever screens need not have a web server.
        from afib.app.starting import start  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise AfibError(
            f"app: expected the review page to be installed, got no module {error.name}; "
            "install it with pip install '.[afib,app]'"
        ) from error
    return start(
        parsed.model or shipped_model(),
        port=parsed.port,
        unreleased=parsed.unreleased,
        judgements=parsed.judgements,
        paths=parsed.paths,
    )
