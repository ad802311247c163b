"""The command `vericase`: one module a command.

Exit codes: 0 fine or released, 1 findings or blocked, 2 bad input, 3 our bug.
"""

import argparse
import gc
import io
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib import import_module

from vericase.cli.common import BAD_INPUT, BUG
from vericase.errors import InputError

__all__ = ["entry", "main"]

_COMMANDS = (
    *("check", "explain", "plan", "status", "report", "export", "import_"),
    *("gate", "diff", "sign", "audit", "schema"),
)
_MOST_PROBLEMS = 50


def entry() -> None:
    """Run the command and leave with its exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that lacks a character still gets the sentence.
        sys.stdout.reconfigure(errors="backslashreplace")
    # A command is over before cycles would matter, and to look for them costs a fifth of it.
    gc.disable()
    told = io.StringIO()
    try:
        with redirect_stdout(told):
            code = main(sys.argv[1:])
    finally:
        _deliver(told.getvalue())
    sys.exit(code)


def _deliver(text: str) -> None:
    """Print *text*; a reader of the pipe who has gone changes no exit code."""
    try:
        print(text, end="", flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(arguments: Sequence[str]) -> int:
    """Run the command with *arguments*; its exit code."""
    try:
        parsed = _parser(arguments).parse_args(arguments)
        code: int = parsed.handler(parsed)
    except InputError as error:
        for problem in error.problems[:_MOST_PROBLEMS]:
            print(problem, file=sys.stderr)
        if len(error.problems) > _MOST_PROBLEMS:
            print(f"and {len(error.problems) - _MOST_PROBLEMS} more", file=sys.stderr)
        return BAD_INPUT
    except OSError as error:
        # Of a failed replacement the second name is the one that was asked for.
        place = error.filename2 or error.filename or "vericase"
        print(f"{place}: expected to read or write it, got {error.strerror}", file=sys.stderr)
        return BAD_INPUT
    except Exception as error:  # noqa: BLE001  the last door: a user gets a sentence
        if os.environ.get("VERICASE_DEBUG"):
            traceback.print_exc()
        print(
            f"vericase: internal error: {error!r}; please report it "
            "(VERICASE_DEBUG=1 shows where it happened)",
            file=sys.stderr,
        )
        return BUG
    return code


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vericase",
        description="Requirements-driven verification: what is demanded, what is shown, and "
        "whether it may be released.",
        epilog="Exit codes: 0 fine or released, 1 findings or blocked, 2 bad input, 3 our bug.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    # Most of the start is the import of commands: one that is named needs no other.
    named = [name for name in _COMMANDS if name in arguments[:1]]
    for name in named or _COMMANDS:
        import_module(f"vericase.cli.{name}").add_to(commands)
    return parser
