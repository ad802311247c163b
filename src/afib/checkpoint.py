"""A model and everything that decides what it says, saved and loaded together.

A model folder holds ``model.safetensors`` (the weights), ``model.json`` (settings, thresholds
and where they come from), what :mod:`afib.uncertainty` fitted beside them and, once released,
``release.json``, which is outside the digest.
Equal models are equal bytes: loading refuses a folder that is not exactly what saving would
write, so the digest of what is in memory is the digest of what is on disk.
Settings that came after the first models are left out of the description while they are neutral
(:mod:`afib.settings.later`), so an older model stays what it is, byte for byte.
Both files carry checksums, so that damage is noticed; that a model is the verified one is told
by its digest alone.
Nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from safetensors.torch import save as tensors_to_bytes

from afib.dataset.atomic import replacing
from afib.errors import AfibError, ModelError
from afib.settings import (
    Settings,
    completed,
    condensed,
    settings_from_json,
    settings_to_json,
)
from afib.weights import network_of, tensors_of, weight_problems

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import nn

__all__ = ["UNCERTAINTY", "Checkpoint", "folder_digest", "model_digest"]

#: What :mod:`afib.uncertainty` keeps beside a network.
UNCERTAINTY = ("uncertainty.safetensors", "uncertainty.json")

_TENSORS, _DESCRIPTION, _RELEASE = "model.safetensors", "model.json", "release.json"
_LARGEST = {_TENSORS: 64 * 1024 * 1024, _DESCRIPTION: 1024 * 1024}
# Of files that do not belong in a model folder, as many as are named.
_TOLD = 5
_FORMAT = 1
_KEYS = (
    "description_sha256",
    "format",
    "provenance",
    "settings",
    "temperature",
    "tensors_sha256",
    "threshold",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Checkpoint:
    """A folded network with its settings and thresholds.

    Attributes:
        network: What :func:`afib.network.folded` returned.
        settings: All settings it was made with.
        threshold: A recording whose logit is above it is called AFib.
        temperature: Divides a logit before it becomes a probability; above 0.
        provenance: What else tells how it was made, as plain JSON: digest of the data manifest,
            version of torch, threads, epochs.

    Raises:
        ModelError: With everything that is wrong: weights that the settings do not ask for,
            lack, or state in another shape; weights or thresholds that are no finite numbers;
            a provenance that is no plain JSON.
    """

    network: nn.Module
    settings: Settings
    threshold: float
    temperature: float
    provenance: Mapping[str, Any]

    def __post_init__(self) -> None:
        problems = weight_problems(self.network.state_dict(), self.settings)
        if not math.isfinite(self.threshold):
            problems.append(f"threshold: expected a finite number, got {self.threshold}")
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            problems.append(
                f"temperature: expected a finite number above 0, got {self.temperature}"
            )
        try:
            _canonical(self.provenance)
        except (TypeError, ValueError) as error:
            problems.append(f"provenance: expected plain JSON, got {error}")
        if problems:
            raise ModelError(*problems)

    @property
    def digest(self) -> str:
        """What :func:`model_digest` returns for what :meth:`save` writes, alone in a folder."""
        return folder_digest(self.files())

    @property
    def tensors_sha256(self) -> str:
        """The SHA-256 of the file of weights that :meth:`save` writes."""
        return _sha256(self.files()[_TENSORS])

    def save(self, folder: Path) -> None:
        """Write the model into *folder*, which is made if need be; older files are replaced.

        The description is written last and names the digest of the weights,
        so a folder whose writing was interrupted is refused by :meth:`load`.

        Raises:
            ModelError: If the folder cannot be written.
        """
        try:
            for name, data in self.files().items():
                with replacing(folder / name) as file:
                    file.write(data)
        except OSError as error:
            raise ModelError(
                f"{folder}: expected a folder to write, got {error.strerror}"
            ) from error

    @classmethod
    def load(cls, folder: Path) -> Checkpoint:
        """The model of *folder*.

        Raises:
            ModelError: If the folder or one of its files is missing, damaged, of another format,
                or not what :meth:`save` would write.
        """
        files = _read(folder)
        try:
            document = _document(files[_DESCRIPTION], files[_TENSORS])
            settings = settings_from_json(completed(document["settings"]), place="settings")
            checkpoint = cls(
                network=network_of(tensors_of(files[_TENSORS]), settings),
                settings=settings,
                threshold=document["threshold"],
                temperature=document["temperature"],
                provenance=document["provenance"],
            )
        except AfibError as error:
            raise ModelError(*(f"{folder}: {problem}" for problem in error.problems)) from error
        for name, data in checkpoint.files().items():
            if data != files[name]:
                raise ModelError(
                    f"{folder}: {name}: expected the bytes that this version of the software "
                    f"writes for this model, got others; the file was edited or damaged"
                )
        return checkpoint

    def files(self) -> dict[str, bytes]:
        """What :meth:`save` writes, by name, in the order of writing."""
        weights = {name: values.contiguous() for name, values in self.network.state_dict().items()}
        tensors = tensors_to_bytes(weights)
        document = {
            "format": _FORMAT,
            "provenance": dict(self.provenance),
            "settings": condensed(settings_to_json(self.settings)),
            "temperature": self.temperature,
            "tensors_sha256": _sha256(tensors),
            "threshold": self.threshold,
        }
        # Without it, a flipped bit in a threshold would be another valid model.
        document["description_sha256"] = _sha256(_canonical(document))
        return {_TENSORS: tensors, _DESCRIPTION: _canonical(document)}


def model_digest(folder: Path) -> str:
    """The SHA-256 over the files of *folder*: sorted lines of path, NUL, SHA-256 of the content.

    Each line ends in a line feed; paths are relative and use forward slashes.
    ``release.json`` is left out, because it is written about a model that already has a digest.

    Raises:
        ModelError: If there is no such folder, or it holds no file.
    """
    files = [path for path in folder.rglob("*") if path.is_file()]
    digests = {path.relative_to(folder).as_posix(): _sha256(path.read_bytes()) for path in files}
    digests.pop(_RELEASE, None)
    if not digests:
        raise ModelError(f"{folder}: expected a model folder, got no files")
    return _folder_digest(digests)


def folder_digest(files: Mapping[str, bytes]) -> str:
    """What :func:`model_digest` returns for a folder with these *files*, content by name."""
    return _folder_digest({name: _sha256(data) for name, data in files.items()})


def _folder_digest(digests: Mapping[str, str]) -> str:
    return _sha256("".join(sorted(f"{path}\0{sha}\n" for path, sha in digests.items())).encode())


def _canonical(document: Mapping[str, Any]) -> bytes:
    text = json.dumps(dict(document), indent=2, sort_keys=True, allow_nan=False)
    return f"{text}\n".encode()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _read(folder: Path) -> dict[str, bytes]:
    """The content of the two files of a model folder."""
    if not folder.is_dir():
        raise ModelError(f"{folder}: expected a model folder, got none; make one with afib train")
    found = {path.name for path in folder.iterdir()}
    problems = [
        f"{folder}: expected a file {name}, got none" for name in _LARGEST if name not in found
    ]
    strangers = sorted(found - {*_LARGEST, *UNCERTAINTY, _RELEASE})
    if strangers:
        told = ", ".join(strangers[:_TOLD])
        more = f" and {len(strangers) - _TOLD} more" if len(strangers) > _TOLD else ""
        problems.append(f"{folder}: expected nothing but a model, got also {told}{more}")
    for name in found & set(_LARGEST):
        file = folder / name
        if not file.is_file() or file.stat().st_size > _LARGEST[name]:
            problems.append(
                f"{folder}: expected {name} to be a file of at most {_LARGEST[name]} bytes"
            )
    if problems:
        raise ModelError(*problems)
    try:
        return {name: (folder / name).read_bytes() for name in _LARGEST}
    except OSError as error:
        raise ModelError(f"{folder}: expected files to read, got {error.strerror}") from error


def _document(description: bytes, tensors: bytes) -> dict[str, Any]:
    """The mapping in ``model.json``, with the types that :class:`Checkpoint` needs."""
    try:
        document = json.loads(description)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{_DESCRIPTION}: expected plain JSON, got {error}") from error
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise ModelError(
            f"{_DESCRIPTION}: expected a mapping of format {_FORMAT}, got another; "
            f"this version of the software cannot read it"
        )
    problems = [
        f"{_DESCRIPTION}: $.{key}: expected a value, got none"
        for key in _KEYS
        if key not in document
    ]
    problems += [
        f"{_DESCRIPTION}: $.{key}: expected no such key" for key in document if key not in _KEYS
    ]
    for key in ("threshold", "temperature"):
        if key in document and type(document[key]) is not float:
            problems.append(f"{_DESCRIPTION}: $.{key}: expected a number, got {document[key]!r}")
    if not isinstance(document.get("provenance", {}), dict):
        problems.append(f"{_DESCRIPTION}: $.provenance: expected a mapping, got none")
    if document.get("tensors_sha256") != _sha256(tensors):
        problems.append(
            f"{_TENSORS}: expected the content whose SHA-256 {_DESCRIPTION} states, got another; "
            f"the folder is damaged or of two models"
        )
    if problems:
        raise ModelError(*problems)
    return document
