"""Questions on tiny networks, and what the checker says of their certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tests.support.certificates import Question, Writer, save_certificate
from tests.support.tiny_models import TinyModel
from tools import check_certificate

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "BASE",
    "QUESTIONS",
    "REFUSED",
    "UNREADABLE",
    "VALID",
    "Arrays",
    "Document",
    "run",
    "written",
]

Document: TypeAlias = dict[str, Any]
Arrays: TypeAlias = dict[str, NDArray[Any]]
VALID, REFUSED, UNREADABLE = 0, 1, 2
BASE = "parameters and a box"  # the question with every feature


def question(seed: int, samples: int, rate_hz: float, **stated: Any) -> Question:  # noqa: ANN401  fields
    """A random recording and, with *parameters*, as many random directions."""
    generator = np.random.default_rng(seed)
    many = stated.pop("parameters", 0)
    entering = samples
    if stated.get("at", "network") == "network":
        entering = -(-samples * 10 // round(rate_hz))
    return Question(
        signal_mv=generator.normal(size=samples).astype(np.float32),
        rate_hz=rate_hz,
        generators=generator.normal(size=(many, entering)),
        half_widths=np.full(many, 0.02),
        **stated,
    )


QUESTIONS = {
    "tiled at the network": (1, question(1, 17, 10.0, radius_mv=0.003)),
    "overlapping at the network": (2, question(2, 60, 10.0, radius_mv=0.003, split=2)),
    "overlapping, at one rate": (4, question(4, 60, 10.0, at="recorder", radius_mv=0.002)),
    "resampled down": (7, question(7, 300, 50.0, at="recorder", radius_mv=0.002, split=2)),
    "resampled and tiled": (7, question(8, 90, 50.0, at="recorder", radius_mv=0.002)),
    "resampled up": (6, question(6, 30, 8.0, at="recorder", radius_mv=0.002, parameters=1)),
    "parameters, halved": (1, question(9, 60, 10.0, parameters=2, halved=2, split=1)),
    BASE: (
        1,
        question(3, 110, 50.0, at="recorder", radius_mv=0.001, parameters=2, halved=1, split=1),
    ),
    "intervals alone": (1, question(5, 24, 10.0, radius_mv=0.0005, method="ibp")),
}


def run(folder: Path, document: Document, arrays: Arrays, *options: str) -> int:
    """What the checker says of a certificate beside the model in *folder*."""
    path = folder.parent / "certificate.npz"
    save_certificate(path, document, arrays)
    return check_certificate.main(["--model", str(folder), *options, str(path)])


def written(folder: Path, name: str, **stated: Any) -> tuple[Document, Arrays, Writer]:  # noqa: ANN401  fields
    """The certificate of one of the questions, and its model in *folder*."""
    seed, asked = QUESTIONS[name]
    TinyModel.random(seed, **stated).save(folder)
    writer = Writer(TinyModel.load(folder), asked, folder)
    document, arrays = writer.write()
    return document, arrays, writer
