"""Options of the pytest plugin, each with an ini twin."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = ["FAILED", "STALE", "Options", "add_options", "read_options"]

FAILED, STALE = "@failed", "@stale"

_TEXTS = {
    "vericase_requirements": ("DIR", "folder of requirement files", "requirements"),
    "vericase_evidence": ("FILE", "where evidence is written", "reports/evidence.json"),
    "vericase_report": ("FILE", "where the HTML report is written; none if empty", ""),
    "vericase_run": ("ID", "name of the run, for `vericase gate --run`; made up if empty", ""),
    "vericase_looks": ("FILE", "record of every opening of held-out data", "reports/looks.jsonl"),
    "vericase_reference": ("FILE", "evidence or bundle of the last release, to compare with", ""),
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
    locks: tuple[str, ...]
    looks: Path
    reference: Path | None
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
    parser.addini(
        "vericase_lock",
        help="lock files whose pins make evidence stale when they change",
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
    _check_places(config)
    reference = _path(config, "vericase_reference")
    if reference is not None and not reference.is_file():
        raise pytest.UsageError(
            f"--vericase-reference: expected evidence or a bundle, got nothing at {reference}"
        )
    report = _path(config, "vericase_report")
    if report == evidence:
        raise pytest.UsageError(
            f"--vericase-report: expected another file than the evidence, got {report}"
        )
    looks = _path(config, "vericase_looks") or config.rootpath / "looks.jsonl"
    _check_written(config, evidence, report, looks)
    return Options(
        root=config.rootpath,
        requirements=requirements,
        evidence=evidence,
        report=report,
        select=select,
        run=str(config.getoption("vericase_run") or config.getini("vericase_run")),
        code=_below_root(config, "vericase_code"),
        locks=_below_root(config, "vericase_lock"),
        looks=looks,
        reference=reference,
        asked_for=config.getoption("vericase_requirements") is not None,
    )


def _check_places(config: pytest.Config) -> None:
    for folder in config.getini("vericase_code"):
        if not Path(folder).is_dir():
            raise pytest.UsageError(f"vericase_code: expected a folder, got nothing at {folder}")
    for file in config.getini("vericase_lock"):
        if not Path(file).is_file():
            raise pytest.UsageError(f"vericase_lock: expected a file, got nothing at {file}")


def _check_written(config: pytest.Config, *files: Path | None) -> None:
    # It would change while the run that it counts for goes on.
    for tree in config.getini("vericase_code"):
        for file in files:
            if file is not None and file.is_relative_to(Path(tree).resolve()):
                raise pytest.UsageError(
                    f"vericase_code: expected nothing in {tree} that a run writes, got {file}"
                )


def _below_root(config: pytest.Config, name: str) -> tuple[str, ...]:
    paths = config.getini(name)
    return tuple(Path(os.path.relpath(path, config.rootpath)).as_posix() for path in paths)


def _path(config: pytest.Config, name: str) -> Path | None:
    given = config.getoption(name)
    if given is not None:
        return (config.invocation_params.dir / given).resolve() if given else None
    value = str(config.getini(name))
    return (config.rootpath / value).resolve() if value else None
