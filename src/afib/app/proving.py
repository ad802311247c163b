"""How large a disturbance has to be to turn a decision, worked out behind the page.

In a process of its own, since a proof may take a minute; what has been found so far is told.
"""

from __future__ import annotations

import math
import os
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import torch

from afib.checkpoint import Checkpoint
from afib.decision import load_screener
from afib.errors import AfibError
from afib.proof.largest import LEAST_SHARE, bisected
from afib.proof.many import Challenge, noise_of
from nnassure.errors import AssuranceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from afib.proof import Kind, Prover
    from afib.records import Recording

__all__ = ["ASKED", "Asked", "Proofs"]

_MOST_WAITING = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question about a decision.

    Attributes:
        kind: Of the disturbance, as `afib certify` names it.
        up_to: The largest size that is asked about.
        frequency_hz: Of wander and mains.
        shown: What a reader calls it.
        unit: Of the sizes as they are shown.
        times: From sizes in mV, or as shares, to that unit.
    """

    kind: Kind
    up_to: float
    frequency_hz: float | None
    shown: str
    unit: str
    times: float


#: What a certificate tells, all at the recorder's own samples; what is quick comes first.
ASKED = (
    Asked(kind="mains", up_to=0.5, frequency_hz=50, shown="mains, 50 Hz", unit="µV", times=1000),
    Asked(kind="gain", up_to=0.5, frequency_hz=None, shown="gain", unit="%", times=100),
    Asked(kind="linf", up_to=0.1, frequency_hz=None, shown="each sample", unit="µV", times=1000),
    Asked(kind="wander", up_to=1, frequency_hz=0.3, shown="wander, 0.3 Hz", unit="µV", times=1000),
)
_PRECISION = 0.1
_PARTS, _STEPS, _RESTARTS, _QUERIES, _SECONDS, _SEED = 1, 4, 1, 1, 0.1, 17


class Proofs:
    """What is being proven, and what was.

    Args:
        model: The model folder.
        asked: The questions of each recording.
    """

    def __init__(self, model: Path, asked: Sequence[Asked] = ASKED) -> None:
        self._model, self._asked = model, tuple(asked)
        self._answers: dict[str, list[Future[dict[str, Any]]]] = {}
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()

    def begin(self, key: str, recording: Recording) -> None:
        """The questions about *recording* are asked, unless they were.

        Raises:
            AfibError: If too many wait already.
        """
        with self._lock:
            kept = self._answers.get(key)
            if kept is not None and not any(_is_lost(each) for each in kept):
                return
            waiting = sum(not each.done() for each in chain.from_iterable(self._answers.values()))
            if waiting >= _MOST_WAITING:
                raise AfibError("proofs: expected fewer to wait, got too many; try again later")
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    1, get_context("spawn"), initializer=_end_with, initargs=(os.getpid(),)
                )
            pool = self._pool
            try:
                self._answers[key] = [
                    pool.submit(_known, self._model, each, recording) for each in self._asked
                ]
            except BrokenProcessPool as error:
                # The next one who asks gets a process of its own.
                self._pool = None
                raise AfibError(
                    "proofs: expected a process to work in, got none; ask again"
                ) from error

    def so_far(self, key: str) -> dict[str, Any]:
        """How many questions there are, how many were answered, and the answers."""
        with self._lock:
            answers = list(self._answers.get(key, ()))
        found = [
            _shown(asked, each)
            for asked, each in zip(self._asked, answers, strict=False)
            if each.done()
        ]
        return {"asked": len(answers), "answered": len(found), "answers": found}

    def close(self) -> None:
        """Nothing is worked on any more."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is None:
            return
        processes = list((pool._processes or {}).values())  # noqa: SLF001  no public way to end one
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.kill()


def _end_with(parent: int) -> None:
    """The process that works ends when *parent* has, however that ended."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _is_lost(answer: Future[dict[str, Any]]) -> bool:
    return answer.cancelled() or (answer.done() and answer.exception() is not None)


def _shown(asked: Asked, answer: Future[dict[str, Any]]) -> dict[str, Any]:
    """An answer in the unit that a reader knows."""
    about = {"kind": asked.kind, "shown": asked.shown, "unit": asked.unit}
    if _is_lost(answer):
        return about | {"problem": "the proof was broken off; ask again"}
    document = answer.result()
    if "problem" in document:
        return about | document
    sizes = {
        name: None if document[name] is None else document[name] * asked.times
        for name in ("proven", "turned", "up_to")
    }
    return about | document | sizes


def _known(model: Path, asked: Asked, recording: Recording) -> dict[str, Any]:
    """What is known of one question, in the process that works."""
    torch.set_num_threads(1)
    challenge = Challenge(
        kind=asked.kind,
        at="recorder",
        size=asked.up_to,
        frequency_hz=asked.frequency_hz,
        box_mv=0.0,
        parts=_PARTS,
        steps=_STEPS,
        seconds=_SECONDS,
        restarts=_RESTARTS,
        queries=_QUERIES,
        seed=_SEED,
    )
    try:
        if load_screener(model).decide(recording).abstained:
            return {"problem": "the device abstains: there is no decision to prove"}
        return _sought(_prover(model, challenge), recording, challenge)
    except (AssuranceError, AfibError) as error:
        return {"problem": str(error)}


def _sought(prover: Prover, recording: Recording, challenge: Challenge) -> dict[str, Any]:
    """The largest size that quick bounds prove, and the smallest above it that an attack turns.

    The way of `afib certify --largest`, without the bounds that take minutes: what is proven is
    proven, and a larger size may be provable.
    """
    begun, rhythm = time.process_time(), prover.rhythm(recording)
    if rhythm is None:
        return {"problem": "the network abstains: there is no decision to prove"}
    settings, up_to = prover.checkpoint.settings, challenge.size

    def is_proven(size: float) -> bool:
        noise = noise_of(replace(challenge, size=size), recording, settings)
        way = prover.way(recording, noise, "recorder")
        return prover.quick(prover.problem(way, rhythm)).margin > 0

    def is_turned(size: float) -> bool:
        noise = noise_of(replace(challenge, size=size), recording, settings)
        way = prover.way(recording, noise, "recorder")
        searched = prover.searched(recording, noise, way, at="recorder", seed=_SEED)
        return searched.found is not None

    low = up_to * LEAST_SHARE
    at_end = is_proven(up_to)
    proven = up_to if at_end else bisected(is_proven, low, up_to, _PRECISION)
    turned = None if at_end else _smallest(is_turned, proven or low, up_to)
    return {
        "rhythm": rhythm,
        "proven": proven,
        "turned": turned,
        "up_to": up_to,
        "is_at_end": at_end,
        "precision": _PRECISION,
        "seconds": round(time.process_time() - begun, 1),
    }


def _smallest(is_turned: Callable[[float], bool], low: float, high: float) -> float | None:
    """The smallest size at which an attack was found, told to a precision; None if none was."""
    if not is_turned(high):
        return None
    while high > low * (1 + _PRECISION):
        size = math.sqrt(low * high)
        if is_turned(size):
            high = size
        else:
            low = size
    return high


@lru_cache(maxsize=8)
def _prover(model: Path, challenge: Challenge) -> Prover:
    return challenge.prover(Checkpoint.load(model))
