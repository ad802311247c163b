"""The command `afib certify`: what is proven of each recording, as a table or JSON lines."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afib.checkpoint import Checkpoint
from afib.errors import RecordError
from afib.proof import KINDS, as_json
from afib.proof.certificate import write_certificate
from afib.proof.many import Challenge, noise_of
from afib.records import read_any
from afib.workflow import shipped_model
from nnassure.errors import AssuranceError, BoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afib.proof import Prover
    from afib.records import Recording

__all__ = ["add_command"]

_USUAL_HZ = {"wander": 0.3, "mains": 50.0}
_FINE, _SOME_FAILED = 0, 1
# What a person at a desk waits for; --seconds ends it earlier.
_PARTS, _STEPS, _RESTARTS, _QUERIES = 400, 8, 20, 1000


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command is known to *commands*."""
    certify = commands.add_parser(
        "certify",
        help="prove that no disturbance of a given size turns a decision",
        description="Proves, or refutes by a counterexample, that no disturbance in a set turns "
        "the rhythm of a recording into the other one. Proven stable does not mean correct.",
    )
    certify.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    certify.add_argument(
        "--radius-mv",
        type=_size,
        required=True,
        metavar="R",
        help="size of the disturbance in mV; for gain, its share of the amplitude",
    )
    certify.add_argument("--at", choices=("recorder", "network"), default="recorder")
    certify.add_argument("--disturbance", choices=KINDS, default="linf")
    certify.add_argument(
        "--frequency-hz",
        type=_size,
        metavar="F",
        help="of wander (default 0.3) and mains (default 50)",
    )
    certify.add_argument(
        "--box-mv",
        type=_size,
        metavar="R",
        help="beside a gain, offset, wander or mains: how far each sample may move by itself; "
        "at the recorder half a step of the converter is added",
    )
    certify.add_argument("--model", type=Path, metavar="DIR", help="default: the shipped model")
    certify.add_argument("--certificates", type=Path, metavar="DIR", help="write what is proven")
    certify.add_argument(
        "--seconds", type=_size, default=60.0, metavar="S", help="CPU time a recording; default 60"
    )
    certify.add_argument(
        "--seed", type=_seed, default=17, metavar="N", help="of the attacks; default 17"
    )
    certify.add_argument("--format", choices=("table", "json"), default="table")
    certify.set_defaults(handler=_certify, interrupted="the proofs above stand")


def _size(text: str) -> float:
    try:
        size = float(text)
    except ValueError:
        size = math.nan
    if not (math.isfinite(size) and size > 0):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return size


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected an integer from 0, got {text!r}")
    return int(text)


def _certify(parsed: argparse.Namespace) -> int:
    challenge = _challenge(parsed)
    prover = challenge.prover(Checkpoint.load(parsed.model or shipped_model()))
    if parsed.certificates is not None:
        # A folder that cannot be made is told before any work is done.
        parsed.certificates.mkdir(parents=True, exist_ok=True)
    failures = 0
    if parsed.format == "table":
        print(f"{'record':<16} {'rhythm':<7} {'margin':>8} {'proven':>8}  {'outcome':<10} by")
    counts = {"certified": 0, "attacked": 0, "unknown": 0}
    for result in _results(parsed, prover, challenge):
        if isinstance(result, RecordError):
            failures += 1
            document = {"record": result.record, "error": "; ".join(result.problems)}
        else:
            document = result
            counts[document["outcome"]] += 1
        print(json.dumps(document) if parsed.format == "json" else _line(document), flush=True)
    if parsed.format == "table":
        told = ", ".join(f"{number} {word}" for word, number in counts.items())
        print(f"{told}, {failures} failed. Proven stable does not mean correct.")
    return _SOME_FAILED if failures else _FINE


def _results(
    parsed: argparse.Namespace, prover: Prover, challenge: Challenge
) -> Iterator[dict[str, Any] | RecordError]:
    for recording in read_any(parsed.paths):
        if isinstance(recording, RecordError):
            yield recording
            continue
        try:
            yield _proven(parsed, prover, challenge, recording)
        except AssuranceError as error:
            yield RecordError(recording.name, f"{recording.origin}: {error}")


def _proven(
    parsed: argparse.Namespace, prover: Prover, challenge: Challenge, recording: Recording
) -> dict[str, Any]:
    noise = noise_of(challenge, recording, prover.checkpoint.settings)
    known = prover.prove(recording, noise, at=parsed.at, seed=challenge.seed)
    document = as_json(known, radius_mv=parsed.radius_mv, at=parsed.at)
    if parsed.certificates is not None and known.outcome == "certified":
        try:
            path = write_certificate(
                parsed.certificates, prover, recording, noise, known, at=parsed.at
            )
            document["certificate"] = str(path)
        except BoundError as error:
            # The proof stands; what could not be written is said beside it.
            document |= {"certificate": None, "certificate_error": str(error)}
    return document


def _challenge(parsed: argparse.Namespace) -> Challenge:
    return Challenge(
        kind=parsed.disturbance,
        at=parsed.at,
        size=parsed.radius_mv,
        frequency_hz=parsed.frequency_hz or _USUAL_HZ.get(parsed.disturbance),
        box_mv=parsed.box_mv or 0.0,
        parts=_PARTS,
        steps=_STEPS,
        seconds=parsed.seconds,
        restarts=_RESTARTS,
        queries=_QUERIES,
        seed=parsed.seed,
    )


def _line(document: dict[str, Any]) -> str:
    if "error" in document:
        return f"{document['record']:<16} {document['error']}"
    margins = [
        "" if document[key] is None else f"{document[key]:.4f}"
        for key in ("clean_margin", "certified_margin")
    ]
    rhythm = document["rhythm"] or "none"
    by = document["method"] or "the device abstains"
    if "certificate_error" in document:
        by += f"; no certificate: {document['certificate_error']}"
    return (
        f"{document['record']:<16} {rhythm:<7} {margins[0]:>8} {margins[1]:>8}  "
        f"{document['outcome']:<10} {by}"
    )
