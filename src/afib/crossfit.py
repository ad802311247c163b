"""Cross-fitting: every recording is judged by a model that never saw it.

A fold is held out; of the rest, the recordings of the validation split choose the epoch and the
thresholds, and all others train. Beside the network, the same folds judge the baselines that it
has to beat. Each finished fold is kept, so an interrupted run goes on where it was.
"""

from __future__ import annotations

import json
import signal
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import active_children, get_context
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from afib.baselines import BASELINES, held_out_calls, rr_feature_table
from afib.checkpoint import Checkpoint
from afib.classifier import Classifier
from afib.dataset import AFIB, NORMAL
from afib.dataset.atomic import replacing
from afib.errors import ManifestError, ModelError, TrainingError
from afib.workflow import fitted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from afib.dataset import Dataset
    from afib.settings import Settings
    from afib.workflow import Prepared
    from nnassure.arrays import BoolArray, FloatArray, StrArray

__all__ = [
    "BASELINES",
    "NETWORK",
    "CrossFit",
    "cross_fit",
    "fold_model",
    "read_cross_fit",
    "write_cross_fit",
]

#: The method whose scores are kept.
NETWORK = "network"
_FORMAT = 1
_COLUMNS = ("name", "label", "fold", "score")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrossFit:
    """What held-out models say of each normal and AFib recording.

    Attributes:
        names: Shape (recordings,), sorted.
        is_afib: By label, shape (recordings,).
        folds: Shape (recordings,).
        scores: Of the network: logit minus the threshold of its fold, shape (recordings,).
        calls: By method, which recordings it calls AFib, shape (recordings,) each: the network
            first, then the networks beside it, then the rules on RR intervals.
        origin: Digests of the manifest and the settings, and what each fold came to.
    """

    names: StrArray
    is_afib: BoolArray
    folds: Any
    scores: FloatArray
    calls: Mapping[str, BoolArray]
    origin: Mapping[str, Any]

    def right(self, method: str) -> BoolArray:
        """Which recordings *method* decides rightly, shape (recordings,)."""
        return np.asarray(self.calls[method] == self.is_afib)


def cross_fit(
    data: Prepared,
    settings: Mapping[str, Settings],
    folder: Path,
    *,
    processes: int,
    progress: bool,
) -> CrossFit:
    """The pooled judgement of all folds.

    Args:
        data: Recordings with their folds.
        settings: Of :data:`NETWORK`, and of each network beside it by its name.
        folder: Keeps what each fold came to, and its model; a fold that is there is not trained
            again.
        processes: Trainings at a time; the results do not depend on it.
        progress: Whether to show a progress bar on standard error.

    Raises:
        TrainingError: If a fold lacks a rhythm, its loss is no longer finite, or its training was
            killed; the folds that were finished are kept.
    """
    dataset = data.dataset.of(labels=(NORMAL, AFIB))
    jobs = [(method, fold) for method in settings for fold in sorted(set(dataset.folds.tolist()))]
    bar = tqdm(total=len(jobs), desc="cross-fitting", unit="model", disable=not progress)
    results = {}
    with bar, _workers(processes) as pool:
        running = {
            pool.submit(
                _fold, dataset, settings[m], folder / f"{m}-{f}.json", _key(data, settings[m], f)
            ): (m, f)
            for m, f in jobs
        }
        for done in as_completed(running):
            results[running[done]] = done.result()
            bar.update()
    return _pooled(data, dataset, settings, results, progress=progress)


def fold_model(folder: Path, fold: int) -> Path:
    """Where :func:`cross_fit` keeps in *folder* the network's model that never saw *fold*."""
    return folder / f"{NETWORK}-{fold}"


def write_cross_fit(result: CrossFit, path: Path) -> None:
    """*path* holds *result* as JSON, one recording a line."""
    rows = [
        json.dumps(
            [
                str(result.names[i]),
                AFIB if result.is_afib[i] else NORMAL,
                int(result.folds[i]),
                float(result.scores[i]),
                *(int(calls[i]) for calls in result.calls.values()),
            ]
        )
        for i in range(len(result.names))
    ]
    columns = json.dumps([*_COLUMNS, *result.calls])
    text = (
        f'{{\n"format": {_FORMAT},\n"origin": {json.dumps(dict(result.origin), sort_keys=True)},\n'
        f'"columns": {columns},\n"recordings": [\n' + ",\n".join(rows) + "\n]}\n"
    )
    _write(path, text)


