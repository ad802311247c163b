"""The documents: what a reader is told exists, works, and is all that there is."""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from afib.cli import main as afib
from tools.check_docs import Document, check, main, read_documents
from vericase.cli import main as vericase
from vericase.schema import load_requirements

ROOT = Path(__file__).parents[2]
DECISION = "# 0001 One\n\nStatus: accepted.\n\n## Context\n\n## Decision\n\n## Consequences\n"
MAKEFILE = "VENV ?= .venv\nPRESET := x\n\nverify: setup ## verify\n"
MODULE = "def weigh():\n    pass\n\n\nclass Scale:\n    def zero(self): ...\n"


def read_scale(arguments: Sequence[str]) -> int:
    """A command with one subcommand, to be named in documents."""
    parser = argparse.ArgumentParser(prog="scale")
    parser.add_subparsers(required=True).add_parser("weigh").add_argument("--unit")
    parser.parse_args(arguments)
    return 0


def findings(root: Path, **files: str) -> list[str]:
    """What is found in a folder that holds *files* beside a sound README, Makefile and module."""
    sound = {"README.md": "# It\n\n[docs](docs)\n", "Makefile": MAKEFILE, "tools/tool.py": MODULE}
    (root / "docs").mkdir()
    for name, text in (sound | files).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return check(root, {"scale": read_scale})


def test_sound_documents_have_no_findings(tmp_path: Path) -> None:
    """Links, headings, tests, commands and pages that exist are passed over in silence."""
    page = (
        "# Page\n\n## What it `is`, briefly\n\n"
        "[here](#what-it-is-briefly) [there](../README.md#it) [far](https://host/home/x.md)\n"
        "![picture](../tools/tool.py) and `[no](link)`; see `tools/tool.py::Scale::zero`.\n"
        "Run `make verify VENV=x` or `scale weigh --unit=kg`.\n\n"
        "```console\n$ UNIT=kg scale weigh --unit kg | less  # comment\n[not](a-link)\n```\n"
    )
    pages = {"docs/page.md": page, "docs/decisions/0001-one.md": DECISION}
    assert findings(tmp_path, **pages, **{"docs/glossary.md": "## Axe\n## Bee\n"}) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[x](gone.md)", "docs/page.md:1: expected a file of this repository, got gone.md"),
        ("![x](gone.png)", "docs/page.md:1: expected a file of this repository, got gone.png"),
        ("[x]: gone.md", "docs/page.md:1: expected a file of this repository, got gone.md"),
        (
            '<img src="gone.png">',
            "docs/page.md:1: expected a file of this repository, got gone.png",
        ),
        ("[x](../../x)", "docs/page.md:1: expected a file of this repository, got ../../x"),
        ("[x](/README.md)", "docs/page.md:1: expected a file of this repository, got /README.md"),
        ("[x](../README.md#no)", "docs/page.md:1: expected a heading of README.md, got #no"),
        ("`tools/tool.py::no`", "docs/page.md:1: expected a test, got tools/tool.py::no"),
        ("`tools/no.py::weigh`", "docs/page.md:1: expected a test, got tools/no.py::weigh"),
        ("`make no`", "docs/page.md:1: expected a target of the Makefile, got make no"),
        ("`make verify NO=1`", "docs/page.md:1: expected a variable of the Makefile, got NO"),
        (
            "`make verify PRESET=1`",
            "docs/page.md:1: expected a variable of the Makefile, got PRESET",
        ),
        ("`scale no`", "docs/page.md:1: expected a command of scale, got scale no"),
        ("`scale weigh --no`", "docs/page.md:1: expected an option of scale weigh, got --no"),
        ("```sh\nscale no\n```", "docs/page.md:2: expected a command of scale, got scale no"),
        ("```\nls && scale no\n```", "docs/page.md:2: expected a command of scale, got scale no"),
    ],
)
def test_what_is_not_there_is_found(tmp_path: Path, text: str, expected: str) -> None:
    """A document that names what does not exist is told with its line."""
    assert findings(tmp_path, **{"docs/page.md": text + "\n"}) == [expected]


@pytest.mark.parametrize("folder", ["home", "root", "tmp", "work", "Users"])
def test_paths_of_one_machine_are_found(tmp_path: Path, folder: str) -> None:
    """A path that only one machine has is told, in any written text but Python."""
    text = f"data: /{folder}/x\n"
    found = findings(tmp_path, **{"settings.yaml": text, "x.py": text, ".hidden/x.yaml": text})
    assert found == [f"settings.yaml:1: expected no path of one machine, got /{folder}/"]


def test_decisions_have_their_parts(tmp_path: Path) -> None:
    """A decision without its status or a heading, or with a taken number or name, is told."""
    pages = {
        "docs/decisions/0001-one.md": DECISION,
        "docs/decisions/0001-two.md": DECISION,
        "docs/decisions/0002-bare.md": DECISION.replace("Status: accepted.\n", ""),
        "docs/decisions/0003-short.md": DECISION.replace("## Decision\n", ""),
        "docs/decisions/notes.md": DECISION,
    }
    number = "expected a number of its own, got that of docs/decisions/0001-one.md"
    parts = "expected a line Status: and the headings Context, Decision, Consequences"
    assert findings(tmp_path, **pages) == [
        f"docs/decisions/0001-two.md: {number}",
        f"docs/decisions/0002-bare.md: {parts}",
        f"docs/decisions/0003-short.md: {parts}",
        "docs/decisions/notes.md: expected a name such as 0001-three-packages.md",
    ]


def test_glossary_is_sorted_and_says_each_term_once(tmp_path: Path) -> None:
    """A term out of order and a term that stands twice are told."""
    found = findings(tmp_path, **{"docs/glossary.md": "## Bee\n## axe\n## Cow\n## cow\n"})
    order = "expected terms in order and each once, got"
    assert found == [f"docs/glossary.md:2: {order} axe", f"docs/glossary.md:4: {order} cow"]


