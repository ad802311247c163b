"""The command `afib certify`: what is proven of each recording, as a table or JSON lines."""

from __future__ import annotations

import hashlib
import json
import math
import string
import tempfile
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from afib.certify_options import USUAL_HZ, USUAL_PRECISION, add_options, require_options
from afib.checkpoint import Checkpoint
from afib.classifier import Classifier
from afib.decision import Screener, load_screener
from afib.errors import RecordError
from afib.gated import refusal, with_gate
from afib.proof.certificate import write_certificate, write_pieces
from afib.proof.many import Challenge, noise_of
from afib.proof.told import line, table_head, told
from afib.records import read_any, read_recording, signal_digest, write_recording
from afib.screening import visible
from afib.workflow import shipped_model
from nnassure.errors import AssuranceError, BoundError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from concurrent.futures import Future

    from afib.proof import ProvenDecision, Prover
    from afib.proof.search import Counterexample
    from afib.records import Recording

__all__ = ["add_command"]

_FINE, _SOME_FAILED = 0, 1
# What a file in whole steps may lose of a sample, in mV.
_READ_APART_MV = 1e-6
_LETTERS = frozenset(string.ascii_letters + string.digits + "-_")
# What a person at a desk waits for; --seconds ends it earlier.
_PARTS, _STEPS, _RESTARTS, _QUERIES = 400, 8, 20, 1000


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command is known to *commands*."""
    certify = add_options(commands)
    certify.set_defaults(handler=_certify, interrupted="the proofs above stand")


def _certify(parsed: argparse.Namespace) -> int:
    require_options(parsed)
    # A model that cannot be proven about is told before any work is done.
    _prover.cache_clear()
    _device.cache_clear()
    _prover(_model(parsed), _challenge(parsed), parsed.network_alone)
    _device(_model(parsed), parsed.network_alone)
    for folder in (parsed.certificates, parsed.counterexamples):
        # A folder that cannot be made is told before any work is done.
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    failures = 0
    if parsed.format == "table":
        print(table_head())
    counts = {"certified": 0, "attacked": 0, "unknown": 0}
    passed: set[str] = set()
    for result in _results(parsed):
        if isinstance(result, RecordError):
            failures += 1
            problems = "; ".join(result.problems)
            document: dict[str, Any] = {"record": result.record, "error": problems}
        else:
            document = result
            counts[document["outcome"]] += 1
            passed |= {_passed(document)} if document["rhythm"] else set()
        row = json.dumps(document) if parsed.format == "json" else line(document)
        # Names of files may hold what moves a terminal's cursor, or ends of lines.
        print(visible(row), flush=True)
    if parsed.format == "table":
        for told in sorted(passed) if parsed.at == "recorder" else ():
            print(told)
        in_words = ", ".join(f"{number} {word}" for word, number in counts.items())
        print(f"{in_words}, {failures} failed. Proven stable does not mean correct.")
    return _SOME_FAILED if failures else _FINE


def _passed(document: dict[str, Any]) -> str:
    """What the filter makes of the disturbance."""
    gain = _rounded_up(document["filter_gain"])
    told = f"The filter may enlarge what moves single samples {gain} times"
    if "wave_gain" not in document:
        return f"{told}."
    return f"{told}, and passes {document['wave_gain']:.2g} of {document['frequency_hz']:.12g} Hz."


def _rounded_up(gain: float) -> str:
    """To three decimals, since it is the most that can be."""
    return f"{math.ceil(1000 * gain) / 1000:.3f}"


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
    prover = _prover(_model(parsed), challenge, parsed.network_alone)
    device = _device(_model(parsed), parsed.network_alone)
    refused = refusal(device, recording, challenge)
    if refused is not None:
        return refused
    document, proven, turned = told(
        prover,
        recording,
        challenge,
        precision=(parsed.precision or USUAL_PRECISION) if parsed.largest else None,
        beside=not parsed.recorder_only,
    )
    document = with_gate(device, document, recording, challenge)
    if parsed.certificates is not None and proven is not None:
        largest = document.get("largest_certified", challenge.size)
        document |= _certificate(
            parsed.certificates, prover, replace(challenge, size=largest), recording, proven
        )
    if parsed.counterexamples is not None and turned is not None and turned.counterexample:
        document |= _counterexample(
            parsed.counterexamples, device, challenge, recording, turned.counterexample
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
def _device(model: Path, network_alone: bool) -> Screener:  # noqa: FBT001  as it is cached
    return Screener(Classifier(Checkpoint.load(model))) if network_alone else load_screener(model)


@lru_cache(maxsize=1)
def _prover(model: Path, challenge: Challenge, alone: bool) -> Prover:  # noqa: FBT001  cached by place
    """Of each process its own, for all recordings."""
    return challenge.prover(Checkpoint.load(model), _device(model, alone))


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


def _counterexample(
    folder: Path,
    device: Screener,
    challenge: Challenge,
    recording: Recording,
    found: Counterexample,
) -> dict[str, Any]:
    """Where the counterexample is, read back and decided again; or why there is none."""
    if challenge.at == "network":
        return {
            "counterexample": None,
            "counterexample_error": "behind the filter there is no recording",
        }
    disturbed = replace(recording, signal_mv=found.signal_mv)
    with tempfile.TemporaryDirectory(prefix=".turned-", dir=folder) as draft:
        path = write_recording(disturbed, Path(draft), _name(disturbed))
        try:
            again = read_recording(path)
            said = device.decide(again).rhythm
        except RecordError as error:
            return {"counterexample": None, "counterexample_error": "; ".join(error.problems)}
        apart_mv = float(np.abs(again.signal_mv - found.signal_mv).max())
        if said in {None, device.decide(recording).rhythm} or apart_mv > _READ_APART_MV:
            # What was replayed stands; what could not be written is said beside it.
            told = f"expected the other rhythm when it is read back, got {said or 'none'}"
            return {"counterexample": None, "counterexample_error": told}
        # The samples first: a header without them would be damage.
        for each in sorted(Path(draft).iterdir()):
            each.replace(folder / each.name)
    return {"counterexample": str(folder / path.name)}


def _name(disturbed: Recording) -> str:
    """Of files: names may hold anything, and what differs has to have another."""
    told = f"{disturbed.rate_hz!r} {disturbed.digest} {signal_digest(disturbed.signal_mv)}"
    name = "".join(each if each in _LETTERS else "_" for each in disturbed.name)
    return f"{name[:40]}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def _challenge(parsed: argparse.Namespace) -> Challenge:
    asked = Challenge(
        kind=parsed.disturbance,
        at=parsed.at,
        size=parsed.radius_mv,
        frequency_hz=parsed.frequency_hz or USUAL_HZ.get(parsed.disturbance),
        box_mv=parsed.box_mv or 0.0,
        parts=_PARTS,
        steps=_STEPS,
        seconds=parsed.seconds,
        restarts=_RESTARTS,
        queries=_QUERIES,
        seed=parsed.seed,
        noise=parsed.noise,
        art_restarts=int(parsed.art),
    )
    given = {
        "band_hz": parsed.band_hz and tuple(parsed.band_hz),
        "mains_hz": parsed.mains_hz,
        "weights": parsed.joint,
        "components": parsed.components,
    }
    return replace(asked, **{name: value for name, value in given.items() if value is not None})
