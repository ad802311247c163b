"""What a cross-fitting says has to be what its models say now."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from afib.preprocessing import to_network_rate
from tests.support.models import tiny_checkpoint
from tests.support.pooled import (
    cross_fitting,
    recordings,
    save_models,
    saved_digests,
    true_scores,
)
from verification.rejudged import foreign_models, misjudged

if TYPE_CHECKING:
    from pathlib import Path

    from afib.crossfit import CrossFit

_SIGNALS = [
    to_network_rate(one.signal_mv, one.rate_hz, tiny_checkpoint().settings.preprocessing)
    for one in recordings()
]


@pytest.fixture
def crossfit(tmp_path: Path) -> CrossFit:
    """As the models in the folder made it; the network stands beside itself as another method."""
    save_models(tmp_path)
    found = cross_fitting(saved_digests(tmp_path), true_scores(tmp_path))
    for fold in (0, 1):
        (tmp_path / f"standard-{fold}").symlink_to(tmp_path / f"network-{fold}")
    return replace(found, calls={**found.calls, "standard": found.calls["network"]})


def test_what_the_models_say_is_taken(crossfit: CrossFit, tmp_path: Path) -> None:
    """Scores and calls follow from them, and they are those on record."""
    assert foreign_models(tmp_path, crossfit, ("network",)) == []
    assert misjudged(tmp_path, crossfit, _SIGNALS, ("network", "standard")) == []


def test_an_invented_score_is_told(crossfit: CrossFit, tmp_path: Path) -> None:
    """With the call that goes with it: one recording, two sentences."""
    scores = crossfit.scores.copy()
    scores[2] = -scores[2]
    invented = replace(crossfit, scores=scores, calls={**crossfit.calls, "network": scores > 0})
    score, call = misjudged(tmp_path, invented, _SIGNALS, ("network",))
    assert score.startswith("A00003: expected the score")
    assert call == "A00003: expected the call of network-1, got the other on record"


def test_an_invented_call_of_what_stands_beside_is_told(crossfit: CrossFit, tmp_path: Path) -> None:
    """The price of robustness is paired, so both sides of a pair are judged again."""
    calls = crossfit.calls["standard"].copy()
    calls[0] = ~calls[0]
    invented = replace(crossfit, calls={**crossfit.calls, "standard": calls})
    assert misjudged(tmp_path, invented, _SIGNALS, ("network",)) == []
    (sentence,) = misjudged(tmp_path, invented, _SIGNALS, ("network", "standard"))
    assert sentence == "A00001: expected the call of standard-0, got the other on record"


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        ({"settings_sha256": {"network": "0" * 64}}, "expected settings " + "0" * 64),
        ({"models": {"network-0": {"epochs": 9}, "network-1": {}}}, "expected epochs 9, got None"),
    ],
)
def test_a_model_of_another_training_is_told(
    origin: dict[str, Any], told: str, crossfit: CrossFit, tmp_path: Path
) -> None:
    """Of other settings than its method, or that says otherwise of how it was trained."""
    other = replace(crossfit, origin={**crossfit.origin, **origin})
    assert any(told in sentence for sentence in foreign_models(tmp_path, other, ("network",)))


def test_scores_may_differ_by_the_order_of_sums(crossfit: CrossFit, tmp_path: Path) -> None:
    """Another machine adds in another order."""
    near = replace(crossfit, scores=crossfit.scores * np.float32(1 + 1e-6))
    assert misjudged(tmp_path, near, _SIGNALS, ("network",)) == []


@pytest.mark.parametrize("kept", [[], ["network-0"], ["network-0", "network-1", "network-2"]])
def test_a_model_that_is_not_on_record_is_told(
    kept: list[str], crossfit: CrossFit, tmp_path: Path
) -> None:
    """Or one too many: what is not named would be held to nothing."""
    models = {name: crossfit.origin["models"].get(name, {}) for name in kept}
    other = replace(crossfit, origin={**crossfit.origin, "models": models})
    (sentence,) = foreign_models(tmp_path, other, ("network",))
    assert "expected on record the models ['network-0', 'network-1'], got " in sentence


def test_a_model_of_another_fold_in_its_place_is_told(crossfit: CrossFit, tmp_path: Path) -> None:
    """Also where the record says so itself."""
    models = crossfit.origin["models"]
    other = {**models, "network-1": models["network-0"]}
    (tmp_path / "network-1").rename(tmp_path / "away")
    (tmp_path / "network-1").symlink_to(tmp_path / "network-0")
    swapped = replace(crossfit, origin={**crossfit.origin, "models": other})
    told = foreign_models(tmp_path, swapped, ("network",))
    assert any(sentence.endswith("expected fold 1, got 0") for sentence in told)
