"""From YAML to the gate as a newcomer walks it, for a subject with no network in it."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.support.documents import requirement_record
from tests.support.projects import Project
from vericase.cli import main

THERMOMETER = """\
# A clinical thermometer: what it shall do, and when that counts as shown.
- id: THM-001
  title: Readings are right
  statement: The thermometer shall read body temperature within 0.1 K.
  rationale: A fever that is read as none is treated late.
  category: application
  status: approved
  hazards: [HAZ-001]
  references: ["ISO 80601-2-56"]
  method: test
  conditions: {tolerance_k: 0.1, from_c: 35, to_c: 42}
  acceptance:
    - id: THM-001.1
      measurand: readings_within_tolerance
      relation: ">="
      threshold: 0.95
      confidence: 0.95
      min_trials: 60
    - {id: THM-001.2, measurand: largest_error, relation: "<", threshold: 0.3, unit: K}
- id: THM-002
  title: Readings come soon
  statement: The thermometer shall show a reading soon enough to be waited for.
  rationale: Who waits too long takes it out too early.
  category: application
  status: approved
  parents: [THM-001]
  method: test
  acceptance:
    - {id: THM-002.1, measurand: time_to_reading, relation: "<=", threshold: 10, unit: s}
- id: THM-003
  title: Readings are remembered
  statement: The thermometer shall show the last reading again.
  rationale: Asked for by nurses; not designed yet.
  category: application
  status: draft
  method: test
"""
HAZARDS = """\
- id: HAZ-001
  title: Fever is missed
  harm: Treatment comes late.
  severity: serious
  sequence_of_events: The sensor drifts and a fever reads as normal.
  control: Readings are right within tolerance.
  residual_risk: Drift between two services.
