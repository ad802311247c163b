"""Checks on attributions: closed forms, and networks of which the right answer is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr
from torch import nn

from nnassure.attribution import Question, attribution
from nnassure.errors import NotFiniteError, PerturbationError, ShapeError
from nnassure.explanation import (
    cascading,
    deletion,
    enrichment,
    rank_agreement,
    share_inside,
)

if TYPE_CHECKING:
    from nnassure.arrays import DoubleArray, FloatArray

MAPS = arrays(np.float64, (3, 12), elements=st.floats(-5, 5))


def test_shares_by_hand() -> None:
    """Sizes count, not signs; an empty map has no share; chance gives an enrichment of 1."""
    weights = np.array([[1.0, -3.0, 0.0, 4.0], [0.0] * 4, [1.0] * 4])
    inside = np.array([[True, True, False, False]] * 3)
    np.testing.assert_allclose(share_inside(weights, inside), [0.5, np.nan, 0.5])
    np.testing.assert_allclose(enrichment(weights, inside), [1.0, np.nan, 1.0])
    quarter = np.array([[True, False, False, False]] * 3)
    np.testing.assert_allclose(enrichment(weights, quarter), [0.5, np.nan, 1.0])
    with pytest.raises(ShapeError, match="some time in every record"):
        enrichment(weights, ~np.ones_like(inside))


@given(MAPS, MAPS)
def test_agreement_is_that_of_an_independent_library(
    first: DoubleArray, second: DoubleArray
) -> None:
    """Record by record; a constant map agrees with none."""
    found = rank_agreement(first, second)
    for one, other, value in zip(first, second, found, strict=True):
        if np.ptp(one) == 0 or np.ptp(other) == 0:
            assert np.isnan(value)
        else:
            assert value == pytest.approx(spearmanr(one, other).statistic, abs=1e-9)
    np.testing.assert_array_equal(rank_agreement(second, first), found)


def weighted(inputs: FloatArray) -> DoubleArray:
    """An answer of known weights: the later a sample, the more it counts."""
    return np.asarray((inputs * np.arange(inputs.shape[1])).sum(axis=1), np.float64)


def test_deleting_what_counts_most_is_felt_first() -> None:
    """With the true weights earlier than at random, with turned ones later."""
    inputs = np.ones((5, 40), dtype=np.float32)
    nothing = np.zeros_like(inputs)
    true = np.tile(np.arange(40.0), (5, 1))
    right, wrong = (
        deletion(weighted, inputs, each, replacement=nothing, stretch=4, orders=20, seed=1)
        for each in (true, -true)
    )
    for good, bad in ((right.removed, wrong.removed), (right.inserted, wrong.inserted)):
        assert (good.gain > 0).all()
        assert (bad.gain < 0).all()
    # By hand: the last of ten stretches goes first, and comes first.
    left = [sum(range(4 * k)) for k in range(10, -1, -1)]
    np.testing.assert_allclose(right.removed.by_weight, -np.mean(left))
    np.testing.assert_allclose(right.inserted.by_weight, sum(range(40)) - np.mean(left))
    np.testing.assert_array_equal(inputs, 1.0)


def test_one_signal_passes_into_the_other() -> None:
    """Half way the heaviest half is replaced; with a fade the steps at borders are smaller."""
    inputs = np.zeros((2, 40), dtype=np.float32)
    other = np.ones_like(inputs)
    true = np.tile(np.arange(40.0), (2, 1))
    abrupt, faded = (
        deletion(
            weighted, inputs, true, replacement=other, stretch=4, orders=2, seed=1, fade=fade
        ).halfway
        for fade in (1, 4)
    )
    np.testing.assert_array_equal(abrupt[:, :20], 0.0)
    np.testing.assert_array_equal(abrupt[:, 20:], 1.0)
    assert np.diff(abrupt[0]).max() == 1.0
    # By hand: a mean over four samples, from two before to one after.
    np.testing.assert_allclose(faded[0, 17:23], [0, 0, 0.25, 0.5, 0.75, 1.0])
    np.testing.assert_allclose(np.diff(faded[0]).max(), 0.25)
    np.testing.assert_array_equal(faded[:, :16], 0.0)
    np.testing.assert_array_equal(faded[:, 24:], 1.0)


def test_a_replacement_by_itself_changes_nothing() -> None:
    """What is replaced by the same signal leaves every order alike."""
    inputs = np.random.default_rng(2).normal(size=(3, 30)).astype(np.float32)
    found = deletion(
        weighted,
        inputs,
        np.ones((3, 30)),
        replacement=inputs,
        stretch=7,
        orders=3,
        seed=1,
    )
    np.testing.assert_allclose(found.removed.gain, 0.0, atol=1e-9)
    np.testing.assert_allclose(found.inserted.gain, 0.0, atol=1e-9)


def small() -> nn.Sequential:
    """Two convolutions and a linear layer."""
    torch.manual_seed(4)
    return nn.Sequential(
        nn.Unflatten(1, (1, -1)),
        nn.Conv1d(1, 3, 5, padding=2),
        nn.ReLU(),
        nn.Conv1d(3, 2, 5, padding=2),
        nn.ReLU(),
        nn.AdaptiveAvgPool1d(4),
        nn.Flatten(),
        nn.Linear(8, 2),
    ).eval()


def test_layers_are_drawn_anew_from_the_last_to_the_first() -> None:
    """Each copy keeps what was drawn before, the network itself stays, and a seed repeats them."""
    network = small()
    before = {name: values.clone() for name, values in network.state_dict().items()}
    state = torch.get_rng_state()
    copies = list(cascading(network, seed=3))
    assert torch.equal(state, torch.get_rng_state())
    assert [name for name, _ in copies] == ["7", "3", "1"]
    for name, values in network.state_dict().items():
        assert torch.equal(values, before[name])
    changed = [
        {
            name
            for name, values in made.state_dict().items()
            if not torch.equal(values, before[name])
        }
        for _, made in copies
    ]
    assert changed == [
        {"7.weight", "7.bias"},
        {"7.weight", "7.bias", "3.weight", "3.bias"},
        set(before),
    ]
    again = list(cascading(network, seed=3))
    for (_, one), (_, other) in zip(copies, again, strict=True):
        assert all(
            torch.equal(*pair)
            for pair in zip(one.state_dict().values(), other.state_dict().values(), strict=True)
        )


def test_a_map_hangs_on_what_was_learnt() -> None:
    """After all layers were drawn anew, maps agree little with those of the network."""
    network = small()
    inputs = np.random.default_rng(5).normal(size=(30, 64)).astype(np.float32)
    question = Question(network=network, wanted=1, other=0)
    before = attribution("integrated gradients", question, inputs).weights
    *_, (_, drawn) = cascading(network, seed=6)
    after = attribution(
        "integrated gradients", Question(network=drawn, wanted=1, other=0), inputs
    ).weights
    assert np.median(np.abs(rank_agreement(before, after))) < 0.6
    np.testing.assert_allclose(rank_agreement(before, before), 1.0)


def test_what_does_not_match_is_refused() -> None:
    """Other shapes, numbers that are none, counts below 1."""
    maps, inputs = np.ones((2, 10)), np.ones((2, 10), dtype=np.float32)
    with pytest.raises(ShapeError):
        rank_agreement(maps, maps[:, :5])
    with pytest.raises(NotFiniteError):
        share_inside(np.full((2, 10), np.nan), np.ones((2, 10), np.bool_))
    for stretch, orders, fade in ((0, 1, 1), (11, 1, 1), (5, 0, 1), (5, 1, 0), (5, 1, 6)):
        with pytest.raises(PerturbationError, match="stretch, orders, fade"):
            deletion(
                weighted,
                inputs,
                maps,
                replacement=inputs,
                stretch=stretch,
                orders=orders,
                seed=1,
                fade=fade,
            )
