"""Bounds against answers from elsewhere: closed forms, summed tails, and the normal law."""

from math import comb, exp, fsum, lgamma, log, sqrt
from statistics import NormalDist

import numpy as np
import pytest

from vericase.statistics import (
    bootstrap_lower,
    bootstrap_upper,
    proportion_lower,
    proportion_upper,
)

CONFIDENCES = (0.5, 0.9, 0.95, 0.99)


@pytest.mark.parametrize("confidence", CONFIDENCES)
@pytest.mark.parametrize("trials", [1, 2, 20, 59, 1000])
def test_no_successes_have_a_closed_form(trials: int, confidence: float) -> None:
    """None of n: the upper bound p solves (1 - p) ** n = 1 - confidence."""
    expected = 1 - (1 - confidence) ** (1 / trials)
    assert proportion_upper(0, trials, confidence) == pytest.approx(expected, rel=1e-9)
    assert proportion_lower(0, trials, confidence) == 0.0


@pytest.mark.parametrize("confidence", CONFIDENCES)
@pytest.mark.parametrize("trials", [1, 2, 20, 59, 1000])
def test_no_failures_have_a_closed_form(trials: int, confidence: float) -> None:
    """All of n: the lower bound p solves p ** n = 1 - confidence."""
    expected = (1 - confidence) ** (1 / trials)
    assert proportion_lower(trials, trials, confidence) == pytest.approx(expected, rel=1e-9)
    assert proportion_upper(trials, trials, confidence) == 1.0


@pytest.mark.parametrize(("trials", "threshold"), [(29, 0.90), (59, 0.95), (299, 0.99)])
def test_the_known_smallest_runs_without_a_failure(trials: int, threshold: float) -> None:
    """29, 59 and 299 trials without a failure are the fewest that show 0.90, 0.95 and 0.99."""
    # 0.90 ** 29 = 0.0471, 0.90 ** 28 = 0.0523; 0.95 ** 59 = 0.0485, 0.95 ** 58 = 0.0510;
    # 0.99 ** 299 = 0.0495, 0.99 ** 298 = 0.0500...
    assert proportion_lower(trials, trials, 0.95) >= threshold
    assert proportion_lower(trials - 1, trials - 1, 0.95) < threshold


def test_one_failure_worked_by_hand() -> None:
    """19 of 20, one-sided 95 %: p solves p ** 20 + 20 * p ** 19 * (1 - p) = 0.05."""
    # p ** 19 * (20 - 19 * p) at p = 0.7839: 0.7839 ** 19 = exp(19 * ln 0.7839) = exp(-4.6262)
    # = 0.009792; 20 - 19 * 0.7839 = 5.1059; the product is 0.0500.
    bound = proportion_lower(19, 20, 0.95)
    assert bound == pytest.approx(0.7839, abs=5e-5)
    assert bound**19 * (20 - 19 * bound) == pytest.approx(0.05, abs=1e-12)


def test_one_of_two_worked_by_hand() -> None:
    """1 of 2: at least one success has the chance 1 - (1 - p) ** 2, both failing (1 - p ** 2)."""
    # Lower: 1 - (1 - p) ** 2 = 0.05, so p = 1 - sqrt(0.95); upper: 1 - p ** 2 = 0.05.
    assert proportion_lower(1, 2, 0.95) == pytest.approx(1 - sqrt(0.95), rel=1e-12)
    assert proportion_upper(1, 2, 0.95) == pytest.approx(sqrt(0.95), rel=1e-12)


@pytest.mark.parametrize(
    ("successes", "trials", "bound"),
    [(95, 100, 0.898), (190, 200, 0.917), (285, 300, 0.924), (950, 1000, 0.937)],
)
def test_published_lower_bounds_of_an_observed_95_per_cent(
    successes: int, trials: int, bound: float
) -> None:
    """Nineteen of twenty observed shows less than 0.95, the less the fewer were tried."""
    assert proportion_lower(successes, trials, 0.95) == pytest.approx(bound, abs=5e-4)


