"""The command `afib certify`: what is proven of each recording, as a table or JSON lines."""

from __future__ import annotations

import argparse
import json
import math
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from afib.checkpoint import Checkpoint
from afib.errors import RecordError
from afib.gated import device_of, refusal, with_gate
from afib.proof import KINDS
from afib.proof.certificate import write_certificate, write_pieces
from afib.proof.disturbance import JOINED
from afib.proof.many import WANDER_HZ, Challenge, noise_of
from afib.proof.told import line, table_head, told
from afib.records import read_any
from afib.workflow import shipped_model
from nnassure.errors import AssuranceError, BoundError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from afib.decision import Screener
    from afib.proof import ProvenDecision, Prover
    from afib.records import Recording

__all__ = ["add_command"]

_USUAL_HZ = {"wander": 0.3, "mains": 50.0, "joint": 0.3}
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
        help="of wander, also in joint (default 0.3), and mains (default 50)",
    )
    _add_sets(certify)
    certify.add_argument(
        "--box-mv",
        type=_size,
        metavar="R",
        help="beside all kinds but linf: how far each sample may move by itself; "
        "at the recorder half a step of the converter is added",
    )
    _add_largest(certify)
    certify.add_argument("--model", type=Path, metavar="DIR", help="default: the shipped model")
    certify.add_argument("--certificates", type=Path, metavar="DIR", help="write what is proven")
    certify.add_argument(
        "--seconds", type=_size, default=60.0, metavar="S", help="CPU time a recording; default 60"
    )
    certify.add_argument(
        "--seed", type=_seed, default=17, metavar="N", help="of the attacks; default 17"
    )
    certify.add_argument(
        "--processes", type=_count, default=1, metavar="N", help="recordings at a time; default 1"
    )
    certify.add_argument("--format", choices=("table", "json"), default="table")
    certify.set_defaults(handler=_certify, interrupted="the proofs above stand")


def _add_sets(certify: argparse.ArgumentParser) -> None:
    certify.add_argument(
        "--band-hz",
        type=_size,
        nargs=2,
        default=WANDER_HZ,
        metavar=("LOW", "HIGH"),
        help="of wander-band: any one frequency between them; default 0.05 0.67",
    )
    certify.add_argument(
        "--mains-hz",
        type=_size,
        default=50.0,
        metavar="F",
        help="of the mains in joint; default 50",
    )
    certify.add_argument(
        "--joint",
        type=_weights,
        default=tuple(JOINED.items()),
        metavar="KIND:TIMES,...",
        help="what joint joins, each at so many times the size: in mV, and of gain as a share; "
        "default gain:1,offset:1,wander:1,mains:1",
    )
    certify.add_argument(
        "--noise",
        type=Path,
        metavar="PATH",
        help="recorded noise: a folder with the records of the MIT-BIH Noise Stress Test "
        "Database, or one record; default nstdb/ below VERICASE_DATA",
    )
    certify.add_argument(
        "--components",
        type=_count,
        default=4,
        metavar="N",
        help="how many shapes span the recorded noise; default 4",
    )


def _add_largest(certify: argparse.ArgumentParser) -> None:
    certify.add_argument(
        "--largest",
        action="store_true",
        help="seek the largest size that is proven, and the smallest that turns the decision, "
        "up to --radius-mv",
    )
    certify.add_argument(
        "--precision",
        type=_size,
        default=0.05,
        metavar="SHARE",
        help="of the sizes that --largest tells; default 0.05",
    )
    certify.add_argument(
        "--recorder-only",
        action="store_true",
        help="leave out the same question at the network's input",
    )


def _size(text: str) -> float:
    try:
        size = float(text)
    except ValueError:
        size = math.nan
    if not (math.isfinite(size) and size > 0):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return size


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected an integer from 1, got {text!r}")
    return int(text)


def _weights(text: str) -> tuple[tuple[str, float], ...]:
    weights: dict[str, float] = {}
    for part in text.split(","):
        kind, _, times = part.partition(":")
        if kind not in JOINED or kind in weights:
            raise argparse.ArgumentTypeError(
                f"expected each of {', '.join(JOINED)} at most once, got {kind!r}"
            )
        weights[kind] = _size(times or "1")
    return tuple(weights.items())


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected an integer from 0, got {text!r}")
    return int(text)


