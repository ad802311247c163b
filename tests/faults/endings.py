"""Faults of how a case ends, and of what runs at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.projects import CASE, MARK, REQUIREMENT, Project

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ENDINGS", "SELECTIONS"]

_BODY = CASE.removeprefix(MARK)
_POOR = CASE.replace("19", "10")
_NUMBERS = '@pytest.mark.parametrize("n", [10, 20])\n'
_EACH = 'def test_share(measure, n):\n    measure("share", Proportion({}, n))\n'
_ENOUGH = "def test_share(measure, n):\n    {}\n    measure('share', Proportion(n, n))\n"
_CLASS = (
    MARK + "class TestShare(unittest.TestCase):\n"
    "    @pytest.fixture(autouse=True)\n    def _tool(self, measure):\n"
    "        self.measure = measure\n"
)
_BROKEN_FIXTURE = "@pytest.fixture\ndef broken():\n    {}\n\n"
_USES_IT = CASE.replace("(measure)", "(measure, broken)")
_TWO = REQUIREMENT + REQUIREMENT.replace("DEM-001", "DEM-002")
_OTHER = CASE.replace("DEM-001", "DEM-002").replace("test_share", "test_other")


def _mend(folder: Path) -> None:
    path = folder / "test_demo.py"
    path.write_text(path.read_text(encoding="utf-8").replace("10, 20", "19, 20"), encoding="utf-8")


def _ended(body: str) -> Project:
    """The measurement, and then *body*."""
    return Project(case=CASE + f"    {body}\n")


#: Each measures what would do, and does not end as a case that passed.
ENDINGS: dict[str, Project] = {
    "missed": Project(case=_POOR),
    "an assertion after the measurement": _ended("assert False"),
    "an exception after the measurement": _ended("raise OSError"),
    "skipped": Project(case=f"{MARK}@pytest.mark.skip\n" + _BODY),
    "skipped if": Project(case=f'{MARK}@pytest.mark.skipif(True, reason="no")\n' + _BODY),
    "skipped after the measurement": _ended('pytest.skip("enough")'),
    "skipped as a module": Project(case='pytest.skip("all", allow_module_level=True)\n' + CASE),
    "skipped for want of a module": Project(case='pytest.importorskip("no_such_module")\n' + CASE),
    "skipped by a fixture": Project(
        case=_BROKEN_FIXTURE.format('pytest.skip("no device")') + _USES_IT
    ),
    "skipped in unittest": Project(
        case=_CLASS + '    @unittest.skip("no")\n    def test_share(self):\n'
        "        self.measure('share', Proportion(1, 1))\n"
    ),
    "expected to fail": Project(case="@pytest.mark.xfail\n" + _POOR),
    "expected to fail, strictly": Project(case="@pytest.mark.xfail(strict=True)\n" + _POOR),
    "passed though expected to fail": Project(case="@pytest.mark.xfail(strict=False)\n" + CASE),
    "expected to fail from within": _ended('pytest.xfail("known")'),
    "expected to fail in unittest": Project(
        case=_CLASS + "    @unittest.expectedFailure\n    def test_share(self):\n"
        "        self.measure('share', Proportion(1, 1))\n        self.fail()\n"
    ),
    "a subtest failed": Project(
        case=_CLASS + "    def test_share(self):\n"
        "        self.measure('share', Proportion(1, 1))\n"
        "        with self.subTest():\n            self.fail()\n"
    ),
    "a subtest skipped": Project(
        case=_CLASS + "    def test_share(self):\n"
        "        self.measure('share', Proportion(1, 1))\n"
        "        with self.subTest():\n            self.skipTest('later')\n"
    ),
    "skipped by raising": _ended("raise unittest.SkipTest('later')"),
    "not run though expected to fail": Project(case="@pytest.mark.xfail(run=False)\n" + CASE),
    "expected to fail never": Project(case="@pytest.mark.xfail(False, reason='no')\n" + CASE),
    "failed by pytest.fail": _ended('pytest.fail("no")'),
    "set up with an error": Project(case=_BROKEN_FIXTURE.format("raise OSError") + _USES_IT),
    "torn down with an error": Project(
        case=_BROKEN_FIXTURE.format("yield\n    raise OSError") + _USES_IT
    ),
    "left in the middle": _ended("os._exit(0)"),
    "left by exit": _ended("sys.exit(0)"),
    "left by pytest.exit": _ended('pytest.exit("enough", returncode=0)'),
    "interrupted": _ended("raise KeyboardInterrupt"),
    "crash of a worker": Project(case=CASE + "    os._exit(0)\n", arguments=("-n", "2")),
    "a module that cannot be collected": Project(case=CASE, files={"test_b.py": "import nothing"}),
    "no measurement": Project(case=MARK + "def test_share(measure):\n    assert measure\n"),
    "a body that returns first": Project(case=CASE.replace("    measure(", "    return\n    x(")),
}

#: Each leaves out what would not do, or all of it.
SELECTIONS: dict[str, Project] = {
    "deselected by name": Project(arguments=("-k", "nothing")),
    "deselected by marker": Project(arguments=("-m", "not verifies")),
    "deselected by id": Project(arguments=("--deselect=test_demo.py::test_share",)),
    "deselected by ini": Project(ini="addopts = --deselect=test_demo.py::test_share\n"),
    "ignored": Project(arguments=("--ignore=test_demo.py",)),
    "collected only": Project(arguments=("--collect-only",)),
    "the tool switched off": Project(arguments=("-p", "no:vericase")),
    "another pattern of files": Project(ini="python_files = check_*.py\n"),
    "dropped by a conftest": Project(
        files={"conftest.py": "def pytest_collection_modifyitems(items):\n    items.clear()\n"}
    ),
    "ignored by a conftest": Project(files={"conftest.py": "collect_ignore = ['test_demo.py']\n"}),
    "stopped at the first failure": Project(
        requirement=_TWO,
        case="def test_first():\n    assert False\n\n" + CASE + _OTHER,
        arguments=("-x",),
    ),
    "no parameters": Project(case=MARK + _NUMBERS.replace("10, 20", "") + _EACH.format("n")),
    "one parameter of two missed": Project(case=MARK + _NUMBERS + _EACH.format("10")),
    "one parameter of two deselected": Project(
        case=MARK + _NUMBERS + _EACH.format("n"), arguments=("-k", "10")
    ),
    "one parameter of two skipped": Project(
        case=MARK + _NUMBERS + _ENOUGH.format("n == 20 or pytest.skip('small')")
    ),
    "one parameter of two silent": Project(
        case=MARK + _NUMBERS + _ENOUGH.format("if n == 20: return")
    ),
    "one requirement of two has no case": Project(requirement=_TWO),
    "no case": Project(case="def test_nothing():\n    pass\n"),
    "a case of another requirement": Project(
        requirement=_TWO, case=CASE.replace("DEM-001", "DEM-002")
    ),
    "only what passes was run again": Project(
        requirement=_TWO, case=_POOR + _OTHER, again=("-k", "other")
    ),
    "the miss was deselected in a second run": Project(
        requirement=_TWO, case=_POOR + _OTHER, again=("--deselect=test_demo.py::test_share",)
    ),
    "mended, what failed last run again": Project(
        requirement=_TWO, case=_POOR + _OTHER, then=_mend, again=("--lf",)
    ),
    "what failed last run again": Project(requirement=_TWO, case=_POOR + _OTHER, again=("--lf",)),
    "stepwise": Project(requirement=_TWO, case=_POOR + _OTHER, arguments=("--stepwise",)),
    "mended and not run again": Project(case=_POOR, then=_mend),
    "mended, another case run again": Project(
        requirement=_TWO, case=_POOR + _OTHER, then=_mend, again=("-k", "other")
    ),
}
