"""The checker of certificates against certificates written in another way, and by hand."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afib.classifier import Classifier
from afib.preprocessing import segment_indices, to_network_rate
from tests.support.certificates import Question, Writer, save_certificate
from tests.support.checking import BASE, QUESTIONS, REFUSED, UNREADABLE, VALID, run, written
from tests.support.models import tiny_checkpoint
from tests.support.tiny_models import TinyModel, low_pass
from tools import certificate_model, certificate_numbers, check_certificate

if TYPE_CHECKING:
    from types import ModuleType

    from nnassure.arrays import FloatArray


@pytest.mark.parametrize("polarity", ["free", "invariant"])
@pytest.mark.parametrize("name", QUESTIONS)
def test_right_certificates_are_valid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, polarity: str
) -> None:
    """What a plain writer shows is valid in float64 and in exact arithmetic."""
    threshold = 0.1 if polarity == "free" else -0.3
    document, arrays, _ = written(tmp_path / "m", name, polarity=polarity, threshold=threshold)
    assert document["margin"] > 0
    assert run(tmp_path / "m", document, arrays) == VALID
    told = f"valid: 'tiny' of {document['rate_hz']} Hz stays {document['rhythm']} at the "
    assert told in capsys.readouterr().out
    if len(arrays["signal_mv"]) < 100:
        assert run(tmp_path / "m", document, arrays, "--exact") == VALID


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_sample_of_the_set_is_nearer_than_the_margin(tmp_path: Path, name: str) -> None:
    """Random points and corners of the set keep the distance that the certificate states."""
    document, _, writer = written(tmp_path / "m", name)
    asked, generator = writer.question, np.random.default_rng(0)
    for _ in range(100):
        unit = generator.choice([-1.0, 1.0], size=len(writer.centre))
        box = asked.radius_mv * unit * generator.choice([1.0, generator.random()])
        weights = writer.half_widths * generator.uniform(-1, 1, size=len(writer.half_widths))
        entering = writer.centre + box + weights @ writer.generators
        logit = writer.model.logit(writer.map @ entering)
        assert writer.side * (logit - writer.model.threshold) >= document["margin"]


def test_the_device_keeps_the_margin(tmp_path: Path) -> None:
    """The device, from its filter to its logit in float32, keeps what is certified at 300 Hz."""
    checkpoint = tiny_checkpoint(seed=3)
    checkpoint.save(tmp_path / "m")
    classifier, generator = Classifier(checkpoint), np.random.default_rng(1)
    model = TinyModel.load(tmp_path / "m")
    prepared = checkpoint.settings.preprocessing
    samples = round(1.5 * model.length * 300 / model.rate_hz)
    signal = generator.normal(size=samples).astype(np.float32)
    asked = Question(signal_mv=signal, rate_hz=300.0, at="recorder", radius_mv=0.0005)
    writer = Writer(model, asked, tmp_path / "m")
    document, arrays = writer.write()
    arrays["network_mv"] = to_network_rate(signal, 300.0, prepared)
    assert run(tmp_path / "m", document, arrays) == VALID
    assert document["model_digest"] == checkpoint.digest
    for _ in range(50):
        corner = asked.radius_mv * generator.choice([-1.0, 1.0], size=samples)
        deployed = to_network_rate((signal + corner).astype(np.float32), 300.0, prepared)
        logit = float(classifier.logits([deployed])[0])
        assert writer.side * (logit - model.threshold) >= document["margin"]


@given(samples=st.integers(1, 400), length=st.integers(1, 60))
def test_segments_are_cut_as_the_device_cuts_them(samples: int, length: int) -> None:
    """The checker's rule of segmentation is the device's."""
    rule = segment_indices(samples, length)
    model = certificate_model.Model({}, {}, {}, 10.0, length, [1])
    file: Any = {"indices": rule, "signs": np.ones(len(rule))}
    cutting = certificate_model._cutting(model, samples, file, 0.0)
    assert np.array_equal(cutting.where.ravel(), rule.ravel())


@pytest.mark.parametrize("rate_hz", [300.0, 128.0, 250.0, 360.0, 50.0, 1000.0])
@pytest.mark.parametrize("samples", [1, 7, 900])
def test_the_filter_is_the_device_s(rate_hz: float, samples: int) -> None:
    """Its taps and its ends, at rates above and below the network's."""
    prepared = tiny_checkpoint().settings.preprocessing
    signal = np.random.default_rng(0).normal(size=samples).astype(np.float32)
    taps, up, down = low_pass(prepared.rate_hz, rate_hz)
    layer = certificate_model._filter(taps, samples, up, down)
    terms = signal[layer.where] * layer.used * layer.weight[:, 0, 0]
    expected: FloatArray = to_network_rate(signal, rate_hz, prepared)
    assert terms.sum(axis=1) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("part", [check_certificate, certificate_model, certificate_numbers])
def test_the_checker_stands_alone(part: ModuleType) -> None:
    """It imports numpy, the standard library and its own parts, and none is over 300 lines."""
    text = Path(str(part.__file__)).read_text(encoding="utf-8")
    roots = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(text))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert roots <= sys.stdlib_module_names | {"numpy", "tools"}
    assert len(text.splitlines()) <= 300


