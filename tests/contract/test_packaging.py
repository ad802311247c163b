"""What an installation relies on: what is pulled in, what is imported, what is offered."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from hashlib import sha256
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import vericase
from tests.support.documents import requirement_record, write_records
from tests.support.projects import Project

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "numpy", "scipy", "jinja2", "sklearn", "afib", "nnassure")
#: Of uPlot.iife.min.js and uPlot.min.css as published.
_UPLOT = {"uplot.js": "19c8d4c6ad88929a", "uplot.css": "df630c6a8d6f8eea"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def normal(name: str) -> str:
    """The name of a distribution as an index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def demanded() -> set[str]:
    """Every distribution that our metadata name, in any extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    lines = [*project["dependencies"], *(line for extra in extras for line in extra)]
    return {normal(match[0]) for line in lines if (match := _NAME.match(line))}


def constrained() -> dict[str, str]:
    """Every distribution that the constraints name, with its version."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = (line.split("==") for line in lines if line.strip() and not line.startswith("#"))
    return {normal(name): version for name, version in pins}


def test_no_build_for_graphics_cards_is_asked_for() -> None:
    """Neither metadata nor constraints name torchvision, torchaudio or a package of nvidia."""
    named = demanded() | set(constrained())
    assert "torch" in named
    assert {n for n in named if n in {"torchvision", "torchaudio"} or n.startswith("nvidia")} == (
        set()
    )


def test_constraints_pin_what_is_demanded_to_one_version() -> None:
    """Every dependency has one exact version, and torch the one that the issue names."""
    pins = constrained()
    assert demanded() - {"vericase"} <= set(pins)
    assert all(re.fullmatch(r"[0-9][0-9a-zA-Z.]*", version) for version in pins.values())
    assert pins["torch"] == "2.13.0"


def test_the_tool_alone_needs_no_tensor_library() -> None:
    """`pip install .` gives the tool; what the device needs comes with its extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {normal(match[0]) for line in project["dependencies"] if (match := _NAME.match(line))}
    assert needed == {"jinja2", "pytest", "pyyaml", "scipy"}


def imported(code: str, folder: Path) -> set[str]:
    """The heavy packages that a new process has imported after *code*."""
    lines = f"{code}\nimport sys\nprint(*sorted(m for m in sys.modules if '.' not in m))"
    done = subprocess.run(  # noqa: S603  our own code
        [sys.executable, "-c", lines], cwd=folder, capture_output=True, text=True, check=True
    )
    return set(HEAVY) & set(done.stdout.split())


def test_pytest_pays_nothing_for_a_plugin_that_it_does_not_use(tmp_path: Path) -> None:
    """Every pytest on the machine imports the plugin: it brings no heavy package along."""
    assert imported("import vericase, vericase.plugin", tmp_path) == set()


def test_without_requirements_the_plugin_steps_aside(tmp_path: Path) -> None:
    """A project that has none loads nothing that judges, and calls no hook of a case."""
    (tmp_path / "test_it.py").write_text("def test_it():\n    assert True\n")
    (tmp_path / "conftest.py").write_text(
        "import sys\n\n\ndef pytest_unconfigure(config):\n"
        "    names = [name for name in sys.modules if name.startswith('vericase.')]\n"
        "    hooks = config.pluginmanager.has_plugin('vericase-hooks')\n"
        "    print('seen', hooks, *sorted(names))\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(  # noqa: S603  our own code
        command, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("seen")]
    assert line.split()[1] == "False"
    assert set(line.split()[2:]) == {
        *("vericase.errors", "vericase.garbage", "vericase.measurement", "vericase.plugin"),
        *("vericase.plugin.hooks", "vericase.plugin.options"),
    }


def test_checking_requirements_needs_no_heavy_package(tmp_path: Path) -> None:
    """`vericase check` runs where neither bounds nor pages are made."""
    write_records(tmp_path / "requirements", "r.yaml", [requirement_record()])
    code = "from vericase.cli import main; assert main(['check']) == 0"
    assert imported(code, tmp_path) == set()


def test_a_case_needs_five_names() -> None:
    """A verification case imports its measurements from `vericase`, and nothing else is there."""
    assert vericase.__all__ == ["Coverage", "Proportion", "Sample", "Scalar", "Slices"]
    assert all(getattr(vericase, name) for name in vericase.__all__)


def test_the_command_and_the_plugin_are_installed() -> None:
    """Both are found by their entry points, the one by a shell and the other by pytest."""
    (command,) = entry_points(group="console_scripts", name="vericase")
    (plugin,) = entry_points(group="pytest11", name="vericase")
    assert (command.value, plugin.value) == ("vericase.cli:entry", "vericase.plugin")
    assert callable(command.load())


@pytest.mark.parametrize("name", ["requirements", "evidence", "report", "select", "run", "code"])
def test_every_option_has_an_ini_twin(project: Project, name: str) -> None:
    """What can be said on the command line can be said in the ini file, and is in the help."""
    text = project.run("--help").stdout.str()
    assert f"vericase_{name} (" in text
    if name != "code":
        assert f"--vericase-{name}=" in text


def test_the_marker_is_in_the_help(project: Project) -> None:
    """`pytest --markers` tells what `verifies` takes."""
    project.demand()
    text = project.run("--markers").stdout.str()
    assert '@pytest.mark.verifies("ID", ...): the requirements that this case verifies' in text


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "src" / "vericase").rglob("*.py")),
    ids=lambda path: path.relative_to(ROOT / "src").as_posix(),
)
def test_every_module_says_what_it_offers(path: Path) -> None:
    """Public names are listed, exist, and the module says what it owns."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    named = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets)
    ]
    assert len(named) == 1
    bound = {
        name
        for node in ast.walk(tree)
        for name in (
            [node.name]
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
            else [alias.asname or alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom)
            else [node.id]
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            else []
        )
    }
    assert set(named[0]) <= bound


LINTER = shutil.which("lint-imports", path=str(Path(sys.executable).parent))


@pytest.mark.skipif(LINTER is None, reason="import-linter is not installed")
def test_the_import_contracts_hold() -> None:
    """The tool knows no tensor, the device no judge, and each format has one door."""
    done = subprocess.run(  # noqa: S603  a linter on our own tree
        [str(LINTER), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert " 0 broken." in done.stdout


def test_what_is_not_ours_is_as_it_was_published_and_has_its_licence() -> None:
    """UPlot 1.6.32: the files of its release, by their digests, and the words that it asks for."""
    page = ROOT / "src/afib/app/page"
    digests = {name: sha256((page / name).read_bytes()).hexdigest()[:16] for name in _UPLOT}
    assert digests == _UPLOT
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert "Copyright (c) 2022 Leon Sorokin" in notice
    assert "The above copyright notice and this permission notice shall be included" in notice
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license-files"] == ["LICENSE", "NOTICE"]
