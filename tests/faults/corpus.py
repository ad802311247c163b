"""All faults, and the sound projects that have to pass beside them."""

from __future__ import annotations

from tests.faults.afterwards import AFTERWARDS
from tests.faults.claims import CLAIM_CONTROLS, CLAIMS
from tests.faults.endings import ENDINGS, SELECTIONS
from tests.faults.hooks import SURROUNDINGS
from tests.faults.measurements import DEMANDS, MEASUREMENTS
from tests.faults.partly import PARTLY, WHOLE_AGAIN
from tests.faults.projects import CASE, MARK, REQUIREMENT, UNDER_CONDITIONS_OF_BOTH, Project
from tests.faults.signed import SIGNED, SIGNED_CONTROLS
from tests.faults.stops import STOPS

__all__ = ["CONTROLS", "FAULTS"]

_NUMBERS = '@pytest.mark.parametrize("n", [10, 20])\n'
_EACH = 'def test_share(measure, n):\n    measure("share", Proportion(n, n))\n'
_SECOND = REQUIREMENT.replace("DEM-001", "DEM-002")
_OTHER = CASE.replace("DEM-001", "DEM-002").replace("test_share", "test_other")
_UNITTEST = (
    MARK + "class TestShare(unittest.TestCase):\n"
    "    @pytest.fixture(autouse=True)\n    def _tool(self, measure):\n"
    "        self.measure = measure\n\n"
    "    def test_share(self):\n        self.measure('share', Proportion(19, 20))\n"
)
_IN_CLASSES = (
    '@pytest.mark.verifies("{}")\nclass Test{}:\n    def test_share(self, measure):\n'
    '        measure("share", Proportion(19, 20))\n\n'
)
_RANDOM = ("-p", "randomly", "--randomly-seed")
_TWO, _BOTH = REQUIREMENT + _SECOND, CASE + _OTHER

FAULTS: dict[str, Project] = {
    **ENDINGS,
    **SELECTIONS,
    **SURROUNDINGS,
    **STOPS,
    **MEASUREMENTS,
    **DEMANDS,
    **CLAIMS,
    **SIGNED,
    **AFTERWARDS,
    **PARTLY,
}

CONTROLS: dict[str, Project] = {
    **CLAIM_CONTROLS,
    **WHOLE_AGAIN,
    "plain": Project(),
    "two processes": Project(arguments=("-n", "2")),
    "turned round": Project(requirement=_TWO, case=_BOTH, environment={"TURNED": "yes"}),
    "parameters": Project(case=MARK + _NUMBERS + _EACH),
    "parameters on two processes": Project(case=MARK + _NUMBERS + _EACH, arguments=("-n", "2")),
    "two requirements": Project(requirement=_TWO, case=_BOTH),
    "two criteria": Project(
        requirement=REQUIREMENT
        + '    - {id: DEM-001.2, measurand: delay, relation: "<=", threshold: 1, unit: s}\n',
        case=CASE + '    measure("delay", Scalar(0.5, "s"))\n',
    ),
    "imported by importlib": Project(arguments=("--import-mode=importlib",)),
    "a class": Project(
        case=MARK + "class TestShare:\n    def test_share(self, measure):\n"
        '        measure("share", Proportion(19, 20))\n'
    ),
    "a class of unittest": Project(case=_UNITTEST),
    "a marker on the module": Project(
        case='pytestmark = pytest.mark.verifies("DEM-001")\n\n' + CASE.removeprefix(MARK)
    ),
    "a case beside failing tests": Project(case=CASE + "\ndef test_else():\n    assert False\n"),
    "a tie": Project(requirement=REQUIREMENT.replace("0.9}", "0.95}")),
    "59 of 59 for 95 percent": Project(
        requirement=REQUIREMENT.replace("0.9}", "0.95, confidence: 0.95}"),
        case=CASE.replace("19, 20", "59, 59"),
    ),
    "a missed draft": Project(
        requirement=REQUIREMENT + _SECOND.replace("approved", "draft"),
        case=CASE + _OTHER.replace("19", "10"),
    ),
    "a class of unittest on two processes": Project(case=_UNITTEST, arguments=("-n", "2")),
    "random order": Project(requirement=_TWO, case=_BOTH, arguments=(*_RANDOM, "1")),
    "random order, otherwise": Project(requirement=_TWO, case=_BOTH, arguments=(*_RANDOM, "2")),
    "random order on two processes": Project(
        requirement=_TWO, case=_BOTH, arguments=(*_RANDOM, "3", "-n", "2")
    ),
    "functions of one name in two classes": Project(
        requirement=_TWO,
        case=_IN_CLASSES.format("DEM-001", "A") + _IN_CLASSES.format("DEM-002", "B"),
    ),
    "a clock that was wrong": Project(
        files={
            "conftest.py": "import vericase.plugin.run as run\n\nrun.now = lambda: '2001-01-01'\n"
        }
    ),
    **SIGNED_CONTROLS,
    "run again in part": Project(requirement=_TWO, case=_BOTH, again=("-k", "other")),
    "caches beside code": Project(
        ini="vericase_code = device\n",
        files={"device/gain.py": "GAIN = 1\n", "device/.pytest_cache/v": "1\n"},
        tamper=lambda folder: (folder / "device/.pytest_cache/v").write_text("2\n", "utf-8"),
    ),
    "under a condition that both requirements state": UNDER_CONDITIONS_OF_BOTH,
    "code that is as it was": Project(
        ini="vericase_code = device\n", files={"device/gain.py": "GAIN = 1\n"}
    ),
}
