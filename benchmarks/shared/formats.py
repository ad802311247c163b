"""One set of requirements in the format of each tool.

Each requirement has an id, a title, a statement, a rationale and one parent; the first has none.
What a tool has no place for is left out of its files: criteria everywhere, hazards mostly.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["doorstop", "jamb", "reqcov", "sphinx_needs", "strictdoc", "vericase"]

_IN_A_FILE = 500
_HAZARDS = 50
_STATEMENT = (
    "The classifier shall keep right decision D-{number} under disturbance up to the radius."
)
_RATIONALE = (
    "A decision that flips by a disturbance that no clinician can see is not trusted,",
    "and what is not trusted is not used.",
)
_HAZARD = """\
- id: HAZ-{number:03d}
  title: A wrong decision of kind {number}
  harm: Treatment comes late.
  severity: serious
  sequence_of_events: Noise flips a decision, and nobody looks at the recording.
  control: Decisions are kept under noise.
  residual_risk: Strong noise remains.
"""
_REQUIREMENT = """\
- id: REQ-{number:05d}
  title: Keep what is right in situation {number}
  statement: {statement}
  rationale: |
    {rationale[0]}
    {rationale[1]}
  category: network
  status: approved
{parents}  hazards: [HAZ-{hazard:03d}]
  references: ["IEC 62304:2006, 5.2"]
  method: test
  conditions: {{radius_mv: 0.01}}
  acceptance:
    - id: REQ-{number:05d}.1
      measurand: certified_sensitivity
      relation: ">="
      threshold: 0.80
      unit: "1"
"""
_BOUND = """\
      confidence: 0.95
      min_trials: 200
