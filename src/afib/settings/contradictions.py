"""Settings that are right one by one and make no sense together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from afib.settings.shape import (
        AttackSettings,
        CertifiedSettings,
        DataSettings,
        NetworkSettings,
        RampSettings,
        Settings,
    )

__all__ = ["contradictions"]


def contradictions(settings: Settings) -> list[str]:
    """Values that are right one by one but not together, one sentence each.

    Each opens with the path of the value below the root.
    """
    return (
        _data_contradictions(settings.data)
        + _network_contradictions(settings.network)
        + _attack_contradictions(settings.training.attack)
        + _certified_contradictions(settings.training.certified)
        + _ramp_contradictions(settings.training.ramp)
        + _combined_contradictions(settings)
    )


def _data_contradictions(data: DataSettings) -> list[str]:
    split = data.split
    total = math.fsum((split.train, split.validation, split.calibration, split.test))
    problems = []
    if not math.isclose(total, 1.0):
        problems.append(f"data.split: expected shares that sum to 1, got {total:g}")
    if data.source == "synthetic" and data.cohort is None:
        problems.append("data.cohort: expected a cohort for source 'synthetic', got null")
    if data.source != "synthetic" and data.cohort is not None:
        problems.append(f"data.cohort: expected null for source {data.source!r}, got a cohort")
    return problems


def _network_contradictions(network: NetworkSettings) -> list[str]:
    blocks = (len(network.channels), len(network.kernels), len(network.strides))
    if len(set(blocks)) == 1:
        return []
    counts = "{} channels, {} kernels and {} strides".format(*blocks)
    return [f"network: expected one of each a block, got {counts}"]


def _attack_contradictions(attack: AttackSettings) -> list[str]:
    problems = []
    if attack.kind == "none" and attack.radius_mv > 0:
        problems.append(
            f"training.attack.radius_mv: expected 0 for kind 'none', got {attack.radius_mv:g}"
        )
    if attack.kind != "none" and attack.radius_mv == 0:
        problems.append(
            f"training.attack.radius_mv: expected a number above 0 for kind {attack.kind!r}, got 0"
        )
    if attack.kind == "pgd" and attack.steps == 0:
        problems.append("training.attack.steps: expected an integer from 1 for kind 'pgd', got 0")
    return problems


def _certified_contradictions(certified: CertifiedSettings) -> list[str]:
    kind, place, problems = certified.kind, "training.certified", []
    for name, value in (("radius_mv", certified.radius_mv), ("weight", certified.weight)):
        if kind == "none" and value > 0:
            problems.append(f"{place}.{name}: expected 0 for kind 'none', got {value:g}")
        if kind != "none" and value == 0:
            problems.append(f"{place}.{name}: expected a number above 0 for kind {kind!r}, got 0")
    if kind != "sabr" and certified.box_share < 1:
        problems.append(
            f"{place}.box_share: expected 1 for kind {kind!r}, got {certified.box_share:g}"
        )
    if kind != "crown_ibp" and certified.backward_share > 0:
        problems.append(
            f"{place}.backward_share: expected 0 for kind {kind!r}, "
            f"got {certified.backward_share:g}"
        )
    return problems


def _ramp_contradictions(ramp: RampSettings) -> list[str]:
    if ramp.start < ramp.end:
        return []
    return [f"training.ramp.end: expected a share above start {ramp.start:g}, got {ramp.end:g}"]


def _combined_contradictions(settings: Settings) -> list[str]:
    """What one block asks for and another cannot give."""
    training, network, problems = settings.training, settings.network, []
    if training.certified.kind == "sabr" and training.attack.kind == "none":
        problems.append(
            "training.attack.kind: expected an attack, round whose point "
            "training.certified of kind 'sabr' bounds, got 'none'"
        )
    if network.architecture == "mathworks" and training.certified.kind != "none":
        problems.append(
            "training.certified.kind: expected 'none' for architecture 'mathworks', "
            f"whose layer normalisation has no such bound, got {training.certified.kind!r}"
        )
    if network.architecture == "mathworks" and network.polarity != "free":
        problems.append(
            "network.polarity: expected 'free' for architecture 'mathworks', "
            f"got {network.polarity!r}"
        )
    return problems
