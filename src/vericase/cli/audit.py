"""The command `vericase audit`: a bundle held against the public key."""

import argparse
import json
from pathlib import Path

from vericase.audit import Audit, Expected, audit_bundle
from vericase.cli.common import BLOCKED, FINE, Commands, add_command, day
from vericase.envelope import public_key
from vericase.report.text import readable

__all__ = ["add_to"]


def add_to(commands: Commands) -> None:
    """Declare the command."""
    audit = add_command(
        commands, "audit", _audit, "verify a signed bundle and judge it again; never writes"
    )
    audit.add_argument("bundle", type=Path, help="as `vericase sign` wrote it")
    audit.add_argument(
        "--public-key", type=Path, required=True, metavar="PEM", help="of whom you trust"
    )
    audit.add_argument(
        "--subject",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="what is to be released, hashed and compared",
    )
    audit.add_argument("--run", metavar="ID", help="accept a bundle of this run alone")
    audit.add_argument(
        "--previous", type=Path, metavar="BUNDLE", help="the bundle that was accepted last"
    )
    audit.add_argument(
        "--on", type=day, metavar="DATE", help="judge as of this day; default the signed one"
    )
    audit.add_argument("--format", choices=("text", "json"), default="text")


def _audit(parsed: argparse.Namespace) -> int:
    key = public_key(parsed.public_key)
    expected = Expected(
        subjects=parsed.subject, run=parsed.run, previous=parsed.previous, on=parsed.on
    )
    audit = audit_bundle(parsed.bundle, key, expected)
    shown = _as_json if parsed.format == "json" else _as_text
    print(shown(audit))
    return FINE if audit.released else BLOCKED


def _as_text(audit: Audit) -> str:
    lines = ["GENUINE" if audit.genuine else "NOT GENUINE"]
    if audit.genuine and audit.decision is not None:
        lines[0] += f", {audit.decision.headline}"
    lines += [
        "  " + readable(f"{f.where}: {f.kind}, {f.message}").replace("\n", "\n    ")
        for f in audit.findings
    ]
    if audit.genuine and audit.unheld:
        names = " ".join(f"--subject {name}=PATH" for name in audit.unheld)
        lines.append(f"not held against any file: {', '.join(audit.unheld)}; give {names}")
    return "\n".join(lines)


def _as_json(audit: Audit) -> str:
    decision = audit.decision
    record = {
        "format": 1,
        "genuine": audit.genuine,
        "released": audit.released,
        "headline": None if decision is None else decision.headline,
        "findings": [
            {"where": f.where, "what": f.kind, "message": f.message} for f in audit.findings
        ],
        "not_held": list(audit.unheld),
        "sequence": audit.signed["predicate"]["vericase"]["sequence"] if audit.signed else None,
    }
    return json.dumps(record, indent=1, ensure_ascii=False)
