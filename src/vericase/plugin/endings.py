"""How a report of pytest says that a case ended."""

import pytest

from vericase.evidence import Outcome

__all__ = ["ending"]


def ending(report: pytest.TestReport, *, raised: bool) -> tuple[Outcome, str]:
    """The outcome that *report* stands for, with one line of why.

    Args:
        report: A report that did not pass, or of a call that raised.
        raised: Whether the phase raised, whatever the report was made to say.
    """
    message = _first_line(report)
    if report.skipped:
        return Outcome.SKIPPED, message
    if report.when != "call":
        return Outcome.ERROR, f"{report.when}: {message}"
    return Outcome.FAILED, message if raised else message or "it failed"


def _first_line(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        return next(iter(str(crash.message).splitlines()), "")
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[-1]).removeprefix("Skipped: ")
    return next(reversed(str(report.longrepr or "").strip().splitlines()), "")
