"""Streams of recordings that change, for the monitor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from afib.monitor import first_of_all
from afib.settings import load_uncertainty
from nnassure.monitoring import cusum_limit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afib.heldout.derived import Judgement

__all__ = ["simulated_streams"]

_LABELS = ("N", "A", "O", "~")


def simulated_streams(
    judged: Judgement, conditions: Mapping[str, Any]
) -> tuple[list[bool], list[int | None]]:
    """What the monitor says of streams without a change, and of streams with one.

    A stream is of recordings that no gate saw, drawn without replacement beside those that the
    monitor compares with. From some record on, a share of them is replaced by disturbed ones.

    Returns:
        Whether each stream without a change raised no alarm; and after how many records each
        change was noticed, None if it was not, or if an alarm came before it.
    """
    asked = load_uncertainty().monitor
    real = judged.of(*_LABELS)
    usual = real.margins[real.rows.usable]
    family = judged.family(conditions["family"])
    chosen = np.isin(family.rows.severities, conditions["severities"]) & family.rows.usable
    shifted = family.margins[chosen]
    generator = np.random.default_rng(conditions["seed"])
    quiet: list[bool] = []
    delays: list[int | None] = []
    for run in range(conditions["runs"]):
        order = generator.permutation(usual)
        compared, stream = order[: conditions["usual"]], order[conditions["usual"] :]
        stream = stream[: conditions["records"]]
        limit = cusum_limit(
            compared,
            slack=asked.slack,
            records=asked.false_alarm_after,
            runs=asked.runs,
            seed=run,
        )
        given: dict[str, Any] = {"cusum_limit": limit, "settings": asked, "seed": run}
        quiet.append(first_of_all(compared, stream, **given) is None)
        changed = stream.copy()
        replaced = generator.uniform(size=len(stream)) < conditions["shifted"]
        replaced[: conditions["before"]] = False
        changed[replaced] = generator.choice(shifted, size=int(replaced.sum()))
        at = first_of_all(compared, changed, **given)
        delays.append(
            None if at is None or at <= conditions["before"] else at - conditions["before"]
        )
    return quiet, delays
