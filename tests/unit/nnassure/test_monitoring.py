"""Alarms: what they promise of records that stay as they were, and how soon they notice others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from nnassure.errors import FitError, NotFiniteError, ShapeError
from nnassure.monitoring import (
    conformal_p_values,
    cusum,
    cusum_limit,
    first_alarm,
    wealth,
)


def test_p_values_of_exchangeable_records_are_uniform() -> None:
    """Whatever the scores are like, ties included."""
    generator = np.random.default_rng(1)
    for drawn in (
        generator.lognormal(sigma=2.0, size=2050),
        generator.integers(0, 4, size=2050).astype(np.float64),
    ):
        p_values = conformal_p_values(drawn[:50], drawn[50:], seed=2)
        assert kstest(p_values, "uniform").pvalue > 0.001
        assert abs(np.corrcoef(p_values[1:], p_values[:-1])[0, 1]) < 0.08


def test_a_p_value_by_hand() -> None:
    """Of 20 calibration records and what came before: the share that is as strange, ties drawn."""
    usual = np.arange(20.0)
    found = conformal_p_values(usual, np.array([100.0, -5.0, 100.0]), seed=0)
    assert 0 < found[0] <= 1 / 21
    assert 21 / 22 < found[1] <= 1
    assert 0 < found[2] <= 2 / 23


def test_a_martingale_is_fair() -> None:
    """Its mean over uniform p-values stays 1, and the sums grow by 1 a record."""
    generator = np.random.default_rng(4)
    runs = [wealth(generator.uniform(size=40)) for _ in range(4000)]
    ends = np.array([run.martingale[-1] for run in runs])
    sums = np.array([run.sums[-1] for run in runs])
    assert abs(ends.mean() - 1) < 4 * ends.std() / np.sqrt(len(ends))
    assert abs(sums.mean() - 40) < 4 * sums.std() / np.sqrt(len(sums))


def test_wealth_by_hand() -> None:
    """Two records, by the definition of the simple jumper."""
    found = wealth(np.array([0.1, 0.2]))
    slopes = np.array([-1.0, 0.0, 1.0])
    first = (1 + slopes * -0.4) / 3
    second = (0.99 * first + 0.01 * first.sum() / 3) * (1 + slopes * -0.3)
    np.testing.assert_allclose(found.martingale, [first.sum(), second.sum()])
    fresh = (1 + slopes * -0.3) / 3
    np.testing.assert_allclose(found.sums, [first.sum(), second.sum() + fresh.sum()])


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_whoever_has_won_enough_stops(p: float) -> None:
    """Numbers stay finite however long it goes on, and no alarm is taken back."""
    found = wealth(np.full(5000, p))
    for values in (found.martingale, found.sums):
        assert np.isfinite(values).all()
        assert values[-1] >= 1e100
        assert (np.diff(values) >= 0).all()


def test_false_alarms_are_as_rare_as_stated() -> None:
    """One bet: ever, with the stated chance at most; the sums: not before c records in the mean."""
    generator = np.random.default_rng(5)
    alarms, times = 0, []
    for _ in range(300):
        run = wealth(generator.uniform(size=2000))
        alarms += first_alarm(run.martingale, 20.0) is not None
        times.append(first_alarm(run.sums, 200.0) or 2000)
    assert alarms <= 300 * 0.05 + 3 * np.sqrt(300 * 0.05 * 0.95)
    assert np.mean(times) > 200 - 3 * np.std(times) / np.sqrt(len(times))


def test_a_change_is_noticed() -> None:
    """All three alarms are raised soon after scores have risen by two spreads."""
    generator = np.random.default_rng(6)
    usual = generator.normal(size=500)
    stream = np.concatenate([generator.normal(size=300), generator.normal(2.0, size=300)])
    bets = wealth(conformal_p_values(usual, stream, seed=1))
    limit = cusum_limit(usual, slack=0.25, records=5000, runs=20, seed=1)
    for values, bound in (
        (bets.martingale, 100.0),
        (bets.sums, 5000.0),
        (cusum(usual, stream, slack=0.25), limit),
    ):
        at = first_alarm(values, bound)
        assert at is not None
        assert 300 < at < 380


def test_a_cumulative_sum_by_hand() -> None:
    """In spreads above the mean, less the slack, never below 0, three spreads at most a record."""
    usual = np.array([-1.0, 1.0] * 10)
    found = cusum(usual, np.array([1.0, 1.0, -9.0, 100.0]), slack=0.5)
    np.testing.assert_allclose(found, [0.5, 1.0, 0.0, 2.5])


def test_half_of_quiet_runs_stay_below_the_limit() -> None:
    """Of as many records as it was made for, other runs than those that it was made of."""
    usual = np.random.default_rng(7).exponential(size=300)
    limit = cusum_limit(usual, slack=0.25, records=400, runs=200, seed=8)
    generator = np.random.default_rng(9)
    quiet = [
        first_alarm(cusum(usual, generator.choice(usual, 400), slack=0.25), limit) is None
        for _ in range(400)
    ]
    assert abs(np.mean(quiet) - 0.5) < 0.12


@given(st.lists(st.floats(-5, 5), max_size=30), st.integers(0, 100))
def test_what_comes_later_changes_nothing_before(scores: list[float], seed: int) -> None:
    """An alarm can be raised as records come in."""
    usual, stream = np.linspace(-1, 1, 25), np.array(scores, dtype=np.float64)
    for cut in (0, len(scores) // 2):
        whole = conformal_p_values(usual, stream, seed=seed)[:cut]
        np.testing.assert_array_equal(conformal_p_values(usual, stream[:cut], seed=seed), whole)
        np.testing.assert_array_equal(wealth(whole).sums, wealth(whole.copy()).sums)


def test_what_cannot_be_compared_is_refused() -> None:
    """Too few usual records, all alike, no numbers, other shapes, p-values that are none."""
    usual, scores = np.arange(30.0), np.zeros(3)
    with pytest.raises(FitError, match="at least 20"):
        conformal_p_values(usual[:19], scores, seed=1)
    with pytest.raises(FitError, match="differ"):
        cusum(np.ones(30), scores, slack=0.1)
    with pytest.raises(FitError, match="slack"):
        cusum(usual, scores, slack=-0.1)
    with pytest.raises(NotFiniteError):
        conformal_p_values(usual, np.array([np.nan]), seed=1)
    with pytest.raises(ShapeError):
        cusum(usual, np.zeros((2, 2)), slack=0.1)
    with pytest.raises(FitError, match="0, 1"):
        wealth(np.array([1.5]))
    with pytest.raises(FitError, match="from 1"):
        cusum_limit(usual, slack=0.1, records=0, runs=1, seed=1)
