"""The action for GitHub: its file holds no trap, and its commands do here what they do there."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from tests.support.bundles import OTHER_KEY, OUR_KEY
from tests.support.documents import requirement_record
from tests.support.projects import Project
from vericase.cli import main
from vericase.schema.tree import List, Mapping, Node, Text, read_tree

ROOT = Path(__file__).parents[2]
EXPRESSION = re.compile(r"\$\{\{ ([a-z_.-]+) \}\}")
SOURCE = """
    import json
    from pathlib import Path

    SHARES = json.loads(Path("shares.json").read_text())

    @pytest.mark.verifies("ROB-001")
    def test_one(measure):
        measure("share", Proportion(SHARES[0], 100))

    @pytest.mark.verifies("ROB-002")
    def test_two(measure):
        measure("share", Proportion(SHARES[1], 100))
"""


def plain(node: Node | None) -> object:
    """The node as dictionaries, lists and texts."""
    match node:
        case Mapping():
            return {key: plain(value) for key, value in node.entries.items()}
        case List():
            return [plain(item) for item in node.items]
        case Text():
            return node.text
    raise AssertionError("an empty file")


def action() -> dict[str, object]:
    """The file, read as strictly as requirements are."""
    tree, problems = read_tree(ROOT / "action.yml", "action.yml")
    assert problems == []
    found = plain(tree)
    assert isinstance(found, dict)
    return found


def section(name: str) -> dict[str, Any]:
    """A part of the file that is a mapping."""
    found = action()[name]
    assert isinstance(found, dict)
    return found


def steps() -> list[dict[str, object]]:
    """The steps of the action in their order."""
    found = section("runs")["steps"]
    assert isinstance(found, list)
    return found


STEPS = steps()
RUNS = [step for step in STEPS if "run" in step]
INPUTS = section("inputs")


def texts(step: dict[str, object], key: str) -> dict[str, str]:
    """A mapping of texts in a step, empty if there is none."""
    found = step.get(key, {})
    assert isinstance(found, dict)
    return found


def test_the_action_is_composite_and_says_what_it_does() -> None:
    """Whoever looks it up finds a name, a sentence, and one for each input."""
    assert set(action()) == {"name", "description", "inputs", "outputs", "runs"}
    assert section("runs")["using"] == "composite"
    assert all(set(given) == {"description", "default"} for given in INPUTS.values())
    assert all(given["description"].endswith(".") for given in INPUTS.values())


@pytest.mark.parametrize("step", RUNS, ids=lambda step: step["id"])
def test_every_command_is_bash_and_gets_inputs_by_its_environment_alone(
    step: dict[str, object],
) -> None:
    """An input inside of a script could be any command."""
    assert set(step) <= {"id", "shell", "env", "run"}
    assert step["shell"] == "bash"
    assert "${{" not in str(step["run"])
    for value in texts(step, "env").values():
        assert EXPRESSION.fullmatch(value), value
    for name in texts(step, "env"):
        assert re.search(rf"\$\{{?{name}\b", str(step["run"])), name


def test_every_input_is_used_and_none_is_made_up() -> None:
    """What is documented has an effect, and what has one is documented."""
    told = "\n".join(str(step) for step in STEPS)
    assert set(re.findall(r"inputs\.([a-z-]+)", told)) == set(INPUTS)
    ids = {step["id"] for step in RUNS}
    assert set(re.findall(r"steps\.([a-z]+)\.outputs", told)) <= ids
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == list(INPUTS)


def test_other_actions_are_pinned_to_a_version() -> None:
    """What is used from elsewhere does not change by itself."""
    used = [str(step["uses"]) for step in STEPS if "uses" in step]
    assert len(used) == 2
    assert all(re.fullmatch(r"actions/[a-z-]+@v[0-9]+\.[0-9]+\.[0-9]+", name) for name in used)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a job of the action left behind."""

    code: int
    output: str
    summary: str


@pytest.fixture
def device(project: Project) -> Project:
    """A project with two requirements, a model, and a report of a share in a file."""
    project.demand(requirement_record(), requirement_record("ROB-002"))
    project.register(model=project.write("model.bin", "weights"))
    project.cases(SOURCE)
    project.write("shares.json", "[95, 95]")
    return project


def job(project: Project, event: str = "push", **inputs: str) -> Job:
    """Run the commands of the action as a runner does; the tool is installed already."""
    given = {name: value["default"] for name, value in INPUTS.items()}
    given |= {"subjects": "model=model.bin"}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    known = {f"inputs.{name}": value for name, value in given.items()}
    known["github.action_path"] = str(ROOT)
    place = project.folder.parent / f"{project.folder.name}-runner"
    place.mkdir(exist_ok=True)
    summary = place / "summary"
    summary.write_text("", encoding="utf-8")
    told, code = "", 0
    for step in RUNS:
        if step["id"] == "install" or code:
            continue
        out = place / "output"
        out.write_text("", encoding="utf-8")
        values = {name: _value(text, known) for name, text in texts(step, "env").items()}
        done = subprocess.run(  # noqa: S603  our own commands
            ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", str(step["run"])],
            cwd=project.folder,
            env={**_environment(event, out, summary), **values},
            capture_output=True,
            text=True,
            check=False,
        )
        told += done.stdout + done.stderr
        code = done.returncode
        for line in out.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            known[f"steps.{step['id']}.outputs.{name}"] = value
    return Job(code=code, output=told, summary=summary.read_text(encoding="utf-8"))


def _value(text: str, known: dict[str, str]) -> str:
    found = EXPRESSION.fullmatch(text)
    assert found
    return known[found[1]]


def _environment(event: str, output: Path, summary: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "GITHUB_"))}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_EVENT_NAME": event,
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_RUN_ID": "17",
        "GITHUB_RUN_ATTEMPT": "1",
    }


