"""The command `afib explain`: one recording on ECG paper, with what argues for its decision."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from afib.dataset.atomic import replacing
from afib.decision import load_screener
from afib.errors import RecordError
from afib.evidence import METHODS, USUAL_METHOD
from afib.explained import explain
from afib.records import read_any
from afib.strip import LABELS, require_short, strip
from afib.workflow import shipped_model
from nnassure.errors import AssuranceError

if TYPE_CHECKING:
    import argparse

    from afib.records import Recording

__all__ = ["add_command"]

_FINE = 0
_FORMS = (".svg", ".png")


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command is known to *commands*."""
    command = commands.add_parser(
        "explain",
        help="draw a recording with what argues for its decision",
        description="Draws one recording on ECG paper, coloured by what argues for atrial "
        "fibrillation and what for normal rhythm. It shows what the network weighed, not whether "
        "it is right.",
    )
    command.add_argument("path", type=Path, metavar="PATH", help="one recording, as screen takes")
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="SVG or PNG")
    command.add_argument("--method", choices=tuple(METHODS), default=USUAL_METHOD)
    command.add_argument("--record", metavar="NAME", help="which one, where PATH holds several")
    command.add_argument(
        "--label", choices=tuple(LABELS), help="the true label, to stand beside the decision"
    )
    command.add_argument("--model", type=Path, metavar="DIR", help="default: the shipped model")
    command.set_defaults(handler=_explain, interrupted="no picture was written")


def _explain(parsed: argparse.Namespace) -> int:
    form = parsed.out.suffix.lower()
    if form not in _FORMS:
        raise RecordError("--out", f"--out: expected a name in .svg or .png, got {form!r}")
    if parsed.out.is_dir():
        raise RecordError("--out", f"--out: expected a file to write, got the folder {parsed.out}")
    if not parsed.out.absolute().parent.is_dir():
        raise RecordError("--out", f"--out: expected a folder to write into, got {parsed.out}")
    recording = _only(parsed.path, parsed.record)
    if parsed.label is not None:
        recording = replace(recording, label=parsed.label)
    screener = load_screener(parsed.model or shipped_model())
    require_short(recording)
    try:
        explained = explain(screener, recording, method=parsed.method)
    except AssuranceError as error:
        raise RecordError(recording.name, f"{recording.origin}: {error}") from error
    drawing = strip(explained)
    content = drawing.svg() if form == ".svg" else drawing.png()
    # A link stays one, and what it names is written.
    with replacing(parsed.out.resolve()) as file:
        file.write(content)
    decision = explained.decision
    said = decision.rhythm or f"abstained, {decision.reason}"
    empty = "; its map is empty" if explained.evidence.empty else ""
    told = f"{recording.name}: {said}{empty}; see {parsed.out}. Not for diagnostic use."
    # A name may hold bytes that no terminal can show.
    print("".join(each if each.isprintable() else "?" for each in told))
    return _FINE


def _only(path: Path, name: str | None) -> Recording:
    """The one recording of *path*, or the one of this name.

    Raises:
        RecordError: If it cannot be read, there is none, or more than one.
    """
    found: list[Recording] = []
    damaged: list[RecordError] = []
    for each in read_any([path]):
        own = each.record if isinstance(each, RecordError) else each.name
        if name not in {None, own}:
            continue
        if isinstance(each, RecordError):
            damaged.append(each)
        else:
            found.append(each)
        if len(found) + len(damaged) > 1:
            break
    if len(damaged) == 1 and not found:
        raise damaged[0]
    if len(found) == 1 and not damaged:
        return found[0]
    wanted = "one recording" if name is None else f"a recording {name}"
    got = "more than one; name it with --record" if found or damaged else "none"
    raise RecordError(str(path), f"{path}: expected {wanted}, got {got}")
