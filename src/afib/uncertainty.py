"""What a model knows of its own limits: the gate for strange recordings, and prediction sets.

Both are fitted after training and kept beside the network, in ``uncertainty.safetensors`` and
``uncertainty.json``; a folder without them holds a network that nobody may screen with.
The sets have their guarantee (:mod:`nnassure.conformal`) over recordings that the gate accepts and
that are exchangeable with those of calibration; it holds for many of them, never for one patient.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as arrays_from_bytes
from safetensors.numpy import save as arrays_to_bytes

from afib.checkpoint import UNCERTAINTY, folder_digest
from afib.dataset.atomic import replacing
from afib.errors import AfibError, ModelError
from afib.settings import UncertaintySettings, uncertainty_from_json
from afib.soundness import gate_problems
from afib.strangeness import Strangeness
from nnassure.conformal import least_records
from nnassure.errors import AssuranceError
from nnassure.monitoring import LEAST_RECORDS

if TYPE_CHECKING:
    from pathlib import Path

    from afib.checkpoint import Checkpoint
    from nnassure.arrays import DoubleArray

__all__ = ["Uncertainty", "device_digest"]

_TENSORS, _DESCRIPTION = UNCERTAINTY
_FORMAT = 1
_LARGEST = {_TENSORS: 16 * 1024 * 1024, _DESCRIPTION: 1024 * 1024}
_RHYTHMS = 2
_MATRIX = 2
_GATE, _ORDINARY = "gate.", "ordinary_scores"
_KEYS = {
    "description_sha256",
    "format",
    "network_sha256",
    "provenance",
    "settings",
    "tensors_sha256",
    "thresholds",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Uncertainty:
    """The gate and the prediction sets of one network.

    Attributes:
        network_sha256: The digest of the checkpoint that they were fitted beside.
        strangeness: The gate.
        thresholds: Of prediction sets: normal rhythm and AFib, shape (2,), each in [0, 1].
        ordinary_scores: How strange recordings for calibration are, of all labels, as a monitor in
            the field compares with; rising, shape (recordings,), at least 20.
        settings: How both were fitted.
        provenance: On what, as plain JSON; ``calibration`` tells the recordings of each rhythm
            that the thresholds come from.

    Raises:
        ModelError: If a threshold is no number in [0, 1], a score not finite, or there are fewer
            recordings than thresholds or a monitor have to come from.
    """

    network_sha256: str
    strangeness: Strangeness
    thresholds: DoubleArray
    ordinary_scores: DoubleArray
    settings: UncertaintySettings
    provenance: Mapping[str, Any]

    def __post_init__(self) -> None:
        if (
            self.thresholds.shape != (_RHYTHMS,)
            or not ((self.thresholds >= 0) & (self.thresholds <= 1)).all()
        ):
            raise ModelError(
                f"thresholds: expected one in [0, 1] for each rhythm, got {self.thresholds}"
            )
        scores = self.ordinary_scores
        if scores.ndim != 1 or not (np.isfinite(scores).all() and (np.diff(scores) >= 0).all()):
            raise ModelError("ordinary_scores: expected rising finite numbers, got others")
        if len(scores) < LEAST_RECORDS:
            raise ModelError(
                f"ordinary_scores: expected at least {LEAST_RECORDS}, got {len(scores)}"
            )
        self._require_calibration()

    def _require_calibration(self) -> None:
        """A set at a level that no calibration of this size can hold is no set."""
        counts = self.provenance.get("calibration")
        least = least_records(self.settings.conformal.alpha)
        told = [
            counts.get(name) if isinstance(counts, Mapping) else None for name in ("normal", "afib")
        ]
        if not all(isinstance(each, int) and each >= least for each in told):
            raise ModelError(
                f"$.provenance.calibration: expected at least {least} recordings of each rhythm "
                f"for an alpha of {self.settings.conformal.alpha:g}, got {counts!r}"
            )

    def save(self, folder: Path) -> None:
        """Write it into the folder of its network.

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

    def files(self) -> dict[str, bytes]:
        """What :meth:`save` writes, by name, in the order of writing."""
        tensors = arrays_to_bytes({name: _kept(a) for name, a in self._arrays().items()})
        document = {
            "format": _FORMAT,
            "network_sha256": self.network_sha256,
            "provenance": dict(self.provenance),
            "settings": self.settings.to_json(),
            "tensors_sha256": _sha256(tensors),
            "thresholds": self.thresholds.tolist(),
        }
        document["description_sha256"] = _sha256(_canonical(document))
        return {_TENSORS: tensors, _DESCRIPTION: _canonical(document)}

    def _arrays(self) -> dict[str, DoubleArray]:
        gate = {f"{_GATE}{name}": values for name, values in self.strangeness.tensors().items()}
        return gate | {_ORDINARY: self.ordinary_scores}

    @classmethod
    def load(cls, folder: Path, checkpoint: Checkpoint) -> Uncertainty:
        """What stands beside *checkpoint* in *folder*.

        Raises:
            ModelError: If it is missing, damaged, of another format, of another network, or not
                what :meth:`save` would write.
        """
        data = _read(folder)
        try:
            found = _parsed(data)
        except (AfibError, AssuranceError) as error:
            problems = error.problems if isinstance(error, AfibError) else (str(error),)
            raise ModelError(*(f"{folder}: {problem}" for problem in problems)) from error
        channels = checkpoint.settings.network.channels[-1]
        if strange := gate_problems(found.strangeness, channels):
            raise ModelError(*(f"{folder}: {_TENSORS}: {problem}" for problem in strange))
        if found.network_sha256 != checkpoint.digest:
            raise ModelError(
                f"{folder}: {_DESCRIPTION}: expected thresholds of the network "
                f"{checkpoint.digest[:16]}, got those of {found.network_sha256[:16]}; "
                "fit them with afib calibrate"
            )
        for name, written in found.files().items():
            if written != data[name]:
                raise ModelError(
                    f"{folder}: {name}: expected the bytes that this version of the software "
                    "writes, got others; the file was edited or damaged"
                )
        return found


