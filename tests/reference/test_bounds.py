"""Bounds against answers from elsewhere: closed forms, summed tails, and the normal law."""

from math import comb, exp, fsum, lgamma, log, sqrt
from statistics import NormalDist

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import ttest_1samp

from vericase.statistics import (
    bootstrap_lower,
    bootstrap_upper,
    chance_of_covering,
    coverage_lower,
    coverage_upper,
    effective_lower,
    effective_upper,
    fewest_covered,
    paired_lower,
    paired_upper,
    proportion_lower,
    proportion_upper,
    t_lower,
    t_upper,
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


@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_a_mean_of_few_has_the_bound_of_the_t_test(confidence: float) -> None:
    """scipy.stats.ttest_1samp gives the same one-sided bounds for units of one value each."""
    values = [3.1, 2.7, 4.4, 3.9, 2.2, 3.3]
    names = list("abcdef")
    low = ttest_1samp(values, 0.0, alternative="greater").confidence_interval(confidence).low
    high = ttest_1samp(values, 0.0, alternative="less").confidence_interval(confidence).high
    assert t_lower(values, names, confidence) == pytest.approx(float(low), rel=1e-12)
    assert t_upper(values, names, confidence) == pytest.approx(float(high), rel=1e-12)


def test_a_mean_over_unequal_clusters_worked_by_hand() -> None:
    """Clusters {1, 3}, {4}, {2, 6, 2}: their mean is 18 / 6 = 3."""
    # Totals less mean times size: 4 - 6 = -2, 4 - 3 = 1, 10 - 9 = 1; squares 4 + 1 + 1 = 6.
    # Variance of the mean: 3 / 2 * 6 / 6 ** 2 = 1 / 4; Student's t at 0.95 with 2 degrees: 2.91999.
    values, names = [1.0, 3.0, 4.0, 2.0, 6.0, 2.0], ["a", "a", "b", "c", "c", "c"]
    assert t_lower(values, names, 0.95) == pytest.approx(3 - 2.919985580 / 2, abs=1e-8)
    assert t_upper(values, names, 0.95) == pytest.approx(3 + 2.919985580 / 2, abs=1e-8)


@pytest.mark.parametrize("confidence", CONFIDENCES)
@pytest.mark.parametrize(("successes", "trials"), [(0, 40), (38, 40), (40, 40), (2, 40)])
def test_a_design_effect_of_two_halves_the_trials(
    successes: int, trials: int, confidence: float
) -> None:
    """Twice the variance is half the trials: 38 of 40 is as sure as 19 of 20."""
    half = successes // 2, trials // 2
    low = effective_lower(successes, trials, confidence, design_effect=2.0)
    high = effective_upper(successes, trials, confidence, design_effect=2.0)
    assert low == pytest.approx(proportion_lower(*half, confidence), rel=1e-9)
    assert high == pytest.approx(proportion_upper(*half, confidence), rel=1e-9)


def _most_likely_loss(difference: float, gained: int, lost: int, trials: int) -> float:
    """The chance of a loss under that difference, by searching the likelihood itself."""

    def unlikelihood(loss: float) -> float:
        gain, agree = loss + difference, 1 - 2 * loss - difference
        agreed = trials - gained - lost
        return -sum(
            n * log(max(p, 1e-300)) for n, p in ((gained, gain), (lost, loss), (agreed, agree)) if n
        )

    least, most = max(0.0, -difference), (1 - difference) / 2
    found = minimize_scalar(
        unlikelihood, bounds=(least, most), method="bounded", options={"xatol": 1e-12}
    )
    return float(found.x)


@pytest.mark.parametrize(
    ("gained", "lost", "trials"), [(3, 8, 60), (8, 3, 60), (1, 1, 25), (0, 4, 40), (12, 0, 200)]
)
def test_a_paired_bound_is_where_the_score_test_begins_to_reject(
    gained: int, lost: int, trials: int
) -> None:
    """With the likelihood maximised by search instead of the quadratic of Tango (1998)."""
    for confidence in (0.9, 0.95, 0.975):
        bound = paired_lower(gained, lost, trials, confidence)
        loss = _most_likely_loss(bound, gained, lost, trials)
        error = sqrt(trials * (2 * loss + bound * (1 - bound)))
        score = (gained - lost - trials * bound) / error
        assert score == pytest.approx(NormalDist().inv_cdf(confidence), abs=1e-4)


def test_records_that_never_disagree_have_a_closed_form() -> None:
    """None gained and none lost in n: the bound is -z ** 2 / (n + z ** 2), not zero."""
    for trials in (20, 400):
        square = NormalDist().inv_cdf(0.95) ** 2
        expected = square / (trials + square)
        assert paired_lower(0, 0, trials, 0.95) == pytest.approx(-expected, abs=1e-9)
        assert paired_upper(0, 0, trials, 0.95) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("gain", "loss"), [(0.02, 0.07), (0.1, 0.15), (0.0, 0.05), (0.3, 0.35)])
