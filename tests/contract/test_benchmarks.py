"""What benchmarks write is what they claim to measure."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import conv1d

from afib.network import PlainNetwork, build_network, folded
from benchmarks import damaged_headers, high_pass, report_scale
from benchmarks.shared import formats, projects
from benchmarks.shared.beats import matched
from benchmarks.shared.measuring import spend
from benchmarks.shared.peers import PEERS
from tests.support.training import tiny_settings
from vericase.cli import main
from vericase.schema import load_requirements


def test_the_requirements_of_the_check_have_no_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of them are read, linked and worded well, so that nothing is cut short."""
    formats.vericase(tmp_path / "requirements", 60)
    assert main(["check", str(tmp_path / "requirements")]) == 0
    assert capsys.readouterr().out == (
        "60 requirements (60 approved), 60 criteria, 50 hazards: no problem\n"
    )


@pytest.mark.parametrize("bounded", [False, True])
def test_the_report_shows_every_requirement(tmp_path: Path, *, bounded: bool) -> None:
    """The evidence is current and passes, so that nothing is left out of the page."""
    report_scale._write(tmp_path, 30, bounded=bounded)
    report_scale._made(tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert page.count('<tbody id="REQ-') == 30
    assert "Requirement coverage: 30 of 30 in force shown" in page
    assert page.count("<td>lower 0.") == (30 if bounded else 0)


def test_a_case_is_measured_for_every_criterion(tmp_path: Path) -> None:
    """Every case has a criterion of its own."""
    projects.ours(tmp_path / "whole", active=True)
    requirements = load_requirements(tmp_path / "whole" / "requirements")
    assert (len(list(requirements)), len(requirements.criteria())) == (
        projects.REQUIREMENTS,
        projects.CASES,
    )


def test_what_a_child_spends_is_counted(tmp_path: Path) -> None:
    """A process that works for a while has spent seconds, and its exit code is told."""
    work = "import time\nwhile time.process_time() < 0.2: pass\nraise SystemExit(3)"
    spent = spend(("python3", "-c", work), tmp_path)
    assert (spent.code, spent.cpu_s >= 0.2) == (3, True)


def test_peers_are_pinned() -> None:
    """Each has one exact version, and is there once."""
    assert all(peer.version.replace(".", "").isdigit() for peer in PEERS)
    assert len({peer.name for peer in PEERS}) == len(PEERS)


def test_one_byte_of_a_header_is_damaged() -> None:
    """One byte differs, and the field that is told is the one that it was in."""
    record = damaged_headers._record(17, 1)
    rng = np.random.default_rng(17)
    fields: dict[str, bytes] = dict(
        zip(damaged_headers._FIELDS, record.header.split(), strict=True)
    )
    for _ in range(200):
        damaged, field = damaged_headers._with_another_byte(record, rng)
        at = [k for k, byte in enumerate(record.header) if damaged.header[k] != byte]
        assert len(at) == 1
        before = record.header[: at[0] + 1].split()
        assert fields[field].startswith(before[-1])
        assert damaged.samples == record.samples


def test_one_bit_of_the_samples_is_flipped() -> None:
    """The header and what lies before the samples stay."""
    record = damaged_headers._record(17, 1)
    damaged = damaged_headers._with_another_bit(record, np.random.default_rng(17))
    differing = np.frombuffer(damaged.samples, np.uint8) ^ np.frombuffer(record.samples, np.uint8)
    assert np.bitwise_count(differing).sum() == 1
    assert not differing[:24].any()
    assert damaged.header == record.header


def test_both_readers_see_the_damage_and_nothing_else(tmp_path: Path) -> None:
    """Undamaged they read the same; a rate that lost a digit is another signal to either."""
    record = damaged_headers._record(17, 1)
    slower = damaged_headers._Record(
        name=record.name, header=record.header.replace(b" 300 ", b" 200 "), samples=record.samples
    )
    for reader in ("wfdb", "afib.records"):
        before = damaged_headers._undamaged(tmp_path, record, reader)
        assert before.rate_hz == 300
        assert damaged_headers._end(tmp_path, record, before, reader) == "as before"
        assert damaged_headers._end(tmp_path, slower, before, reader) == "another signal"


def test_beats_match_within_reach_alone() -> None:
    """A beat next to another one is matched, a lonely one is not, and none without others."""
    times_s = np.array([1.0, 2.0, 3.0], dtype=np.float32)
    others_s = np.array([1.04, 2.2], dtype=np.float32)
    assert matched(times_s, others_s, 0.05).tolist() == [True, False, False]
    assert not matched(times_s, np.empty(0, dtype=np.float32), 0.05).any()


def test_a_high_pass_is_composed_with_the_first_convolution() -> None:
    """One convolution gives what the filter and the weights give in turn, and stops a constant."""
    torch.manual_seed(0)
    taps = high_pass.high_pass(21, 5.0, 60.0)
    weight, signal = torch.randn(3, 1, 5), torch.randn(1, 1, 90)
    filtered = conv1d(signal, torch.from_numpy(taps).float()[None, None])
    whole = high_pass.composed(weight, torch.from_numpy(taps).float()[None, None])
    torch.testing.assert_close(conv1d(signal, whole), conv1d(filtered, weight))
    assert conv1d(torch.ones(1, 1, 90), whole).abs().max() < 1e-5


def test_a_network_behind_a_high_pass_is_folded_as_any_other() -> None:
    """What is learnt is as long as before, and folding changes nothing but rounding."""
    settings = tiny_settings()
    kernels = settings.network.kernels
    longer = replace(settings.network, kernels=(kernels[0] + 20, *kernels[1:]))
    network = build_network(longer, 600)
    assert isinstance(network, PlainNetwork)
    high_pass.with_high_pass(network, high_pass.high_pass(21, 5.0, 60.0), kernels[0])
    network.eval()
    learnt = dict(network.named_parameters())["features.0.parametrizations.weight.original"]
    assert learnt.shape[-1] == kernels[0]
    signals = torch.randn(2, 600)
    torch.testing.assert_close(folded(network)(signals), network(signals), atol=1e-5, rtol=1e-4)
