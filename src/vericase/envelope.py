"""Signed bytes: a DSSE envelope with one ed25519 signature.

The signature covers the type and the very bytes of the payload, so that nothing is parsed before
it was verified, and no canonical form is relied on (DSSE 1.0, secure-systems-lab/dsse).
"""

import base64
import binascii
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from vericase.errors import InputError
from vericase.requirement import canonical
from vericase.store import parse_json, slip

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

__all__ = ["PAYLOAD_TYPE", "SignatureError", "open_envelope", "private_key", "public_key", "seal"]

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_PASSPHRASE = "VERICASE_KEY_PASSPHRASE"  # noqa: S105  the name of a variable
_MOST_KEY_BYTES = 1 << 16


class SignatureError(Exception):
    """An envelope is not signed by the key that was given."""


def seal(payload: bytes, key: "Ed25519PrivateKey") -> bytes:
    """The envelope of *payload*; the same input gives the same bytes, as ed25519 does."""
    signature = key.sign(_encoding(payload))
    record = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [
            {"keyid": key_id(key.public_key()), "sig": base64.b64encode(signature).decode()}
        ],
    }
    return canonical(record).encode() + b"\n"


def open_envelope(envelope: bytes, key: "Ed25519PublicKey") -> bytes:
    """The payload of *envelope*, which is as *key* signed it.

    Raises:
        SignatureError: If it is no envelope of one signature of that key over these bytes.
    """
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415  an extra

    try:
        record = parse_json(envelope.decode("utf-8"))
        if canonical(record).encode() + b"\n" != envelope:
            raise SignatureError("expected the one form of an envelope, got another")
        if set(record) != {"payloadType", "payload", "signatures"}:
            raise SignatureError(f"expected an envelope, got the keys {sorted(record)}")
        (signed,) = record["signatures"]
        if set(signed) != {"keyid", "sig"}:
            raise SignatureError(f"expected a signature, got the keys {sorted(signed)}")
        if record["payloadType"] != PAYLOAD_TYPE:
            raise SignatureError(f"expected {PAYLOAD_TYPE}, got {record['payloadType']!r}")
        if signed["keyid"] != key_id(key):
            raise SignatureError(
                f"expected a signature of the key {key_id(key)}, got one of {signed['keyid']!r:.80}"
            )
        payload, signature = _decoded(record["payload"]), _decoded(signed["sig"])
        key.verify(signature, _encoding(payload))
    except InvalidSignature:
        raise SignatureError("the signature does not fit what it should sign") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SignatureError(f"expected an envelope, got {slip(error)}") from error
    return payload


def key_id(key: "Ed25519PublicKey") -> str:
    """The SHA-256 of the raw public key, as hexadecimal text."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


def private_key(path: Path) -> "Ed25519PrivateKey":
    """The key in the PEM file *path*; `VERICASE_KEY_PASSPHRASE` opens an encrypted one.

    Raises:
        InputError: If there is none, or the file lies in a repository.
    """
    _need_cryptography()
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415  an extra
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415  an extra

    inside = next((d for d in path.resolve().parents if (d / ".git").exists()), None)
    if inside is not None:
        raise InputError(f"{path}: expected a private key outside of any repository, got {inside}")
    passphrase = os.environ.get(_PASSPHRASE)
    try:
        key = serialization.load_pem_private_key(
            _key_bytes(path), None if passphrase is None else passphrase.encode()
        )
    except (ValueError, TypeError) as error:
        told = str(error).splitlines()[0]
        raise InputError(f"{path}: expected a private key as PEM, got {told}") from error
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise InputError(f"{path}: expected an ed25519 key, got {type(key).__name__}")
    return key


def public_key(path: Path) -> "Ed25519PublicKey":
    """The key in the PEM file *path*.

    Raises:
        InputError: If there is none.
    """
    _need_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415  an extra
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415  an extra
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415  an extra

    try:
        key = serialization.load_pem_public_key(_key_bytes(path))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        told = str(error).splitlines()[0]
        raise InputError(f"{path}: expected a public key as PEM, got {told}") from error
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise InputError(f"{path}: expected an ed25519 key, got {type(key).__name__}")
    return key


def _key_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_KEY_BYTES)
    except OSError as error:
        raise InputError(f"{path}: expected a readable key, got {error.strerror}") from error


def _need_cryptography() -> None:
    try:
        import cryptography  # noqa: F401, PLC0415  only whether it is there
    except ImportError as error:
        raise InputError(
            "cryptography: expected it installed for signatures, got nothing; "
            "pip install 'vericase[sign]'"
        ) from error


def _encoding(payload: bytes) -> bytes:
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _decoded(text: object) -> bytes:
    if not isinstance(text, str):
        raise SignatureError(f"expected base64, got {text!r:.80}")
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureError(f"expected base64, got {error}") from error
    if base64.b64encode(content).decode() != text:
        raise SignatureError("expected the one base64 form of it, got another")
    return content