def _certify(parsed: argparse.Namespace) -> int:
    # A model that cannot be proven about is told before any work is done.
    _prover.cache_clear()
    _device.cache_clear()
    _prover(_model(parsed), _challenge(parsed))
    if parsed.certificates is not None:
        # A folder that cannot be made is told before any work is done.
        parsed.certificates.mkdir(parents=True, exist_ok=True)
    failures = 0
    if parsed.format == "table":
        print(table_head())
    counts = {"certified": 0, "attacked": 0, "unknown": 0}
    gains: set[float] = set()
    for result in _results(parsed):
        if isinstance(result, RecordError):
            failures += 1
            problems = "; ".join(result.problems)
            document: dict[str, Any] = {"record": result.record, "error": problems}
        else:
            document = result
            counts[document["outcome"]] += 1
            gains.add(document["filter_gain"])
        print(json.dumps(document) if parsed.format == "json" else line(document), flush=True)
    if parsed.format == "table":
        for gain in sorted(gains):
            print(f"The filter may enlarge what moves single samples {gain:.3f} times.")
        in_words = ", ".join(f"{number} {word}" for word, number in counts.items())
        print(f"{in_words}, {failures} failed. Proven stable does not mean correct.")
    return _SOME_FAILED if failures else _FINE


def _results(parsed: argparse.Namespace) -> Iterator[dict[str, Any] | RecordError]:
    """What is known of each recording, in their order, each on one thread."""
    recordings = read_any(parsed.paths)
    if parsed.processes == 1:
        yield from (_known(parsed, recording) for recording in recordings)
        return
    with ProcessPoolExecutor(parsed.processes, get_context("spawn")) as pool:
        # No more are read than are soon asked about.
        waiting: deque[Future[dict[str, Any] | RecordError]] = deque()
        try:
            for recording in recordings:
                waiting.append(pool.submit(_known, parsed, recording))
                if len(waiting) > 2 * parsed.processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _known(
    parsed: argparse.Namespace, recording: Recording | RecordError
) -> dict[str, Any] | RecordError:
    if isinstance(recording, RecordError):
        return recording
    try:
        with _one_thread():
            return _proven(parsed, recording)
    except AssuranceError as error:
        return RecordError(recording.name, f"{recording.origin}: {error}")
    except RecordError as error:
        # What an attack made of it is no recording of this device any more.
        return RecordError(recording.name, *error.problems)


def _proven(parsed: argparse.Namespace, recording: Recording) -> dict[str, Any]:
    challenge = _challenge(parsed)
    prover = _prover(_model(parsed), challenge)
    device = _device(_model(parsed))
    refused = refusal(device, recording, challenge)
    if refused is not None:
        return refused
    document, proven = told(
        prover,
        recording,
        challenge,
        precision=parsed.precision if parsed.largest else None,
        beside=not parsed.recorder_only,
    )
    document = with_gate(device, document, recording, challenge)
    if parsed.certificates is not None and proven is not None:
        largest = document.get("largest_certified", challenge.size)
        document |= _certificate(
            parsed.certificates, prover, replace(challenge, size=largest), recording, proven
        )
    return document


@contextmanager
def _one_thread() -> Iterator[None]:
    """One thread of torch: more gain nothing on networks of this size."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _model(parsed: argparse.Namespace) -> Path:
    model: Path = parsed.model or shipped_model()
    return model


@lru_cache(maxsize=1)
def _device(model: Path) -> Screener:
    return device_of(model)


@lru_cache(maxsize=1)
def _prover(model: Path, challenge: Challenge) -> Prover:
    """Of each process its own, for all recordings."""
    return challenge.prover(Checkpoint.load(model))


def _certificate(
    folder: Path,
    prover: Prover,
    challenge: Challenge,
    recording: Recording,
    proven: ProvenDecision,
) -> dict[str, Any]:
    """Where the certificate is, or the certificates of a union; or why there is none."""
    try:
        if proven.pieces:
            paths = write_pieces(folder, prover, recording, proven, at=challenge.at)
            return {"certificate": [str(path) for path in paths]}
        noise = noise_of(challenge, recording, prover.checkpoint.settings)
        path = write_certificate(folder, prover, recording, noise, proven, at=challenge.at)
        return {"certificate": str(path)}
    except BoundError as error:
        # The proof stands; what could not be written is said beside it.
        return {"certificate": None, "certificate_error": str(error)}


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
        band_hz=tuple(parsed.band_hz),
        mains_hz=parsed.mains_hz,
        weights=parsed.joint,
        noise=parsed.noise,
        components=parsed.components,
    )
