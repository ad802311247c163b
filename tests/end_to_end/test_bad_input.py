"""What is wrong outside: one clear sentence, a documented exit code, and nothing lost."""

import pytest

from tests.support.documents import criterion_record, requirement_record
from tests.support.projects import PASSING, Project


@pytest.fixture
def shown(project: Project) -> Project:
    """A project whose evidence releases it."""
    project.demand()
    project.write("test_cases.py", PASSING)
    project.run()
    return project


def refused(project: Project, *arguments: str) -> str:
    """The errors of a run that is stopped, which leaves the evidence as it was."""
    before = project.evidence_file.read_bytes() if project.evidence_file.exists() else b""
    result = project.run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    after = project.evidence_file.read_bytes() if project.evidence_file.exists() else b""
    assert after == before
    return result.stderr.str() + result.stdout.str()


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["serial", "xdist"])
def test_an_unknown_requirement_stops_the_run(shown: Project, workers: tuple[str, ...]) -> None:
    """A case of a requirement that does not exist is told with the nearest; nothing runs."""
    shown.write("test_cases.py", PASSING.replace("ROB-001", "ROB-010"))
    if workers:
        # Workers cannot raise for the controller; it tells what they found.
        result = shown.run_apart(*workers)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        told = result.stdout.str()
    else:
        told = refused(shown)
    assert (
        "test_cases.py::test_share: expected a known requirement id, got 'ROB-010'; "
        "did you mean 'ROB-001'?" in told
    )
    assert shown.decision().released is True


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("verifies()", 'expected verifies("ID", ...), got other arguments'),
        ('verifies("ROB-001", criterion=1)', 'expected verifies("ID", ...), got other arguments'),
        ("verifies(1)", "expected a known requirement id, got 1"),
        ('verifies(["ROB-001"])', "expected a known requirement id, got ['ROB-001']"),
        ('verifies("rob-001")', "expected a known requirement id, got 'rob-001'"),
        ('verifies("ROB-002")', "expected a requirement in use, ROB-002 is retired"),
    ],
)
def test_a_wrong_marker_stops_the_run(shown: Project, marker: str, message: str) -> None:
    """Each way to write a marker wrong is told with the case."""
    shown.demand(requirement_record(), requirement_record("ROB-002", status="retired"))
    shown.write("test_cases.py", PASSING.replace('verifies("ROB-001")', marker))
    assert f"test_cases.py::test_share: {message}" in refused(shown)


def test_every_wrong_marker_is_told_once(shown: Project) -> None:
    """All problems come at once, and a case with many parameters is told once."""
    shown.cases("""
        @pytest.mark.parametrize("p", range(5))
        @pytest.mark.verifies("ROB-404")
        def test_share(measure, p):
            pass

        @pytest.mark.verifies("ROB-405")
        def test_other(measure):
            pass
    """)
    told = refused(shown)
    assert told.count("got 'ROB-404'") == 1
    assert told.count("got 'ROB-405'") == 1


def test_broken_requirements_stop_the_run_with_every_problem(shown: Project) -> None:
    """All problems of all files are told, and no case runs under half a set."""
    wrong = criterion_record("ROB-001.1", threshold="90%", confidense=0.95)
    shown.demand(requirement_record(acceptance=[wrong], status="aproved"))
    shown.write("requirements/more.yaml", "- id: ROB-002\n  id: ROB-003\n")
    told = refused(shown)
    for problem in (
        (
            "rob.yaml:2: $[0].status: expected one of draft, approved, retired, got 'aproved'; "
            "did you mean 'approved'?"
        ),
        "rob.yaml:2: $[0].acceptance[0].threshold: expected a number, got '90%'",
        (
            "rob.yaml:2: $[0].acceptance[0]: expected a known key, got 'confidense'; "
            "did you mean 'confidence'?"
        ),
        "more.yaml:2: expected each key once, got 'id' again (line 1)",
        "more.yaml:1: $[0].title: expected a value, got nothing",
    ):
        assert problem in told


def test_without_a_folder_of_requirements_nothing_happens(project: Project) -> None:
    """The plugin has no effect where there are no requirements, whatever is marked."""
    project.cases("""
        @pytest.mark.verifies("ROB-001")
        def test_plain():
            assert True
    """)
    result = project.run("--strict-markers")
    assert result.ret == pytest.ExitCode.OK
    assert "vericase]" not in result.stdout.str()
    assert "requirements in force" not in result.stdout.str()
    assert not project.evidence_file.parent.exists()


def test_a_case_without_requirements_is_told_what_it_lacks(project: Project) -> None:
    """`measure` where there are no requirements says so instead of measuring into the void."""
    project.write("test_cases.py", PASSING)
    result = project.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*expected a case marked with verifies and a folder of*"])


def test_a_folder_that_is_asked_for_must_be_there(project: Project) -> None:
    """Requirements that were named on the command line and are not there stop the run."""
    told = refused(project, "--vericase-requirements=elsewhere")
    assert (
        f"{project.folder / 'elsewhere'}: expected a folder of requirement files, got nothing "
        "there; name it with --requirements" in told
    )


