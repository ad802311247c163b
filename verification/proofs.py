"""Proofs about held-out recordings, as the conditions of a requirement ask for them."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from afib.checkpoint import Checkpoint
from afib.gated import with_gate
from afib.proof import as_json
from afib.proof.certificate import write_certificate, write_pieces
from afib.proof.many import Challenge, noise_of, proven
from afib.proof.path import way_of
from nnassure.attacks import pgd
from nnassure.perturbation import Ball

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afib.decision import Screener
    from afib.proof import ProvenDecision
    from afib.records import Recording
    from nnassure.arrays import BoolArray

__all__ = [
    "Proven",
    "attacked_below",
    "beside_gate",
    "challenge_of",
    "least_margin",
    "prove",
    "refused",
]

_RHYTHMS = {"A": "AFib", "N": "normal"}
_CHECKER = Path(__file__).parents[1] / "tools" / "check_certificate.py"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Proven:
    """What is known of some recordings' decisions.

    Attributes:
        recordings: As stored.
        decisions: Of each, by the network.
        challenge: Under which disturbances.
        abstained: Names of the recordings on which the device says nothing.
    """

    recordings: Sequence[Recording]
    decisions: Sequence[ProvenDecision]
    challenge: Challenge
    abstained: frozenset[str] = frozenset()

    def certified(self, label: str) -> BoolArray:
        """Which recordings of a label are decided rightly and proven, shape (recordings,).

        One that the device abstains on is not decided.
        """
        rhythm = _RHYTHMS[label]
        return np.array(
            [
                known.outcome == "certified"
                and known.rhythm == rhythm
                and recording.name not in self.abstained
                for recording, known in zip(self.recordings, self.decisions, strict=True)
                if recording.label == label
            ]
        )

    def table(self) -> str:
        """One line a recording, for the report."""
        lines = ["record,label,rhythm,outcome,method,clean_margin,certified_margin,abstained"]
        lines += [
            f"{known.record},{recording.label},{known.rhythm},{known.outcome},{known.method},"
            f"{known.clean_margin},{known.certified_margin},{recording.name in self.abstained}"
            for recording, known in zip(self.recordings, self.decisions, strict=True)
        ]
        return "\n".join(lines) + "\n"


def challenge_of(conditions: Mapping[str, Any]) -> Challenge:
    """The challenge that the conditions of a requirement state."""
    return Challenge(
        kind=conditions["disturbance"],
        at=conditions["at"],
        size=conditions["size"],
        frequency_hz=conditions.get("frequency_hz"),
        box_mv=conditions.get("box_mv", 0.0),
        parts=conditions["parts"],
        steps=conditions["steps"],
        seconds=conditions["seconds"],
        restarts=conditions["restarts"],
        queries=conditions["queries"],
        seed=conditions["seed"],
        **_optional(conditions),
    )


def _optional(conditions: Mapping[str, Any]) -> dict[str, Any]:
    """What only some kinds of disturbance have."""
    found: dict[str, Any] = {}
    if "band_hz" in conditions:
        found["band_hz"] = tuple(conditions["band_hz"])
    if "weights" in conditions:
        found["weights"] = tuple(sorted(conditions["weights"].items()))
    if "components" in conditions:
        found["components"] = conditions["components"]
    return found


def prove(model: Path, recorded: Sequence[Recording], conditions: Mapping[str, Any]) -> Proven:
    """Proofs about so many recordings of each rhythm, drawn by seed."""
    challenge = challenge_of(conditions)
    generator = np.random.default_rng(conditions["seed"])
    chosen: list[Recording] = []
    for label in ("A", "N"):
        alike = [recording for recording in recorded if recording.label == label]
        places = generator.permutation(len(alike))[: conditions["each"]]
        chosen += [alike[place] for place in places]
    decisions = proven(model, chosen, challenge, processes=2, progress=True)
    return Proven(recordings=chosen, decisions=decisions, challenge=challenge)


def beside_gate(device: Screener, found: Proven) -> list[tuple[str, ...]]:
    """Head, and by label how far the gate of *device* is bound by what is proven of the network.

    Of right and proven decisions: whether the prediction set keeps the rhythm, whether one of a few
    disturbances makes the device abstain, and whether none could, which has no proof while its
    scores have no bound.

    Raises:
        ValueError: If the disturbance enters behind the filter, where no recording is.
    """
    if found.challenge.at != "recorder":
        raise ValueError(f"at: expected the recorder, got the {found.challenge.at}")
    head = ("label", "right and proven", "set keeps the rhythm", "made to abstain", "proven not to")
    rows: list[tuple[str, ...]] = [head]
    for label in ("A", "N"):
        told = [
            with_gate(device, as_json(known, radius_mv=asked.size, at=asked.at), recording, asked)
            for recording, known in _certified(found)
            for asked in (found.challenge,)
            if recording.label == label
            and known.rhythm == _RHYTHMS[label]
            and recording.name not in found.abstained
        ]
        kept = sum(each["set_may_abstain"] is False for each in told)
        made = sum(each["may_abstain"] is True for each in told)
        sure = sum(each["certified_decision"] is True for each in told)
        counts = (len(told), kept, made, sure)
        rows.append((label, *(f"{count} of {len(told)}" for count in counts)))
    return rows


def refused(model: Path, found: Proven, folder: Path) -> list[str]:
    """What the independent checker says of certificates that it does not confirm."""
    prover = found.challenge.prover(Checkpoint.load(model))
    sentences = []
    for recording, known in _certified(found):
        at = found.challenge.at
        if known.pieces:
            paths = write_pieces(folder, prover, recording, known, at=at)
        else:
            noise = noise_of(found.challenge, recording, prover.checkpoint.settings)
            paths = [write_certificate(folder, prover, recording, noise, known, at=at)]
        # Isolated, so that no module beside it stands in for one of the library.
        command = [sys.executable, "-I", str(_CHECKER), "--model", str(model), *map(str, paths)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own
        if done.returncode != 0:
            sentences.append(f"{recording.name}: {done.stdout}{done.stderr}")
        elif (wanted := _set_in_words(found.challenge)) not in done.stdout:
            sentences.append(f"{recording.name}: expected a proof {wanted}, got {done.stdout}")
        elif known.pieces and (gap := _gap(found.challenge, done.stdout)):
            sentences.append(f"{recording.name}: expected a proof of {gap}, got {done.stdout}")
    return sentences


def _gap(challenge: Challenge, told: str) -> str:
    """What the pieces of a band leave out that the checker confirms; empty if nothing."""
    wave = re.escape(f"{challenge.size:g} mV of a wave of any one frequency from ")
    ends = re.findall(rf"within [^;]*?{wave}(\S+) to (\S+) Hz and any phase", told)
    low, high = challenge.band_hz
    for first, last in sorted((float(each[0]), float(each[1])) for each in ends):
        if first > low:
            break
        low = max(low, last)
    return "" if low >= high else f"any one frequency from {low:g} to {high:g} Hz"


def _set_in_words(challenge: Challenge) -> str:
    """How the checker tells the set of *challenge*, so far as one sentence can be foretold."""
    if challenge.kind in {"gain", "offset"}:
        return f"{challenge.size:g} of {challenge.kind!r}"
    if challenge.kind != "linf":
        return f"at the {challenge.at} within"
    return f"at the {challenge.at} within {challenge.size:g} mV a sample, by at least"


def attacked_below(model: Path, found: Proven, conditions: Mapping[str, Any]) -> list[str]:
    """The certified recordings with a point in the set whose margin is below the proven one.

    Raises:
        ValueError: If the set is no ball of single samples, which alone is attacked here.
    """
    if found.challenge.kind != "linf":
        raise ValueError(f"disturbance: expected linf, got {found.challenge.kind}")
    below = []
    for recording, known in _certified(found):
        margin = least_margin(model, recording, known, found.challenge, conditions)
        if known.certified_margin is None or margin < known.certified_margin:
            below.append(f"{recording.name}: {margin} under {known.certified_margin}")
    return below


def least_margin(
    model: Path,
    recording: Recording,
    known: ProvenDecision,
    challenge: Challenge,
    conditions: Mapping[str, Any],
) -> float:
    """The least margin that an attack met in the ball of *challenge* round *recording*."""
    prover = challenge.prover(Checkpoint.load(model))
    noise = noise_of(challenge, recording, prover.checkpoint.settings)
    way = way_of(recording, noise, prover.checkpoint.settings, challenge.at)
    met = pgd(
        way.margin_function(prover.classifier, is_afib=known.rhythm == "AFib"),
        torch.from_numpy(np.array(way.start_mv))[None],
        Ball(radius_mv=challenge.size),
        steps=conditions["attack_steps"],
        restarts=conditions["attack_restarts"],
        seed=conditions["seed"],
    )
    return float(met.margins[0])


def _certified(found: Proven) -> list[tuple[Recording, ProvenDecision]]:
    pairs = zip(found.recordings, found.decisions, strict=True)
    return [(recording, known) for recording, known in pairs if known.outcome == "certified"]
