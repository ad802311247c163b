"""The record of what held-out gates and networks computed: one row a recording."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from afib.dataset.atomic import replacing
from afib.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nnassure.arrays import BoolArray, DoubleArray, IntArray, StrArray

__all__ = ["FoldGate", "HeldOut", "Rows", "read_held_out", "write_held_out"]

_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Recordings, real or made, and what a held-out model computed of each; columns of one length.

    Attributes:
        names: Of the recording, or of the one that it was made of.
        labels: ``N``, ``A``, ``O`` or ``~``, of the same.
        folds: Whose model judged it.
        parts: 0, 1 or 2: the third of its fold.
        families: Of :data:`afib.corruption.FAMILIES`, or how else it was taken, of
            :data:`afib.corruption.ACQUISITIONS`; empty for a recording as it is.
        severities: In the unit of the family or way; 0 for a recording as it is.
        usable: Whether it can hold a rhythm at all.
        logits: Of the network; 0 where it is not usable.
        scores: How strange it is; 0 where it is not usable.
    """

    names: StrArray
    labels: StrArray
    folds: IntArray
    parts: IntArray
    families: StrArray
    severities: DoubleArray
    usable: BoolArray
    logits: DoubleArray
    scores: DoubleArray

    def __len__(self) -> int:
        return len(self.names)

    def where(self, chosen: BoolArray) -> Rows:
        """Those of *chosen*, shape (rows,)."""
        return Rows(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    @classmethod
    def joined(cls, parts: list[Rows]) -> Rows:
        """All of some, in their order."""
        return cls(
            **{
                field.name: np.concatenate([getattr(part, field.name) for part in parts])
                for field in fields(cls)
            }
        )


_KINDS: Mapping[str, Any] = {
    "names": np.str_,
    "labels": np.str_,
    "folds": np.int64,
    "parts": np.int64,
    "families": np.str_,
    "severities": np.float64,
    "usable": np.bool_,
    "logits": np.float64,
    "scores": np.float64,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldGate:
    """What a fold's model decides by.

    Attributes:
        fold: Which recordings it never saw.
        network_sha256: Digest of the network's folder.
        threshold: A logit above it is called AFib.
        temperature: Divides a logit before it becomes a probability.
        ood_threshold: A score above it is strange.
    """

    fold: int
    network_sha256: str
    threshold: float
    temperature: float
    ood_threshold: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldOut:
    """Everything that was judged, by which models.

    Attributes:
        rows: Recordings as they are, then those made of them.
        gates: By fold.
        origin: Digests of manifest, settings and code, and whether noise was recorded or drawn.
    """

    rows: Rows
    gates: tuple[FoldGate, ...]
    origin: Mapping[str, Any]


def write_held_out(found: HeldOut, path: Path) -> None:
    """*path* holds *found* as JSON, one recording a line."""
    names = [field.name for field in fields(Rows)]
    columns = [getattr(found.rows, name).tolist() for name in names]
    head = {
        "format": _FORMAT,
        "origin": dict(found.origin),
        "gates": [asdict(gate) for gate in found.gates],
        "columns": names,
    }
    rows = ",\n".join(json.dumps(list(row)) for row in zip(*columns, strict=True))
    text = f'{json.dumps(head, sort_keys=True)[:-1]},\n"rows": [\n{rows}\n]}}\n'
    with replacing(path) as file:
        file.write(text.encode())


def read_held_out(path: Path) -> HeldOut:
    """What :func:`write_held_out` wrote.

    Raises:
        ManifestError: If there is no such file, or it holds something else.
    """
    try:
        return _held_out(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ManifestError(f"{path}: expected what held-out gates say, got {error!r}") from error


def _held_out(document: dict[str, Any]) -> HeldOut:
    if document["format"] != _FORMAT or document["columns"] != list(_KINDS):
        raise ValueError(f"format {document['format']}, columns {document['columns']}")
    columns = list(zip(*document["rows"], strict=True))
    rows = Rows(
        **{
            name: np.array(values, dtype=kind)
            for (name, kind), values in zip(_KINDS.items(), columns, strict=True)
        }
    )
    if not (np.isfinite(rows.logits).all() and np.isfinite(rows.scores).all()):
        raise ValueError("a number that is not finite")
    return HeldOut(
        rows=rows,
        gates=tuple(FoldGate(**gate) for gate in document["gates"]),
        origin=document["origin"],
    )