def baseline(project: Project, shares: str) -> dict[str, str]:
    """Inputs with a signed bundle of a run that measured *shares*."""
    place = project.folder.parent / f"{project.folder.name}-keys"
    place.mkdir()
    pem = serialization.Encoding.PEM
    key = OUR_KEY.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (place / "key.pem").write_bytes(key)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    for name, each in (("ours", OUR_KEY), ("other", OTHER_KEY)):
        (place / f"{name}.pub").write_bytes(each.public_key().public_bytes(pem, form))
    project.write("shares.json", shares)
    project.run()
    signed = [
        *("sign", f"--key={place / 'key.pem'}", f"--out={place / 'release.bundle'}"),
        "--subject=model=model.bin",
    ]
    assert main(signed) == 0
    return {"baseline": str(place / "release.bundle"), "public_key": str(place / "ours.pub")}


def test_a_clean_project_passes(device: Project) -> None:
    """Its summary is in the job, and what is to be kept is there."""
    done = job(device)
    assert done.code == 0, done.output
    assert "RELEASED (2 of 2" in done.output
    assert "ROB-002" in done.summary
    kept = {path.name for path in (device.folder / "reports").iterdir()}
    assert {"evidence.json", "gate.json", "vericase.sarif", "traceability.html"} <= kept


def test_a_gap_fails_and_is_told_at_its_line(device: Project) -> None:
    """Whoever looks at the change sees the requirement that is not shown."""
    device.write("shares.json", "[95, 10]")
    done = job(device)
    assert done.code == 1
    assert "::error file=requirements/rob.yaml,line=3::ROB-002.1: FAIL, missed" in done.output
    assert "FAIL" in done.summary


def test_a_pull_request_is_held_to_what_it_changed(device: Project) -> None:
    """A gap of the baseline is no fault of the change; a new one is, and on a push both are."""
    inputs = baseline(device, "[95, 10]")
    assert job(device, "push", **inputs).code == 1
    same = job(device, "pull_request", **inputs)
    assert same.code == 0, same.output
    assert "# Changes" in same.summary
    device.write("shares.json", "[10, 10]")
    worse = job(device, "pull_request", **inputs)
    assert worse.code == 1
    assert "::error::there are gaps that the baseline does not have" in worse.output
    assert job(device, "pull_request").code == 1


def test_a_baseline_excuses_no_finding_of_check(device: Project) -> None:
    """A number in a statement that is not the one of the criterion is an error everywhere."""
    inputs = baseline(device, "[95, 95]")
    odd = requirement_record(statement="The device shall keep 12 % of what is right.")
    device.demand(odd, requirement_record("ROB-002"))
    done = job(device, "pull_request", **inputs)
    assert done.code == 1, done.output
    assert "L20" in done.output
    assert "::error::vericase check has findings" in done.output


@pytest.mark.parametrize("subjects", ["model=other.bin", ""])
def test_a_baseline_excuses_no_other_subject(device: Project, subjects: str) -> None:
    """What is released has to be what was verified, also on a pull request."""
    inputs = baseline(device, "[95, 10]")
    device.write("other.bin", "other weights")
    done = job(device, "pull_request", **inputs, subjects=subjects)
    assert done.code == 1, done.output
    assert "model: other subject" in done.summary


def test_a_baseline_excuses_no_evidence_of_another_run(device: Project) -> None:
    """Such as what an earlier run left where the cases of this one do not write."""
    inputs = baseline(device, "[95, 95]")
    elsewhere = "--vericase-evidence=reports/elsewhere.json"
    done = job(device, "pull_request", **inputs, pytest_arguments=elsewhere)
    assert done.code == 1, done.output
    assert "new gaps" in done.summary


def test_a_baseline_of_somebody_else_is_refused(device: Project) -> None:
    """Its signature has to be of the key that was named."""
    inputs = baseline(device, "[10, 10]")
    device.write("shares.json", "[95, 95]")
    other = inputs["public_key"].replace("ours", "other")
    done = job(device, "pull_request", baseline=inputs["baseline"], public_key=other)
    assert done.code == 2


def test_a_run_that_did_not_end_fails_whatever_was_there_before(device: Project) -> None:
    """Evidence of an earlier run counts for nothing, also on a pull request."""
    inputs = baseline(device, "[95, 95]")
    done = job(device, "pull_request", **inputs, pytest_arguments="--no-such-option")
    assert done.code == 4
    assert "::error::pytest ended with 4" in done.output


def test_a_file_that_cannot_be_read_ends_it(device: Project) -> None:
    """Nothing is run on half of the requirements."""
    device.write("requirements/more.yaml", "- id: [\n")
    done = job(device)
    assert done.code == 2
    assert "more.yaml" in done.output
    assert not (device.folder / "reports").exists()


def test_a_model_that_is_not_named_fails(device: Project) -> None:
    """What is released has to be what was verified."""
    done = job(device, subjects="")
    assert done.code == 1
    assert "other subject" in done.output


def test_no_input_is_a_command(device: Project) -> None:
    """Whatever stands in an input is an argument, also quotes, spaces and dollars."""
    trap = "\"; touch taken; $(touch taken) `touch taken` ' #"
    assert job(device, requirements=trap).code == 2
    assert job(device, subjects=trap, pytest_arguments=trap, rehearsal=trap).code == 2
    assert job(device, "pull_request", baseline=trap, public_key=trap).code == 2
    odd = 'some "folder" $HOME/evidence.json'
    assert job(device, evidence=odd, pytest_arguments="-W\nignore:one or two").code == 0
    assert (device.folder / odd).is_file()
    assert not (device.folder / "taken").exists()
