"""The device's gate: what it refuses, how it is kept, and what it cannot be fitted on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from afib.errors import ModelError, TrainingError
from afib.seen import Seen
from afib.settings import load_uncertainty
from afib.strangeness import Examples, Strangeness, fit_strangeness
from nnassure.errors import NotFiniteError, ShapeError


def seen(
    count: int, seed: int, *, noise: float = 0.0, damage: float = 0.0, novelty: float = 0.0
) -> Seen:
    """Recordings whose quality falls with noise and damage, and that are off elsewhere."""
    generator = np.random.default_rng(seed)
    quality = generator.normal(size=(count, 5))
    quality[:, 0] += noise
    quality[:, 2] += damage
    quality[:, 4] += novelty
    return Seen(
        quality=quality,
        pooled=generator.normal(size=(count, 3)) + 0.5 * noise,
        logits=generator.normal(size=(count, 2)),
    )


SETTINGS = load_uncertainty().detector
IS_AFIB = np.arange(400) % 2 == 0
SHOWN = Examples(
    known=seen(400, 1),
    is_afib=IS_AFIB,
    others=seen(100, 2),
    unreadable=seen(60, 3, noise=4.0),
    harmless=seen(80, 11),
    harmed=seen(80, 12, damage=4.0),
)
VALIDATION, VALIDATION_IS_AFIB = seen(300, 4), np.arange(300) % 4 == 0


def fitted(acceptance: float = 0.95, afib_acceptance: float = 0.5) -> Strangeness:
    """The gate of these recordings."""
    return fit_strangeness(
        SHOWN,
        validation=VALIDATION,
        is_afib=VALIDATION_IS_AFIB,
        settings=replace(SETTINGS, acceptance=acceptance, afib_acceptance=afib_acceptance),
    )


@pytest.mark.parametrize("acceptance", [0.9, 0.95, 1.0])
def test_the_wanted_share_of_validation_is_decided(acceptance: float) -> None:
    """Exactly, but for the last recording; and of others like them about as many."""
    gate = fitted(acceptance)
    assert 0 <= gate.accepts(VALIDATION).mean() - acceptance < 1 / 300 + 1e-9
    assert abs(gate.accepts(seen(2000, 9)).mean() - acceptance) < 0.04


def test_afib_has_a_share_of_its_own() -> None:
    """The threshold is the lowest at which both shares are accepted."""
    alone = fitted(0.5, afib_acceptance=0.96).accepts(VALIDATION)
    assert 0 <= alone[VALIDATION_IS_AFIB].mean() - 0.96 < 1 / 75 + 1e-9
    both = fitted(0.9, afib_acceptance=0.96)
    assert both.accepts(VALIDATION).mean() >= 0.9
    assert both.accepts(VALIDATION)[VALIDATION_IS_AFIB].mean() >= 0.96
    assert both.threshold == max(fitted(0.9, 0.01).threshold, fitted(0.01, 0.96).threshold)


def test_what_is_unreadable_damaged_or_new_is_refused() -> None:
    """Noise and damage as they were shown, and something that no recording shown was like."""
    gate = fitted()
    assert gate.accepts(seen(300, 5, noise=4.0)).mean() < 0.1
    assert gate.accepts(seen(300, 8, damage=4.0)).mean() < 0.1
    assert gate.accepts(seen(300, 6, novelty=9.0)).mean() < 0.02
    assert gate.accepts(seen(300, 7, novelty=-9.0)).mean() < 0.02


def test_a_score_is_that_of_the_recording_alone() -> None:
    """Whatever stands beside it."""
    gate = fitted()
    together = gate.scores(VALIDATION)
    for place in (0, 7, 299):
        alone = gate.scores(VALIDATION.where(np.arange(300) == place))
        np.testing.assert_allclose(alone, together[place : place + 1], rtol=1e-9)


def test_a_gate_is_its_tensors() -> None:
    """Made anew of them it gives the same scores; fitted again it has the same."""
    gate = fitted()
    again = Strangeness.of(gate.tensors())
    np.testing.assert_array_equal(again.scores(VALIDATION), gate.scores(VALIDATION))
    assert again.threshold == gate.threshold
    for name, values in fitted().tensors().items():
        np.testing.assert_array_equal(values, gate.tensors()[name])


def test_tensors_that_are_no_gate_are_refused() -> None:
    """One missing, one too many, or one that is no number."""
    tensors = fitted().tensors()
    for name in tensors:
        fewer = {key: values for key, values in tensors.items() if key != name}
        spoilt = tensors | {name: np.full_like(tensors[name], np.nan)}
        for wrong in (fewer, spoilt):
            with pytest.raises(ModelError, match="strangeness: "):
                Strangeness.of(wrong)
    for more in ("other.mean", "harmed.more", "stray"):
        with pytest.raises(ModelError, match="strangeness: "):
            Strangeness.of(tensors | {more: np.zeros(1)})


def test_too_few_recordings_are_refused() -> None:
    """Of a rhythm, of what is strange, or to place the threshold."""
    few = np.arange(60) < 9

    def fit(shown: Examples, count: int = 300) -> Strangeness:
        chosen = np.arange(300) < count
        return fit_strangeness(
            shown,
            validation=VALIDATION.where(chosen),
            is_afib=VALIDATION_IS_AFIB[chosen],
            settings=SETTINGS,
        )

    assert fit(SHOWN).threshold == fit(SHOWN).threshold
    for shown in (
        replace(SHOWN, unreadable=SHOWN.unreadable.where(few)),
        replace(SHOWN, harmed=SHOWN.harmed.where(np.arange(80) < 9)),
    ):
        with pytest.raises(TrainingError, match="strange: expected at least 10"):
            fit(shown)
    with pytest.raises(TrainingError, match="at least 10 records of each class"):
        fit(replace(SHOWN, is_afib=np.zeros(400, dtype=np.bool_)))
    with pytest.raises(TrainingError, match="at least 20 records"):
        fit(SHOWN, 19)
    with pytest.raises(TrainingError, match="share"):
        fitted(0.0)


def test_what_is_no_number_has_no_score() -> None:
    """Nor recordings of which other numbers are known."""
    gate = fitted()
    quality = VALIDATION.quality.copy()
    quality[3, 1] = np.nan
    with pytest.raises(NotFiniteError):
        gate.scores(Seen(quality=quality, pooled=VALIDATION.pooled, logits=VALIDATION.logits))
    with pytest.raises(ShapeError):
        gate.scores(
            Seen(
                quality=VALIDATION.quality[:, :4],
                pooled=VALIDATION.pooled,
                logits=VALIDATION.logits,
            )
        )
    with pytest.raises(ShapeError, match="one value for each"):
        Seen(quality=VALIDATION.quality[:5], pooled=VALIDATION.pooled, logits=VALIDATION.logits)
