"""Two engines, and two arithmetics, on the same questions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.engines import needs_auto_lirpa
from tests.support.models import tiny_checkpoint
from tests.support.pooled import CONDITIONS, recordings
from verification.engines import Bounded, bounded_by_both, proven_in

if TYPE_CHECKING:
    from pathlib import Path

ASKED: dict[str, Any] = CONDITIONS | {"recordings": 3, "size": 0.002}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small model with segments as long as the recordings, 10 s."""
    folder, plain = tmp_path_factory.mktemp("model"), tiny_checkpoint()
    preprocessing = replace(plain.settings.preprocessing, segment_s=10.0)
    replace(plain, settings=replace(plain.settings, preprocessing=preprocessing)).save(folder)
    return folder


@needs_auto_lirpa
def test_both_engines_bound_what_an_attack_meets(model: Path) -> None:
    """On as many recordings of one segment as are wanted; hardly apart."""
    longer = [
        replace(each, name=f"{each.name}x", signal_mv=np.tile(each.signal_mv, 2))
        for each in recordings()
    ]
    found = bounded_by_both(model, [*longer, *recordings()], ASKED)
    assert len(found) == ASKED["recordings"]
    assert {each.name for each in found} <= {each.name for each in recordings()}
    for each in found:
        assert max(each.ours, each.theirs) <= each.met
        # Their rules for the slope of an open ReLU differ a little.
        assert abs(each.gain) < 0.01


@pytest.mark.parametrize(("ours", "theirs"), [(1.0, -np.inf), (-np.inf, 1.0), (np.nan, 1.0)])
def test_an_engine_that_bounds_nothing_is_no_agreement(ours: float, theirs: float) -> None:
    """The gain is then no number that a tolerance could let through."""
    gain = Bounded(name="A00001", ours=ours, theirs=theirs, met=2.0).gain
    assert not 0 <= gain + 1e-4 < np.inf


def test_what_float32_proves_is_proven_in_real_arithmetic(model: Path) -> None:
    """Rounding only takes certificates away; a recording counts once in both."""
    for size in (0.0001, 0.01, 100.0):
        deployed, real = proven_in(model, recordings(), ASKED | {"size": size, "recordings": 4})
        assert len(deployed) == len(real) <= 4
        assert not (deployed & ~real).any()
    assert not real.any()
