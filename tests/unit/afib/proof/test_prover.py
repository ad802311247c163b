"""A prover answers for the device that it was made of, as it is when it is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode

from afib.classifier import Classifier
from afib.decision import Screener, load_screener
from afib.errors import ModelError
from afib.network import PlainNetwork
from afib.proof.certificate import write_certificate
from afib.proof.many import answer, noise_of
from nnassure.attacks import Budget, parameter_attack, portfolio
from nnassure.errors import ArithmeticAssumptionError, NetworkError
from nnassure.perturbation import Ball, offset
from tests.support.models import tiny_checkpoint
from tests.support.uncertain import tiny_device
from tests.unit.afib.proof.test_proving import challenge, stored

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from afib.proof import Kind, Place


def test_a_device_of_another_model_is_refused() -> None:
    """Its rhythm would be proven by weights that do not decide it."""
    other = Screener(Classifier(tiny_checkpoint(seed=1)))
    with pytest.raises(NetworkError, match=r"^device: expected one of the model "):
        challenge(size=0.001).prover(tiny_checkpoint(seed=0), other)


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("kind", ["linf", "offset", "wander-band"])
def test_what_changes_between_two_questions_is_refused(kind: Kind, *, beside: bool) -> None:
    """Of the network that decides, which may be another object than the one that was bounded."""
    question, checkpoint, one = challenge(kind, size=0.001), tiny_checkpoint(), stored()
    deciding = tiny_checkpoint() if beside else checkpoint
    prover = question.prover(checkpoint, Screener(Classifier(deciding)))
    assert answer(question, prover, one).rhythm is not None
    network = deciding.network
    network.train()
    with pytest.raises(NetworkError, match=r"^network: expected it in use"):
        answer(question, prover, one)
    network.eval()
    hook = network.register_forward_hook(lambda _, __, found: -found)
    with pytest.raises(NetworkError, match="got hooks"):
        answer(question, prover, one)
    hook.remove()
    (weight, *_) = network.parameters()
    before = weight.detach().clone()
    with torch.no_grad():
        weight.mul_(-1.3)
    with pytest.raises(NetworkError, match=r"^network: expected the weights that were taken"):
        answer(question, prover, one)
    with torch.no_grad():
        weight.copy_(before)
    torch.set_float32_matmul_precision("medium")
    try:
        with pytest.raises(ArithmeticAssumptionError):
            answer(question, prover, one)
    finally:
        torch.set_float32_matmul_precision("highest")


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [(0, "stride", (5,)), (0, "padding", (1,)), (0, "groups", 2)],
)
def test_a_part_that_is_set_otherwise_between_two_questions_is_refused(
    part: int, name: str, value: object
) -> None:
    """The weights are as they were, and what they compute is not."""
    question, checkpoint = challenge(size=0.001), tiny_checkpoint()
    prover = question.prover(checkpoint)
    network = checkpoint.network
    assert isinstance(network, PlainNetwork)
    setattr(network.features[part], name, value)
    with pytest.raises(NetworkError, match=rf"^network: expected network.features.{part} Conv1d "):
        answer(question, prover, stored())
    other = torch.nn.GELU()
    network.features[1] = other.eval()
    with pytest.raises(NetworkError, match=r"^network: expected "):
        answer(question, prover, stored())


@pytest.mark.parametrize("part", ["", "features", "head.2"])
def test_another_class_of_the_same_name_is_refused(part: str) -> None:
    """It has the weights and the settings, and may compute something else."""
    question, checkpoint, one = challenge(size=0.001), tiny_checkpoint(), stored()
    prover = question.prover(checkpoint)
    assert answer(question, prover, one).rhythm is not None
    module = checkpoint.network.get_submodule(part)
    kind = type(module)
    # Derived at run time, as some libraries do it to change what a layer computes.
    module.__class__ = type(kind.__name__, (kind,), {})
    with pytest.raises(NetworkError, match=r"^network: expected the classes that were taken"):
        answer(question, prover, one)
    with pytest.raises((NetworkError, ModelError), match="expected"):
        question.prover(checkpoint)


def test_a_mode_that_stands_in_for_functions_is_refused() -> None:
    """What torch computes under it is not known."""

    class Standing(TorchFunctionMode):
        """Does as it is asked, as far as anybody can tell."""

        def __torch_function__(
            self,
            func: Callable[..., object],
            types: object,
            args: tuple[object, ...] = (),
            kwargs: dict[str, object] | None = None,
        ) -> object:
            return func(*args, **(kwargs or {}))

    question, one = challenge(size=0.001), stored()
    prover = question.prover(tiny_checkpoint())
    with Standing(), pytest.raises(NetworkError, match=r"^torch: expected no mode "):
        answer(question, prover, one)


def test_a_network_that_reads_otherwise_than_its_model_says_is_refused() -> None:
    """Bounds speak of what the settings of the model say."""
    checkpoint = tiny_checkpoint()
    network = checkpoint.network
    assert isinstance(network, PlainNetwork)
    network.settings = replace(network.settings, polarity="invariant")
    with pytest.raises(NetworkError, match=r"^network: expected the settings of its model"):
        challenge(size=0.001).prover(checkpoint)


@pytest.mark.parametrize("kind", ["linf", "offset", "wander-band"])
def test_another_logit_than_that_of_the_bounded_layers_is_refused(
    monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    """Whatever makes them differ, no bound speaks of what decides then."""
    question, real = challenge(kind, size=0.001), Classifier.logits
    prover = question.prover(tiny_checkpoint())
    monkeypatch.setattr(Classifier, "logits", lambda self, signals: real(self, signals) + 0.01)
    with pytest.raises(NetworkError, match=r"^network: expected the logit "):
        answer(question, prover, stored())


@pytest.mark.parametrize("at", ["recorder", "network"])
@pytest.mark.parametrize("kind", ["linf", "offset", "wander-band"])
def test_beside_a_gate_no_decision_is_said_to_be_certified(
    tmp_path: Path, kind: Kind, at: Place
) -> None:
    """Its scores have no bound: what is proven of the rhythm says nothing of abstentions."""
    device = load_screener(tiny_device(tmp_path / "m", threshold=-3.0))
    checkpoint = tiny_checkpoint(threshold=-3.0)
    question, one = challenge(kind, at, size=1e-4), stored()
    alone = answer(question, question.prover(checkpoint), one)
    assert (alone.outcome, alone.may_abstain, alone.certified_decision) == (
        "certified",
        False,
        True,
    )
    if device.decide(one).abstained:
        pytest.fail("expected a recording that the gate accepts")
    gated = answer(question, question.prover(checkpoint, device), one)
    assert (gated.outcome, gated.rhythm) == ("certified", alone.rhythm)
    assert gated.may_abstain in {True, "unknown"}
    assert not gated.certified_decision


def test_each_question_has_a_certificate_of_its_own(tmp_path: Path) -> None:
    """Another kind, size or place is another file; the same question is the same one."""
    checkpoint, one = tiny_checkpoint(threshold=-3.0), stored()
    asked: tuple[tuple[Kind, Place, float], ...] = (
        ("linf", "recorder", 1e-4),
        ("linf", "recorder", 2e-4),
        ("linf", "network", 1e-4),
        ("offset", "recorder", 1e-4),
        ("offset", "recorder", 2e-4),
    )
    paths = []
    for kind, at, size in (*asked, asked[0]):
        question = challenge(kind, at, size=size)
        prover = question.prover(checkpoint)
        noise = noise_of(question, one, checkpoint.settings)
        known = prover.prove(one, noise, at=at, seed=3)
        paths.append(write_certificate(tmp_path, prover, one, noise, known, at=at))
    assert paths[0] == paths[-1]
    assert len(set(paths)) == len(asked) == len(list(tmp_path.iterdir()))


def test_attacks_end_when_time_is_out() -> None:
    """No run is begun after the one in which the time ran out."""
    asked = 0

    def margin(signals: torch.Tensor) -> torch.Tensor:
        nonlocal asked
        asked += 1
        return 9.0 + 0.0 * signals.sum(dim=1)

    signals = torch.from_numpy(np.zeros((1, 8), dtype=np.float32))
    counts = []
    for out in (lambda: True, None):
        asked = 0
        ball, budget = Ball(radius_mv=0.1), Budget(art_restarts=0, queries=20)
        portfolio(margin, signals, ball, budget=budget, seed=0, out_of_time=out)
        parameter_attack(
            margin, signals, [offset(8, 0.1)], steps=3, restarts=40, seed=0, out_of_time=out
        )
        counts.append(asked)
    assert counts[0] < counts[1] / 4


@pytest.mark.parametrize("kind", ["linf", "wander-band"])
def test_a_question_without_time_has_few_margins_asked(
    monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    """Once the time is out, no further run of an attack and no further piece is begun."""
    question, checkpoint, one = challenge(kind, size=30.0, restarts=20), tiny_checkpoint(), stored()
    asked, real = [0], Classifier._differences

    def counted(self: Classifier, pieces: torch.Tensor) -> torch.Tensor:
        asked[0] += 1
        return real(self, pieces)

    monkeypatch.setattr(Classifier, "_differences", counted)
    counts = []
    for seconds in (1e-6, 20.0):
        asked[0] = 0
        short = replace(question, seconds=seconds)
        found = answer(short, short.prover(checkpoint), one)
        assert found.outcome == "unknown"
        counts.append(asked[0])
    assert counts[0] < counts[1] / 2
