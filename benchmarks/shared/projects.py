"""Projects of many trivial cases: ours, and the same in the terms of each peer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["CASES", "REQUIREMENTS", "gxp", "jamb", "ours", "plain", "reqcov", "verifies"]

REQUIREMENTS, _CRITERIA = 200, 10
CASES = REQUIREMENTS * _CRITERIA
_MODULES = 20
_CASE = '''
@pytest.mark.verifies("BEN-{requirement:03d}")
def test_{requirement}_{criterion}(measure):
    """One criterion of one requirement."""
    measure("share_{criterion}", Proportion(95, 100))
'''
_PEER_CASE = '''
@pytest.mark.{marker}
def test_{requirement}_{criterion}():
    """One criterion of one requirement."""
    assert True
'''
_STAND_IN = '''
import pytest

def pytest_configure(config):
    config.addinivalue_line("markers", "verifies(id): ignored")

@pytest.fixture
def measure():
    """Drops what is measured."""
    return lambda name, value: None
'''
_REQUIREMENT = """\
- id: BEN-{number:03d}
  title: Show ten shares in situation {number}
  statement: The subject shall show ten shares.
  rationale: A benchmark needs something to show.
  category: tool
  status: approved
  method: test
  acceptance:
"""
_CRITERION = """\
    - {{id: BEN-{number:03d}.{criterion}, measurand: share_{criterion}, relation: ">=", \
threshold: 0.9}}
"""


def ours(folder: Path, *, active: bool) -> None:
    """Cases that measure, with requirements or, if not *active*, a fixture that drops it."""
    _write_cases(folder, "import pytest\nfrom vericase import Proportion\n", _CASE)
    if not active:
        (folder / "conftest.py").write_text(_STAND_IN, encoding="utf-8")
        return
    records = [
        _REQUIREMENT.format(number=number)
        + "".join(
            _CRITERION.format(number=number, criterion=criterion)
            for criterion in range(1, _CRITERIA + 1)
        )
        for number in _numbers()
    ]
    (folder / "requirements").mkdir()
    (folder / "requirements" / "bench.yaml").write_text("".join(records), encoding="utf-8")


def plain(folder: Path) -> None:
    """Cases that only pass, with a marker that nothing reads."""
    _write_peer_cases(folder, lambda number: f'verifies("BEN-{number:03d}")')
    (folder / "conftest.py").write_text(_STAND_IN, encoding="utf-8")


def jamb(folder: Path) -> None:
    """The same for jamb: one file an item."""
    _write_peer_cases(folder, lambda number: f'requirement("BEN{number:03d}")')
    items = folder / "reqs"
    items.mkdir()
    settings = "settings:\n  prefix: BEN\n  digits: 3\n  sep: ''\n"
    (items / ".jamb.yml").write_text(settings, encoding="utf-8")
    for number in _numbers():
        text = f"header: Situation {number}\nactive: true\ntext: |\n  {_statement(number)}\n"
        (items / f"BEN{number:03d}.yml").write_text(text, encoding="utf-8")


def gxp(folder: Path) -> None:
    """The same for pytest-gxp: a specification in Markdown."""
    _write_peer_cases(folder, lambda number: f'requirements(["BEN-{number:03d}"])')
    parts = [f"### BEN-{n:03d}: Situation {n}\n\n{_statement(n)}\n" for n in _numbers()]
    text = "# Functional Specification\n\nVersion: 1.0\n\n" + "\n".join(parts)
    (folder / "gxp_spec_files").mkdir()
    specification = folder / "gxp_spec_files" / "functional_specification.md"
    specification.write_text(text, encoding="utf-8")


def verifies(folder: Path) -> None:
    """The same for pytest-verifies: a baseline in JSON."""
    _write_peer_cases(folder, lambda number: f'verifies("BEN-{number:03d}")')
    records = [{"id": f"BEN-{n:03d}", "text": _statement(n)} for n in _numbers()]
    (folder / "base.json").write_text(json.dumps({"requirements": records}), encoding="utf-8")


def reqcov(folder: Path) -> None:
    """The same for reqcov, which reads markers in files and results in JUnit XML."""
    plain(folder)
    parts = [f"## BEN-{n:03d}: Situation {n}\n\n{_statement(n)}\n" for n in _numbers()]
    (folder / "requirements.md").write_text("\n".join(parts), encoding="utf-8")
    settings = "version: 1\nrequirements: ['*.md']\ntests: ['test_*.py']\n"
    (folder / "reqcov.yml").write_text(settings, encoding="utf-8")


def _numbers() -> Iterable[int]:
    return range(1, REQUIREMENTS + 1)


def _statement(number: int) -> str:
    return f"The subject shall show ten shares in situation {number}."


def _write_peer_cases(folder: Path, marker: Callable[[int], str]) -> None:
    _write_cases(folder, "import pytest\n", _PEER_CASE, marker)


def _write_cases(folder: Path, head: str, case: str, marker: Callable[[int], str] = str) -> None:
    folder.mkdir()
    cases = [
        case.format(requirement=number, criterion=criterion, marker=marker(number))
        for number in _numbers()
        for criterion in range(1, _CRITERIA + 1)
    ]
    for module in range(_MODULES):
        text = head + "\n".join(cases[module::_MODULES])
        (folder / f"test_part_{module:02d}.py").write_text(text, encoding="utf-8")
