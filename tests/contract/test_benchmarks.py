"""What benchmarks write is what they claim to measure."""

from pathlib import Path

import pytest

from benchmarks import report_scale
from benchmarks.shared import formats, projects
from benchmarks.shared.measuring import spend
from benchmarks.shared.peers import PEERS
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
