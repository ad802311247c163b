"""Which cases a run is asked for, and whether that makes it a partial one."""

import fnmatch
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vericase.matrix import trace
from vericase.plugin.options import FAILED, Options
from vericase.plugin.run import VerificationRun
from vericase.presence import present
from vericase.requirement import RequirementSet
from vericase.verdict import Verdict

__all__ = ["is_partial", "wanted_requirements"]


def is_partial(config: pytest.Config, options: Options) -> bool:
    """Whether the run was narrowed, so that it speaks only of the cases it ran."""
    narrowing = ("keyword", "markexpr", "lf", "deselect", "stepwise", "ignore", "ignore_glob")
    if options.select or any(getattr(config.option, name, None) for name in narrowing):
        return True
    paths = [config.rootpath / path for path in config.getini("testpaths")] or [config.rootpath]
    given = [_argument_path(config, argument) for argument in config.args]
    return not all(any(path.is_relative_to(folder) for folder in given) for path in paths)


def wanted_requirements(options: Options, requirements: RequirementSet) -> set[str]:
    """The ids that the option select names, or that earlier evidence leaves open."""
    pattern = options.select
    if not pattern.startswith("@"):
        known = {requirement.id for requirement in requirements}
        return {name for name in known if fnmatch.fnmatchcase(name, pattern)}
    earlier = VerificationRun(options, requirements).earlier()
    if earlier is None:
        return {requirement.id for requirement in requirements}
    now = present(earlier, options.root, root=options.root)
    rows = trace(requirements, earlier, present=now, on=datetime.now(UTC).date()).rows
    if pattern == FAILED:
        return {row.requirement.id for row in rows if row.verdict is not Verdict.PASS}
    return {
        row.requirement.id
        for row in rows
        for criterion in row.criteria
        for item in criterion.judged
        if item.stale
    }


def _argument_path(config: pytest.Config, argument: str) -> Path:
    path = (config.invocation_params.dir / argument.split("::", 1)[0]).resolve()
    return path if "::" not in argument else path / "narrowed"
