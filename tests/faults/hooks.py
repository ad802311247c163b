"""Faults of what surrounds a case: hooks, plug-ins, options, and code that hides other code."""

from __future__ import annotations

from tests.faults.projects import CASE, MARK, REQUIREMENT, Project

__all__ = ["SURROUNDINGS"]

_POOR = CASE.replace("19", "10")
_TWO = REQUIREMENT + REQUIREMENT.replace("DEM-001", "DEM-002")
_OTHER = CASE.replace("DEM-001", "DEM-002").replace("test_share", "test_other")
_AT_SECOND = MARK + (
    "def test_share(measure, request):\n"
    "    first = request.config.rootpath / 'first'\n"
    "    if not first.exists():\n"
    "        first.write_text('')\n"
    "        assert False\n"
    "    measure('share', Proportion(19, 20))\n"
)
#: Runs a case that failed a second time; says of the first time no more than *told*.
_AGAIN = """\
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in runtestprotocol(item, nextitem=nextitem, log=False):
        if report.failed:
            report.outcome = "rerun"
        {told}
        if report.outcome == "rerun":
            item._initrequest()
            runtestprotocol(item, nextitem=nextitem)
            break
    return True
"""
_TOLD = "item.ihook.pytest_runtest_logreport(report=report)"
_EACH_TIME = """\
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    runtestprotocol(item, nextitem=item)
    runtestprotocol(item, nextitem=nextitem)
    return True
"""
_WRAPPED = """\
import pytest

@pytest.hookimpl(wrapper=True{order})
def pytest_runtest_makereport(item, call):
    report = yield
    {change}
    return report
"""
_ON_ITS_WAY = """\
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report):
    report.user_properties[:] = [
        (name, str(value).replace({old!r}, {new!r})) for name, value in report.user_properties
    ]
"""
_AT_THE_END = """\
from pathlib import Path

def pytest_unconfigure():
    path = Path("reports/evidence.json")
    path.write_text(path.read_text().replace('"successes": 10', '"successes": 20'))
"""
_GUARD = """\
import pytest

@pytest.fixture(autouse=True)
def calibrated():
    assert False, "the device is not calibrated"
"""


def _with_hook(conftest: str, case: str = CASE, *arguments: str) -> Project:
    return Project(case=case, files={"conftest.py": conftest}, arguments=arguments)


def _rewritten(change: str, case: str, order: str = "") -> Project:
    return _with_hook(_WRAPPED.format(change=change, order=order), case)


_RERUNS: dict[str, Project] = {
    "run until it passes": _with_hook(_AGAIN.format(told=_TOLD), _AT_SECOND),
    "run until it passes, the first time untold": _with_hook(
        _AGAIN.format(told="pass"), _AT_SECOND
    ),
    "run until it passes, on two processes": _with_hook(
        _AGAIN.format(told=_TOLD), _AT_SECOND, "-n", "2"
    ),
    "run twice": _with_hook(_EACH_TIME, _AT_SECOND),
    "run by each of two processes": Project(arguments=("--dist=each", "--tx=2*popen")),
}

_HOOKS: dict[str, Project] = {
    "an outcome rewritten": _rewritten('report.outcome = "passed"', _POOR),
    "an outcome rewritten last": _rewritten(
        'report.outcome = "passed"', CASE + "    assert False\n", ", tryfirst=True"
    ),
    "a skip rewritten": _rewritten(
        'report.outcome = "passed"', MARK + "@pytest.mark.skip\n" + CASE.removeprefix(MARK)
    ),
    "the mark of an xfail taken off": _rewritten(
        'report.__dict__.pop("wasxfail", None)', "@pytest.mark.xfail\n" + CASE
    ),
    "records taken off the reports": _rewritten(
        "report.user_properties.clear()", CASE, ", tryfirst=True"
    ),
    "a verdict rewritten on its way": _with_hook(
        _ON_ITS_WAY.format(old='"FAIL"', new='"PASS"'), _POOR
    ),
    "an ending rewritten on its way": _with_hook(
        _ON_ITS_WAY.format(old='"missed"', new='"passed"'), _POOR
    ),
    "evidence rewritten at the end": _with_hook(_AT_THE_END, _POOR),
    "a case swallowed": _with_hook("def pytest_runtest_protocol():\n    return True\n"),
    "a body never run": _with_hook("def pytest_pyfunc_call():\n    return True\n"),
    "a report that cannot be sent": Project(
        case=CASE.replace("(measure)", "(measure, record_property)")
        + "    record_property('figure', object())\n",
        arguments=("-n", "1"),
    ),
    "ended by a hook": _with_hook(
        "import pytest\n\ndef pytest_runtest_teardown():\n    pytest.exit('enough', returncode=0)\n"
    ),
    "collected as something else": _with_hook(
        "def pytest_itemcollected(item):\n    item.own_markers.clear()\n"
    ),
}

