"""Proofs against Marabou, which decides tiny networks exactly.

What we certify in float32 holds in real arithmetic too: where Marabou finds a point at which the
margin is not above 0, nothing may have been certified, and it has to settle most of what is asked,
or it would judge nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch

from nnassure.certify.proving import proof
from tests.support.marabou import Verdict, decided_by_marabou, needs_marabou
from tests.support.questions import (
    budget,
    logits_of,
    margins_of,
    points_of,
    problem_of,
    segment,
    varied_network,
)

pytestmark = needs_marabou

_SAMPLES, _RADII = (6, 7, 9), (0.05, 0.2, 0.5)
#: How far the threshold lies from the worst margin met: beyond it, and before it.
_GAPS = (-0.02, 0.003, 0.01, 0.05, 0.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    margin: float
    verdict: Verdict


def test_marabou_proves_what_we_certify_of_some_networks() -> None:
    """On 20 tiny networks."""
    found = _decided(range(20))
    assert sum(each.margin > 0 and each.verdict.outcome == "proven" for each in found) >= 10
    assert sum(each.verdict.outcome == "contradicted" for each in found) >= 2


@pytest.mark.long
def test_marabou_proves_what_we_certify_of_many_networks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On 240 tiny networks; what is certified of what holds is shown."""
    found = _decided(range(240))
    held = [each for each in found if each.verdict.outcome == "proven"]
    ours = sum(each.margin > 0 for each in held)
    with capsys.disabled():
        print(  # noqa: T201  what the run is for
            f"\n{len(found)} networks: {ours / len(held):.3f} ({ours} of {len(held)}) of what "
            f"Marabou proves is certified; "
            f"{sum(each.verdict.outcome == 'contradicted' for each in found)} contradicted, "
            f"{sum(each.verdict.outcome == 'unknown' for each in found)} left open by Marabou"
        )
    assert len(held) >= 120
    assert ours >= 0.9 * len(held)


def _decided(seeds: range) -> list[_Decided]:
    """What both say of each question; that they contradict each other on none."""
    return [_asked(seed) for seed in seeds]


def _asked(seed: int) -> _Decided:
    samples, generator = _SAMPLES[seed % 3], torch.Generator().manual_seed(seed)
    network, exact = varied_network(seed, samples), varied_network(seed, samples).double()
    # As long as a segment, shorter and repeated, or longer and in two segments that overlap.
    recorded = samples if seed % 2 == 0 else (samples, samples - 2, samples + 3)[seed // 2 % 3]
    starts = [0] if recorded <= samples else [0, recorded - samples]
    parametric = seed % 4 == 3
    each = segment(
        torch.randn(recorded, generator=generator),
        radius=0.02 if parametric else _RADII[seed // 3 % 3],
        generators=torch.randn(2, recorded, generator=generator) * 0.3 if parametric else None,
        indices=(torch.tensor(starts)[:, None] + torch.arange(samples)) % recorded,
        # Of two segments the second is read upside down.
        signs=torch.tensor([1.0, -1.0])[: len(starts)],
    )
    side = 1.0 if seed % 2 else -1.0
    worst = float((side * logits_of(exact, each, points_of(each, 2000, seed=seed))).min())
    gap = _GAPS[seed % 5] * (1 + abs(worst))
    problem = problem_of(network, each, side=side, threshold=side * (worst - gap))
    found, verdict = (
        proof(problem, budget(parts=200, steps=8)),
        decided_by_marabou(network, problem),
    )
    assert found.margin <= 0 or verdict.outcome != "contradicted", seed
    if verdict.witness is not None:
        # What it found is a point of the set, up to its tolerance.
        assert float(margins_of(exact, problem, verdict.witness[None])[0]) <= 1e-5
    return _Decided(margin=found.margin, verdict=verdict)
