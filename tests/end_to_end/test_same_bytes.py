"""The same cases give the same evidence and the same report, in whatever order they run."""

import json
from pathlib import Path

import pytest

from tests.support.documents import criterion_record, requirement_record
from tests.support.projects import Project
from vericase.measurement import Proportion

CASES = """
    @pytest.fixture(scope="session", autouse=True)
    def subjects(vericase_subject):
        vericase_subject("data", "manifest.json")
        vericase_subject("model", "model.bin")

    @pytest.mark.xdist_group("leads")
    @pytest.mark.verifies("ROB-001")
    @pytest.mark.parametrize("lead", ["I", "II", "V::[1]", "µ"])
    def test_share(measure, lead):
        "The share that is kept."
        values = [0.9 + 0.001 * (i % 7) for i in range(40)]
        measure("share", Sample(values), attachments={"lead.txt": lead})

    class TestOthers:
        @pytest.mark.verifies("ROB-002")
        def test_misses(self, measure):
            measure("share", Proportion(5, 100))

        @pytest.mark.verifies("ROB-003")
        @pytest.mark.skip(reason="later")
        def test_skipped(self, measure):
            pass

        @pytest.mark.verifies("ROB-002")
        def test_broken(self, measure):
            raise OSError("no file")
"""


@pytest.fixture
def varied(project: Project) -> Project:
    """A project with passes, misses, skips, errors, parameters, samples and attachments."""
    project.write("manifest.json", '{"scope": "clinic", "rehearsal": false}')
    project.write("model.bin", "weights")
    project.demand(
        requirement_record(acceptance=[criterion_record(confidence=0.95)]),
        requirement_record("ROB-002"),
        requirement_record("ROB-003"),
    )
    project.cases(CASES)
    return project


def shown(folder: Path) -> tuple[dict[str, object], bytes, list[str]]:
    """The evidence outside its run block, the bytes of the page, and the attachments."""
    document = json.loads((folder / "evidence.json").read_text())
    document.pop("run")
    kept = sorted(path.name for path in (folder / "attachments").iterdir())
    return document, (folder / "page.html").read_bytes(), kept


def test_order_and_workers_leave_no_trace(varied: Project) -> None:
    """One process, two workers, groups, reversed order: evidence and page are the same."""
    varied.write("reverse.py", "def pytest_collection_modifyitems(items):\n    items.reverse()\n")
    runs = {
        "serial": (),
        "reversed": ("-p", "reverse"),
        "workers": ("-n", "2", "--dist=loadgroup"),
        "importlib": ("--import-mode=importlib",),
    }
    varied.pytester.syspathinsert()
    for name, arguments in runs.items():
        run = varied.run_apart if "-n" in arguments else varied.run
        result = run(
            *arguments,
            f"--vericase-evidence={name}/evidence.json",
            f"--vericase-report={name}/page.html",
        )
        assert result.ret == pytest.ExitCode.TESTS_FAILED
    seen = {name: shown(varied.folder / name) for name in runs}
    for name in runs:
        assert seen[name] == seen["serial"], name
    assert len(seen["serial"][2]) == 4


def test_random_order_leaves_no_trace(varied: Project) -> None:
    """The order that pytest-randomly shuffles does not show either."""
    for seed in ("1", "2"):
        result = varied.run(
            f"--randomly-seed={seed}",
            f"--vericase-evidence={seed}/evidence.json",
            f"--vericase-report={seed}/page.html",
            using="randomly",
        )
        assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert shown(varied.folder / "1") == shown(varied.folder / "2")


def test_a_case_that_runs_on_every_worker_is_an_error(project: Project) -> None:
    """With `--dist each` a case runs more than once, and nobody chooses between the records."""
    project.demand()
    project.cases("""
        @pytest.mark.verifies("ROB-001")
        def test_share(measure):
            measure("share", Proportion(95, 100))
    """)
    project.run_apart("--dist=each", "--tx=2*popen")
    assert project.log().evidence[0].measurement == Proportion(95, 100)
    assert project.case().message == "it ran more than once"
    assert project.decision().released is False


def test_the_run_is_told_apart_from_what_it_shows(varied: Project) -> None:
    """Id, times, host and durations stand in the run block, and the id is what was asked for."""
    varied.run("--vericase-run=named")
    document = json.loads(varied.evidence_file.read_text())
    assert sorted(document["run"]) == [
        *("durations_s", "ended", "finished", "host", "id", "partial", "started"),
    ]
    assert document["run"]["id"] == "named"
    assert len(document["run"]["durations_s"]) == len(document["cases"])
