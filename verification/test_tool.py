"""Tool: the tool that judges, run on faults and on sound projects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from math import comb
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.corpus import CONTROLS, FAULTS
from tests.faults.projects import Project, run_project, run_pytest
from vericase import Proportion, Scalar
from vericase.errors import RequirementError
from vericase.schema import load_requirements
from vericase.statistics import proportion_lower, proportion_upper

if TYPE_CHECKING:
    from pathlib import Path

Measure = Callable[..., None]
Conditions = Mapping[str, Any]

#: Blocked, and bad input.
_TOLD_CODES = {1, 2}
_BROKEN = """\
- id: dem-1
  title: no
  statment: The share shall be large.
  category: netwrk
  status: approved
  status: draft
  method: test
  acceptance:
    - {id: DEM-001.1, measurand: share, relation: "=>", threshold: 95%, confidence: 95}
"""
#: What has to be told of the file above, by line.
_TOLD = {
    1: ["id such as", "rationale", "statement: expected a value"],
    2: ["title"],
    3: ["did you mean 'statement'"],
    4: ["did you mean 'network'"],
    6: ["each key once"],
    9: ["relation", "threshold", "confidence"],
}


@pytest.mark.verifies("TOOL-001")
def test_no_fault_opens_the_gate(measure: Measure, tmp_path: Path) -> None:
    """Of projects that look fine and are not, those that the gate released."""
    codes = _exit_codes(FAULTS, tmp_path)
    opened = [name for name, code in codes.items() if code == 0]
    measure("faults_that_open_the_gate", Scalar(len(opened)), {"opened.txt": "\n".join(opened)})
    crashed = [name for name, code in codes.items() if code not in _TOLD_CODES | {0}]
    measure("faults_not_told", Scalar(len(crashed)), {"crashed.txt": "\n".join(crashed)})
    measure("faults_tried", Scalar(len(codes)))


@pytest.mark.verifies("TOOL-002")
def test_true_passes_open_the_gate(measure: Measure, tmp_path: Path) -> None:
    """Of sound projects, those that the gate released."""
    codes = _exit_codes(CONTROLS, tmp_path)
    measure("controls_released", Proportion.of([code == 0 for code in codes.values()]))


@pytest.mark.verifies("TOOL-003")
def test_bounds_are_exact(measure: Measure, conditions: Conditions) -> None:
    """The binomial tail at each bound, summed in fractions, against what it should be."""
    errors = [
        error
        for confidence in conditions["confidences"]
        for trials in conditions["trials"]
        for successes in range(trials + 1)
        for error in _tail_errors(successes, trials, confidence)
    ]
    measure("largest_tail_error", Scalar(max(errors)))
    measure("bounds_checked", Scalar(len(errors)))


@pytest.mark.verifies("TOOL-004")
def test_same_evidence_gives_the_same_report(measure: Measure, tmp_path: Path) -> None:
    """How many of the reports of the same cases, run in other ways, differ from the first."""
    pages = []
    for number, environment in enumerate(({}, {}, {"TURNED": "yes"})):
        project = Project(case=CONTROLS["parameters"].case, environment=environment)
        run_pytest(project, tmp_path / str(number))
        pages.append((tmp_path / str(number) / "reports" / "report.html").read_bytes())
    measure("differing_reports", Scalar(sum(page != pages[0] for page in pages)))
    measure("reports_compared", Scalar(len(pages) - 1))


@pytest.mark.verifies("TOOL-005")
def test_a_broken_file_is_told_whole(measure: Measure, tmp_path: Path) -> None:
    """Of the problems of a broken file, those that are named with their line."""
    (tmp_path / "broken.yaml").write_text(_BROKEN, encoding="utf-8")
    try:
        load_requirements(tmp_path)
        problems: tuple[str, ...] = ()
    except RequirementError as error:
        problems = error.problems
    told = [
        any(f"broken.yaml:{line}:" in problem and text in problem for problem in problems)
        for line, texts in _TOLD.items()
        for text in texts
    ]
    measure("problems_named", Proportion.of(told))


def _exit_codes(projects: dict[str, Project], folder: Path) -> dict[str, int]:
    places = {name: folder / str(number) for number, name in enumerate(projects)}
    with ThreadPoolExecutor(2) as pool:
        codes = pool.map(lambda name: run_project(projects[name], places[name]), projects)
        return dict(zip(projects, codes, strict=True))


def _tail_errors(successes: int, trials: int, confidence: float) -> list[float]:
    """How far the tail beyond each bound is from 1 - confidence, in exact arithmetic."""
    lower = Fraction(proportion_lower(successes, trials, confidence))
    upper = Fraction(proportion_upper(successes, trials, confidence))
    at_least = sum(_chance(k, trials, lower) for k in range(successes, trials + 1))
    at_most = sum(_chance(k, trials, upper) for k in range(successes + 1))
    miss = 1 - Fraction(str(confidence))
    errors = [abs(at_least - miss)] if successes else [lower]
    errors += [abs(at_most - miss)] if successes < trials else [1 - upper]
    return [float(error) for error in errors]


def _chance(successes: int, trials: int, rate: Fraction) -> Fraction:
    return comb(trials, successes) * rate**successes * (1 - rate) ** (trials - successes)
