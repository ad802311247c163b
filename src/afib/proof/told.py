"""What the command tells of a recording: the answer, its scale, and the answer at the network."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from afib.proof.known import as_json
from afib.proof.largest import largest
from afib.proof.many import answer, box_of, noise_shapes
from afib.proof.scale import filter_gain, qrs_height_mv, wave_gain

if TYPE_CHECKING:
    from afib.proof import ProvenDecision, Prover
    from afib.proof.largest import Largest
    from afib.proof.many import Challenge
    from afib.records import Recording

__all__ = ["line", "table_head", "told"]

# At the network's rate the mains have been filtered.
_RECORDER_ONLY = ("mains",)
_WAVES = ("wander", "mains")
# A gain is a share already, and a joint size multiplies heights and shares.
_NO_HEIGHTS = ("gain", "joint")


def told(
    prover: Prover,
    recording: Recording,
    challenge: Challenge,
    *,
    precision: float | None,
    beside: bool,
) -> tuple[dict[str, Any], ProvenDecision | None, ProvenDecision | None]:
    """What the command prints of *recording*.

    Beside it the proof that a certificate may be made of, of the largest size that was proven; and
    what is known at the smallest size that turns the decision. Each is None where there is none.

    Args:
        prover: Of the model.
        recording: As stored.
        challenge: What its decision is held against.
        precision: To which share the largest size is sought; None to ask about one size alone.
        beside: Whether the same is asked at the network's input, where it enters at the recorder.

    Raises:
        PerturbationError: If a size or a frequency is out of its range.
        SourceError: If recorded noise is asked for, and there is none.
        BoundError: If an attack met a point below what was proven: then the engine is wrong.
    """
    known, found = _asked(prover, recording, challenge, precision)
    document = as_json(known, radius_mv=challenge.size, at=challenge.at)
    height_mv = qrs_height_mv(recording)
    document |= {
        "disturbance": challenge.kind,
        "qrs_height_mv": height_mv,
        "radius_of_qrs": challenge.size / height_mv
        if height_mv and challenge.kind not in _NO_HEIGHTS
        else None,
        "filter_gain": filter_gain(recording, prover.checkpoint.settings),
    }
    document |= _set(prover, recording, challenge)
    if challenge.kind in _WAVES and challenge.frequency_hz and challenge.at == "recorder":
        settings, frequency_hz = prover.checkpoint.settings, challenge.frequency_hz
        document["wave_gain"] = wave_gain(recording, settings, frequency_hz)
    if challenge.kind == "noise":
        document["noise"] = _noise(prover, recording, challenge)
    document |= _sizes(found)
    if beside and challenge.at == "recorder":
        document["network"] = _at_network(prover, recording, challenge, precision)
    if found is not None:
        return document, found.proven, found.turned
    proven, turned = (
        known if known.outcome == each else None for each in ("certified", "attacked")
    )
    return document, proven, turned


def table_head() -> str:
    """The columns of :func:`line`."""
    return (
        f"{'record':<16} {'rhythm':<7} {'margin':>8} {'proven':>8}  {'outcome':<10} "
        f"{'network':<10} {'of QRS':>7}  by"
    )


def line(document: dict[str, Any]) -> str:
    """One row of the table."""
    if "error" in document:
        return f"{document['record']:<16} {document['error']}"
    margins = [
        "" if document[key] is None else f"{document[key]:.4f}"
        for key in ("clean_margin", "certified_margin")
    ]
    rhythm = document["rhythm"] or "none"
    by = document["method"] or "the device abstains"
    if "largest_certified" in document:
        by += f"; {_sizes_in_words(document)}"
    if "certificate_error" in document:
        by += f"; no certificate: {document['certificate_error']}"
    if "counterexample_error" in document:
        by += f"; no counterexample: {document['counterexample_error']}"
    elif "counterexample" in document:
        by += f"; turned in {document['counterexample']}"
    beside = document.get("network")
    share = document["radius_of_qrs"]
    return (
        f"{document['record']:<16} {rhythm:<7} {margins[0]:>8} {margins[1]:>8}  "
        f"{document['outcome']:<10} {beside['outcome'] if beside else '-':<10} "
        f"{'-' if share is None else f'{share:.2%}':>7}  {by}"
    )


def _asked(
    prover: Prover, recording: Recording, challenge: Challenge, precision: float | None
) -> tuple[ProvenDecision, Largest | None]:
    if precision is None:
        return answer(challenge, prover, recording), None
    found = largest(prover, recording, challenge, precision=precision)
    return found.asked, found


def _set(prover: Prover, recording: Recording, challenge: Challenge) -> dict[str, Any]:
    """What tells the set from others of its kind and size."""
    kind, weights = challenge.kind, dict(challenge.weights)
    told: dict[str, Any] = {}
    if kind in _WAVES or (kind == "joint" and "wander" in weights):
        told["frequency_hz"] = challenge.frequency_hz
    if kind == "wander-band":
        told["band_hz"] = list(challenge.band_hz)
    if kind == "joint":
        told["joint"] = weights
        if "mains" in weights:
            told["mains_hz"] = challenge.mains_hz
    if kind != "linf":
        told["box_mv"] = box_of(challenge, recording, prover.checkpoint.settings)
    return told


def _sizes(found: Largest | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {
        "largest_certified": found.certified,
        "smallest_attacked": found.attacked,
        "tested_up_to": found.up_to,
        "certified_at_tested_end": found.is_at_end,
        "precision": found.precision,
        "seconds": round(found.seconds, 3),
    }


def _sizes_in_words(document: dict[str, Any]) -> str:
    certified, attacked = document["largest_certified"], document["smallest_attacked"]
    if document["certified_at_tested_end"]:
        return f"proven up to at least {certified:.4g}, the largest tested"
    proven = "nothing proven" if certified is None else f"proven up to {certified:.4g}"
    turned = "not turned" if attacked is None else f"turned from {attacked:.4g}"
    return f"{proven}, {turned} (tested up to {document['tested_up_to']:.4g})"


def _at_network(
    prover: Prover, recording: Recording, challenge: Challenge, precision: float | None
) -> dict[str, Any] | None:
    if challenge.kind in _RECORDER_ONLY:
        return None
    weights = challenge.weights
    if challenge.kind == "joint":
        weights = tuple(each for each in weights if each[0] not in _RECORDER_ONLY)
        if not weights:
            return None
    behind = replace(challenge, at="network", weights=weights)
    known, found = _asked(prover, recording, behind, precision)
    kept = ("certified_margin", "outcome", "method", "seconds")
    every = as_json(known)
    return {key: every[key] for key in kept} | _sizes(found)


def _noise(prover: Prover, recording: Recording, challenge: Challenge) -> dict[str, Any]:
    shapes = noise_shapes(challenge, recording, prover.checkpoint.settings)
    return {
        "components": len(shapes.components),
        "share": shapes.share,
        "share_kept": shapes.share_kept,
        "windows": shapes.windows,
    }
