"""What scripts rely on: the exit codes of `vericase` and the sentences that go with them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.documents import hazard_record, requirement_record, write_records
from tests.support.tracing import REHEARSED, a_log, everything_shown, with_code
from vericase.cli import check, common, main
from vericase.schema import load_requirements
from vericase.store import save_evidence

Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Asks the command in an empty folder: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VERICASE_DEBUG", raising=False)

    def asked(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(arguments)
        except SystemExit as leaving:  # by argparse
            code = leaving.code if isinstance(leaving.code, int) else 1
        told = capsys.readouterr()
        return code, told.out, told.err

    return asked


def demand(*records: object) -> None:
    """Requirements in the current folder."""
    write_records(Path("requirements"), "r.yaml", list(records) or [requirement_record()])


def show(*, rehearsal: bool = False, finished: bool = True) -> None:
    """Evidence in the current folder that shows everything that is demanded."""
    requirements = load_requirements(Path("requirements"))
    log = everything_shown(requirements, subjects=[REHEARSED] if rehearsal else [])
    log = replace(log, run=replace(log.run, finished=finished))
    save_evidence(Path("reports/evidence.json"), with_code(log, Path()))


COMMANDS = [
    ("check",),
    ("status",),
    ("status", "--stale"),
    ("gate",),
    ("report", "--out=page.html"),
]


@pytest.mark.parametrize("command", [*COMMANDS, ("schema",), ("schema", "requirements")])
def test_0_is_fine(ask: Ask, command: tuple[str, ...]) -> None:
    """Nothing to object to: every command leaves with 0, and says nothing on stderr."""
    demand()
    show()
    code, out, err = ask(*command)
    assert (code, bool(out), err) == (0, True, "")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("check",), "requirements/hazards.yaml:2: HAZ-001: expected an approved requirement"),
        (("status",), "BLOCKED (0 of 1 requirements in force shown, "),
        (("gate",), "  ROB-001.1: NOT_RUN, no case verifies it (requirements/r.yaml:2)"),
        (("gate", "--rehearsal"), "BLOCKED (0 of 1 requirements in force shown, "),
        (("gate", "--format=github"), "::error file=requirements/r.yaml,line=2::ROB-001.1: "),
        (("gate", "--format=json"), '"released": false'),
        (("gate", "--run=another"), "run run-1: run, expected the run another"),
    ],
)
def test_1_is_findings_or_blocked(ask: Ask, command: tuple[str, ...], sentence: str) -> None:
    """What is found is told on stdout, with where to look."""
    demand()
    write_records(Path("requirements"), "hazards.yaml", [hazard_record()])
    save_evidence(Path("reports/evidence.json"), a_log())
    code, out, err = ask(*command)
    assert (code, err) == (1, "")
    assert sentence in out


def test_1_is_also_a_rehearsal_that_nobody_asked_for(ask: Ask) -> None:
    """A rehearsal that shows everything blocks without --rehearsal, and is 0 with it."""
    demand()
    show(rehearsal=True)
    subject = "--subject=data=manifest.json"
    Path("manifest.json").write_text("{}")
    code, out, _ = ask("gate")
    assert code == 1
    assert out.startswith("REHEARSAL, nothing is released: not shown (")
    assert ask("gate", "--rehearsal", subject)[0] == 1  # another subject than in the evidence
    decision = json.loads(Path("reports/gate.json").read_text())
    assert (decision["released"], decision["rehearsal"], decision["exit"]) == (False, True, 1)


def test_1_is_also_a_run_that_did_not_end(ask: Ask) -> None:
    """Everything shown by a run that did not end is not released."""
    demand()
    show(finished=False)
    code, out, _ = ask("gate")
    assert code == 1
    assert "  run run-1: unfinished, it did not end; run the cases again" in out


@pytest.mark.parametrize("command", COMMANDS)
def test_2_is_broken_requirements(ask: Ask, command: tuple[str, ...]) -> None:
    """Every command names every problem of the files on stderr."""
    demand(requirement_record(status="aproved"), requirement_record("rob"))
    save_evidence(Path("reports/evidence.json"), a_log())
    code, out, err = ask(*command)
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        (
            "requirements/r.yaml:2: $[0].status: expected one of draft, approved, retired, "
            "got 'aproved'; did you mean 'approved'?"
        ),
        "requirements/r.yaml:3: $[1].id: expected an id such as ROB-001, got 'rob'",
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_2_is_a_missing_folder_of_requirements(ask: Ask, command: tuple[str, ...]) -> None:
    """Where there are no requirements, every command says how to name them."""
    code, out, err = ask(*command)
    assert (code, out, err) == (
        2,
        "",
        (
            "requirements: expected a folder of requirement files, got nothing there; "
            "name it with --requirements\n"
        ),
    )


@pytest.mark.parametrize("command", COMMANDS[1:])
def test_2_is_missing_or_damaged_evidence(ask: Ask, command: tuple[str, ...]) -> None:
    """Without evidence the commands say what to run; damage is told with the file."""
    demand()
    code, out, err = ask(*command)
    assert (code, out) == (2, "")
    assert err.startswith("reports/evidence.json: expected evidence, got [Errno 2] ")
    assert err.endswith("; run the verification cases first\n")
    show()
    Path("reports/evidence.json").write_text("{")
    code, out, err = ask(*command)
    assert (code, out) == (2, "")
    assert err.startswith("reports/evidence.json: expected evidence, got no JSON: ")
    Path("reports/evidence.json").write_text('{"format": 7}')
    assert ask(*command) == (
        2,
        "",
        "reports/evidence.json: expected evidence of format 1, got 7\n",
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--subject=model",), "--subject: expected NAME=PATH, got 'model'"),
        (("--subject==x",), "--subject: expected NAME=PATH, got '=x'"),
        (("--subject=data=",), "--subject: expected NAME=PATH, got 'data='"),
        (
            ("--subject=data=requirements", "--subject=data=reports"),
            "--subject: expected each name once, got one twice",
        ),
        (("--subject=data=gone",), "gone: expected a readable file or folder, got "),
        (
            ("--out=reports/evidence.json",),
            "--out: expected another file than the evidence, got reports/evidence.json",
        ),
        (
            ("--out=requirements",),
            "--out: expected a new file or a decision to replace, got requirements",
        ),
    ],
)
def test_2_is_a_wrong_argument_of_the_gate(
    ask: Ask, arguments: tuple[str, ...], sentence: str
) -> None:
    """What cannot be meant is told, and the evidence stays as it was."""
    demand()
    show(rehearsal=True)
    before = Path("reports/evidence.json").read_bytes()
    code, out, err = ask("gate", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(sentence)
    assert Path("reports/evidence.json").read_bytes() == before


def test_2_is_a_report_that_has_no_place(ask: Ask) -> None:
    """A path that cannot be written is the caller's, not our bug."""
    demand()
    show()
    assert ask("report", "--out=reports/evidence.json") == (
        2,
        "",
        "--out: expected another file than the evidence, got reports/evidence.json\n",
    )
    Path("taken").write_text("a file")
    code, out, err = ask("report", "--out=taken/page.html")
    assert (code, out) == (2, "")
    assert err == "taken: expected to read or write it, got File exists\n"