def test_it_runs_as_a_script_from_anywhere(tmp_path: Path) -> None:
    """Without anything of ours on the path."""
    document, arrays, _ = written(tmp_path / "m", "intervals alone")
    save_certificate(tmp_path / "c.npz", document, arrays)
    script = str(check_certificate.__file__)
    command = [sys.executable, "-I", script, "--model", "m", "c.npz"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603  our own
    assert done.returncode == VALID, done.stderr
    assert done.stdout.endswith("1 certificates: 1 valid, 0 refused, 0 not readable\n")


def test_what_is_wrong_is_told_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The place, what was expected there, and what stands there; then a line that counts."""
    folder = tmp_path / "m"
    document, arrays, _ = written(folder, BASE)
    assert run(folder, document | {"format": 1}, arrays) == REFUSED
    said = capsys.readouterr().out.splitlines()
    assert said[-2].endswith("certificate.npz: format: expected 2, got 1")
    assert said[-1] == "1 certificates: 0 valid, 1 refused, 0 not readable"


@pytest.mark.parametrize("rhythm", ["x\n/tmp/b.npz: valid: 'b' stays normal", "\ud800", "\x1b[2J"])
def test_what_a_file_says_cannot_pass_for_an_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rhythm: str
) -> None:
    """Text that breaks the line, or that no terminal shows, is one line of plain letters."""
    document, arrays, _ = written(tmp_path / "m", BASE)
    assert run(tmp_path / "m", document | {"rhythm": rhythm}, arrays) == REFUSED
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].isascii()
    assert lines[0].isprintable()


@given(value=st.floats(1e-12, 1e12), digits=st.integers(1, 6))
def test_sizes_are_told_as_no_more_than_they_are(value: float, digits: int) -> None:
    """To so many digits, below by less than one of the last, and exact where it has no more."""
    told = float(certificate_numbers.rounded_down(value, digits))
    assert told <= value
    assert value - told <= 1.001 * 10 ** (np.floor(np.log10(value)) + 1 - digits)
    short = float(f"{value:.{digits}g}")
    assert float(certificate_numbers.rounded_down(short, digits)) == short
    assert certificate_numbers.rounded_down(0.0, digits) == "0"


@pytest.mark.parametrize("hz", [0.3, 5e-9, 150 - 5e-9])
def test_a_wave_is_called_one_only_if_it_is_one(hz: float) -> None:
    """Also one that is next to nothing at these samples, whatever size stands beside it."""
    name = f"mains {hz:.9f} Hz sine"
    wave = np.sin(2 * np.pi * float(f"{hz:.9f}") / 300 * np.arange(3000))
    asked = np.zeros(3000), 300.0
    assert certificate_numbers.told_of(name, wave, *asked) == repr(name)
    for other in (np.zeros(3000), 1.00001 * wave):
        assert "that it calls" in certificate_numbers.told_of(name, other, *asked)


def test_files_that_are_none_are_not_readable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No file, no archive, a pickle: code 2; a folder without a model likewise."""
    folder = tmp_path / "m"
    document, arrays, _ = written(folder, BASE)
    good, text, pickled = (tmp_path / name for name in ("good.npz", "text.npz", "pickled.npz"))
    save_certificate(good, document, arrays)
    text.write_text("a certificate")
    np.save(pickled.with_suffix(".npy"), np.array([{}], dtype=object), allow_pickle=True)
    pickled.with_suffix(".npy").rename(pickled)
    cut = tmp_path / "cut.npz"
    cut.write_bytes(good.read_bytes()[:-200])
    files = [str(path) for path in (good, text, pickled, cut, tmp_path / "none.npz")]
    assert check_certificate.main(["--model", str(folder), *files]) == UNREADABLE
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "5 certificates: 1 valid, 0 refused, 4 not readable"
    assert check_certificate.main(["--model", str(tmp_path), str(good)]) == UNREADABLE


def test_a_name_cannot_write_a_line_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line a certificate, whatever its file is called."""
    folder = tmp_path / "m"
    written(folder, BASE)
    named = tmp_path / "a\nb.npz: valid: 'A00001'\x1b[1m.npz"
    named.write_text("no certificate")
    assert check_certificate.main(["--model", str(folder), str(named)]) == UNREADABLE
    first, *rest = capsys.readouterr().out.splitlines()
    assert r"a\nb.npz: valid: 'A00001'\x1b[1m.npz: file: expected a certificate" in first
    assert rest == ["1 certificates: 0 valid, 0 refused, 1 not readable"]


def test_pickles_and_huge_shapes_inside_are_refused(tmp_path: Path) -> None:
    """An array of objects is never unpickled, and a shape that memory cannot hold is an error."""
    folder = tmp_path / "m"
    document, arrays, _ = written(folder, BASE)
    path = folder.parent / "hostile.npz"
    text = np.frombuffer(json.dumps(document).encode(), dtype=np.uint8)
    hostile = arrays | {"half_widths": np.array([object], dtype=object)}
    with path.open("wb") as file:
        np.savez(file, allow_pickle=True, document=text, **hostile)
    assert check_certificate.main(["--model", str(folder), str(path)]) == REFUSED
    header = path.read_bytes().replace(b"'shape': (", b"'shape': (9")
    path.write_bytes(header)
    assert check_certificate.main(["--model", str(folder), str(path)]) != VALID


def test_a_document_that_says_one_thing_twice_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Readers take the first or the last of two, so that one sees another proof than the other."""
    document, arrays, _ = written(tmp_path / "m", BASE)
    text = json.dumps(document)
    twice = f'{{"margin": 1e9, {text[1:]}'
    for name, told, code in (("once", text, VALID), ("twice", twice, REFUSED)):
        path = tmp_path / f"{name}.npz"
        with path.open("wb") as file:
            kept = np.frombuffer(told.encode(), dtype=np.uint8)
            np.savez(file, allow_pickle=False, document=kept, **arrays)
        assert check_certificate.main(["--model", str(tmp_path / "m"), str(path)]) == code
    assert "document: expected each name once" in capsys.readouterr().out
