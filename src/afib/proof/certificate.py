"""A proof as a file that others can check; docs/certificates.md says what it holds."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from afib.dataset.atomic import replacing
from afib.preprocessing import network_filter
from afib.proof.path import way_of
from nnassure.certify.certificate import witness
from nnassure.errors import BoundError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from afib.checkpoint import Checkpoint
    from afib.proof import ProvenDecision, Prover
    from afib.proof.path import Place, Way
    from afib.records import Recording
    from nnassure.certify.certificate import Witness
    from nnassure.perturbation import LinearSet

__all__ = ["write_certificate", "write_pieces"]

_FORMAT = 2
_LESS = 1e-3


def write_certificate(  # noqa: PLR0913  a certificate names all that it rests on
    folder: Path,
    prover: Prover,
    recording: Recording,
    noise: LinearSet,
    known: ProvenDecision,
    *,
    at: Place,
    piece: int | None = None,
) -> Path:
    """The file in *folder*, named for recording and question, that holds the proof of *known*.

    Args:
        folder: Made where it is missing.
        prover: Of the model.
        recording: As stored.
        noise: The set that was proven.
        known: Of which the proof is written.
        at: Where the disturbance enters.
        piece: The number of the set, where the disturbances are the union of several; it is in
            the name of the file.

    Raises:
        BoundError: If nothing was proven, or the bounds that are written prove nothing; the file
            is then not written.
        OSError: If *folder* cannot be written to.
    """
    if known.proof is None or known.rhythm is None:
        raise BoundError(f"{recording.name}: expected a proven decision, got none")
    checkpoint = prover.checkpoint
    way = way_of(recording, noise, checkpoint.settings, at)
    found = witness(prover.problem(way, known.rhythm), known.proof)
    if not found.margin > 0:
        raise BoundError(
            f"{recording.name}: expected bounds that still prove the decision when they are "
            f"written, got a margin of {found.margin:g}"
        )
    document = _document(checkpoint, recording, noise, found, rhythm=known.rhythm, at=at)
    arrays = _arrays(checkpoint, recording, noise, way, found)
    text = json.dumps(document, allow_nan=False, sort_keys=True).encode()
    buffer = io.BytesIO()
    arrays["document"] = np.frombuffer(text, dtype=np.uint8)
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_name(document, noise)}{_number(piece)}.npz"
    with replacing(path) as file:
        file.write(buffer.getvalue())
    return path


def _name(document: dict[str, Any], noise: LinearSet) -> str:
    """Of recordings whatever their names hold, and of each question about one its own."""
    record, digest = document["record"], document["signal_sha256"]
    name = "".join(each if each.isalnum() or each in "-_" else "_" for each in record)
    asked = {key: document[key] for key in ("model_digest", "rate_hz", "at", "disturbance")}
    question = hashlib.sha256(json.dumps(asked, sort_keys=True).encode())
    for each in (noise.generators, noise.lower, noise.upper):
        question.update(np.ascontiguousarray(each).tobytes())
    return f"{name}-{digest[:12]}-{question.hexdigest()[:12]}"


def _number(piece: int | None) -> str:
    return "" if piece is None else f"-{piece:04d}"


def write_pieces(
    folder: Path, prover: Prover, recording: Recording, known: ProvenDecision, *, at: Place
) -> list[Path]:
    """The files in *folder*, one for each set that the disturbances are the union of.

    Raises:
        BoundError: If the bounds that are written prove nothing for one of them.
        OSError: If *folder* cannot be written to.
    """
    return [
        write_certificate(
            folder,
            prover,
            recording,
            piece.noise,
            replace(known, proof=piece.proof, pieces=()),
            at=at,
            piece=number,
        )
        for number, piece in enumerate(known.pieces, start=1)
    ]


def _document(  # noqa: PLR0913  as above
    checkpoint: Checkpoint,
    recording: Recording,
    noise: LinearSet,
    found: Witness,
    *,
    rhythm: str,
    at: Place,
) -> dict[str, Any]:
    between = network_filter(recording.rate_hz, checkpoint.settings.preprocessing)
    return {
        "format": _FORMAT,
        "record": recording.name,
        "model_digest": checkpoint.digest,
        "tensors_sha256": checkpoint.tensors_sha256,
        "signal_sha256": recording.digest,
        "rate_hz": recording.rate_hz,
        "at": at,
        "disturbance": {"radius_mv": noise.radius_mv, "parameters": list(noise.names)},
        "rhythm": rhythm,
        "threshold": checkpoint.threshold,
        # A little less than was found: a checker may round otherwise.
        "margin": found.margin * (1 - _LESS),
        "arithmetic": {"name": "float32", "unit": 2.0**-24, "smallest": 2.0**-149},
        "filter": None if between is None else {"up": between[1], "down": between[2]},
        "tree": found.tree,
        "boxes": found.boxes,
        "leaves": found.leaves,
    }


def _arrays(
    checkpoint: Checkpoint, recording: Recording, noise: LinearSet, way: Way, found: Witness
) -> dict[str, NDArray[Any]]:
    between = network_filter(recording.rate_hz, checkpoint.settings.preprocessing)
    arrays: dict[str, NDArray[Any]] = {
        "signal_mv": recording.signal_mv,
        "network_mv": way.network_mv,
        "indices": way.placed.indices.numpy(),
        "signs": way.placed.signs.numpy(),
        "generators": noise.generators,
        "half_widths": (noise.upper - noise.lower) / 2,
        **found.arrays,
    }
    if between is not None:
        arrays["taps"] = between[0]
    return arrays