def test_pages_that_nobody_finds_are_told(tmp_path: Path) -> None:
    """A page counts as found if links lead to it, or to its folder, from the README."""
    pages = {
        "README.md": "[a](docs/a.md) [all](docs/all)\n",
        "docs/a.md": "[b](b.md#top)\n",
        "docs/b.md": "# Top\n",
        "docs/all/c.md": "# C\n",
        "docs/lost.md": "[a](a.md)\n",
    }
    expected = "docs/lost.md: expected a link to it from the README or a page linked there"
    assert findings(tmp_path, **pages) == [expected]


def test_check_fails_on_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints each finding and exits 1 if there is one, else 0."""
    (tmp_path / "README.md").write_text("`vericase gate --evidence=x`\n", encoding="utf-8")
    assert main(tmp_path) == 0
    assert capsys.readouterr().out == "documents: no findings\n"
    (tmp_path / "README.md").write_text("`vericase gait`\n", encoding="utf-8")
    assert main(tmp_path) == 1
    finding = "README.md:1: expected a command of vericase, got vericase gait\n"
    assert capsys.readouterr().out == f"{finding}documents: 1 findings\n"


def test_readme_shows_a_requirement_and_a_case_of_this_repository() -> None:
    """The example is the text of a requirement in force and of the case that verifies it."""
    blocks = _blocks(_readme(), "yaml"), _blocks(_readme(), "python")
    requirement, case = blocks[0][0], blocks[1][0]
    identifier = re.findall(r"id: ([A-Z]+-[0-9]+)$", requirement, re.MULTILINE)[0]
    assert load_requirements(ROOT / "requirements").by_id()[identifier].in_force
    assert requirement in (ROOT / "requirements" / "network.yaml").read_text(encoding="utf-8")
    assert f'verifies("{identifier}")' in case
    assert case in (ROOT / "verification" / "test_network.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "program"), [("vericase", vericase), ("afib", afib)])
def test_readme_names_every_command(
    name: str, program: object, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever subcommand `--help` lists is named in the README."""
    assert callable(program)
    with pytest.raises(SystemExit):
        program(["--help"])
    commands = re.findall(r"^    ([a-z][a-z-]+)", capsys.readouterr().out, re.MULTILINE)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert commands
    assert [command for command in commands if f"{name} {command}" not in text] == []


def test_readme_names_every_target_and_variable() -> None:
    """Whatever `make` lists and lets a user set is named in the README."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE)
    variables = re.findall(r"^([A-Z_]+) \?=", makefile, re.MULTILINE)
    wanted = {*(f"`make {name}`" for name in targets), *(f"`{name}`" for name in variables)}
    assert wanted
    assert {name for name in wanted if name not in text} == {"`make help`"}


def test_readme_names_options_that_pytest_knows(pytestconfig: pytest.Config) -> None:
    """Each option of the plugin in the README is one of pytest's, and so is its ini twin."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    options = set(re.findall(r"`--(vericase-[a-z]+)=", text))
    assert {option.removeprefix("vericase-") for option in options} == {
        *("requirements", "evidence", "report", "select", "run", "reference", "looks")
    }
    for option in options:
        name = option.replace("-", "_")
        assert f"`{name}`" in text
        assert pytestconfig.getoption(name) is None or pytestconfig.getini(name)
    for name in ("vericase_code", "vericase_lock"):
        assert f"`{name}`" in text
        assert isinstance(pytestconfig.getini(name), list)


def test_readme_keeps_a_place_for_the_reference() -> None:
    """What fills in the reference results finds its two marks, once each and in order."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"<!-- (reference:\w+) -->", text) == ["reference:start", "reference:end"]


def test_tutorial_works_as_written(tmp_path: Path) -> None:
    """Every file saved and every command run as the tutorial says gives what it shows."""
    document = read_documents(ROOT)["docs/tutorial.md"]
    for name, text in _saved_files(document).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    steps = re.split(r"^\$ ", "\n".join(_blocks(document, "console")), flags=re.MULTILINE)
    assert steps[0] == ""
    for command, *shown in (step.splitlines() for step in steps[1:]):
        # What is shown stands in the output in this order; `...` stands for any lines.
        pattern = ".*".join(re.escape(line) for line in shown if line != "...")
        done = _run(command, tmp_path)
        told = done.stdout + done.stderr
        assert done.returncode == 0, f"{command}\n{told}"
        assert re.search(pattern, told, re.DOTALL), f"{command}\n{told}"


def _readme() -> Document:
    return read_documents(ROOT)["README.md"]


def _blocks(document: Document, language: str) -> list[str]:
    """The code blocks of a language, each as its text."""
    blocks: list[str] = []
    last = -1
    for number, line, found in document.code:
        if found == language:
            if number != last + 1:
                blocks.append("")
            blocks[-1] += f"{line}\n"
            last = number
    return blocks


def _saved_files(document: Document) -> dict[str, str]:
    """What follows each `Save this as`, by name."""
    files: dict[str, str] = {}
    for number, line in document.prose:
        if found := re.fullmatch(r"Save this as `([^`]+)`:", line):
            lines = {at: text for at, text, _ in document.code if at > number + 2}
            end = next(at for at in range(number + 3, max(lines) + 2) if at not in lines)
            files[found[1]] = "".join(f"{lines[at]}\n" for at in range(number + 3, end))
    return files


def _run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """*command* run in *folder*, with the commands of this Python first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    return subprocess.run(  # noqa: S603  commands of our own tutorial
        ["bash", "-c", command],  # noqa: S607  wherever bash is
        cwd=folder,
        env={**kept, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