def tail(successes: int, trials: int, rate: float) -> float:
    """The chance of so many successes or more, summed term by term."""
    if rate in {0.0, 1.0}:
        return float(successes == 0 or rate == 1.0)
    return fsum(
        exp(log(comb(trials, k)) + k * log(rate) + (trials - k) * log(1 - rate))
        for k in range(successes, trials + 1)
    )


def bisected_lower(successes: int, trials: int, confidence: float) -> float:
    """The rate at which so many successes or more have the chance 1 - confidence."""
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        if tail(successes, trials, middle) < 1 - confidence:
            low = middle
        else:
            high = middle
    return low


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
@pytest.mark.parametrize(
    ("successes", "trials"), [(1, 7), (3, 10), (19, 20), (57, 60), (100, 200), (5, 300), (294, 300)]
)
def test_bounds_agree_with_the_summed_binomial(
    successes: int, trials: int, confidence: float
) -> None:
    """Both bounds are where the tail of the binomial has the chance that is left."""
    lower = bisected_lower(successes, trials, confidence)
    upper = 1 - bisected_lower(trials - successes, trials, confidence)
    assert proportion_lower(successes, trials, confidence) == pytest.approx(lower, abs=1e-10)
    assert proportion_upper(successes, trials, confidence) == pytest.approx(upper, abs=1e-10)


@pytest.mark.parametrize(("trials", "rate"), [(50, 0.9), (120, 0.95), (300, 0.97)])
def test_the_lower_bound_covers_as_often_as_it_says(trials: int, rate: float) -> None:
    """Over all counts, weighted by their chance, the bound lies at or below the rate in 95 %."""
    log_choose = [
        lgamma(trials + 1) - lgamma(k + 1) - lgamma(trials - k + 1) for k in range(trials + 1)
    ]
    covered = fsum(
        exp(log_choose[k] + k * log(rate) + (trials - k) * log(1 - rate))
        for k in range(trials + 1)
        if proportion_lower(k, trials, 0.95) <= rate
    )
    assert covered >= 0.95


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_the_bootstrap_of_a_large_sample_agrees_with_the_normal_law(confidence: float) -> None:
    """For many independent values the bound is the mean and z standard errors."""
    values = np.random.default_rng(7).normal(3.0, 2.0, 2000)
    names = [f"{i:05d}" for i in range(len(values))]
    error = float(values.std()) / sqrt(len(values))
    margin = NormalDist().inv_cdf(confidence) * error
    lower = bootstrap_lower(values.tolist(), names, confidence, seed=1)
    upper = bootstrap_upper(values.tolist(), names, confidence, seed=1)
    # 9,999 draws leave the quantile uncertain by about 2 % of a standard error.
    assert lower == pytest.approx(float(values.mean()) - margin, abs=0.08 * error)
    assert upper == pytest.approx(float(values.mean()) + margin, abs=0.08 * error)


def test_the_cluster_bootstrap_agrees_with_the_law_of_cluster_means() -> None:
    """With equal clusters the error is that of their means, not that of the many values."""
    generator = np.random.default_rng(11)
    patients, each = 400, 10
    centres = generator.normal(0.0, 1.0, patients)
    values = (centres[:, None] + generator.normal(0.0, 0.1, (patients, each))).ravel()
    names = [f"p{i // each:04d}" for i in range(len(values))]
    means = values.reshape(patients, each).mean(axis=1)
    error = float(means.std()) / sqrt(patients)
    expected = float(values.mean()) - NormalDist().inv_cdf(0.95) * error
    lower = bootstrap_lower(values.tolist(), names, 0.95, seed=1)
    assert lower == pytest.approx(expected, abs=0.1 * error)
    # Taken as 4,000 values of their own, the bound would be about three times as near.
    own = [f"{i:05d}" for i in range(len(values))]
    near = bootstrap_lower(values.tolist(), own, 0.95, seed=1)
    assert (float(values.mean()) - near) < 0.4 * (float(values.mean()) - lower)
