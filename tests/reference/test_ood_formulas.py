"""Strangeness scores against closed forms and against other implementations of the formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import mahalanobis
from scipy.special import softmax
from sklearn.covariance import ledoit_wolf
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from torch import nn

from nnassure.ood import (
    Combined,
    Density,
    Energy,
    Exposed,
    Histograms,
    Mahalanobis,
    MaxSoftmax,
    Neighbours,
    VirtualLogit,
    nearer_to_a_class,
)
from tests.support.outputs import outputs

KNOWN = outputs()
OTHER = outputs(40, seed=1, apart=9.0)
FIT = KNOWN.features, KNOWN.logits, KNOWN.labels
ASKED = OTHER.features, OTHER.logits


@pytest.mark.parametrize("temperature", [1.0, 7.5])
def test_max_softmax_is_the_softmax_of_scipy(temperature: float) -> None:
    """Minus the logarithm of its largest entry."""
    found = MaxSoftmax(temperature=np.asarray(temperature)).scores(*ASKED)
    wanted = -np.log(softmax(OTHER.logits / temperature, axis=1).max(axis=1))
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


def test_max_softmax_tells_apart_what_rounds_to_one() -> None:
    """Logits 60 and 80 apart both have a probability of 1 in float64."""
    logits = np.array([[0.0, 60.0], [0.0, 80.0]])
    found = MaxSoftmax().scores(np.zeros((2, 1)), logits)
    np.testing.assert_allclose(found, np.exp([-60.0, -80.0]), rtol=1e-12)


def test_energy_by_hand() -> None:
    """-T log(exp(0) + exp(T log 3 / T)) = -T log 4."""
    temperature = 2.0
    logits = np.array([[0.0, temperature * np.log(3.0)]])
    found = Energy(temperature=np.asarray(temperature)).scores(np.zeros((1, 1)), logits)
    np.testing.assert_allclose(found, [-temperature * np.log(4.0)], rtol=1e-12)


def test_the_step_of_odin_by_hand() -> None:
    """Of a linear network it goes along the signs of the difference of the two weights."""
    network = nn.Linear(3, 2).double()
    inputs = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    moved = nearer_to_a_class(network, inputs, temperature=10.0, step=0.25)
    with torch.no_grad():
        surest = network(inputs).argmax(dim=1)
        along = (network.weight[1] - network.weight[0]).sign()
        wanted = inputs + 0.25 * torch.where(surest[:, None] == 1, along, -along)
        torch.testing.assert_close(moved, wanted)
        before, after = (
            torch.softmax(network(each) / 10, dim=1).max(dim=1).values for each in (inputs, moved)
        )
    assert bool((after > before).all())
    assert not moved.requires_grad


def test_histograms_by_hand() -> None:
    """One feature that matters, in four bins of 10, 2, 0 and 4 records."""
    values = np.repeat([0.5, 1.5, 3.5], [10, 2, 4])
    values[0], values[-1] = 0.0, 4.0
    features, labels = np.stack([values, np.zeros(16)], axis=1), np.arange(16) % 2
    # Ten of each class are asked for, so all of it twice; the root of 32 is near 6 bins.
    features, labels = np.repeat(features, 2, axis=0), np.repeat(labels, 2)
    detector = Histograms.fit(features, np.zeros((32, 2)), labels)
    assert detector.components.shape == (1, 2)
    edges = np.linspace(0, 4, 7)
    counts = np.histogram(features[:, 0], edges)[0]
    asked = np.array([0.5, 1.5, 2.5, 3.5, 4.0, 0.0, -1.0, 5.0])
    heights = np.maximum(counts, 0.5) / counts.max()
    at = np.clip(np.searchsorted(edges, asked, side="right") - 1, 0, 5)
    wanted = -np.log(np.where((asked < 0) | (asked > 4), 0.5 / counts.max(), heights[at]))
    found = detector.scores(np.stack([asked, np.zeros(8)], axis=1), np.zeros((8, 2)))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_mahalanobis_is_that_of_scipy() -> None:
    """The squared distance to the nearer mean, by the covariance that scikit-learn shrinks."""
    means = [KNOWN.features[KNOWN.labels == k].mean(axis=0) for k in (0, 1)]
    centred = KNOWN.features - np.array(means)[KNOWN.labels]
    precision = np.linalg.inv(ledoit_wolf(centred, assume_centered=True)[0])
    wanted = [
        min(mahalanobis(row, mean, precision) ** 2 for mean in means) for row in OTHER.features
    ]
    np.testing.assert_allclose(Mahalanobis.fit(*FIT).scores(*ASKED), wanted, rtol=1e-8)


@pytest.mark.parametrize("rank", [1, 10])
def test_neighbours_are_those_of_scikit_learn(rank: int) -> None:
    """By Euclidean distance between features of unit length."""
    unit, asked = (
        each / np.linalg.norm(each, axis=1, keepdims=True)
        for each in (KNOWN.features, OTHER.features)
    )
    apart, _ = NearestNeighbors(n_neighbors=rank).fit(unit).kneighbors(asked)
    found = Neighbours.fit(*FIT, rank=rank).scores(*ASKED)
    np.testing.assert_allclose(found, apart[:, -1], rtol=1e-7, atol=1e-9)


def test_the_virtual_logit_is_that_of_its_paper() -> None:
    """By singular values instead of eigenvectors."""
    origin = -np.linalg.pinv(KNOWN.weights) @ KNOWN.bias
    centred, asked = KNOWN.features - origin, OTHER.features - origin
    principal = np.linalg.svd(centred, full_matrices=True)[2][:2]
    off = [rows - rows @ principal.T @ principal for rows in (centred, asked)]
    sizes = [np.linalg.norm(rows, axis=1) for rows in off]
    alpha = KNOWN.logits.max(axis=1).sum() / sizes[0].sum()
    virtual = np.concatenate([OTHER.logits, alpha * sizes[1][:, None]], axis=1)
    probability = softmax(virtual, axis=1)[:, -1]
    found = VirtualLogit.fit(*FIT, origin=origin, kept=2).scores(*ASKED)
    # The probability of the virtual class rises with our score: its odds are exp(score).
    np.testing.assert_allclose(1 / (1 + np.exp(-found)), probability, rtol=1e-9)


def test_the_density_is_that_of_scikit_learn() -> None:
    """Up to a constant and the sign, on features at unit spread."""
    found = Density.fit(*FIT, components=3, seed=5).scores(*ASKED)
    low, middle, high = np.percentile(KNOWN.features, [25, 50, 75], axis=0)
    scaled = [(rows - middle) / ((high - low) / 1.349) for rows in (KNOWN.features, OTHER.features)]
    mixture = GaussianMixture(3, reg_covar=1e-2, random_state=5).fit(scaled[0])
    constant = scaled[0].shape[1] / 2 * np.log(2 * np.pi)
    wanted = -mixture.score_samples(scaled[1]) - constant
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)


def test_log_odds_are_those_of_scikit_learn() -> None:
    """Of a pipeline that standardises by the known records and weighs both sides alike."""
    strange = np.random.default_rng(4).normal(size=(60, 6)) + 5
    found = Exposed.fit(*FIT, strange=strange, strength=0.5).scores(*ASKED)
    scaler = StandardScaler().fit(KNOWN.features)
    shown = scaler.transform(np.concatenate([KNOWN.features, strange]))
    model = LogisticRegression(C=0.5, class_weight="balanced", solver="newton-cg", tol=1e-10)
    model.fit(shown, np.repeat([0, 1], [len(KNOWN.features), 60]))
    wanted = model.decision_function(scaler.transform(OTHER.features))
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-3)


def test_the_combination_by_hand() -> None:
    """In units of the way from the median to the 0.95 quantile, exponentials added up."""
    rising = np.arange(101.0)
    detector = Combined.fit(np.stack([rising, 10 * rising + 3], axis=1))
    found = detector.of(np.array([[50.0, 503.0], [95.0, 503.0], [0.0, 1403.0]]))
    units = np.array([[0.0, 0.0], [1.0, 0.0], [-10 / 9, 2.0]])
    np.testing.assert_allclose(found, np.log(np.exp(units).sum(axis=1)), rtol=1e-12)
