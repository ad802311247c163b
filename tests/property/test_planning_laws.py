"""What holds of every plan."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.tracing import a_criterion
from vericase.measurement import Proportion
from vericase.planning import joint_power, plan_criterion
from vericase.requirement import AcceptanceCriterion, Relation
from vericase.verdict import Verdict, judge

RELATIONS = [Relation.AT_LEAST, Relation.ABOVE, Relation.AT_MOST, Relation.BELOW]
thresholds = st.integers(0, 100).map(lambda percent: percent / 100)


@st.composite
def criteria(draw: st.DrawFn) -> AcceptanceCriterion:
    """A criterion on a proportion."""
    return a_criterion(
        relation=draw(st.sampled_from(RELATIONS)),
        thresholds={"*": draw(thresholds)},
        confidence=draw(st.sampled_from([None, 0.8, 0.95, 0.99])),
        min_trials=draw(st.none() | st.integers(1, 40)),
    )


def passes(criterion: AcceptanceCriterion, successes: int, trials: int) -> bool:
    """Whether the one judge says PASS."""
    return judge(criterion, Proportion(successes, trials)).verdict is Verdict.PASS


@settings(deadline=None)  # the first example imports scipy
@given(criterion=criteria(), trials=st.integers(1, 80))
def test_a_certain_rate_has_the_power_that_the_judge_gives(
    criterion: AcceptanceCriterion, trials: int
) -> None:
    """If every trial succeeds, or none does, the power is 1 where that passes, else 0."""
    threshold = criterion.thresholds["*"]
    for rate, successes in ((1.0, trials), (0.0, 0)):
        plan = plan_criterion(criterion, threshold, assumed=rate, trials=trials)
        assert plan.power == (1.0 if passes(criterion, successes, trials) else 0.0)


@settings(deadline=None)  # the first example imports scipy
@given(criterion=criteria(), trials=st.integers(1, 60), rate=st.floats(0.01, 0.99))
def test_the_power_counts_what_the_judge_passes(
    criterion: AcceptanceCriterion, trials: int, rate: float
) -> None:
    """The chance of all counts that pass, added up."""
    from scipy.stats import binom  # noqa: PLC0415  an independent sum

    plan = plan_criterion(criterion, criterion.thresholds["*"], assumed=rate, trials=trials)
    passing = [k for k in range(trials + 1) if passes(criterion, k, trials)]
    chances = np.asarray(binom.pmf(passing, trials, rate))
    assert plan.power == pytest.approx(float(chances.sum()), abs=1e-9)


@settings(deadline=None)  # the first example imports scipy
@given(criterion=criteria())
@example(
    criterion=a_criterion(
        relation=Relation.AT_LEAST, thresholds={"*": 0.1}, confidence=0.99, min_trials=None
    )
)  # 2 of 2: the bound is the root of 0.01, but for rounding
def test_the_fewest_trials_can_pass_and_fewer_cannot(criterion: AcceptanceCriterion) -> None:
    """With the best possible outcome."""
    plan = plan_criterion(criterion, criterion.thresholds["*"])
    if plan.fewest is None:
        best = 500 if criterion.relation.wants_more else 0
        assert not passes(criterion, best, 500)
        return
    for trials, able in ((plan.fewest, True), (plan.fewest - 1, False)):
        best = trials if criterion.relation.wants_more else 0
        assert trials == 0 or passes(criterion, best, trials) is able


@given(powers=st.lists(st.floats(0, 1), max_size=6))
def test_a_gate_is_no_likelier_than_its_least_likely_criterion(powers: list[float]) -> None:
    """The bound without independence never exceeds the product, nor that the smallest."""
    joint = joint_power(powers)
    assert 0 <= joint.least <= joint.independent + 1e-12
    assert joint.independent <= min(powers, default=1.0) + 1e-12
