"""Signed bundles of a small project, and ways to bend them."""

import base64
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.documents import requirement_record, write_records
from tests.support.tracing import a_log, a_record, with_code
from vericase.bundle import ENVELOPE, pack, unpack
from vericase.cli import main
from vericase.envelope import PAYLOAD_TYPE
from vericase.evidence import Attachment, EvidenceLog, Subject
from vericase.measurement import Proportion
from vericase.requirement import canonical
from vericase.schema import load_requirements
from vericase.store import digest_bytes, digest_path, save_evidence

__all__ = ["OTHER_KEY", "OUR_KEY", "Workplace", "bent", "envelope_of", "resigned", "zipped"]

OUR_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
_FIGURE = b"a figure"


class Workplace:
    """A project with two requirements, its evidence, a model, and the keys beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.keys = folder / "keys"
        records = [requirement_record(), requirement_record("ROB-002")]
        write_records(self.folder / "requirements", "r.yaml", records)
        (self.folder / "model.bin").write_bytes(b"weights")
        self.keys.mkdir()
        for name, key in (("ours", OUR_KEY), ("other", OTHER_KEY)):
            (self.keys / f"{name}.pem").write_bytes(
                key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )
            (self.keys / f"{name}.pub").write_bytes(
                key.public_key().public_bytes(
                    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
                )
            )
        self.measure(Proportion(95, 100))

    def measure(self, share: Proportion, *, run: str = "run-1", rehearsal: bool = False) -> None:
        """The evidence of a run that measured *share* for both requirements."""
        save_evidence(self.folder / "evidence.json", self.log(share, run=run, rehearsal=rehearsal))

    def log(self, share: Proportion, *, run: str = "run-1", rehearsal: bool = False) -> EvidenceLog:
        """What such a run leaves behind."""
        model = Subject(
            name="model",
            version="1",
            digest=digest_path(self.folder / "model.bin"),
            rehearsal=rehearsal,
        )
        figure = Attachment(name="f.svg", sha256=digest_bytes(_FIGURE), bytes=len(_FIGURE))
        attachments = self.folder / "attachments"
        attachments.mkdir(exist_ok=True)
        (attachments / figure.sha256).write_bytes(_FIGURE)
        records = [
            a_record(
                requirement,
                share,
                subjects=[model],
                case_id=f"verification/test_{requirement.id[-1]}.py::test_share",
                attachments=(figure,),
            )
            for requirement in load_requirements(self.folder / "requirements")
        ]
        log = with_code(a_log(*records, subjects=[model]), self.folder)
        return replace(log, run=replace(log.run, id=run))

    def sign(self, name: str = "bundle", *options: str, key: str = "ours") -> Path:
        """The bundle that the command writes."""
        assert self.ask_to_sign(name, *options, key=key) == 0
        return self.folder.parent / name

    def ask_to_sign(self, name: str, *options: str, key: str = "ours") -> int:
        """The exit code of the command."""
        out = self.folder.parent / name
        return main(
            [
                *("sign", f"--requirements={self.folder / 'requirements'}"),
                f"--evidence={self.folder / 'evidence.json'}",
                f"--subject=model={self.folder / 'model.bin'}",
                f"--key={self.keys / key}.pem",
                f"--out={out}",
                "--on=2026-03-31",
                *options,
            ]
        )

    def audit(self, bundle: Path, *options: str, key: str = "ours") -> int:
        """The exit code of the command."""
        return main(["audit", str(bundle), f"--public-key={self.keys / key}.pub", *options])


def bent(bundle: Path, **changes: bytes | None) -> bytes:
    """The bundle with files replaced or, if None, left out; `__` stands for the stroke."""
    files: dict[str, bytes] = unpack(bundle)
    for name, content in changes.items():
        path = name.replace("__", "/").replace("_DOT_", ".")
        if content is None:
            del files[path]
        else:
            files[path] = content
    return pack(files)


def envelope_of(bundle: Path) -> dict[str, Any]:
    """The envelope as JSON values."""
    record: dict[str, Any] = json.loads(unpack(bundle)[ENVELOPE])
    return record


def resigned(
    bundle: Path, edit: Callable[[dict[str, Any]], object], key: Ed25519PrivateKey
) -> bytes:
    """The bundle with its statement edited and signed by *key*, which needs the key."""
    envelope = envelope_of(bundle)
    document = json.loads(base64.b64decode(envelope["payload"]))
    edit(document)
    payload = canonical(document).encode()
    envelope["payload"] = base64.b64encode(payload).decode()
    kind = PAYLOAD_TYPE.encode()
    signature = key.sign(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
    keyid = digest_bytes(key.public_key().public_bytes_raw())
    envelope["signatures"] = [{"keyid": keyid, "sig": base64.b64encode(signature).decode()}]
    files = unpack(bundle)
    files[ENVELOPE] = canonical(envelope).encode() + b"\n"
    return pack(files)


def zipped(files: Mapping[str, bytes], **how: int) -> bytes:
    """An archive as somebody else would write it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how.get("method", zipfile.ZIP_STORED)) as archive:
        for name, content in files.items():
            date = (how.get("year", 1980), 1, 1, 0, 0, 0)
            archive.writestr(zipfile.ZipInfo(name, date), content, archive.compression)
    return buffer.getvalue()
