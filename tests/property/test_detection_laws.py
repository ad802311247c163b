"""Laws of detection outcomes and thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nnassure.detection import (
    cheapest_threshold,
    detected,
    false_negatives,
    false_positives,
    placements,
    roc_curve,
    true_negatives,
    true_positives,
)

if TYPE_CHECKING:
    from nnassure.arrays import BoolArray, FloatArray

    Scored = tuple[FloatArray, BoolArray]


@st.composite
def scored_records(draw: st.DrawFn) -> Scored:
    """Scores with many ties, of records of both kinds."""
    number = st.one_of(st.integers(-3, 3).map(float), st.floats(-10, 10, width=32))
    records = draw(st.lists(st.tuples(number, st.booleans()), max_size=30))
    records += [(draw(number), True), (draw(number), False)]
    scores, present = zip(*draw(st.permutations(records)), strict=True)
    return np.array(scores, dtype=np.float32), np.array(present)


def _cost(scores: FloatArray, present: BoolArray, threshold: float, miss_cost: float) -> float:
    called = detected(scores, threshold)
    misses, alarms = false_negatives(called, present), false_positives(called, present)
    return miss_cost * float(misses.sum()) + float(alarms.sum())


@settings(deadline=None)
@given(records=scored_records(), miss_cost=st.sampled_from([0.25, 0.5, 1.0, 2.0, 8.0]))
def test_no_threshold_is_cheaper_than_the_cheapest(records: Scored, miss_cost: float) -> None:
    """Neither a score nor anything beyond them would have cost less."""
    scores, present = records
    fitted = cheapest_threshold(scores, present, miss_cost=miss_cost)
    others = [float(scores.min()) - 1, *(float(score) for score in scores)]
    cheapest = min(_cost(scores, present, other, miss_cost) for other in others)
    assert _cost(scores, present, fitted, miss_cost) == cheapest


@settings(deadline=None)
@given(records=scored_records())
def test_the_cheapest_threshold_is_of_the_records_not_their_order(records: Scored) -> None:
    """Turning the records round moves nothing."""
    scores, present = records
    forward = cheapest_threshold(scores, present, miss_cost=1.0)
    assert forward == cheapest_threshold(scores[::-1], present[::-1], miss_cost=1.0)


@settings(deadline=None)
@given(records=scored_records(), threshold=st.floats(-5, 5, width=32))
def test_each_record_has_exactly_one_outcome(records: Scored, threshold: float) -> None:
    """The four outcomes part the records."""
    scores, present = records
    called = detected(scores, threshold)
    outcomes = [
        method(called, present)
        for method in (true_positives, false_positives, true_negatives, false_negatives)
    ]
    assert np.all(np.sum(outcomes, axis=0) == 1)


@settings(deadline=None)
@given(records=scored_records())
def test_the_roc_curve_only_rises(records: Scored) -> None:
    """Both rates go from 0 to 1 and never back, as the threshold falls."""
    curve = roc_curve(*records)
    assert np.all(np.diff(curve.thresholds) < 0)
    for rate in (curve.sensitivity, curve.false_alarm_rate):
        assert rate[0] == 0
        assert rate[-1] == 1
        assert np.all(np.diff(rate) >= 0)


@settings(deadline=None)
@given(records=scored_records())
def test_the_other_group_stands_where_this_one_does_not(records: Scored) -> None:
    """Mean placements of the two groups sum to one, however many scores are tied."""
    scores, present = records
    both = placements(scores, present).mean() + placements(scores, ~present).mean()
    assert abs(both - 1) < 1e-5
