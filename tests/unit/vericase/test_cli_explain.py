"""Codes and words that the tool prints, explained by the tool."""

import ast
from pathlib import Path

import pytest

import vericase
from tests.support.documents import criterion_record, requirement_record, write_records
from vericase.cli import main
from vericase.cli.explain import WORDS
from vericase.verdict import Verdict
from vericase.wording import RULES, Rule

SOURCES = Path(vericase.__file__).parent


def kinds() -> set[str]:
    """Every kind of finding and blocker that the code gives."""
    found = set()
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            named = [k.value for k in node.keywords if k.arg in {"kind", "what"}]
            if getattr(node.func, "id", "") == "Change":
                continue
            if isinstance(node.func, ast.Name) and node.func.id == "_finding" and node.args:
                named.append(node.args[0])
            found |= {str(n.value) for n in named if isinstance(n, ast.Constant)}
    return found


def test_every_kind_of_finding_is_explained() -> None:
    """Nothing is printed that cannot be looked up, and nothing is explained that is not printed."""
    assert kinds() | {verdict.name for verdict in Verdict} == set(WORDS)


@pytest.mark.parametrize("rule", RULES, ids=[rule.code for rule in RULES])
def test_a_rule_is_explained(rule: Rule, capsys: pytest.CaptureFixture[str]) -> None:
    """With both examples, however its code is written."""
    assert main(["explain", rule.code.lower()]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"{rule.code}: ")
    assert rule.bad in told
    assert rule.good in told


def test_words_are_explained_and_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Also those of two words."""
    assert main(["explain", "other", "subject"]) == 0
    assert capsys.readouterr().out.startswith("other subject: ")
    assert main(["explain"]) == 0
    listed = capsys.readouterr().out
    assert all(word in listed for word in (*WORDS, *(rule.code for rule in RULES)))


def test_a_code_that_is_none_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """With the nearest."""
    assert main(["explain", "tamperd"]) == 2
    told = "explain: expected a code or a word of a report, got 'tamperd'; did you mean 'tampered'?"
    assert capsys.readouterr().err.strip() == told


def test_remarks_do_not_fail_a_check_unless_strict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are told with file, line and code, and counted apart."""
    write_records(tmp_path, "r.yaml", [requirement_record(statement="The device shall show it.")])
    assert main(["check", str(tmp_path)]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first == f"{tmp_path}/r.yaml:2: ROB-001: L12 No pronouns: got 'it'"
    assert last.endswith("no problem, 1 remarks on the wording (vericase explain CODE)")
    assert main(["check", str(tmp_path), "--strict"]) == 1
    capsys.readouterr()
    assert main(["check", str(tmp_path), "--format=github"]) == 0
    told = f"::warning file={tmp_path}/r.yaml,line=2::ROB-001: L12 No pronouns: got 'it'"
    assert capsys.readouterr().out.splitlines()[0] == told


def test_a_number_that_differs_fails_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The statement says 95 %, the criterion 0.9."""
    wrong = requirement_record(
        statement="The device shall find 95 % of the events.",
        acceptance=[criterion_record(threshold=0.9)],
    )
    write_records(tmp_path, "r.yaml", [wrong])
    assert main(["check", str(tmp_path), "--format=github"]) == 1
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("::error file=")
    assert "L20 Numbers as in the criteria: got '95 %25'" in first
