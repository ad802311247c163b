"""Options of the pytest plugin, each with an ini twin."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = ["FAILED", "STALE", "Options", "add_options", "is_partial", "read_options"]

FAILED, STALE = "@failed", "@stale"

_TEXTS = {
    "vericase_requirements": ("DIR", "folder of requirement files", "requirements"),
    "vericase_evidence": ("FILE", "where evidence is written", "reports/evidence.json"),
    "vericase_report": ("FILE", "where the HTML report is written; none if empty", ""),
    "vericase_run": ("ID", "name of the run, for `vericase gate --run`; made up if empty", ""),
    "vericase_select": ("GLOB|@stale|@failed", "run the cases of these requirements only", ""),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the plugin was told, as absolute paths."""

    root: Path
    requirements: Path
    evidence: Path
    report: Path | None
    select: str
    run: str
    code: tuple[str, ...]
    asked_for: bool

    @property
    def requirements_name(self) -> Path:
        """The folder of requirements as a report may show it: from the root, if it lies below."""
        below = self.requirements.is_relative_to(self.root)
        return self.requirements.relative_to(self.root) if below else self.requirements

    @property
    def attachments(self) -> Path:
        """The folder of attachments, beside the evidence."""
        return self.evidence.parent / "attachments"


def add_options(parser: pytest.Parser) -> None:
    """Declare every option with its ini twin."""
    group = parser.getgroup("vericase", "requirements-driven verification")
    for name, (metavar, text, default) in _TEXTS.items():
        option = "--" + name.replace("_", "-")
        group.addoption(
            option, dest=name, metavar=metavar, default=None, help=f"{text} (write it with =)"
        )
        parser.addini(name, help=text, default=default)
    parser.addini(
        "vericase_code",
        help="trees whose source makes evidence stale when it changes",
        type="paths",
        default=[],
    )


def read_options(config: pytest.Config) -> Options:
    """The options in force: command line first, then ini, then the default.

    A path on the command line is read from where pytest was called, one in the ini file
    from the root of the project.
    """
    requirements = _path(config, "vericase_requirements")
    evidence = _path(config, "vericase_evidence")
    if requirements is None or evidence is None:
        raise pytest.UsageError(
            "vericase: expected a folder of requirements and a file for evidence, got an empty name"
        )
    select = str(config.getoption("vericase_select") or config.getini("vericase_select"))
    if select.startswith("@") and select not in {FAILED, STALE}:
        raise pytest.UsageError(
            f"--vericase-select: expected a pattern, {FAILED} or {STALE}, got {select!r}"
        )
    for folder in config.getini("vericase_code"):
        if not Path(folder).is_dir():
            raise pytest.UsageError(f"vericase_code: expected a folder, got nothing at {folder}")
    report = _path(config, "vericase_report")
    if report == evidence:
        raise pytest.UsageError(
            f"--vericase-report: expected another file than the evidence, got {report}"
        )
    return Options(
        root=config.rootpath,
        requirements=requirements,
        evidence=evidence,
        report=report,
        select=select,
        run=str(config.getoption("vericase_run") or config.getini("vericase_run")),
        code=tuple(
            Path(os.path.relpath(path, config.rootpath)).as_posix()
            for path in config.getini("vericase_code")
        ),
        asked_for=config.getoption("vericase_requirements") is not None,
    )


def is_partial(config: pytest.Config, options: Options) -> bool:
    """Whether the run was narrowed, so that it speaks only of the cases it ran."""
    narrowing = ("keyword", "markexpr", "lf", "deselect", "stepwise", "ignore", "ignore_glob")
    if options.select or any(getattr(config.option, name, None) for name in narrowing):
        return True
    paths = [config.rootpath / path for path in config.getini("testpaths")] or [config.rootpath]
    given = [_argument_path(config, argument) for argument in config.args]
    return not all(any(path.is_relative_to(folder) for folder in given) for path in paths)


def _path(config: pytest.Config, name: str) -> Path | None:
    given = config.getoption(name)
    if given is not None:
        return (config.invocation_params.dir / given).resolve() if given else None
    value = str(config.getini(name))
    return (config.rootpath / value).resolve() if value else None


def _argument_path(config: pytest.Config, argument: str) -> Path:
    path = (config.invocation_params.dir / argument.split("::", 1)[0]).resolve()
    return path if "::" not in argument else path / "narrowed"