def test_a_paired_bound_seldom_passes_what_is_at_the_margin(gain: float, loss: float) -> None:
    """Summed over all outcomes of 120 records, the chance to pass at the margin is near 5 %."""
    trials, margin = 120, 0.05
    wrong = 0.0
    for gained in range(trials + 1):
        for lost in range(trials + 1 - gained):
            chance = _multinomial(gained, lost, trials, gain, loss)
            if chance > 1e-9 and paired_lower(gained, lost, trials, 0.95) >= -margin:
                wrong += chance
    assert wrong < 0.06


def _multinomial(gained: int, lost: int, trials: int, gain: float, loss: float) -> float:
    agreed = trials - gained - lost
    parts = ((gained, gain), (lost, loss), (agreed, 1 - gain - loss))
    if any(p == 0 and n for n, p in parts):
        return 0.0
    logs = lgamma(trials + 1) + sum(n * log(p) for n, p in parts if n)
    return exp(logs - sum(lgamma(n + 1) for n, _ in parts))


@pytest.mark.parametrize(("calibration", "rank"), [(19, 18), (99, 90), (40, 40)])
def test_conformal_coverage_follows_its_law(calibration: int, rank: int) -> None:
    """Counted out: of all orders of n old and m new scores, those with k new below the rank-th."""
    trials = 12
    orders = comb(trials + calibration, trials)
    for covered in range(1, trials + 1):
        # k new ones among the first k + rank - 1, then the threshold, then the others.
        counted = sum(
            comb(k + rank - 1, k) * comb(trials - k + calibration - rank, trials - k)
            for k in range(covered, trials + 1)
        )
        coverage = rank / (calibration + 1)
        found = chance_of_covering([covered], [trials], calibration, coverage)[0]
        assert found == pytest.approx(counted / orders, rel=1e-9)


def test_the_bound_of_a_coverage_solves_its_law() -> None:
    """At the bound, so many or more are covered with the chance 1 - confidence."""
    for covered, trials, calibration in ((95, 100, 50), (100, 100, 500), (1, 30, 9)):
        bound = coverage_lower(covered, trials, calibration, 0.95)
        chance = chance_of_covering([covered], [trials], calibration, bound)[0]
        assert chance == pytest.approx(0.05, rel=1e-6)
    assert coverage_lower(95, 100, 50, 0.95) < proportion_lower(95, 100, 0.95)
    assert coverage_lower(0, 30, 9, 0.95) == 0.0
    # 30 of 30 have a lower bound of nearly 1 at no confidence at all.
    assert coverage_lower(30, 30, 10**6, 1e-9) == pytest.approx(1.0, abs=1e-9)
    assert coverage_upper(30, 30, 9, 0.95) == 1.0
    assert coverage_upper(5, 30, 9, 0.95) == 1 - coverage_lower(25, 30, 9, 0.95)


def test_the_fewest_covered_are_those_whose_bound_reaches() -> None:
    """One less has a bound below the threshold; where none is enough, one more than all."""
    for trials in (60, 100, 250):
        (fewest,) = fewest_covered([trials], 0.9, 0.95, 400)
        assert coverage_lower(fewest, trials, 400, 0.95) >= 0.9
        assert coverage_lower(fewest - 1, trials, 400, 0.95) < 0.9
    assert fewest_covered([10], 0.9, 0.95, 400) == [11]