_OPTIONS: dict[str, Project] = {
    "deselected by the environment": Project(environment={"PYTEST_ADDOPTS": "-k nothing"}),
    "the first failures at most": Project(
        requirement=_TWO,
        case="def test_first():\n    assert False\n\n" + CASE + _OTHER,
        arguments=("--maxfail=1",),
    ),
    "set up only": Project(arguments=("--setup-only",)),
    "set up only, which measures": Project(
        case="@pytest.fixture\ndef measured(measure):\n"
        '    measure("share", Proportion(19, 20))\n\n'
        + MARK
        + "def test_share(measured):\n    assert False\n",
        arguments=("--setup-only",),
    ),
    "set up as planned": Project(arguments=("--setup-plan",)),
    "expected to fail, and told not to": Project(
        case="@pytest.mark.xfail\n" + CASE, arguments=("--runxfail",)
    ),
    "selected away": Project(
        requirement=_TWO, case=CASE + _OTHER, arguments=("--vericase-select=DEM-002",)
    ),
    "conftests left out": _with_hook(_GUARD, CASE, "--noconftest"),
    "conftests above left out": Project(
        files={
            "conftest.py": _GUARD,
            "deep/test_deep.py": "import pytest\nfrom vericase import Proportion\n\n" + CASE,
            "test_demo.py": "",
            "pytest.ini": "[pytest]\ntestpaths = deep\n",
        },
        arguments=("--confcutdir=deep",),
        gate=(),
    ),
    "asserts left out": Project(
        case=CASE + "    assert False\n",
        environment={"PYTHONOPTIMIZE": "1"},
        arguments=("--assert=plain",),
    ),
    "judged by other requirements": Project(
        case=_POOR,
        files={"kinder/demo.yaml": REQUIREMENT.replace("0.9}", "0.5}")},
        arguments=("--vericase-requirements=kinder",),
    ),
}

_CODE: dict[str, Project] = {
    "hidden by a function of its name": Project(case=_POOR + "\n" + CASE),
    "hidden by a test of its name": Project(
        requirement=_TWO,
        case=_POOR + "\ndef test_share():\n    pass\n\n" + _OTHER + CASE.replace("share(", "too("),
    ),
    "hidden by a class of its name": Project(
        case=MARK + "class TestShare:\n    def test_share(self, measure):\n"
        "        measure('share', Proportion(10, 20))\n\n" + MARK + "class TestShare:\n"
        "    def test_share(self, measure):\n        measure('share', Proportion(19, 20))\n"
    ),
    "a class with a constructor": Project(
        case=MARK + "class TestShare:\n    def __init__(self):\n        pass\n\n"
        "    def test_share(self, measure):\n        measure('share', Proportion(19, 20))\n"
    ),
    "a function of another name": Project(case=CASE.replace("test_share", "check_share")),
    "a function that says it is no test": Project(case=CASE + "\ntest_share.__test__ = False\n"),
    "a coroutine that nobody awaits": Project(case=CASE.replace("def ", "async def ")),
    "a generator": Project(case=CASE + "    yield\n"),
    "a truth value returned": Project(case=CASE + "    return False\n"),
    "an assertion of a tuple": Project(
        case=MARK + "def test_share(measure):\n    assert (False, 'the share is too small')\n"
    ),
    "a loop over nothing": Project(
        case=MARK
        + "def test_share(measure):\n    for share in []:\n        measure('share', share)\n"
    ),
}

#: Each is no different in what it measures from a sound project, or hides what is.
SURROUNDINGS: dict[str, Project] = {**_RERUNS, **_HOOKS, **_OPTIONS, **_CODE}
