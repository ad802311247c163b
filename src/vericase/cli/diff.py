"""The command `vericase diff`: what changed from one release to the next."""

import argparse
import html
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from vericase.bundle import ENVELOPE, unpack
from vericase.change_control import outside
from vericase.changes import Change, Comparison, Side
from vericase.cli.common import BLOCKED, FINE, Commands, add_command, day, other_run
from vericase.code import code_root
from vericase.comparison import compare
from vericase.envelope import SignatureError, open_envelope, public_key
from vericase.errors import InputError
from vericase.evidence import EvidenceLog
from vericase.findings import Finding
from vericase.gate import decide
from vericase.matrix import trace
from vericase.presence import present
from vericase.report.text import readable
from vericase.schema import load_requirements
from vericase.store import load_evidence, write_atomically
from vericase.subjects import attachment_findings, subject_findings

__all__ = ["add_to"]

_More = Callable[[EvidenceLog], list[Finding]]


def add_to(commands: Commands) -> None:
    """Declare the command."""
    diff = add_command(
        commands, "diff", _diff, "what changed between two releases, and whether that was planned"
    )
    told = "a bundle, a folder with evidence.json and requirements/, or an evidence file"
    diff.add_argument("old", type=Path, metavar="OLD", help=told)
    diff.add_argument("new", type=Path, metavar="NEW", help="likewise")
    diff.add_argument("--public-key", type=Path, metavar="PEM", help="bundles are signed by it")
    diff.add_argument("--format", choices=("text", "markdown", "html"), default="text")
    diff.add_argument("--out", type=Path, metavar="F", help="write it there instead")
    diff.add_argument("--on", type=day, metavar="DATE", help="judge as of this day; default today")
    diff.add_argument(
        "--ratchet", action="store_true", help="exit 1 if NEW has a gap that OLD did not have"
    )
    diff.add_argument(
        "--subject",
        action="append",
        metavar="NAME=PATH",
        help="what is to be released; once one is given, those of NEW are compared as by the gate",
    )
    diff.add_argument(
        "--run",
        metavar="ID",
        help="NEW has to be all of this run; its subjects are then compared, given or not",
    )
    diff.add_argument(
        "--plan", action="store_true", help="exit 1 unless OLD has a change plan that allows it"
    )


def _diff(parsed: argparse.Namespace) -> int:
    on = parsed.on or datetime.now(UTC).date()
    subjects = parsed.subject
    if parsed.run is not None:
        subjects = subjects or []

    def as_the_gate(log: EvidenceLog) -> list[Finding]:
        named = [] if subjects is None else subject_findings(log, subjects)
        return [*named, *other_run(log, parsed.run)]

    with (
        _side(parsed.old, parsed, on, lambda _: []) as before,
        _side(parsed.new, parsed, on, as_the_gate) as after,
    ):
        found = compare(before, after)
    text = _FORMATS[parsed.format](found)
    if parsed.out is None:
        print(text)
    else:
        write_atomically(parsed.out, f"{text}\n".encode())
        print(f"{parsed.format}: {parsed.out}")
    blocked = parsed.ratchet and bool(found.new_gaps)
    blocked = blocked or (parsed.plan and outside(found) != ())
    return BLOCKED if blocked else FINE


@contextmanager
def _side(path: Path, parsed: argparse.Namespace, on: date, more: _More) -> Iterator[Side]:
    """What the bundle, the folder or the evidence at *path* shows."""
    if path.is_dir():
        yield _traced(path / "evidence.json", path / "requirements", path / "code", on, more)
    elif _is_bundle(path):
        files = unpack(path)
        if parsed.public_key is not None:
            try:
                open_envelope(files[ENVELOPE], public_key(parsed.public_key))
            except SignatureError as error:
                raise InputError(f"{path}: {error}") from error
        with tempfile.TemporaryDirectory(prefix="vericase-diff-") as name:
            folder = Path(name)
            for file, content in files.items():
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).write_bytes(content)
            yield _traced(
                folder / "evidence.json", folder / "requirements", folder / "code", on, more
            )
    else:
        yield _traced(path, parsed.requirements, None, on, more)


