"""What is proven of bands, joint sets and recorded noise an independent program confirms."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from afib.proof.certificate import write_certificate, write_pieces
from afib.proof.disturbance import JOINED
from afib.proof.many import Challenge, answer, noise_of
from tests.support.models import tiny_checkpoint
from tests.support.recordings import recording, wfdb_record, write_files

if TYPE_CHECKING:
    from afib.proof import Kind, Place

_CHECKER = Path(__file__).parents[2] / "tools" / "check_certificate.py"


def _asked(kind: Kind, noise: Path | None = None, *, at: Place = "recorder") -> Challenge:
    return Challenge(
        kind=kind,
        at=at,
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
        # At the network's rate there are no mains.
        weights=tuple((name, 1.0) for name in JOINED if at == "recorder" or name != "mains"),
        noise=noise,
        components=2,
    )


def _said(model: Path, *paths: Path) -> str:
    """What the checker prints of valid certificates."""
    command = [sys.executable, str(_CHECKER), "--model", str(model), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("kind", ["joint", "wander-band", "noise"])
def test_the_checker_confirms_what_is_written(kind: Kind, tmp_path: Path) -> None:
    """Every file of the proof is valid for the checker, which shares no code with the engine."""
    checkpoint, one = tiny_checkpoint(seed=2), recording()
    checkpoint.save(tmp_path / "model")
    rng = np.random.default_rng(0)
    signal = np.rint(rng.normal(0, 200, 14_400).cumsum() / 40).astype("<i2")
    noise = write_files(tmp_path / "noise", wfdb_record("em", signal, top="em 1 360 14400"))
    challenge = _asked(kind, noise)
    prover = challenge.prover(checkpoint)
    known = answer(challenge, prover, one)
    assert known.outcome == "certified"
    if kind == "wander-band":
        paths = write_pieces(tmp_path / "proofs", prover, one, known, at="recorder")
    else:
        held = noise_of(challenge, one, checkpoint.settings)
        paths = [write_certificate(tmp_path / "proofs", prover, one, held, known, at="recorder")]
    assert f"{len(paths)} valid" in _said(tmp_path / "model", *paths)


@pytest.mark.parametrize("at", ["recorder", "network"])
def test_a_direction_has_the_name_of_what_it_is(at: Place, tmp_path: Path) -> None:
    """Where one unit of it is what the name says; a file cannot call a small set a large one."""
    checkpoint, one = tiny_checkpoint(seed=2), recording()
    checkpoint.save(tmp_path / "model")
    challenge = _asked("joint", at=at)
    prover = challenge.prover(checkpoint)
    known = answer(challenge, prover, one)
    held = noise_of(challenge, one, checkpoint.settings)
    path = write_certificate(tmp_path / "proofs", prover, one, held, known, at=at)
    told = _said(tmp_path / "model", path)
    assert f"signal {one.digest[:16]}" in told
    for name in held.names:
        assert f" of {name!r}" in told
    assert "calls" not in told
    with np.load(path) as file:
        arrays = dict(file)
    arrays["generators"] = arrays["generators"] / 10
    arrays["half_widths"] = arrays["half_widths"] * 2
    np.savez(path, **arrays)
    told = _said(tmp_path / "model", path)
    for name in held.names:
        assert f" of a direction that it calls {name!r}" in told
    document = json.loads(arrays["document"].tobytes())
    document["disturbance"]["parameters"] = [f"offset {k}" for k in range(len(held.names))]
    document["disturbance"]["parameters"][0] = "offset"
    arrays["document"] = np.frombuffer(json.dumps(document).encode(), np.uint8)
    np.savez(path, **arrays)
    assert _said(tmp_path / "model", path).count("a direction that it calls 'offset") == len(
        held.names
    )


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ("the same phase", ("wander 0.3 Hz sine", "a direction that it calls 'wander 0.3 Hz cos")),
        # At 300 Hz the samples of 300.3 Hz are those of 0.3 Hz.
        ("an alias", ("a direction that it calls 'wander 300.3 Hz sine'", "wander 0.3 Hz cosine")),
    ],
)
def test_a_wave_is_called_by_its_own_phase_and_frequency(
    other: str, named: tuple[str, str], tmp_path: Path
) -> None:
    """A file cannot call one phase two of them, nor a slow wave a fast one."""
    checkpoint, one = tiny_checkpoint(seed=2), recording()
    checkpoint.save(tmp_path / "model")
    challenge = _asked("wander")
    prover = challenge.prover(checkpoint)
    known = answer(challenge, prover, one)
    held = noise_of(challenge, one, checkpoint.settings)
    assert held.names == ("wander 0.3 Hz sine", "wander 0.3 Hz cosine")
    path = write_certificate(tmp_path / "proofs", prover, one, held, known, at="recorder")
    with np.load(path) as file:
        arrays = dict(file)
    document = json.loads(arrays["document"].tobytes())
    if other == "an alias":
        document["disturbance"]["parameters"][0] = "wander 300.3 Hz sine"
    else:
        # The set is the smaller one of a single phase, so what is proven holds of it.
        arrays["generators"] = np.stack([arrays["generators"][0], -arrays["generators"][0]])
        arrays["half_widths"] = arrays["half_widths"] / 2
    arrays["document"] = np.frombuffer(json.dumps(document).encode(), np.uint8)
    np.savez(path, **arrays)
    told = _said(tmp_path / "model", path)
    assert all(words in told for words in named)
