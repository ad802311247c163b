"""The few lines at the end of a pytest run."""

from collections.abc import Iterator

from vericase.plugin.session import Controller
from vericase.verdict import Verdict

__all__ = ["summary_lines"]

_MOST_BLOCKERS = 8


def summary_lines(controller: Controller) -> list[str]:
    """What was shown, what is in the way, and what to do next; empty without cases."""
    return list(_lines(controller))


def _lines(controller: Controller) -> Iterator[str]:
    yield from controller.problems
    if controller.matrix is None or controller.decision is None:
        return
    counts = controller.matrix.counts()
    shown = ", ".join(f"{counts[v]} {v.name}" for v in Verdict if counts.get(v))
    yield f"requirements in force: {shown or 'none'}"
    yield controller.decision.headline
    if controller.run.partial:
        yield "this was a partial run: cases that it passed over keep their earlier evidence"
    blocking = controller.decision.blocking
    for blocker in blocking[:_MOST_BLOCKERS]:
        yield f"  {blocker.where}: {blocker.what}, {blocker.message}"
    if len(blocking) > _MOST_BLOCKERS:
        yield f"  and {len(blocking) - _MOST_BLOCKERS} more"
    options = controller.options
    yield f"evidence: {options.evidence}"
    if options.report is not None:
        yield f"report:   {options.report}"
    yield "decide with: vericase gate --evidence=" + str(options.evidence)
