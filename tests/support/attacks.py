"""Attacks on a signed bundle, made of small edits; none needs the key unless it says so."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.bundles import OUR_KEY, Workplace, envelope_of, zipped
from vericase.bundle import ENVELOPE, pack, unpack
from vericase.measurement import Proportion
from vericase.requirement import canonical
from vericase.store import digest_bytes, save_evidence

__all__ = [
    "Attack",
    "archived",
    "as_envelope",
    "first_record",
    "from_another_release",
    "in_envelope",
    "in_file",
    "in_payload",
    "in_records",
    "in_signature",
    "loose",
    "malleable",
    "measured_anew",
    "released",
    "renamed",
    "swapped",
    "with_files",
]

Attack = Callable[[Workplace, Path], bytes]
_ORDER = 2**252 + 27742317777372353535851937790883648493
OURS = digest_bytes(OUR_KEY.public_key().public_bytes_raw())


def in_envelope(edit: Callable[[dict[str, Any]], object]) -> Attack:
    """The envelope edited, everything else as it was."""

    def attack(_: Workplace, bundle: Path) -> bytes:
        envelope = envelope_of(bundle)
        edit(envelope)
        return pack({**unpack(bundle), ENVELOPE: canonical(envelope).encode() + b"\n"})

    return attack


def as_envelope(make: Callable[[bytes], bytes]) -> Attack:
    """The bytes of the envelope replaced."""
    return lambda _, bundle: pack({**unpack(bundle), ENVELOPE: make(unpack(bundle)[ENVELOPE])})


def in_signature(edit: Callable[[bytes], bytes]) -> Attack:
    """The bytes of the signature edited."""

    def change(envelope: dict[str, Any]) -> None:
        signed = envelope["signatures"][0]
        signed["sig"] = base64.b64encode(edit(base64.b64decode(signed["sig"]))).decode()

    return in_envelope(change)


def in_payload(edit: Callable[[dict[str, Any]], object]) -> Attack:
    """The statement edited under the old signature."""

    def change(envelope: dict[str, Any]) -> None:
        document = json.loads(base64.b64decode(envelope["payload"]))
        edit(document)
        envelope["payload"] = base64.b64encode(canonical(document).encode()).decode()

    return in_envelope(change)


def in_file(name: str, edit: Callable[[bytes], bytes | None]) -> Attack:
    """One file edited, or left out where the edit gives None."""

    def attack(_: Workplace, bundle: Path) -> bytes:
        files = unpack(bundle)
        (path,) = [path for path in files if path.startswith(name)]
        content = edit(files.pop(path))
        return pack(files if content is None else {**files, path: content})

    return attack


def in_records(edit: Callable[[dict[str, Any]], object]) -> Attack:
    """The evidence edited as JSON, its chain left as it was."""

    def change(content: bytes) -> bytes:
        document = json.loads(content)
        edit(document)
        return json.dumps(document, indent=1, sort_keys=True).encode()

    return in_file("evidence.json", change)


def measured_anew(share: Proportion, **how: str) -> Attack:
    """The evidence of another run, whole and with a right chain, under the old signature."""

    def attack(place: Workplace, bundle: Path) -> bytes:
        save_evidence(place.folder / "other.json", place.log(share, **how))  # type: ignore[arg-type]  # run
        return pack({**unpack(bundle), "evidence.json": (place.folder / "other.json").read_bytes()})

    return attack


def with_files(**changes: bytes) -> Attack:
    """Files slipped in."""
    named = {name.replace("__", "/").replace("_DOT_", "."): c for name, c in changes.items()}
    return lambda _, bundle: pack({**unpack(bundle), **named})


def archived(**how: int) -> Attack:
    """The same files in another archive."""
    return lambda _, bundle: zipped(unpack(bundle), **how)


def released(document: dict[str, Any]) -> None:
    """Say that it was released."""
    document["predicate"]["vericase"]["released"] = True


def first_record(**changes: object) -> Callable[[dict[str, Any]], object]:
    """Change fields of the first record."""
    return lambda document: document["evidence"][0].update(changes)


def malleable(signature: bytes) -> bytes:
    """The other scalar of the same residue."""
    scalar = int.from_bytes(signature[32:], "little") + _ORDER
    return signature[:32] + scalar.to_bytes(32, "little")


def swapped(document: dict[str, Any]) -> None:
    """Two records change their criteria."""
    one, two = document["evidence"]
    for key in ("criterion_id", "requirement_id"):
        one[key], two[key] = two[key], one[key]


def from_another_release(*names: str, signature: bool = False) -> Attack:
    """Files, or the signature alone, of another release that we signed."""

    def attack(place: Workplace, bundle: Path) -> bytes:
        files = unpack(bundle)
        place.measure(Proportion(99, 100), run="run-2")
        other = place.sign("other")
        if signature:
            envelope = envelope_of(bundle)
            envelope["signatures"] = envelope_of(other)["signatures"]
            return pack({**files, ENVELOPE: canonical(envelope).encode() + b"\n"})
        return pack({**files, **{name: unpack(other)[name] for name in names}})

    return attack


def renamed(content: bytes, place: Workplace) -> bytes:
    """The key in the envelope called by the name of ours."""
    path = place.folder / "renamed"
    path.write_bytes(content)
    return in_envelope(lambda e: e["signatures"][0].update(keyid=OURS))(place, path)


def loose(text: str) -> str:
    """The same bytes in base64, with bits that no decoder reads."""
    return text[:-3] + chr(ord(text[-3]) + 1) + "=="
