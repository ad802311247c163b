"""The command `vericase sign`: a release bundle with a signature."""

import argparse
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vericase.audit import Expected, audit_bundle
from vericase.bundle import (
    ENVELOPE,
    LOOKS,
    Place,
    collect,
    pack,
    parse_statement,
    statement,
    unpack,
)
from vericase.cli.common import FINE, Commands, add_command, add_evidence, add_looks, traced
from vericase.code import code_root
from vericase.envelope import SignatureError, open_envelope, private_key, seal
from vericase.errors import InputError
from vericase.gate import decide
from vericase.looks import record_place
from vericase.report.text import readable
from vericase.store import digest_bytes, write_atomically

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ["add_to"]


def add_to(commands: Commands) -> None:
    """Declare the command."""
    sign = add_command(commands, "sign", _sign, "sign evidence and decision as a release bundle")
    add_evidence(sign)
    sign.add_argument(
        "--subject",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="what is to be released, hashed again; one for every subject in the evidence",
    )
    sign.add_argument("--run", metavar="ID", help="accept evidence of this run alone")
    sign.add_argument(
        "--key", type=Path, required=True, metavar="PEM", help="ed25519 key, outside a repository"
    )
    sign.add_argument("--out", type=Path, required=True, metavar="BUNDLE", help="where to")
    add_looks(sign)
    sign.add_argument(
        "--previous", type=Path, metavar="BUNDLE", help="the bundle that this one follows"
    )


def _sign(parsed: argparse.Namespace) -> int:
    from vericase.report import write_report  # noqa: PLC0415  jinja2 is needed here alone

    key = private_key(parsed.key)
    taken = [path for path in (parsed.evidence, parsed.key, parsed.previous) if path is not None]
    if parsed.out.resolve() in {path.resolve() for path in taken}:
        raise InputError(f"--out: expected a file of its own, got {parsed.out}")
    matrix = traced(parsed, subjects=parsed.subject, run=parsed.run)
    decision = decide(matrix)
    place = _place(parsed, key.public_key(), matrix.on or datetime.now(UTC).date())
    root = parsed.root or code_root(matrix.log, parsed.requirements)
    files = collect(parsed.evidence, parsed.requirements, matrix.log.code, root)
    looks = parsed.looks or record_place(root)
    if looks.is_file():
        files[LOOKS] = looks.read_bytes()
    elif parsed.looks is not None:
        raise InputError(f"--looks: expected a record of openings, got nothing at {looks}")
    report = parsed.out.with_name(f".{parsed.out.name}.html")
    try:
        write_report(report, matrix, decision, parsed.evidence.parent / "attachments")
        files["traceability.html"] = report.read_bytes()
    finally:
        report.unlink(missing_ok=True)
    signed = statement(matrix, decision, files, place)
    bundle = pack({**files, ENVELOPE: seal(signed, key)})
    _require_genuine(bundle, key.public_key(), parsed)
    write_atomically(parsed.out, bundle)
    print(f"signed: {decision.headline}")
    print(f"bundle {place.sequence}: {parsed.out}")
    print("hold it against the public key with: vericase audit BUNDLE --public-key PEM")
    return FINE


def _require_genuine(bundle: bytes, key: "Ed25519PublicKey", parsed: argparse.Namespace) -> None:
    """Nothing is handed out that an audit would not call genuine.

    Raises:
        InputError: If this is such a bundle.
    """
    expected = Expected(subjects=parsed.subject, run=parsed.run, previous=parsed.previous)
    with tempfile.TemporaryDirectory(prefix="vericase-") as folder:
        path = Path(folder) / parsed.out.name
        path.write_bytes(bundle)
        audit = audit_bundle(path, key, expected)
    if not audit.genuine:
        problems = [readable(f"{f.where}: {f.kind}, {f.message}") for f in audit.findings]
        raise InputError(["nothing is signed: an audit would find it NOT GENUINE", *problems])


def _place(parsed: argparse.Namespace, key: "Ed25519PublicKey", on: date) -> Place:
    """After the previous bundle, which the same key signed."""
    if parsed.previous is None:
        return Place(on=on)
    try:
        before = open_envelope(unpack(parsed.previous)[ENVELOPE], key)
    except SignatureError as error:
        raise InputError(f"{parsed.previous}: {error}") from error
    number = parse_statement(before)["predicate"]["vericase"]["sequence"]
    previous = digest_bytes(parsed.previous.read_bytes())
    return Place(on=on, sequence=number + 1, previous=previous)
