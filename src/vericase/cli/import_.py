"""The command `vericase import`: requirements of a ReqIF file as requirement files."""

import argparse
import re
from pathlib import Path

from vericase.cli.common import FINE, Commands
from vericase.errors import InputError
from vericase.report.text import readable
from vericase.schema.records import CATEGORIES

__all__ = ["add_to"]

_AREA = re.compile(r"[A-Z][A-Z0-9]*")


def add_to(commands: Commands) -> None:
    """Declare the command."""
    text = "read the requirements of a ReqIF file; those of other tools become drafts"
    command = commands.add_parser("import", help=text, description=text)
    command.add_argument("file", type=Path, metavar="FILE", help="the .reqif file")
    command.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="where requirements.yaml and hazards.yaml are written; none is ever replaced",
    )
    command.add_argument(
        "--area",
        default="REQ",
        help="of the ids that are made where another tool has none like ROB-001; default REQ",
    )
    command.add_argument(
        "--category",
        choices=CATEGORIES,
        default="application",
        help="of requirements of other tools; default application",
    )
    command.add_argument(
        "--statement",
        default="",
        metavar="NAME",
        help="the attribute in which another tool keeps the text; default ReqIF.Text and the like",
    )
    command.set_defaults(handler=_import)


def _import(parsed: argparse.Namespace) -> int:
    from vericase.reqif import read_reqif  # noqa: PLC0415  others need not pay for it
    from vericase.schema.written import hazards_yaml, requirements_yaml  # noqa: PLC0415  the same

    if not _AREA.fullmatch(parsed.area):
        raise InputError(f"--area: expected capitals and digits such as REQ, got {parsed.area!r}")
    found = read_reqif(
        parsed.file, area=parsed.area, category=parsed.category, statement=parsed.statement
    )
    origin = " ".join(readable(parsed.file.name).split())
    texts = {"requirements.yaml": requirements_yaml(found.requirements)}
    if found.hazards:
        texts["hazards.yaml"] = hazards_yaml(found.hazards)
    _write_new(parsed.out, {name: f"# Imported from {origin}.\n{t}" for name, t in texts.items()})
    drafts = sum(not r.in_force for r in found.requirements)
    print(
        f"{len(found.requirements)} requirements, {drafts} of them not approved, "
        f"and {len(found.hazards)} hazards: {parsed.out}"
    )
    for remark in found.remarks:
        print(f"  {' '.join(readable(remark).split())}")
    return FINE


def _write_new(folder: Path, texts: dict[str, str]) -> None:
    """The files are there; nothing that was there before is touched.

    Raises:
        InputError: With every file that is there already.
    """
    taken = [folder / name for name in texts if (folder / name).exists()]
    if taken:
        raise InputError([f"{path}: expected no such file yet, got one" for path in taken])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        with (folder / name).open("x", encoding="utf-8") as file:
            file.write(text)
