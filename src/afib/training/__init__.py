"""Weights from recordings: seeded, resumable, the same bytes again on the same machine.

The result depends on the settings (seed and number of threads among them), the recordings, the
version of torch, and the processor, whose vector instructions round sums in another order.
More than one thread is rarely faster for networks of this size, and much slower where other
work shares the cores.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from tqdm import tqdm

from afib.network import folded
from afib.preprocessing import segment_samples
from afib.training.batches import cut
from afib.training.loop import Course, Epoch, State, fresh_state, next_epoch
from afib.training.resume import load_state, save_state, training_digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from torch import nn

    from afib.dataset import Dataset
    from afib.settings import Settings

__all__ = ["Epoch", "TrainedNetwork", "train"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedNetwork:
    """A network and how it came to be.

    Attributes:
        network: Folded, with the weights of the best epoch, averaged if the settings say so.
        epochs: Every epoch, in order.
        best_epoch: Number of the epoch whose weights count, from 0.
        threads: Threads that torch computed with.
        torch_version: Version of torch.
    """

    network: nn.Module
    epochs: tuple[Epoch, ...]
    best_epoch: int
    threads: int
    torch_version: str

    @property
    def provenance(self) -> dict[str, Any]:
        """What a checkpoint records of the training, as plain JSON."""
        return {
            "best_epoch": self.best_epoch + 1,
            "epochs": len(self.epochs),
            "threads": self.threads,
            "torch": self.torch_version,
            "validation_loss": self.epochs[self.best_epoch].validation_loss,
        }


def train(
    development: Dataset,
    validation: Dataset,
    settings: Settings,
    *,
    progress: bool,
    resume: Path | None,
) -> TrainedNetwork:
    """A network trained on the normal and AFib recordings of *development*.

    Batches hold AFib by its share, vary every segment and attack it as the settings say, and the
    loss asks for a bound if they do. With averaging the moving average of the weights is judged.
    The learning rate goes through one cycle; training stops when the validation loss has not
    fallen for as many epochs as patience allows, and the best epoch counts: of those after the
    rate has settled, if training got so far.

    Args:
        development: Recordings to learn from; labels other than ``N`` and ``A`` are left out.
        validation: Recordings that decide which epoch is best, likewise.
        settings: All settings.
        progress: Whether to show a progress bar on standard error.
        resume: Folder that keeps the state after every epoch; a training that was interrupted
            goes on from there and ends in the same bytes. The state is left in place: delete the
            folder once the model is saved. None keeps no state.

    Raises:
        TrainingError: If a set lacks a class, the loss is no longer finite, or the state in
            *resume* is damaged or of another training.
        ModelError: If a segment is too short for the network.
    """
    course = Course(
        development=cut(development, settings.preprocessing, name="development"),
        validation=cut(validation, settings.preprocessing, name="validation"),
        settings=settings,
    )
    digest = training_digest(development, validation, settings)
    with _torch_as(settings.training.threads):
        state = fresh_state(settings, segment_samples(settings.preprocessing))
        if resume is not None:
            state = load_state(resume, state, digest)
        with _bar(state, course, progress=progress) as bar:
            while not state.is_finished(settings.training):
                state = next_epoch(state, course, on_batch=bar.update)
                bar.set_postfix_str(_summary(state.epochs[-1]))
                if resume is not None:
                    save_state(resume, state, digest)
        return _result(state, settings)


def _result(state: State, settings: Settings) -> TrainedNetwork:
    state.network.load_state_dict(dict(state.best_weights))
    return TrainedNetwork(
        network=folded(state.network),
        epochs=state.epochs,
        best_epoch=state.best_epoch,
        threads=settings.training.threads,
        torch_version=str(torch.__version__),
    )


@contextmanager
def _torch_as(threads: int) -> Iterator[None]:
    """Torch with so many threads, its global generator and settings restored afterwards."""
    before = torch.get_num_threads()
    try:
        with torch.random.fork_rng(devices=[]):
            torch.set_num_threads(threads)
            yield
    finally:
        torch.set_num_threads(before)


def _bar(state: State, course: Course, *, progress: bool) -> tqdm[Any]:
    return tqdm(
        total=course.settings.training.epochs * course.batches,
        initial=len(state.epochs) * course.batches,
        desc="training",
        unit="batch",
        disable=not progress,
    )


def _summary(epoch: Epoch) -> str:
    return f"loss {epoch.training_loss:.4f}, validation {epoch.validation_loss:.4f}"
