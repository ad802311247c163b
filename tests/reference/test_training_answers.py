"""Training against torch's own schedule and hand-written convolution."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.optim.lr_scheduler import OneCycleLR

from afib.network import folded
from afib.training.schedule import one_cycle
from tests.support.models import random_network
from tests.support.training import tiny_settings


@pytest.mark.parametrize("steps", [4, 10, 97])
def test_the_schedule_is_that_of_torch(steps: int) -> None:
    """Learning rate and first moment agree with OneCycleLR at every step."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.AdamW([weight], lr=1.0)
    scheduler = OneCycleLR(optimizer, max_lr=0.004, total_steps=steps)
    for step in range(steps):
        group = optimizer.param_groups[0]
        expected = (group["lr"], group["betas"][0])
        assert one_cycle(step, steps, peak=0.004) == pytest.approx(expected, rel=1e-9)
        optimizer.step()
        if step < steps - 1:
            scheduler.step()


def test_a_folded_network_is_convolution_relu_mean_and_linear() -> None:
    """Written out with numpy in double precision, the layers give the network's logits."""
    settings = tiny_settings().network
    network = folded(random_network(tiny_settings()))
    weights = {name: values.double().numpy() for name, values in network.state_dict().items()}
    segment = np.random.default_rng(0).normal(0, 1, 240).astype(np.float32)
    frames = segment[None].astype(np.float64)
    for block, (kernel, stride) in enumerate(zip(settings.kernels, settings.strides, strict=True)):
        padded = np.pad(frames, ((0, 0), (kernel // 2, kernel // 2)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=1)[:, ::stride]
        weight, bias = (
            weights[f"features.{2 * block}.weight"],
            weights[f"features.{2 * block}.bias"],
        )
        frames = np.maximum(np.einsum("oik,itk->ot", weight, windows) + bias[:, None], 0)
    hidden = np.maximum(weights["head.0.weight"] @ frames.mean(axis=1) + weights["head.0.bias"], 0)
    expected = weights["head.2.weight"] @ hidden + weights["head.2.bias"]
    logits = network(torch.from_numpy(segment)[None])[0]
    np.testing.assert_allclose(logits.numpy(), expected, rtol=1e-5, atol=1e-5)