def device_digest(checkpoint: Checkpoint, uncertainty: Uncertainty) -> str:
    """What :func:`afib.checkpoint.model_digest` returns for the folder of both."""
    return folder_digest(checkpoint.files() | uncertainty.files())


def _kept(values: DoubleArray) -> Any:  # noqa: ANN401  an array of either precision
    """*values* as they are stored: in single precision where that loses nothing."""
    if values.ndim != _MATRIX:
        return np.array(values, order="C")
    single = values.astype(np.float32)
    lossless = np.array_equal(single.astype(np.float64), values)
    # Not ascontiguousarray, which would make an array of one number of a number.
    return np.array(single if lossless else values, order="C")


def _read(folder: Path) -> dict[str, bytes]:
    problems = [
        f"{folder}: expected a file {name}, got none; a model without it decides nothing, "
        "fit it with afib calibrate"
        for name in UNCERTAINTY
        if not (folder / name).is_file()
    ]
    problems += [
        f"{folder}: expected {name} to be at most {_LARGEST[name]} bytes"
        for name in UNCERTAINTY
        if (folder / name).is_file() and (folder / name).stat().st_size > _LARGEST[name]
    ]
    if problems:
        raise ModelError(*problems)
    try:
        return {name: (folder / name).read_bytes() for name in UNCERTAINTY}
    except OSError as error:
        raise ModelError(f"{folder}: expected files to read, got {error.strerror}") from error


def _parsed(data: Mapping[str, bytes]) -> Uncertainty:
    try:
        document = json.loads(data[_DESCRIPTION])
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{_DESCRIPTION}: expected plain JSON, got {error}") from error
    if not isinstance(document, dict) or document.get("tensors_sha256") != _sha256(data[_TENSORS]):
        raise ModelError(
            f"{_TENSORS}: expected the content whose SHA-256 {_DESCRIPTION} states, got another; "
            "the folder is damaged or of two models"
        )
    try:
        tensors = arrays_from_bytes(data[_TENSORS])
    except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{_TENSORS}: expected a safetensors file, got {error}") from error
    if set(document) != _KEYS or document["format"] != _FORMAT:
        raise ModelError(
            f"{_DESCRIPTION}: expected a mapping of format {_FORMAT}, got another; "
            "this version of the software cannot read it"
        )
    thresholds = document["thresholds"]
    if not (isinstance(thresholds, list) and all(_is_number(value) for value in thresholds)):
        raise ModelError(f"{_DESCRIPTION}: $.thresholds: expected numbers, got {thresholds!r}")
    if not isinstance(document["provenance"], dict):
        raise ModelError(f"{_DESCRIPTION}: $.provenance: expected a mapping, got another value")
    return Uncertainty(
        network_sha256=str(document["network_sha256"]),
        strangeness=Strangeness.of(
            {
                name.removeprefix(_GATE): np.asarray(values, np.float64)
                for name, values in tensors.items()
                if name.startswith(_GATE)
            }
        ),
        thresholds=np.array(thresholds, dtype=np.float64),
        ordinary_scores=np.asarray(tensors.get(_ORDINARY, np.array([np.nan])), np.float64),
        settings=uncertainty_from_json(document["settings"], place=_DESCRIPTION),
        provenance=document["provenance"],
    )


def _is_number(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _canonical(document: Mapping[str, Any]) -> bytes:
    text = json.dumps(dict(document), indent=2, sort_keys=True, allow_nan=False)
    return f"{text}\n".encode()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
