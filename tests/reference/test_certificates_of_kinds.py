"""What is proven of bands, joint sets and recorded noise an independent program confirms."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from afib.proof.certificate import write_certificate, write_pieces
from afib.proof.many import Challenge, answer, noise_of
from tests.support.models import tiny_checkpoint
from tests.support.recordings import recording, wfdb_record, write_files

if TYPE_CHECKING:
    from afib.proof import Kind

_CHECKER = Path(__file__).parents[2] / "tools" / "check_certificate.py"


@pytest.mark.parametrize("kind", ["joint", "wander-band", "noise"])
def test_the_checker_confirms_what_is_written(kind: Kind, tmp_path: Path) -> None:
    """Every file of the proof is valid for the checker, which shares no code with the engine."""
    checkpoint, one = tiny_checkpoint(seed=2), recording()
    checkpoint.save(tmp_path / "model")
    rng = np.random.default_rng(0)
    signal = np.rint(rng.normal(0, 200, 14_400).cumsum() / 40).astype("<i2")
    noise = write_files(tmp_path / "noise", wfdb_record("em", signal, top="em 1 360 14400"))
    challenge = Challenge(
        kind=kind,
        at="recorder",
        size=0.005,
        frequency_hz=0.3,
        box_mv=0.0001,
        parts=20,
        steps=2,
        seconds=30.0,
        restarts=1,
        queries=20,
        seed=3,
        band_hz=(0.3, 0.4),
        noise=noise,
        components=2,
    )
    prover = challenge.prover(checkpoint)
    known = answer(challenge, prover, one)
    assert known.outcome == "certified"
    if kind == "wander-band":
        paths = write_pieces(tmp_path / "proofs", prover, one, known, at="recorder")
    else:
        held = noise_of(challenge, one, checkpoint.settings)
        paths = [write_certificate(tmp_path / "proofs", prover, one, held, known, at="recorder")]
    command = [sys.executable, str(_CHECKER), "--model", str(tmp_path / "model"), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{len(paths)} valid" in done.stdout
