"""Bounds: their side, their edges, and that they repeat."""

import pytest

from vericase.statistics import (
    bootstrap_lower,
    bootstrap_upper,
    proportion_lower,
    proportion_upper,
)

#: Their mean is 14.5.
VALUES = tuple(float(i) for i in range(30))
CLUSTERS = tuple(f"{i:02d}" for i in range(30))


def test_a_bound_cannot_leave_the_unit_interval() -> None:
    """No success bounds from below by 0, no failure from above by 1, exactly."""
    assert proportion_lower(0, 7, 0.95) == 0.0
    assert proportion_upper(7, 7, 0.95) == 1.0


def test_a_rate_lies_between_its_bounds() -> None:
    """The lower bound is below the observed rate and the upper one above it."""
    assert proportion_lower(9, 10, 0.9) < 0.9 < proportion_upper(9, 10, 0.9)


def test_the_two_bounds_mirror_each_other() -> None:
    """Counting failures instead of successes turns a lower bound into an upper one."""
    assert proportion_lower(3, 17, 0.9) == pytest.approx(
        1 - proportion_upper(14, 17, 0.9), abs=1e-12
    )


def test_more_confidence_is_a_wider_bound() -> None:
    """Whoever wants to be surer claims less."""
    assert proportion_lower(90, 100, 0.99) < proportion_lower(90, 100, 0.9)
    assert proportion_upper(90, 100, 0.99) > proportion_upper(90, 100, 0.9)


def test_a_bootstrap_repeats_and_follows_its_seed() -> None:
    """The same seed gives the same bound, another seed another draw."""
    first = bootstrap_lower(VALUES, CLUSTERS, 0.9, seed=1)
    assert bootstrap_lower(VALUES, CLUSTERS, 0.9, seed=1) == first
    assert bootstrap_lower(VALUES, CLUSTERS, 0.9, seed=2) != first


def test_the_mean_lies_between_the_bounds_of_a_bootstrap() -> None:
    """Each side of the bootstrap is on its own side of the mean, which is 14.5."""
    assert bootstrap_lower(VALUES, CLUSTERS, 0.9, seed=1) < 14.5
    assert bootstrap_upper(VALUES, CLUSTERS, 0.9, seed=1) > 14.5


def test_whole_clusters_are_drawn() -> None:
    """Copies of a value within its cluster narrow nothing; as values of their own they would."""
    alone = bootstrap_lower(VALUES, CLUSTERS, 0.9, seed=1)
    assert bootstrap_lower(VALUES * 9, CLUSTERS * 9, 0.9, seed=1) == pytest.approx(alone)
    own = tuple(f"{i:03d}" for i in range(270))
    assert bootstrap_lower(VALUES * 9, own, 0.9, seed=1) > alone


def test_clusters_and_values_come_in_pairs() -> None:
    """A value without its cluster is refused instead of dropped."""
    with pytest.raises(ValueError, match="zip"):
        bootstrap_lower(VALUES, CLUSTERS[1:], 0.9, seed=1)