"""


def vericase(folder: Path, count: int, *, bounded: bool = True) -> None:
    """Lists of requirements with a criterion each, *bounded* or on the value alone, and hazards."""
    folder.mkdir(parents=True)
    known = min(count, _HAZARDS)
    hazards = (_HAZARD.format(number=number) for number in range(1, known + 1))
    (folder / "hazards.yaml").write_text("".join(hazards), encoding="utf-8")
    records = [
        _REQUIREMENT.format(
            number=number,
            statement=_STATEMENT.format(number=number),
            rationale=_RATIONALE,
            parents=f"  parents: [REQ-{parent:05d}]\n" if parent else "",
            hazard=number % known + 1,
        )
        + (_BOUND if bounded else "")
        for number, parent in _numbers(count)
    ]
    for start in range(0, count, _IN_A_FILE):
        text = "".join(records[start : start + _IN_A_FILE])
        (folder / f"part-{start:05d}.yaml").write_text(text, encoding="utf-8")


def doorstop(folder: Path, count: int) -> None:
    """One file an item, in a repository, which doorstop asks for."""
    items = folder / "reqs"
    items.mkdir(parents=True)
    _make_repository(folder)
    settings = "settings:\n  digits: 5\n  itemformat: yaml\n  prefix: REQ\n  sep: ''\n"
    (items / ".doorstop.yml").write_text(settings, encoding="utf-8")
    for number, parent in _numbers(count):
        links = f"links:\n- REQ{parent:05d}: null\n" if parent else "links: []\n"
        text = (
            f"active: true\nderived: false\nheader: |\n  {_title(number)}\nlevel: '1.{number}'\n"
            f"{links}normative: true\nref: ''\nreviewed: null\ntext: |\n{_body(number, '  ')}"
        )
        (items / f"REQ{number:05d}.yml").write_text(text, encoding="utf-8")


def jamb(folder: Path, count: int) -> None:
    """One file an item, in a document."""
    items = folder / "reqs"
    items.mkdir(parents=True)
    _make_repository(folder)
    settings = "settings:\n  prefix: REQ\n  digits: 5\n  sep: ''\n"
    (items / ".jamb.yml").write_text(settings, encoding="utf-8")
    for number, parent in _numbers(count):
        links = f"links:\n- REQ{parent:05d}\n" if parent else "links: []\n"
        text = (
            f"header: {_title(number)}\nactive: true\ntype: requirement\n{links}"
            f"reviewed: null\ntext: |\n{_body(number, '  ')}"
        )
        (items / f"REQ{number:05d}.yml").write_text(text, encoding="utf-8")


def strictdoc(folder: Path, count: int) -> None:
    """Documents of requirements with a parent relation."""
    folder.mkdir(parents=True)
    for start in range(1, count + 1, _IN_A_FILE):
        parts = [f"[DOCUMENT]\nTITLE: Part {start}\n"]
        for number in range(start, min(start + _IN_A_FILE, count + 1)):
            relation = f"RELATIONS:\n- TYPE: Parent\n  VALUE: REQ-{number // 2:05d}\n"
            parts.append(
                f"[REQUIREMENT]\nUID: REQ-{number:05d}\nTITLE: {_title(number)}\n"
                f"STATEMENT: {_STATEMENT.format(number=number)}\n"
                f"RATIONALE: >>>\n{chr(10).join(_RATIONALE)}\n<<<\n"
                + (relation if number > 1 else "")
            )
        text = "\n".join(parts)
        (folder / f"part-{start:05d}.sdoc").write_text(text, encoding="utf-8")


def sphinx_needs(folder: Path, count: int) -> None:
    """Pages of directives with links."""
    folder.mkdir(parents=True)
    pages = []
    for start in range(1, count + 1, _IN_A_FILE):
        pages.append(f"part-{start:05d}")
        parts = [f"Part {start}\n==========\n"]
        for number in range(start, min(start + _IN_A_FILE, count + 1)):
            link = f"   :links: REQ_{number // 2:05d}\n" if number > 1 else ""
            parts.append(
                f".. req:: {_title(number)}\n   :id: REQ_{number:05d}\n   :status: open\n{link}\n"
                f"{_body(number, '   ')}"
            )
        (folder / f"{pages[-1]}.rst").write_text("\n".join(parts), encoding="utf-8")
    toc = "Requirements\n============\n\n.. toctree::\n\n" + "".join(f"   {p}\n" for p in pages)
    (folder / "index.rst").write_text(toc, encoding="utf-8")
    settings = "project = 'requirements'\nextensions = ['sphinx_needs']\n"
    (folder / "conf.py").write_text(settings, encoding="utf-8")


def reqcov(folder: Path, count: int) -> None:
    """Pages of Markdown, which reqcov reads faster than its YAML."""
    folder.mkdir(parents=True)
    for start in range(1, count + 1, _IN_A_FILE):
        parts = []
        for number in range(start, min(start + _IN_A_FILE, count + 1)):
            parent = f"Parent: REQ-{number // 2:05d}\n" if number > 1 else ""
            parts.append(
                f"## REQ-{number:05d}: {_title(number)}\n\n{_body(number, '')}"
                f"{parent}Verification: test\nStatus: approved\n"
            )
        (folder / f"part-{start:05d}.md").write_text("\n".join(parts), encoding="utf-8")
    settings = "version: 1\nrequirements: ['*.md']\nrules: {min_test_coverage: 0}\n"
    (folder / "reqcov.yml").write_text(settings, encoding="utf-8")


def _numbers(count: int) -> Iterator[tuple[int, int]]:
    """Each number with that of its parent; 0 for the first, from which all others descend."""
    return ((number, number // 2) for number in range(1, count + 1))


def _make_repository(folder: Path) -> None:
    git = shutil.which("git")
    if git is None:
        raise SystemExit("git: expected the program, which some peers ask for, got none")
    subprocess.run((git, "init", "--quiet", str(folder)), check=True)


def _title(number: int) -> str:
    return f"Keep what is right in situation {number}"


def _body(number: int, indent: str) -> str:
    lines = (_STATEMENT.format(number=number), "", *_RATIONALE)
    return "".join(f"{indent}{line}".rstrip() + "\n" for line in lines)
