"""The pytest plugin: binds cases to requirements, judges what they measure, keeps evidence.

A case's record rides on its test report, so it survives xdist; the controller alone writes.
pytest loads this module in every project, so what only a project with requirements needs is
imported when there are some.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from vericase.errors import EvidenceError, InputError
from vericase.plugin import hooks
from vericase.plugin.hooks import CONTROLLER, WORKER
from vericase.plugin.options import add_options, read_options

if TYPE_CHECKING:
    from vericase.evidence import Look, Subject
    from vericase.plugin.recorder import CaseRecorder

__all__ = ["conditions", "measure", "vericase_look", "vericase_subject"]

_HOOKS = "vericase-hooks"


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the options, and take the hooks their place among those of other plugins."""
    add_options(parser)
    pluginmanager.register(hooks, _HOOKS)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Load the requirements, if there are any; without them no hook is called again."""
    config.addinivalue_line(
        "markers", 'verifies("ID", ...): the requirements that this case verifies'
    )
    options = read_options(config)
    if not options.requirements.is_dir() and not options.asked_for:
        config.pluginmanager.unregister(name=_HOOKS)
        return
    from vericase.plugin.session import Controller, Worker  # noqa: PLC0415  see the module
    from vericase.schema import load_requirements  # noqa: PLC0415  see the module

    try:
        requirements = load_requirements(options.requirements, named=options.requirements_name)
    except InputError as error:
        raise pytest.UsageError("\n".join(error.problems)) from error
    given = getattr(config, "workerinput", None)
    if given is None:
        config.stash[CONTROLLER] = Controller(config, options, requirements)
        if getattr(config.option, "numprocesses", None):
            return
    try:
        worker = Worker(options, requirements, config.stash.get(CONTROLLER, None))
    except EvidenceError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[WORKER] = worker
    config.pluginmanager.register(hooks.Measuring(worker), hooks.MEASURING)
    if given is not None:
        worker.adopt(given)


@pytest.fixture(scope="session")
def vericase_subject(pytestconfig: pytest.Config) -> "Callable[[str, Path], Subject]":
    """`vericase_subject("model", path)` registers what is verified, by the digest of its bytes."""
    from vericase.plugin.subjects import read_subject  # noqa: PLC0415  see the module

    worker = pytestconfig.stash.get(WORKER, None)

    def register(name: str, path: Path) -> "Subject":
        try:
            subject = read_subject(name, Path(path), pytestconfig.rootpath)
            if worker is not None:
                worker.references.require_same(subject)
        except EvidenceError as error:
            raise pytest.UsageError(str(error)) from error
        if worker is not None:
            worker.subjects[subject.name, subject.digest] = subject
        return subject

    return register


@pytest.fixture(scope="session")
def vericase_look(pytestconfig: pytest.Config) -> "Callable[..., Look | None]":
    """`vericase_look("test", data=digest, subject=digest)` opens held-out data, on record.

    With `may_open=False` it gives None for an opening that is not on record yet.
    """
    from vericase.looks import Opening, look_at  # noqa: PLC0415  see the module

    worker = pytestconfig.stash.get(WORKER, None)
    if worker is None:
        raise pytest.UsageError("vericase_look: expected a folder of requirements, got none")

    def look(name: str, *, data: str, subject: str, may_open: bool = True) -> "Look | None":
        try:
            opening = Opening(name=name, data=data, subject=subject, demands=worker.frozen())
            found = look_at(worker.options.looks, opening, may_open=may_open)
        except EvidenceError as error:
            raise pytest.UsageError(str(error)) from error
        if found is not None:
            worker.looks[found.key] = found
        return found

    return look


@pytest.fixture
def measure(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`measure(name, value, attachments={...})` records a measurement of this case."""
    # Where there are requirements, `hooks.Measuring` gives it.
    return _recorder(request).measure


@pytest.fixture
def conditions(request: pytest.FixtureRequest) -> Mapping[str, object]:
    """The conditions of the requirements of this case, read-only; each has to state them all.

    What a requirement is measured under is then of its fingerprint, whoever else is measured too.
    """
    # Only a project with requirements comes here.
    from vericase.requirement.demand import canonical  # noqa: PLC0415

    requirements = _recorder(request).requirements
    stated = [{k: canonical(v) for k, v in each.conditions.items()} for each in requirements]
    names = sorted({name for each in stated for name in each})
    apart = [name for name in names if len({each.get(name) for each in stated}) > 1]
    if apart:
        ids = ", ".join(each.id for each in requirements)
        raise pytest.UsageError(
            f"{request.node.nodeid}: expected the same conditions in each of {ids}, "
            f"got others of {', '.join(apart)}"
        )
    return MappingProxyType(dict(requirements[0].conditions) if requirements else {})


def _recorder(request: pytest.FixtureRequest) -> "CaseRecorder":
    return hooks.recorder_of(request.config.stash.get(WORKER, None), request.node)
