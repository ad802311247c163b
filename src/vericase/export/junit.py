"""JUnit XML: a test case for every criterion, so that a server for tests shows the matrix.

There is a failure or an error exactly if the gate is closed. What is in force and not shown is
one, never skipped: most readers take a skipped test for no harm. Skipped is only what the gate does
not ask for, or lets go by a waiver that holds or another criterion of which one suffices.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from itertools import groupby

from vericase.export.table import Line, lines, obstacles
from vericase.gate import Blocker, GateDecision
from vericase.matrix import TraceMatrix
from vericase.report.text import readable
from vericase.requirement import Status
from vericase.verdict import Verdict

__all__ = ["as_junit"]

_OUT_OF_FORCE = frozenset({"not applicable", Status.DRAFT.value, Status.RETIRED.value})
_ENDINGS = {"FAIL": "failure", "INCONCLUSIVE": "failure"}


def as_junit(matrix: TraceMatrix, decision: GateDecision) -> bytes:
    """One suite a requirement, one case a criterion, and a suite for what else blocks."""
    found = obstacles(decision)
    # What a row lacks bears the name of a verdict, and ends the cases of that row.
    lacks = [b for b in found if b.what in Verdict.__members__]
    blocked = {b.where.split(".", 1)[0] for b in lacks}
    suites = [_suite(name, group, name in blocked) for name, group in _grouped(lines(matrix))]
    red = {suite.get("name") for suite in suites if _red(suite)}
    others = [b for b in found if b not in lacks or b.where.split(".", 1)[0] not in red]
    if others:
        suites.append(_gate(others))
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


def _red(suite: ET.Element) -> bool:
    return any(suite.find(f"testcase/{word}") is not None for word in ("failure", "error"))


def _gate(others: Iterable[Blocker]) -> ET.Element:
    """A case for each place and kind of what fits in no row, whatever the row there says."""
    messages: dict[tuple[str, str], list[str]] = {}
    for blocker in others:
        messages.setdefault((blocker.where, blocker.what), []).append(blocker.message)
    gate = ET.Element("testsuite", name="gate", tests=str(len(messages)))
    for (where, what), told in messages.items():
        name = readable(f"{where}: {what}")
        case = ET.SubElement(gate, "testcase", classname="gate", name=name)
        _end(case, "error", what, "\n".join(told))
    return gate


def _suite(name: str, rows: list[Line], blocked: bool) -> ET.Element:  # noqa: FBT001  of one use
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
        elif verdict != "PASS" and (first.waiver or not blocked):
            told = f"waived by {first.waiver}" if first.waiver else "others suffice"
            ET.SubElement(case, "skipped", message=readable(f"{verdict}, {told}"))
        elif verdict != "PASS":
            _end(case, _ENDINGS.get(verdict, "error"), verdict, first.reason)
        elif first.standing != "PASS" and blocked:
            # The criterion is met and a case of the requirement ended badly.
            told = "the requirement is not shown, though this criterion is"
            _end(case, _ENDINGS.get(first.standing, "error"), first.standing, told)
    return suite


def _end(case: ET.Element, tag: str, kind: str, message: str) -> None:
    ET.SubElement(case, tag, type=kind, message=readable(message))
