"""What is proven of bands, joint sets and recorded noise an independent program confirms."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from afib.proof.certificate import write_certificate, write_pieces
from afib.proof.disturbance import JOINED
from afib.proof.known import Piece
from afib.proof.many import Challenge, answer, band_of, noise_of
from tests.support.models import tiny_checkpoint
from tests.support.recordings import recording, wfdb_record, write_files
from verification.proofs import Proven, refused

if TYPE_CHECKING:
    from afib.proof import Kind, Place, ProvenDecision, Prover
    from afib.records import Recording
    from nnassure.perturbation import LinearSet

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


def test_pieces_of_a_band_tell_what_they_hold(tmp_path: Path) -> None:
    """Together every frequency of the band, with no gap between what two pieces name."""
    told = _said(tmp_path / "model", *_pieces(tmp_path)).splitlines()[:-1]
    wave = re.compile(r"0.005 mV of a wave of any one frequency from (\S+) to (\S+) Hz and any")
    ends = [found.groups() for line in told if (found := wave.search(line))]
    assert len(ends) == len(told) > 1
    assert (ends[0][0], ends[-1][1]) == ("0.3", "0.4")
    assert all(one[1] == other[0] for one, other in itertools.pairwise(ends))
    # What the waves leave of the box: the 0.1 uV that were asked for.
    left = [float(mv) for line in told for mv in re.findall(r"within (\S+) mV a sample", line)]
    assert left == pytest.approx([0.0001] * len(told), rel=0.01)
    assert max(left) <= 0.0001


@pytest.mark.parametrize("changed", ["names", "one name", "radius", "generators", "less"])
def test_what_holds_no_band_is_not_called_one(changed: str, tmp_path: Path) -> None:
    """A wider band, a box that is too small for what is missed, or another direction."""
    (path, *_) = _pieces(tmp_path)
    with np.load(path) as file:
        arrays = dict(file)
    document = json.loads(arrays["document"].tobytes())
    names = document["disturbance"]["parameters"]
    said = _said(tmp_path / "model", path)
    assert "any one frequency from 0.3 to " in said
    wider = [name.replace(names[0].split()[3], "0.4") for name in names]
    if changed == "names":
        document["disturbance"]["parameters"] = wider
    elif changed == "one name":
        document["disturbance"]["parameters"] = [*names[:3], wider[3]]
    elif changed == "radius":
        document["disturbance"]["radius_mv"] *= 0.1
    elif changed == "generators":
        arrays["generators"] = arrays["generators"] * 0.999
    else:
        arrays["half_widths"] = arrays["half_widths"] * 0.5
    arrays["document"] = np.frombuffer(json.dumps(document).encode(), np.uint8)
    np.savez(path, **arrays)
    told = _said(tmp_path / "model", path)
    if changed == "less":
        assert "0.0025 mV of a wave of any one frequency from 0.3 to " in told
    else:
        assert "any one frequency" not in told


@pytest.mark.parametrize("left_out", [None, 0, 1, 2])
def test_a_band_with_a_gap_is_told_of(left_out: int | None, tmp_path: Path) -> None:
    """Each piece is valid, and together they are no proof of what was asked."""
    _, one, known = _cut(tmp_path)
    kept = tuple(each for place, each in enumerate(known.pieces) if place != left_out)
    found = Proven(
        recordings=[one],
        decisions=[replace(known, pieces=kept)],
        challenge=_asked("wander-band"),
    )
    told = refused(tmp_path / "model", found, tmp_path / "proofs")
    if left_out is None:
        assert told == []
        return
    (sentence,) = told
    low = np.linspace(0.3, 0.4, 4)[left_out]
    wanted = f"expected a proof of any one frequency from {low:g} to 0.4 Hz, got "
    assert sentence.startswith(f"{one.name}: {wanted}")


def test_a_band_of_a_smaller_wave_is_told_of(tmp_path: Path) -> None:
    """The amplitude is held too."""
    _, one, known = _cut(tmp_path)
    asked = replace(_asked("wander-band"), size=0.0051)
    found = Proven(recordings=[one], decisions=[known], challenge=asked)
    (sentence,) = refused(tmp_path / "model", found, tmp_path / "proofs")
    assert "expected a proof of any one frequency from 0.3 to 0.4 Hz, got " in sentence


def _pieces(folder: Path) -> list[Path]:
    prover, one, known = _cut(folder)
    return write_pieces(folder / "proofs", prover, one, known, at="recorder")


def _cut(folder: Path) -> tuple[Prover, Recording, ProvenDecision]:
    """A band in three pieces, each proven."""
    checkpoint, one = tiny_checkpoint(seed=2), recording()
    checkpoint.save(folder / "model")
    challenge = _asked("wander-band")
    prover = challenge.prover(checkpoint)
    band = band_of(challenge, one, checkpoint.settings)
    pieces = tuple(
        _piece(prover, one, band.enclosed(float(low), float(high)))
        for low, high in itertools.pairwise(np.linspace(0.3, 0.4, 4))
    )
    return prover, one, replace(answer(challenge, prover, one), proof=None, pieces=pieces)


def _piece(prover: Prover, one: Recording, noise: LinearSet) -> Piece:
    way = prover.way(one, noise, "recorder")
    rhythm = prover.rhythm(one)
    assert rhythm is not None
    return Piece(noise=noise, proof=prover.quick(prover.problem(way, rhythm)))


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
