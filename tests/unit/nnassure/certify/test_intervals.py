"""Bounds of a layer, tightened and let out."""

from __future__ import annotations

import torch

from nnassure.certify.intervals import LayerBounds


def _bounds() -> LayerBounds:
    return LayerBounds(
        lower=torch.tensor([[[-1.0, 0.5]]]),
        upper=torch.tensor([[[2.0, 4.0]]]),
        rounding=torch.tensor([[[0.25, 0.25]]]),
        magnitude=torch.tensor([[[2.0, 4.0]]]),
    )


def test_the_tighter_end_is_kept() -> None:
    """Each end by itself."""
    found = _bounds().tightened(torch.tensor([[[-2.0, 1.0]]]), torch.tensor([[[1.0, 5.0]]]))
    assert found.lower.tolist() == [[[-1.0, 1.0]]]
    assert found.upper.tolist() == [[[1.0, 4.0]]]


def test_bounds_are_let_out_by_a_share_of_their_terms() -> None:
    """Outwards at either end; by nothing they stay as they are."""
    found = _bounds().let_out(0.125)
    assert found.lower.tolist() == [[[-1.25, 0.0]]]
    assert found.upper.tolist() == [[[2.25, 4.5]]]
    assert _bounds().let_out(0.0).lower.tolist() == [[[-1.0, 0.5]]]