@pytest.mark.parametrize(
    "arguments",
    [(), ("gat",), ("gate", "--formt=x"), ("gate", "--format=xml"), ("report",), ("schema", "x")],
)
def test_2_is_a_wrong_command_line(ask: Ask, arguments: tuple[str, ...]) -> None:
    """Usage errors are bad input too, with the usage on stderr."""
    code, out, err = ask(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("usage: vericase")


@pytest.mark.parametrize("command", COMMANDS)
def test_3_is_our_bug(ask: Ask, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]) -> None:
    """A user never sees a traceback, unless they ask for it."""

    def broken(_: Path) -> None:
        raise ZeroDivisionError("division by zero")

    for module in (check, common):
        monkeypatch.setattr(module, "load_requirements", broken)
    assert ask(*command) == (
        3,
        "",
        (
            "vericase: internal error: ZeroDivisionError('division by zero'); please report it "
            "(VERICASE_DEBUG=1 shows where it happened)\n"
        ),
    )
    monkeypatch.setenv("VERICASE_DEBUG", "1")
    code, _, err = ask(*command)
    assert code == 3
    assert err.startswith("Traceback (most recent call last):")


@pytest.mark.parametrize("name", ["gate.json", "decision.json"])
def test_a_gate_that_cannot_decide_leaves_no_earlier_decision(ask: Ask, name: str) -> None:
    """A file that says released does not outlive the evidence it was made from."""
    arguments = ("gate",) if name == "gate.json" else ("gate", f"--out=reports/{name}")
    demand()
    show()
    assert ask(*arguments)[0] == 0
    assert json.loads(Path("reports", name).read_text())["released"] is True
    Path("reports/evidence.json").write_text("damaged")
    assert ask(*arguments)[0] == 2
    assert not Path("reports", name).exists()


@pytest.mark.parametrize("name", ["requirements/demo.yaml", "model.bin"])
def test_a_gate_writes_over_nothing_but_a_decision(ask: Ask, name: str) -> None:
    """What is named by a slip is left as it was."""
    demand()
    show()
    path = Path(name)
    if not path.exists():
        path.write_bytes(b"weights")
    before = path.read_bytes()
    code, _, err = ask("gate", f"--out={name}")
    assert code == 2
    assert "--out: expected a new file or a decision to replace" in err
    assert path.read_bytes() == before


def test_help_tells_the_exit_codes(ask: Ask) -> None:
    """Whoever writes a script finds the codes where they look first."""
    code, out, _ = ask("--help")
    assert code == 0
    assert "0 fine or released, 1 findings or blocked, 2 bad input, 3 our bug" in " ".join(
        out.split()
    )
    for command in ("check", "report", "gate", "status", "schema"):
        assert ask(command, "--help")[0] == 0
        assert "--requirements DIR" in ask(command, "--help")[1]


COMMAND = [sys.executable, "-c", "from vericase.cli import entry; entry()"]


def test_a_terminal_without_the_letters_still_gets_the_sentence(tmp_path: Path) -> None:
    """Titles in letters that the terminal lacks are escaped, not turned into a crash."""
    write_records(tmp_path / "requirements", "r.yaml", [requirement_record(title="Größe in µV")])
    save_evidence(tmp_path / "reports" / "evidence.json", a_log())
    done = subprocess.run(  # noqa: S603  our own command
        [*COMMAND, "status"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "Gr\\xf6\\xdfe in \\xb5V" in done.stdout


def test_a_reader_that_has_gone_is_no_crash(tmp_path: Path) -> None:
    """`vericase schema | head -1` is fine: no traceback, and the exit code of the command."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(  # noqa: S603  our own command
            [*COMMAND, "schema"], cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writing)
    assert done.stderr == b""
    assert done.returncode == 0
