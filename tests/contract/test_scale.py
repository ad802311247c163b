"""What a large project relies on: cost grows with the number of requirements, not faster."""

import time
from pathlib import Path

from tests.support.documents import criterion_record, requirement_record, write_records
from tests.support.tracing import everything_shown
from vericase.gate import decide
from vericase.matrix import trace
from vericase.report.html import render
from vericase.report.page import page
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
    assert html.count('class="requirement"') == 1000
    assert len(html) < 2_500_000
