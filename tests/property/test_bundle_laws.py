"""Random edits of a signed bundle: none is genuine, and none is anything but a finding."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.bundles import OUR_KEY, Workplace
from vericase.audit import Expected, audit_bundle
from vericase.bundle import pack, unpack

Edit = Callable[[random.Random, bytes], bytes]


def flipped(chance: random.Random, content: bytes) -> bytes:
    """One bit is another."""
    at = chance.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << chance.randrange(8))]) + content[at + 1 :]


def grown(chance: random.Random, content: bytes) -> bytes:
    """A few bytes are inserted."""
    at = chance.randrange(len(content) + 1)
    return content[:at] + chance.randbytes(chance.randint(1, 8)) + content[at:]


def shrunk(chance: random.Random, content: bytes) -> bytes:
    """A few bytes are gone."""
    at = chance.randrange(len(content))
    return content[:at] + content[at + chance.randint(1, 8) :]


def repeated(chance: random.Random, content: bytes) -> bytes:
    """A piece stands in another place too."""
    start, at = chance.randrange(len(content)), chance.randrange(len(content))
    return content[:at] + content[start : start + chance.randint(1, 64)] + content[at:]


def redigited(chance: random.Random, content: bytes) -> bytes:
    """One digit is another."""
    places = [at for at, byte in enumerate(content) if chr(byte).isdigit()]
    if not places:
        return flipped(chance, content)
    at = chance.choice(places)
    return content[:at] + str(chance.randrange(10)).encode() + content[at + 1 :]


EDITS: tuple[Edit, ...] = (flipped, grown, shrunk, repeated, redigited)


def accepted(place: Workplace, number: int) -> list[str]:
    """The edits, of so many, after which the bundle still reads as genuine."""
    bundle = place.sign()
    whole, files = bundle.read_bytes(), unpack(bundle)
    chance = random.Random(20_170_001)  # noqa: S311  a reproducible search, no secret
    found, tried = [], 0
    while tried < number:
        edit = chance.choice(EDITS)
        if chance.random() < 0.3:
            content, name = edit(chance, whole), "the archive"
        else:
            name = chance.choice(sorted(files))
            content = pack({**files, name: edit(chance, files[name])})
        if content == whole:
            continue
        tried += 1
        bundle.write_bytes(content)
        if audit_bundle(bundle, OUR_KEY.public_key(), Expected()).genuine:
            found.append(f"{edit.__name__} {name}")
    return found


def test_an_edited_bundle_is_not_genuine(tmp_path: Path) -> None:
    """Wherever the edit falls."""
    assert accepted(Workplace(tmp_path), 150) == []


@pytest.mark.long
def test_twenty_thousand_edits_are_found(tmp_path: Path) -> None:
    """The same search, longer."""
    assert accepted(Workplace(tmp_path), 20_000) == []