"""
USE = """\
user: A nurse
population: Patients of any age
input: The temperature of the mouth
output: A reading in degrees Celsius
prohibited_use: [Under water]
"""
CASES = '''
@pytest.fixture(scope="session", autouse=True)
def thermometer(vericase_subject):
    vericase_subject("firmware", "thermometer.bin")
    vericase_subject("data", "manifest.json")

def errors():
    return [0.02 * ((7 * i) % 5 - 2) for i in range(120)]

@pytest.mark.verifies("THM-001")
def test_readings_are_right(measure, conditions):
    """Over the range of body temperatures, the share of readings within tolerance."""
    measure(
        "readings_within_tolerance",
        Proportion.of([abs(error) <= conditions["tolerance_k"] for error in errors()]),
        attachments={"errors.svg": PLOT},
    )
    measure("largest_error", Scalar(max(map(abs, errors())), "K"))

@pytest.mark.verifies("THM-002")
def test_readings_come_soon(measure):
    """The mean time until a reading stands, by thermometer."""
    measure("time_to_reading", Sample([8.0, 9.5, 10.0], "s"))

PLOT = b\'<svg xmlns="http://www.w3.org/2000/svg"><title>Errors</title></svg>\'
'''


@pytest.fixture
def thermometer(project: Project) -> Project:
    """The project of a thermometer, as its makers would write it."""
    project.write("requirements/thermometer.yaml", THERMOMETER)
    project.write("requirements/hazards.yaml", HAZARDS)
    project.write("requirements/intended-use.yaml", USE)
    project.write("thermometer.bin", "firmware 1.0")
    project.write("manifest.json", '{"scope": "bench", "rehearsal": false}')
    project.write("pytest.ini", "[pytest]\nvericase_report = reports/traceability.html\n")
    project.cases(CASES)
    return project


Command = Callable[..., tuple[int, str]]


@pytest.fixture
def vericase(capsys: pytest.CaptureFixture[str]) -> Command:
    """The command: its exit code and what it prints."""

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = main(arguments)
        return code, capsys.readouterr().out

    return run


SUBJECTS = ("--subject=firmware=thermometer.bin", "--subject=data=manifest.json")


def test_from_yaml_to_a_released_thermometer(thermometer: Project, vericase: Command) -> None:
    """Check, run, gate: three commands, and the decision carries what it speaks for."""
    assert vericase("check") == (
        0,
        "3 requirements (2 approved, 1 draft), 3 criteria, 1 hazards: no problem\n",
    )
    result = thermometer.run()
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            "requirements in force: 2 PASS",
            "RELEASED (2 of 2 requirements in force shown, 1 drafts, 0 not applicable *",
            f"evidence: {thermometer.evidence_file}",
            f"report:   {thermometer.folder / 'reports' / 'traceability.html'}",
            f"decide with: vericase gate --evidence={thermometer.evidence_file}",
        ]
    )
    code, told = vericase("gate", *SUBJECTS)
    assert code == 0
    assert told.startswith("RELEASED (2 of 2 requirements in force shown, 1 drafts, ")
    decision = json.loads((thermometer.folder / "reports" / "gate.json").read_text())
    assert decision["released"] is True
    assert sorted(decision["subjects"]) == ["data", "firmware"]


def test_the_command_stands_on_its_own(thermometer: Project) -> None:
    """The gate decides in a process of its own, with nothing left over from the run."""
    thermometer.run()
    command = [sys.executable, "-c", "from vericase.cli import entry; entry()", "gate", *SUBJECTS]
    done = subprocess.run(  # noqa: S603  our own command
        command, cwd=thermometer.folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("RELEASED (2 of 2 requirements in force shown, 1 drafts, ")


def test_the_report_tells_the_whole_story(thermometer: Project) -> None:
    """Requirement, criterion, case, counts, bound, hazard, draft and figure are on the page."""
    thermometer.run()
    page = (thermometer.folder / "reports" / "traceability.html").read_text()
    # Long names may be broken where they have joints.
    text = page.replace("<wbr>", "")
    for part in (
        "RELEASED",
        "The thermometer shall read body temperature within 0.1 K.",
        "&gt;= 0.95, one-sided 95 % bound, at least 60 trials",
        "1.0000 (120 of 120)",
        # 120 of 120, one-sided 95 %: 0.05 ** (1 / 120) = 0.97534
        "lower 0.9753",
        "9.1667 s (mean of 3)",
        "test_cases.py::test_readings_are_right",
        "Over the range of body temperatures, the share of readings within tolerance.",
        "Treatment comes late.",
        "Readings are remembered",
        "Under water",
        "<title>Errors</title>",
        "tolerance_k = 0.1",
    ):
        assert part in text, part


def test_the_report_can_be_written_again_from_the_evidence(
    thermometer: Project, vericase: Command
) -> None:
    """The command and the run write the same page."""
    thermometer.run()
    page = thermometer.folder / "reports" / "traceability.html"
    first = page.read_bytes()
    page.unlink()
    assert vericase("report", "--out=reports/traceability.html")[0] == 0
    assert page.read_bytes() == first


def test_a_worse_thermometer_stays_in_the_drawer(thermometer: Project, vericase: Command) -> None:
    """A miss is told by pytest, by the gate and by the page, and each says the same."""
    thermometer.cases(CASES.replace("0.02 * ((7 * i)", "0.08 * ((7 * i)"))
    assert thermometer.run().ret == pytest.ExitCode.TESTS_FAILED
    code, told = vericase("gate", *SUBJECTS)
    assert code == 1
    assert told.splitlines()[1:] == [
        "  THM-001.1: FAIL, missed (requirements/thermometer.yaml:2)",
    ]
    page = (thermometer.folder / "reports" / "traceability.html").read_text()
    assert "<title>BLOCKED · Traceability report</title>" in page
    assert "0.6000 (72 of 120)" in page


def test_a_stricter_requirement_needs_new_evidence(thermometer: Project, vericase: Command) -> None:
    """After an edit of the demands the old evidence does not count; the status says how on."""
    thermometer.run()
    stricter = THERMOMETER.replace("threshold: 10", "threshold: 9.8")
    thermometer.write("requirements/thermometer.yaml", stricter)
    code, told = vericase("status", "--stale")
    assert code == 1
    assert "THM-002" in told
    assert "measure again with: pytest --vericase-select=@stale" in told
    assert vericase("gate", *SUBJECTS)[0] == 1
    thermometer.run("--vericase-select=@stale")
    assert vericase("gate", *SUBJECTS)[0] == 0


def test_a_deleted_requirement_does_not_vanish(thermometer: Project, vericase: Command) -> None:
    """Evidence and cases of a requirement that was taken out of the folder block."""
    thermometer.run()
    first, last = THERMOMETER.index("- id: THM-002"), THERMOMETER.index("- id: THM-003")
    thermometer.write("requirements/thermometer.yaml", THERMOMETER[:first] + THERMOMETER[last:])
    code, told = vericase("gate", *SUBJECTS)
    assert code == 1
    assert "no requirement has this criterion, yet test_cases.py::test_readings_come_soon" in told
    assert "verifies THM-002, which is unknown" in told


def test_a_long_list_of_blockers_does_not_fill_the_terminal(
    project: Project, vericase: Command
) -> None:
    """The run tells the first eight and how many more there are; the gate tells all."""
    project.demand(*(requirement_record(f"ROB-{i:03d}") for i in range(1, 13)))
    project.cases("""
        @pytest.mark.verifies("ROB-001")
        def test_share(measure):
            measure("share", Proportion(5, 100))
    """)
    told = project.run().stdout.str()
    assert "  ROB-008.1: NOT_RUN, no case verifies it\n" in told
    assert "  and 4 more\n" in told
    assert "ROB-009.1" not in told
    assert "  ROB-012.1: NOT_RUN, no case verifies it" in vericase("gate")[1]


def test_a_changed_attachment_is_not_shown(thermometer: Project, vericase: Command) -> None:
    """A figure that was swapped or lost after the run is named, and never drawn."""
    thermometer.run()
    (kept,) = (thermometer.folder / "reports" / "attachments").iterdir()
    for spoil in (lambda: kept.write_text("<svg/>"), kept.unlink):
        spoil()
        assert vericase("report", "--out=page.html")[0] == 0
        text = (thermometer.folder / "page.html").read_text()
        assert "<title>Errors</title>" not in text
        assert "errors.svg <code>missing or changed</code>" in text