def test_an_empty_name_is_told(project: Project) -> None:
    """A folder or file without a name is refused before anything is read."""
    assert (
        "vericase: expected a folder of requirements and a file for evidence, got an empty name"
        in refused(project, "--vericase-evidence=")
    )


def test_a_tree_of_code_must_be_there(shown: Project) -> None:
    """A misspelt folder in `vericase_code` would make nothing stale; it stops the run."""
    shown.write("pytest.ini", "[pytest]\nvericase_code = devise\n")
    assert f"vericase_code: expected a folder, got nothing at {shown.folder / 'devise'}" in refused(
        shown
    )


@pytest.mark.parametrize("option", ["evidence", "report", "looks"])
def test_a_tree_of_code_holds_nothing_that_a_run_writes(shown: Project, option: str) -> None:
    """Evidence that counts as code would be stale as soon as it is written."""
    shown.write("device/model.py", "")
    shown.write("pytest.ini", "[pytest]\nvericase_code = device\n")
    told = refused(shown, f"--vericase-{option}=device/written")
    tree = shown.folder / "device"
    sentence = f"vericase_code: expected nothing in {tree} that a run writes, got {tree}/written"
    assert sentence in told


def test_evidence_that_cannot_be_written_stops_the_run(shown: Project) -> None:
    """A run whose evidence has no place does not start."""
    shown.write("taken", "a file")
    told = refused(shown, "--vericase-evidence=taken/evidence.json")
    assert (
        f"{shown.folder / 'taken' / 'evidence.json'}: expected a file to write evidence to" in told
    )


def test_a_subject_that_is_not_there_breaks_its_cases(shown: Project) -> None:
    """A missing model is told with its path, and nothing is measured."""
    shown.register(model=shown.folder / "gone.bin")
    result = shown.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [f"*{shown.folder / 'gone.bin'}: expected a readable file or folder, got *"]
    )
    assert shown.decision().released is False


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("no json", "expected a data manifest in JSON, got "),
        (
            '{"scope": "clinic", "rehearsal": true, "rehearsal": false}',
            "expected a data manifest in",
        ),
        ("[" * 100_000, "expected a data manifest in JSON, got "),
        ("[]", "expected a data manifest, got list"),
        ("{}", "expected a manifest that states its scope, got None"),
        ('{"scope": ""}', "expected a manifest that states its scope, got ''"),
    ],
)
def test_data_are_registered_by_a_manifest(shown: Project, content: str, message: str) -> None:
    """A data subject that does not say where its data come from is refused."""
    manifest = shown.write("manifest.json", content)
    shown.register(data=manifest)
    result = shown.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert f"{manifest}: {message}" in result.stdout.str()


def test_options_are_read_from_where_they_were_written(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path in the ini file starts at its folder, one on the command line where it is called."""
    project.write(
        "pytest.ini",
        "[pytest]\nvericase_requirements = demands\nvericase_evidence = out/evidence.json\n"
        "vericase_report = out/page.html\nvericase_run = from-ini\n",
    )
    project.demand()
    (project.folder / "requirements").rename(project.folder / "demands")
    project.write("test_cases.py", PASSING)
    (project.folder / "deeper").mkdir()
    monkeypatch.chdir(project.folder / "deeper")
    assert project.run("..", "--vericase-evidence=here.json").ret == pytest.ExitCode.OK
    assert '"id": "from-ini"' in (project.folder / "deeper" / "here.json").read_text()
    assert (project.folder / "out" / "page.html").is_file()
    assert not (project.folder / "out" / "evidence.json").exists()


def test_a_path_may_hold_any_letters(project: Project) -> None:
    """Spaces, accents and brackets in the names of folders change nothing."""
    project.demand()
    project.write("vérif [1]/test_µ.py", PASSING)
    result = project.run("--vericase-evidence=résultats [1]/evidence.json")
    assert result.ret == pytest.ExitCode.OK
    text = (project.folder / "résultats [1]" / "evidence.json").read_text(encoding="utf-8")
    assert '"case_id": "vérif [1]/test_µ.py::test_share"' in text


def test_evidence_that_a_run_replaces_is_kept(shown: Project) -> None:
    """A run that fails before it measured anything costs nothing; the next one neither."""
    before = shown.evidence_file.read_bytes()
    failing = 'import pytest\n\n\n@pytest.fixture\ndef data():\n    pytest.exit("no data")\n\n'
    shown.write("test_cases.py", failing + PASSING.replace("(measure", "(data, measure"))
    for _ in range(2):
        shown.run()
        assert shown.log().evidence == ()
        kept = shown.evidence_file.with_name("evidence.previous.json")
        assert kept.read_bytes() == before


def test_the_duration_of_a_case_is_that_of_all_its_phases(project: Project) -> None:
    """Waiting in the fixture and in the case both count."""
    project.demand()
    waiting = "import time, pytest\n\n\n@pytest.fixture\ndef data():\n    time.sleep(0.1)\n\n"
    body = PASSING.replace("(measure", "(data, measure").replace(
        "    measure(", "    time.sleep(0.1)\n    measure("
    )
    project.write("test_cases.py", waiting + body)
    project.run()
    (duration,) = project.log().run.durations_s.values()
    assert duration >= 0.2
