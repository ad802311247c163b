"""What a large project relies on: cost grows with the number of requirements, not faster."""

import time
from pathlib import Path

from tests.support.documents import criterion_record, requirement_record, write_records
from tests.support.tracing import everything_shown
from vericase.export import EXPORTS
from vericase.gate import decide
from vericase.matrix import trace
from vericase.report.html import render
from vericase.report.page import page
from vericase.reqif import read_reqif
from vericase.reqif.tree import MAX_BYTES, MAX_ELEMENTS
from vericase.schema import load_requirements


def a_project(folder: Path, number: int) -> Path:
    """A folder with *number* requirements, each linked to the one before."""
    records = [
        requirement_record(
            f"BIG-{i:04d}",
            parents=[f"BIG-{i - 1:04d}"] if i % 50 else [],
            acceptance=[criterion_record(f"BIG-{i:04d}.1")],
        )
        for i in range(number)
    ]
    for start in range(0, number, 500):
        write_records(folder, f"r{start:05d}.yaml", records[start : start + 500])
    return folder


def cost_s(folder: Path) -> float:
    """The processor time that loading takes, the best of three."""
    costs = []
    for _ in range(3):
        start = time.process_time()
        assert load_requirements(folder).requirements
        costs.append(time.process_time() - start)
    return min(costs)


def test_requirements_are_loaded_in_linear_time(tmp_path: Path) -> None:
    """Five times the requirements cost about five times as much; a square would be 25 times."""
    small, large = a_project(tmp_path / "small", 400), a_project(tmp_path / "large", 2000)
    assert cost_s(large) < 12 * cost_s(small)


def test_a_thousand_requirements_are_one_page(tmp_path: Path) -> None:
    """Tracing, deciding and drawing a thousand requirements gives a page that a browser opens."""
    requirements = load_requirements(a_project(tmp_path, 1000))
    matrix = trace(requirements, everything_shown(requirements))
    decision = decide(matrix)
    html = render(page(matrix, decision, {}))
    assert decision.released is True
    assert html.count('<tbody id="BIG-') == 1000
    assert len(html) < 1_000_000


def test_what_is_exported_of_five_thousand_requirements_can_be_imported(tmp_path: Path) -> None:
    """A fifth of them takes less than a fifth of what an import takes."""
    requirements = load_requirements(a_project(tmp_path / "requirements", 1000))
    matrix = trace(requirements, everything_shown(requirements))
    content = EXPORTS["reqif"](matrix, decide(matrix))
    (tmp_path / "f.reqif").write_bytes(content)
    assert len(read_reqif(tmp_path / "f.reqif").requirements) == 1000
    assert 5 * len(content) < MAX_BYTES
    assert 5 * (content.count(b"<") - content.count(b"</")) < MAX_ELEMENTS
