"""The instances of the benchmark: which recording, which network, which radius, and what is true.

The manifest and the networks are committed; properties are made again from the manifest, since a
recording of the synthetic cohort follows from its seed and number.
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from benchmarks.shared.ecg_networks import STEPS_PER_MV, steps_of_recording
from benchmarks.shared.scoring import Verdict
from nnassure.errors import ExchangeError
from nnassure.exchange import Instance, Property, write_vnnlib

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnassure.arrays import FloatArray, IntArray
    from nnassure.exchange.vnnlib import Relation

__all__ = [
    "COMMITTED",
    "FAMILIES",
    "Case",
    "Family",
    "asked",
    "digest",
    "instance",
    "moved",
    "read_manifest",
    "with_digests",
    "witness_steps",
    "witnesses",
    "write_manifest",
]

#: What is committed: the manifest, the networks and the counterexamples.
COMMITTED = Path(__file__).parents[1] / "ecg"

#: Radii are in tenths of a step of the converter, so that the ends of a box are short decimals.
_TENTHS = 10

Family: TypeAlias = Literal["tiny", "tiny-bound", "ten", "ten-bound", "two", "tiled", "recorder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """Which part of a recording is asked about."""

    rate_hz: float
    samples: int


#: From where a recording is read. All but the tiny ones are 60 Hz at the network; of "two" there
#: are two segments that overlap, and "tiled" repeats a recording shorter than a segment.
FAMILIES: dict[Family, _Cut] = {
    "tiny": _Cut(rate_hz=20.0, samples=120),
    "tiny-bound": _Cut(rate_hz=20.0, samples=120),
    "ten": _Cut(rate_hz=60.0, samples=600),
    "ten-bound": _Cut(rate_hz=60.0, samples=600),
    "two": _Cut(rate_hz=60.0, samples=900),
    "tiled": _Cut(rate_hz=60.0, samples=420),
    "recorder": _Cut(rate_hz=300.0, samples=3000),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One line of the manifest.

    Attributes:
        name: Of the instance.
        family: Which network, and where the recording enters it.
        seed: Of the cohort.
        number: Of the recording in it.
        radius_tenths: How far a sample may move, in tenths of a step of 1 microvolt.
        relation: How the logit of a counterexample stands to the threshold.
        threshold: Of the network.
        timeout_s: For a tool.
        expected: What is known: ``unsat`` where our engine proves it, ``sat`` where there is a
            counterexample, else ``unknown``.
        confirmed_by: Other tools that say the same, with a space between.
        onnx_sha256: Of the network's file.
        vnnlib_sha256: Of the property's file.
    """

    name: str
    family: Family
    seed: int
    number: int
    radius_tenths: int
    relation: Relation
    threshold: float
    timeout_s: int
    expected: Verdict
    confirmed_by: str
    onnx_sha256: str
    vnnlib_sha256: str

    @property
    def onnx(self) -> str:
        """The network's file."""
        return f"onnx/{self.family}.onnx"

    @property
    def vnnlib(self) -> str:
        """The property's file."""
        return f"vnnlib/{self.name}.vnnlib"

    @property
    def radius_mv(self) -> float:
        """How far a sample may move, in mV."""
        return self.radius_tenths / (_TENTHS * STEPS_PER_MV)


def digest(content: bytes) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def asked(case: Case) -> Property:
    """The property of *case*, from the recording that it names."""
    middle = _TENTHS * _steps(case)
    unit = _TENTHS * STEPS_PER_MV
    return Property(
        lower=(middle - case.radius_tenths) / unit,
        upper=(middle + case.radius_tenths) / unit,
        relation=case.relation,
        threshold=case.threshold,
    )


def instance(case: Case, folder: Path = COMMITTED) -> Instance:
    """Both files of *case*, the network from *folder*.

    Raises:
        ExchangeError: If a file has not the digest that the manifest states; then this machine
            makes another recording, or the network was changed.
    """
    title = f"{case.name}: recording {case.number} of seed {case.seed}, {case.radius_mv} mV"
    made = Instance(
        model=(folder / case.onnx).read_bytes(), text=write_vnnlib(asked(case), title=title)
    )
    for place, content, wanted in (
        (case.onnx, made.model, case.onnx_sha256),
        (case.vnnlib, made.text.encode(), case.vnnlib_sha256),
    ):
        if wanted not in {"", digest(content)}:
            raise ExchangeError(f"{place}: expected SHA-256 {wanted}, got {digest(content)}")
    return made


def read_manifest(path: Path) -> tuple[Case, ...]:
    """The cases of a manifest.

    Raises:
        ExchangeError: With every line that states no case.
    """
    names = [field.name for field in fields(Case)]
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    if not rows or rows[0] != names:
        raise ExchangeError(f"{path.name}:1: expected {','.join(names)}, got others")
    problems, cases = [], []
    for line, row in enumerate(rows[1:], 2):
        try:
            cases.append(_case(dict(zip(names, row, strict=True))))
        except ValueError as error:
            problems.append(f"{path.name}:{line}: expected a case, got {error}")
    if problems:
        raise ExchangeError(*problems)
    return tuple(cases)


def write_manifest(path: Path, cases: Sequence[Case]) -> None:
    """*cases* as a manifest."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Case)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(case) for case in cases)
    path.write_text(text.getvalue(), encoding="utf-8")


def with_digests(case: Case, folder: Path = COMMITTED) -> Case:
    """*case* with the digests of the files that it gives here."""
    made = instance(replace(case, onnx_sha256="", vnnlib_sha256=""), folder)
    return replace(case, onnx_sha256=digest(made.model), vnnlib_sha256=digest(made.text.encode()))


def witness_steps(case: Case, witness_mv: FloatArray) -> IntArray:
    """*witness_mv* as whole tenths of a step from the recording, within the radius."""
    tenths = np.rint(witness_mv.astype(np.float64) * _TENTHS * STEPS_PER_MV).astype(np.int64)
    limit = case.radius_tenths
    moves: IntArray = np.clip(tenths - _TENTHS * _steps(case), -limit, limit)
    return moves


def moved(case: Case, tenths: IntArray) -> FloatArray:
    """The recording of *case*, moved by so many tenths of a step, in mV, float32."""
    moved = (_TENTHS * _steps(case) + tenths) / (_TENTHS * STEPS_PER_MV)
    return np.asarray(moved, dtype=np.float32)


def witnesses(cases: Sequence[Case], folder: Path = COMMITTED) -> dict[str, FloatArray]:
    """The counterexamples that are committed, in mV, by the name of their case."""
    with np.load(folder / "witnesses.npz", allow_pickle=False) as stored:
        return {
            case.name: moved(case, stored[case.name].astype(np.int64))
            for case in cases
            if case.name in stored
        }


def _steps(case: Case) -> IntArray:
    cut = FAMILIES[case.family]
    return steps_of_recording(
        seed=case.seed, number=case.number, rate_hz=cut.rate_hz, first=0, samples=cut.samples
    )


def _case(row: dict[str, str]) -> Case:
    for name, known in (("family", FAMILIES), ("expected", get_args(Verdict))):
        if row[name] not in known:
            raise ValueError(f"{name} {row[name]!r}")
    if row["relation"] not in {"<=", ">="}:
        raise ValueError(f"relation {row['relation']!r}")
    numbers = {
        "seed": int(row["seed"]),
        "number": int(row["number"]),
        "radius_tenths": int(row["radius_tenths"]),
        "timeout_s": int(row["timeout_s"]),
        "threshold": float(row["threshold"]),
    }
    return Case(**(row | numbers))  # type: ignore[arg-type]  # held above
