"""The checker of certificates against margins worked by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.certificates import Question, Writer
from tests.support.checking import REFUSED, VALID, run
from tests.support.tiny_models import TinyModel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.tiny_models import Array


@pytest.mark.parametrize("exact", [[], ["--exact"]])
def test_a_margin_worked_by_hand(tmp_path: Path, exact: list[str]) -> None:
    """One sample a segment, weights of 1: everything can be read off."""
    # A recording of one sample, x = 2, in [1.5, 2.5]; a segment has one sample.
    # Convolution: z0 = x - 1 in [0.5, 1.5], so its ReLU is the identity; the mean is the same.
    # Hidden: z2 = 2 * z0 - 2 = 2 * x - 4 in [-1, 1], a ReLU with 0 inside; its lower line is
    # 0 where upper > -lower does not hold, and a leaf may take any slope s in [0, 1].
    # Logits: normal 0, AFib 3 + relu(z2); threshold 1: the least margin is 3 + s * -1 - 1 = 2 - s.
    model = TinyModel(
        weights={
            name: np.array(values, dtype=np.float32)
            for name, values in {
                "features.0.weight": [[[1.0]]],
                "features.0.bias": [-1.0],
                "head.0.weight": [[2.0]],
                "head.0.bias": [-2.0],
                "head.2.weight": [[0.0], [1.0]],
                "head.2.bias": [0.0, 3.0],
            }.items()
        },
        kernels=(1,),
        strides=(1,),
        threshold=1.0,
        length=1,
    )
    model.save(tmp_path / "m")
    asked = Question(signal_mv=np.array([2.0]), rate_hz=10.0, radius_mv=0.5)
    document, arrays = Writer(model, asked, tmp_path / "m").write()
    near = 1e-5  # what float32 may round, and more
    for layer, (lower, upper) in enumerate([(0.5, 1.5), (0.5, 1.5), (-1.0, 1.0)]):
        arrays[f"box0.lower.{layer}"] = np.full((1, 1, 1), lower - near)
        arrays[f"box0.upper.{layer}"] = np.full((1, 1, 1), upper + near)
    for slope, margin in ((0.0, 2.0), (0.25, 1.75), (1.0, 1.0)):
        arrays["leaf0.slopes.2"] = np.full((1, 1, 1), slope)
        for stated, code in ((margin - 2 * near, VALID), (margin + near, REFUSED)):
            outcome = run(tmp_path / "m", document | {"margin": stated}, arrays, *exact)
            assert outcome == code


def test_a_split_worked_by_hand(tmp_path: Path) -> None:
    """A multiplier turns the constraint of a split into margin."""
    # Of the network above, with AFib 0.5 + relu(z2) - 0.75 * z2 by a second way round the ReLU:
    # hidden z = (2x - 4, 2x + 10), the second always on; AFib = relu(z_0) - 0.75 z_1 + 11, so
    # with y = 2x - 4 in [-1, 1]: AFib = relu(y) - 0.75 y + 0.5 and threshold 0.
    # Above, y >= 0: relu(y) = y and AFib = 0.25 y + 0.5 >= 0.25 without a multiplier (y = -1 is
    # still in the bounds of y, which only its own ReLU's interval excludes), and with the
    # multiplier 0.25: 0.25 y + 0.5 - 0.25 y = 0.5.
    # Below, y <= 0: AFib = -0.75 y + 0.5 >= -0.25, and with the multiplier 0.75: 0.5.
    model = TinyModel(
        weights={
            name: np.array(values, dtype=np.float32)
            for name, values in {
                "features.0.weight": [[[1.0]]],
                "features.0.bias": [-1.0],
                "head.0.weight": [[2.0], [2.0]],
                "head.0.bias": [-2.0, 12.0],
                "head.2.weight": [[0.0, 0.0], [1.0, -0.75]],
                "head.2.bias": [0.0, 11.0],
            }.items()
        },
        kernels=(1,),
        strides=(1,),
        length=1,
    )
    model.save(tmp_path / "m")
    asked = Question(signal_mv=np.array([2.0]), rate_hz=10.0, radius_mv=0.5, split=1)
    document, arrays = Writer(model, asked, tmp_path / "m").write()
    document |= {"margin": 0.49, "rhythm": "AFib"}
    above, below = np.array([0.25]), np.array([0.75])
    multipliers = {"leaf0.multipliers": above, "leaf1.multipliers": below}
    assert run(tmp_path / "m", document, arrays | multipliers) == VALID
    assert run(tmp_path / "m", document | {"margin": 0.51}, arrays | multipliers) == REFUSED
    swapped = {"leaf0.multipliers": below, "leaf1.multipliers": above}
    assert run(tmp_path / "m", document, arrays | swapped) == REFUSED
    without = {"leaf0.multipliers": 0 * above, "leaf1.multipliers": 0 * below}
    assert run(tmp_path / "m", document, arrays | without) == REFUSED


def _two_layers(weights: list[float], bias: float, threshold: float = 0.0) -> TinyModel:
    """A network of y, the sum of *weights* times relu(x), x + 2 and x + 2, and *bias*.

    Intervals cannot add up the last two.
    """
    return TinyModel(
        weights={
            name: np.array(values, dtype=np.float32)
            for name, values in {
                "features.0.weight": [[[1.0]], [[1.0]], [[1.0]]],
                "features.0.bias": [0.0, 2.0, 2.0],
                "head.0.weight": [weights],
                "head.0.bias": [bias],
                "head.2.weight": [[0.0], [1.0]],
                "head.2.bias": [0.0, 0.0],
            }.items()
        },
        kernels=(1,),
        strides=(1,),
        length=1,
        threshold=threshold,
    )


@pytest.mark.parametrize("exact", [[], ["--exact"]])
@pytest.mark.parametrize(
    ("middle", "weights", "bias", "least"),
    [
        # x in [-1, 1.2] and y = relu(x) + 0.5 x + 1: slope 1, the adaptive one, gives -0.5,
        # slope 0 gives 0.5 x + 1 >= 0.5.
        (0.1, [1.0, 2.0, -1.5], 0.0, 0.5),
        # x in [-1.2, 1] and y = relu(x) - 0.9 x + 0.5: slope 0, the adaptive one, gives -0.4,
        # slope 1 gives 0.1 x + 0.5 >= 0.38.
        (-0.1, [1.0, 2.1, -3.0], 2.3, 0.38),
    ],
)
def test_a_claim_may_rest_on_another_slope(  # noqa: PLR0913, PLR0917  a claim and its numbers
    tmp_path: Path,
    exact: list[str],
    middle: float,
    weights: list[float],
    bias: float,
    least: float,
) -> None:
    """What slope 0 alone or slope 1 alone shows is taken, and nothing beyond."""
    model = _two_layers(weights, bias)
    model.save(tmp_path / "m")
    asked = Question(signal_mv=np.array([middle]), rate_hz=10.0, radius_mv=1.1)
    document, arrays = Writer(model, asked, tmp_path / "m").write()
    arrays["leaf0.slopes.0"] = np.full((1, 1, 3), 0.0 if least > 0.4 else 1.0)
    near = 1e-4  # what float32 may round, and more
    for claimed, code in ((least - near, VALID), (least + near, REFUSED)):
        arrays["box0.lower.2"] = np.full((1, 1, 1), claimed)
        stated = document | {"margin": least - 0.01, "rhythm": "AFib"}
        assert run(tmp_path / "m", stated, arrays, *exact) == code


@pytest.mark.parametrize("exact", [[], ["--exact"]])
def test_a_claim_may_rest_on_slopes_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], exact: list[str]
) -> None:
    """Slopes between 0 and 1 count as far as they show, all of them or none, and no others."""
    # x in [-1, 1.2] and y = relu(x) - 0.5 x - 0.05: slopes 0 and 1 show -0.65 and -0.55.
    model = _two_layers([1.0, 1.0, -1.5], 0.95, threshold=-0.1)
    model.save(tmp_path / "m")
    asked = Question(signal_mv=np.array([0.1]), rate_hz=10.0, radius_mv=1.1)
    document, arrays = Writer(model, asked, tmp_path / "m").write()
    near = 1e-4  # what float32 may round, and more
    document |= {"margin": 1e-3, "rhythm": "AFib"}
    arrays["leaf0.slopes.0"] = np.full((1, 1, 3), 0.5)

    def told(slope: float | None, claimed: float, **others: Array) -> int:
        given = {} if slope is None else {"box0.lower.2.0": np.full((1, 1, 3), slope)}
        claims = arrays | {"box0.lower.2": np.full((1, 1, 1), claimed)} | given | others
        return run(tmp_path / "m", document, claims, *exact)

    for slope, least in ((0.5, -0.05), (0.75, -0.3), (0.25, -0.35)):
        assert told(slope, least - near) == VALID
        assert told(slope, least + near) == REFUSED
    assert told(None, -0.55 - near) == VALID
    assert told(None, -0.05 - near) == REFUSED
    for wrong in (-0.01, 1.01, np.nan):
        assert told(wrong, -0.55 - near) == REFUSED
    capsys.readouterr()
    # Of layer 0 itself, or of the mean, there is nothing to choose.
    for name in ("box0.lower.0.0", "box0.lower.2.1", "box0.upper.2.2", "box1.lower.2.0"):
        assert told(0.5, -0.05 - near, **{name: np.full((1, 1, 3), 0.5)}) == REFUSED
        assert "arrays: expected each that is needed, once" in capsys.readouterr().out
