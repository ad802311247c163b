"""Runs that are killed at random moments: what was acknowledged is read back, and nothing else."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.documents import criterion_record, requirement_record
from tests.support.projects import Project
from vericase.evidence import Outcome
from vericase.measurement import Proportion
from vericase.store import JOURNAL, load_evidence

CASES = 30
SOURCE = f"""
    import os, time
    from pathlib import Path

    @pytest.mark.verifies("ROB-001")
    @pytest.mark.parametrize("number", range({CASES}))
    def test_share(measure, number):
        traces = Path(os.environ.get("TRACES", "."))
        (traces / f"case-{{number}}").touch()
        (traces / f"process-{{os.getpid()}}").touch()
        time.sleep(0.005)
        measure("share", Proportion(number, 100))
"""
QUIET = [f"-pno:{name}" for name in ("randomly", "cacheprovider", "hypothesispytest", "pytest_cov")]
SERIAL: tuple[str, ...] = ()
PARALLEL = ("-n", "2")
#: Goes on where an earlier run was killed.
THE_REST = ("--vericase-select=@failed",)
PATIENCE_S = 60

Records = dict[str, Proportion]


@pytest.fixture
def many(project: Project) -> Project:
    """A project with many short cases."""
    project.demand(requirement_record(acceptance=[criterion_record(threshold=0.0)]))
    project.register(model=project.write("model.bin", "weights"))
    project.cases(SOURCE)
    return project


def acknowledged(project: Project, run: str) -> Records:
    """What the whole lines of the journal hold of *run*, read without the tool."""
    path = project.evidence_file.with_name(JOURNAL)
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return {
        record["case_id"]: Proportion(
            record["measurement"]["successes"], record["measurement"]["trials"]
        )
        for line in map(_parsed, lines)
        if line.get("run") == run
        for record in line["evidence"]
    }


def read_back(project: Project) -> Records:
    """What the tool reads from whatever lies there; nothing is damaged."""
    if not project.evidence_file.exists():
        return {}
    log, findings = load_evidence(project.evidence_file)
    assert findings == ()
    found = {record.case_id: record.measurement for record in log.evidence}
    return {case: share for case, share in found.items() if isinstance(share, Proportion)}


def traced(traces: Path, what: str) -> list[int]:
    """The numbers of the cases that have begun, or of the processes that ran them."""
    return sorted(int(path.name.partition("-")[2]) for path in traces.glob(f"{what}-*"))


def killed(
    project: Project, chance: random.Random, run: str, arguments: tuple[str, ...], victim: str
) -> bool:
    """Kill a process of a run at a random moment, and check what is left; whether it was hit."""
    traces = project.folder / run
    traces.mkdir()
    before = read_back(project) if arguments == THE_REST else {}
    command = [sys.executable, "-m", "pytest", "-q", *QUIET, f"--vericase-run={run}", *arguments]
    process = subprocess.Popen(  # noqa: S603  our own command
        command,
        cwd=project.folder,
        env={**os.environ, "TRACES": str(traces)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_moment(project, chance, run, process)
        running = traced(traces, "case")
        told = acknowledged(project, run)
        workers = traced(traces, "process") if victim == "worker" else [process.pid]
        if workers and process.poll() is None:
            os.kill(chance.choice(workers), signal.SIGKILL)
        process.wait(PATIENCE_S)
    finally:
        process.kill()
    found = read_back(project)
    assert {**before, **told}.items() <= found.items()
    if arguments == SERIAL:
        # A case starts when all before it are on the disk.
        names = [f"test_cases.py::test_share[{number}]" for number in running[:-1]]
        assert set(names) <= set(found)
    assert all(share == Proportion(_number(case), 100) for case, share in found.items())
    return _is_told(project, run)


def _await_moment(
    project: Project, chance: random.Random, run: str, process: subprocess.Popen[bytes]
) -> None:
    # The first one falls into the middle of its run.
    wanted = chance.randrange(-5, CASES) if run != "run-0" else chance.randrange(1, CASES // 2)
    while process.poll() is None and len(acknowledged(project, run)) < wanted:
        time.sleep(0.001)
    # Also while it starts, and between the last record and the end.
    time.sleep(chance.uniform(0, 0.8 if wanted < 0 else 0.02))


def _parsed(line: bytes) -> dict[str, Any]:
    """The record of a line; nothing of half a line, which a killed run may leave."""
    try:
        record: dict[str, Any] = json.loads(line)
    except ValueError:
        return {}
    return record


def _number(case_id: str) -> int:
    return int(case_id.partition("[")[2].rstrip("]"))


def _is_told(project: Project, run: str) -> bool:
    """Whether the run did not end, and the gate says so; a run that was faster is whole."""
    if not project.evidence_file.exists() or project.log().run.id != run:
        return False
    if project.log().run.finished:
        assert len(read_back(project)) == CASES
        return False
    decision = project.decision()
    assert not decision.released
    assert "unfinished" in {blocker.what for blocker in decision.blocking}
    return True


def kills(
    project: Project, number: int, arguments: tuple[str, ...], victim: str = "controller"
) -> int:
    """How many of so many runs, one after the other in one folder, were hit before their end."""
    chance = random.Random(f"{arguments} {victim}")  # noqa: S311  a reproducible search, no secret
    hit = 0
    for turn in range(number):
        whole = arguments == THE_REST and turn % 3 == 0
        hit += killed(project, chance, f"run-{turn}", SERIAL if whole else arguments, victim)
    return hit


def assert_the_next_run_works(project: Project) -> None:
    """Nothing that was left behind is in its way."""
    assert project.run().ret == pytest.ExitCode.OK
    assert set(project.outcomes().values()) == {Outcome.PASSED}
    assert project.decision().blocking == ()


@pytest.mark.parametrize(
    ("number", "arguments", "victim"),
    [
        (2, SERIAL, "controller"),
        (1, PARALLEL, "controller"),
        (1, PARALLEL, "worker"),
        (2, THE_REST, "controller"),
    ],
    ids=["serial", "parallel", "worker", "the rest"],
)
def test_a_killed_run_loses_nothing_that_it_acknowledged(
    many: Project, number: int, arguments: tuple[str, ...], victim: str
) -> None:
    """Every record on the disk is read back, the gate stays closed, and the next run works."""
    assert kills(many, number, arguments, victim) >= 1
    assert_the_next_run_works(many)


@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "arguments", "victim", "least"),
    [
        (80, SERIAL, "controller", 60),
        (50, PARALLEL, "controller", 30),
        (30, PARALLEL, "worker", 10),
        (40, THE_REST, "controller", 10),
    ],
    ids=["serial", "parallel", "worker", "the rest"],
)
def test_two_hundred_kills_lose_nothing(
    many: Project, number: int, arguments: tuple[str, ...], victim: str, least: int
) -> None:
    """The same, two hundred times in all, most of them in the middle of a run."""
    assert kills(many, number, arguments, victim) >= least
    assert_the_next_run_works(many)