def _is_bundle(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == b"PK"
    except OSError as error:
        raise InputError(f"{path}: expected a release, got {error.strerror}") from error


def _traced(evidence: Path, folder: Path, code: Path | None, on: date, more: _More) -> Side:
    requirements = load_requirements(folder)
    log, findings = load_evidence(evidence)
    attached = attachment_findings(log, evidence.parent / "attachments")
    found = [*findings, *attached, *more(log)]
    root = code if code is not None and code.is_dir() else code_root(log, folder)
    matrix = trace(requirements, log, findings=found, present=present(log, root), on=on)
    return Side(matrix=matrix, decision=decide(matrix))


def _sections(found: Comparison) -> Iterator[tuple[str, list[str]]]:
    """Headings with their lines; an empty section is left out."""
    yield "before", [found.before.decision.headline]
    yield "after", [found.after.decision.headline]
    yield "new gaps", list(found.new_gaps)
    yield "closed gaps", list(found.closed_gaps)
    objections = outside(found)
    if objections is None:
        yield "change plan", ["the older release has none"]
    elif objections:
        yield "outside of the change plan", list(objections)
    else:
        yield "change plan", ["the change is inside of it"]


def _as_text(found: Comparison) -> str:
    lines = []
    for heading, entries in _sections(found):
        lines += [f"{heading}: {readable(entry)}" for entry in entries]
    lines += [readable(f"{c.where}: {_told(c)}") for c in found.changes]
    return "\n".join([*lines, f"{len(found.changes)} changes"])


def _told(change: Change) -> str:
    kind = f"{change.kind.value} ({change.what})" if change.what else change.kind.value
    if change.before and change.after:
        return f"{kind}: {change.before} -> {change.after}"
    return f"{kind}: {change.before or change.after}"


def _as_markdown(found: Comparison) -> str:
    from vericase.export.text import markdown_row  # noqa: PLC0415  needed here alone

    lines = ["# Changes", ""]
    for heading, entries in _sections(found):
        lines += [markdown_row(heading, entry).strip("| ") for entry in entries]
    lines += ["", "| where | change | before | after |", "|---|---|---|---|"]
    for c in found.changes:
        kind = f"{c.kind.value} ({c.what})" if c.what else c.kind.value
        lines.append(markdown_row(c.where, kind, c.before, c.after))
    return "\n".join(lines)


def _as_html(found: Comparison) -> str:
    def cell(tag: str, text: str, more: str = "") -> str:
        return f"<{tag}{more}>{html.escape(readable(text))}</{tag}>"

    top = "".join(
        cell("dt", heading) + "".join(cell("dd", entry) for entry in entries)
        for heading, entries in _sections(found)
        if entries
    )
    head = "".join(cell("th", h, ' scope="col"') for h in ("Where", "Change", "Before", "After"))
    rows = "".join(
        "<tr>"
        + cell("th", c.where, ' scope="row"')
        + cell("td", f"{c.kind.value} ({c.what})" if c.what else c.kind.value)
        + cell("td", c.before)
        + cell("td", c.after)
        + "</tr>\n"
        for c in found.changes
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Changes between two releases</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>Changes between two releases</h1>\n<dl>{top}</dl>\n<table>"
        f"<caption>{len(found.changes)} changes</caption><thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{rows}</tbody></table>\n</body></html>"
    )


_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #8889;padding:.3rem .5rem;"
    "text-align:left;vertical-align:top;overflow-wrap:anywhere}dt{font-weight:600}"
    ":root{color-scheme:light dark}"
)
_FORMATS: Mapping[str, Callable[[Comparison], str]] = {
    "text": _as_text,
    "markdown": _as_markdown,
    "html": _as_html,
}
