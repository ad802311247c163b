"""JUnit XML: a test case for every criterion, so that a server for tests shows the matrix.

What is in force and not shown is a failure or an error, never skipped: most readers take a
skipped test for no harm. Skipped is only what the gate does not ask for.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from itertools import groupby

from vericase.export.table import Line, lines
from vericase.gate import GateDecision
from vericase.matrix import TraceMatrix
from vericase.report.text import readable
from vericase.requirement import Status

__all__ = ["as_junit"]

_OUT_OF_FORCE = frozenset({"not applicable", Status.DRAFT.value, Status.RETIRED.value})
_ENDINGS = {"FAIL": "failure", "INCONCLUSIVE": "failure"}


def as_junit(matrix: TraceMatrix, decision: GateDecision) -> bytes:
    """One suite a requirement, one case a criterion, and a suite for what else blocks."""
    suites = [_suite(name, group) for name, group in _grouped(lines(matrix))]
    rows = {line.requirement for line in lines(matrix)}
    others = [b for b in decision.blocking if b.where.split(".", 1)[0] not in rows]
    if others:
        gate = ET.Element("testsuite", name="gate", tests=str(len(others)))
        for blocker in others:
            case = ET.SubElement(gate, "testcase", classname="gate", name=readable(blocker.where))
            _end(case, "error", blocker.what, blocker.message)
        suites.append(gate)
    root = ET.Element("testsuites", name=readable(decision.headline))
    for suite in suites:
        for word in ("failure", "error", "skipped"):
            number = len(suite.findall(f"testcase/{word}"))
            suite.set({"failure": "failures", "error": "errors"}.get(word, word), str(number))
        root.append(suite)
    ET.indent(root, space=" ")
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _grouped(rows: Iterable[Line]) -> Iterable[tuple[str, list[Line]]]:
    return ((name, list(group)) for name, group in groupby(rows, lambda line: line.requirement))


def _suite(name: str, rows: list[Line]) -> ET.Element:
    criteria = [
        (criterion, list(group)) for criterion, group in groupby(rows, lambda line: line.criterion)
    ]
    suite = ET.Element("testsuite", name=name, tests=str(len(criteria)))
    for criterion, measured in criteria:
        first = measured[0]
        case = ET.SubElement(suite, "testcase", classname=name, name=criterion or name)
        properties = ET.SubElement(case, "properties")
        for line in measured:
            for key in ("title", "standing", "wanted", "case", "measured", "shown", "waiver"):
                value = readable(str(getattr(line, key)))
                if value:
                    ET.SubElement(properties, "property", name=key, value=value)
        verdict = first.verdict or first.standing
        if first.standing in _OUT_OF_FORCE or verdict in _OUT_OF_FORCE:
            word = verdict if verdict in _OUT_OF_FORCE else first.standing
            ET.SubElement(case, "skipped", message=word)
        elif verdict != "PASS":
            _end(case, _ENDINGS.get(verdict, "error"), verdict, first.reason)
        elif first.standing != "PASS":
            # The criterion is met and a case of the requirement ended badly.
            told = "the requirement is not shown, though this criterion is"
            _end(case, _ENDINGS.get(first.standing, "error"), first.standing, told)
    return suite


def _end(case: ET.Element, tag: str, kind: str, message: str) -> None:
    ET.SubElement(case, tag, type=kind, message=readable(message))
