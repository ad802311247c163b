"""The cost of `vericase check` grows with the number of requirements, and no faster.

Instructions are counted, not seconds: a count is the same on every machine and under every load.
What a single call into C does is not seen here; `benchmarks/check_cost.py` measures that.
"""

from __future__ import annotations

import gc
import itertools
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.documents import hazard_record, requirement_record, write_records
from vericase.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType

    from _typeshed import TraceFunction


def instructions_of(action: Callable[[], object]) -> int:
    """How many instructions of Python *action* executes."""
    count = 0

    def counted(frame: FrameType, event: str, _argument: object) -> TraceFunction:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return counted

    before = sys.gettrace()
    # What other tests left to be collected costs instructions too.
    gc.collect()
    gc.disable()
    sys.settrace(counted)
    try:
        action()
    finally:
        sys.settrace(before)
        gc.enable()
    return count


def write_requirements(folder: Path, count: int) -> None:
    """So many requirements, each with a parent and a hazard among those there are."""
    names = [f"REQ-{number:04d}" for number in range(1, count + 1)]
    records = [
        requirement_record(
            name,
            statement=f"The subject shall keep a right decision of {name}.",
            parents=[parent],
            hazards=["HAZ-001"],
        )
        for parent, name in itertools.pairwise(names)
    ]
    write_records(folder, "first.yaml", [requirement_record(names[0]), *records[: count // 2]])
    write_records(folder, "second.yaml", records[count // 2 :])
    write_records(folder, "hazards.yaml", [hazard_record()])


@pytest.fixture(scope="module")
def cost(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], int]:
    """The instructions that `vericase check` takes for so many requirements."""

    def instructions(count: int) -> int:
        folder = tmp_path_factory.mktemp("requirements")
        write_requirements(folder, count)
        return instructions_of(lambda: main(["check", str(folder)]))

    instructions(2)  # what is imported or compiled once belongs to no size
    return instructions


def test_each_requirement_costs_the_same(
    cost: Callable[[int], int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Ten requirements more cost the same within 2 %, whether there are ten or two hundred."""
    few, many = cost(20) - cost(10), cost(210) - cost(200)
    assert capsys.readouterr().out.splitlines()[-1] == (
        "200 requirements (200 approved), 200 criteria, 1 hazards: no problem"
    )
    assert few > 10 * 500
    assert many == pytest.approx(few, rel=0.02)