def read_cross_fit(path: Path) -> CrossFit:
    """The result that *path* holds.

    Raises:
        ManifestError: If there is no such file, or it holds something else.
    """
    try:
        return _result(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise ManifestError(
            f"{path}: expected the result of afib crossfit, got {error!r}; make it with "
            "afib crossfit"
        ) from error


def _result(document: dict[str, Any]) -> CrossFit:
    if document["format"] != _FORMAT:
        raise ValueError(f"format {document['format']}")
    columns = list(zip(*document["recordings"], strict=True))
    methods = document["columns"][len(_COLUMNS) :]
    if NETWORK not in methods:
        raise ValueError(f"columns {document['columns']}")
    return CrossFit(
        names=np.array(columns[0], dtype=np.str_),
        is_afib=np.array(columns[1]) == AFIB,
        folds=np.array(columns[2], dtype=np.int64),
        scores=np.array(columns[3], dtype=np.float32),
        calls={
            method: np.array(calls, dtype=np.bool_)
            for method, calls in zip(methods, columns[len(_COLUMNS) :], strict=True)
        },
        origin=document["origin"],
    )


@contextmanager
def _workers(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Processes for trainings, which end as soon as this one no longer waits for them."""
    spawn = get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, initializer=_leave_interrupts) as pool:
        try:
            yield pool
        except BrokenProcessPool as error:
            raise TrainingError(
                "crossfit: expected every training to end, got one that was killed, perhaps for "
                "want of memory; finished folds are kept, and --processes 1 needs the least"
            ) from error
        except BaseException:
            # The pool would go through all that is queued, for nobody.
            for worker in active_children():
                worker.terminate()
            raise


def _leave_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal; the parent alone answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _fold(dataset: Dataset, settings: Settings, path: Path, key: dict[str, Any]) -> dict[str, Any]:
    """What the model of the fold in *key* says of the recordings held out, kept in *path*."""
    fold = key["fold"]
    model = path.with_suffix("")
    kept = _kept(path, key, model)
    if kept is not None:
        return kept
    held_out = dataset.folds == fold
    chosen_by = (dataset.splits == "validation") & ~held_out
    checkpoint = fitted(
        dataset.where(~held_out & ~chosen_by),
        dataset.where(chosen_by),
        settings,
        origin=key,
        progress=False,
        resume=None,
    )
    classifier = Classifier(checkpoint)
    logits = classifier.logits(dataset.where(held_out).signals)
    result = {
        "key": key,
        "names": dataset.names[held_out].tolist(),
        "scores": (logits.astype(np.float64) - checkpoint.threshold).tolist(),
        "calls": classifier.calls_afib(logits).tolist(),
        "provenance": dict(checkpoint.provenance),
        "model_sha256": checkpoint.digest,
    }
    checkpoint.save(model)
    _write(path, json.dumps(result))
    return result


def _kept(path: Path, key: dict[str, Any], model: Path) -> dict[str, Any] | None:
    """What *path* holds of the fold in *key*; None if it is absent, damaged or of another fold."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        digest = Checkpoint.load(model).digest
    except (OSError, ValueError, ModelError):
        return None
    if not isinstance(document, dict) or document.get("key") != key:
        return None
    return document if document["model_sha256"] == digest else None


def _key(data: Prepared, settings: Settings, fold: int) -> dict[str, Any]:
    return {"manifest_sha256": data.digest, "settings_sha256": settings.digest, "fold": fold}


def _write(path: Path, text: str) -> None:
    with replacing(path) as file:
        file.write(text.encode())


def _pooled(
    data: Prepared,
    dataset: Dataset,
    settings: Mapping[str, Settings],
    results: Mapping[tuple[str, int], dict[str, Any]],
    *,
    progress: bool,
) -> CrossFit:
    network = settings[NETWORK]
    scores = np.empty(len(dataset), dtype=np.float32)
    calls = {method: np.zeros(len(dataset), dtype=np.bool_) for method in settings}
    for (method, fold), result in results.items():
        held_out = dataset.folds == fold
        calls[method][held_out] = result["calls"]
        if method == NETWORK:
            scores[held_out] = result["scores"]
    features = rr_feature_table(dataset, rate_hz=network.preprocessing.rate_hz, progress=progress)
    calls |= held_out_calls(
        features, dataset.is_afib, dataset.folds, afib_weight=network.fitting.afib_weight
    )
    return CrossFit(
        names=dataset.names,
        is_afib=dataset.is_afib,
        folds=dataset.folds,
        scores=scores,
        calls=calls,
        origin={
            "manifest_sha256": data.digest,
            "settings_sha256": {name: value.digest for name, value in settings.items()},
            "models": {
                f"{method}-{fold}": {
                    "model_sha256": result["model_sha256"],
                    **result["provenance"],
                }
                for (method, fold), result in sorted(results.items())
            },
        },
    )
