"""Certificates that are wrong in one place: each is refused, and none crashes the checker."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.checking import BASE, REFUSED, VALID, Arrays, Document, run, written
from tests.support.tiny_models import TinyModel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Change: TypeAlias = "Callable[[Document, Arrays, int], None]"


def _tighter(prefix: str, by: float) -> Change:
    """A claim moved to its tight side by a millionth."""

    def change(_: Document, arrays: Arrays, entry: int) -> None:
        names = sorted(name for name in arrays if name.startswith(prefix))
        values = arrays[names[entry % len(names)]]
        values.flat[entry % values.size] += by * (1 + abs(values.flat[entry % values.size]))

    return change


def _scaled(name: str, factor: float) -> Change:
    def change(_: Document, arrays: Arrays, __: int) -> None:
        arrays[name] = (arrays[name] * factor).astype(arrays[name].dtype)

    return change


def _moved(name: str, by: float) -> Change:
    """One entry of an array moved."""

    def change(_: Document, arrays: Arrays, entry: int) -> None:
        arrays[name].flat[entry % arrays[name].size] += by

    return change


def _stated_array(name: str, values: object) -> Change:
    def change(_: Document, arrays: Arrays, __: int) -> None:
        arrays[name] = np.asarray(values)

    return change


def _set(prefix: str, value: float) -> Change:
    """One entry of one of the arrays set to a value that it cannot have."""

    def change(_: Document, arrays: Arrays, entry: int) -> None:
        names = sorted(n for n in arrays if n.startswith(prefix) and arrays[n].dtype.kind == "f")
        names = [name for name in names if arrays[name].size]
        values = arrays[names[entry % len(names)]]
        values.flat[entry % values.size] = value

    return change


def _stated(key: str, value: object) -> Change:
    def change(document: Document, _: Arrays, __: int) -> None:
        document[key] = value(document[key]) if callable(value) else value

    return change


def _swapped_bounds(_: Document, arrays: Arrays, entry: int) -> None:
    layer = entry % 4
    one, other = f"box0.lower.{layer}", f"box0.upper.{layer}"
    arrays[one], arrays[other] = arrays[other], arrays[one]


def _sign(prefix: str) -> Change:
    """One whole array turned over."""

    def change(_: Document, arrays: Arrays, entry: int) -> None:
        names = sorted(name for name in arrays if name.startswith(prefix))
        name = names[entry % len(names)]
        arrays[name] = -arrays[name]

    return change


def _missing(_: Document, arrays: Arrays, entry: int) -> None:
    del arrays[sorted(arrays)[entry % len(arrays)]]


def _shape(_: Document, arrays: Arrays, entry: int) -> None:
    name = sorted(arrays)[entry % len(arrays)]
    arrays[name] = arrays[name][None]


def _kind(_: Document, arrays: Arrays, entry: int) -> None:
    name = sorted(arrays)[entry % len(arrays)]
    arrays[name] = arrays[name].astype(np.complex128)


def _halves(document: Document, _: Arrays, __: int) -> None:
    document["tree"]["halves"].reverse()


def _one_half_twice(document: Document, _: Arrays, __: int) -> None:
    document["tree"]["halves"][1] = document["tree"]["halves"][0]


def _half(document: Document, _: Arrays, __: int) -> None:
    document["tree"] = document["tree"]["halves"][0]


def _hidden_half(document: Document, arrays: Arrays, __: int) -> None:
    """One half alone, with all that belongs to the other taken away."""
    document["tree"] = document["tree"]["halves"][0]
    document |= {"boxes": 1, "leaves": 2}
    for name in [name for name in arrays if name.startswith(("box1", "leaf2", "leaf3"))]:
        del arrays[name]


def _hidden_side(document: Document, arrays: Arrays, __: int) -> None:
    """A ReLU's side taken away, and the other one said to be all."""
    below = document["tree"]["halves"][1]
    below["below"] = below["below"]["sides"][0]
    document["leaves"] = 3
    for name in [name for name in arrays if name.startswith("leaf3")]:
        del arrays[name]


def _side_twice(document: Document, _: Arrays, __: int) -> None:
    node = document["tree"]["halves"][0]["below"]
    node["sides"][1] = node["sides"][0]


def _relu(place: list[object]) -> Change:
    def change(document: Document, _: Arrays, __: int) -> None:
        document["tree"]["halves"][0]["below"]["relu"] = place

    return change


def _deep(document: Document, _: Arrays, entry: int) -> None:
    node = document["tree"]
    for __ in range(450 + entry % 2):
        node = {"parameter": 0, "halves": [node, {"leaf": 0}]}
    document["tree"] = node


def _more(name: str) -> Change:
    def change(_: Document, arrays: Arrays, __: int) -> None:
        arrays[name] = np.zeros(3)

    return change


def _next_tap(_: Document, arrays: Arrays, __: int) -> None:
    """The largest tap by one place of float32: no filter that any device has."""
    middle = arrays["taps"].argmax()
    arrays["taps"][middle] = np.nextafter(arrays["taps"][middle], np.float32(1))


def _one_signal(document: Document, arrays: Arrays, __: int) -> None:
    """Nothing may move: that is no robustness, however true."""
    document["disturbance"]["radius_mv"] = 0.0
    arrays["half_widths"] *= 0.0


MUTATIONS: dict[str, Change] = {
    "a lower bound raised": _tighter("box0.lower", 1e-6),
    "an upper bound lowered": _tighter("box1.upper", -1e-6),
    "bounds turned over": _sign("box0.lower"),
    "lower and upper swapped": _swapped_bounds,
    "slope above 1": _set("leaf0.slopes", 1.01),
    "slope below 0": _set("leaf1.slopes", -0.01),
    "slope that is no number": _set("leaf1.slopes", float("nan")),
    "multiplier below 0": _set("leaf0.multipliers", -1e-9),
    "multiplier of another leaf's size": _set("leaf0.multipliers", 1e3),
    "not a number anywhere": _set("", float("nan")),
    "infinite anywhere": _set("", float("inf")),
    "another sample": _moved("signal_mv", 1e-4),
    "another network sample": _moved("network_mv", 1e-3),
    "another index": _moved("indices", 1),
    "another sign": _scaled("signs", -1),
    "signs that are none": _stated_array("signs", np.full(3, 1.5)),
    "another tap": _moved("taps", 1e-4),
    "a tap next to it": _next_tap,
    "one tap": _stated_array("taps", np.ones(1, dtype=np.float32)),
    "taps scaled": _scaled("taps", 1.001),
    "generators scaled": _scaled("generators", 1.01),
    "half widths larger": _scaled("half_widths", 1.01),
    "half width below 0": _scaled("half_widths", -1.0),
    "threshold": _stated("threshold", lambda value: value + 0.01),
    "rhythm": _stated("rhythm", lambda value: "normal" if value == "AFib" else "AFib"),
    "no rhythm": _stated("rhythm", "other"),
    "radius larger": _stated("disturbance", lambda d: d | {"radius_mv": 1.01 * d["radius_mv"]}),
    "radius below 0": _stated("disturbance", lambda d: d | {"radius_mv": -d["radius_mv"]}),
    "radius not a number": _stated("disturbance", lambda d: d | {"radius_mv": float("nan")}),
    "radius in a list": _stated("disturbance", lambda d: d | {"radius_mv": [d["radius_mv"]]}),
    "radius that is none": _stated("disturbance", lambda d: d | {"radius_mv": False}),
    "parameters as text": _stated("disturbance", lambda d: d | {"parameters": "ab"}),
    "parameters of one name": _stated("disturbance", lambda d: d | {"parameters": ["a", "a"]}),
    "one parameter less": _stated("disturbance", lambda d: d | {"parameters": ["one"]}),
    "another signal": _stated("signal_sha256", "0" * 64),
    "another model": _stated("model_digest", "0" * 64),
    "other weights": _stated("tensors_sha256", "0" * 64),
    "another rate": _stated("rate_hz", 49.0),
    "rate as text": _stated("rate_hz", "50.0"),
    "no rate": _stated("rate_hz", 0.0),
    "a tiny rate": _stated("rate_hz", 1e-300),
    "another place": _stated("at", "network"),
    "no place": _stated("at", "somewhere"),
    "another filter": _stated("filter", {"up": 1, "down": 6}),
    "no filter": _stated("filter", None),
    "another format": _stated("format", 1),
    "another arithmetic": _stated("arithmetic", lambda a: a | {"unit": 2.0**-25}),
    "a larger margin": _stated("margin", lambda value: 1.01 * value),
    "no margin": _stated("margin", 0.0),
    "a margin below 0": _stated("margin", lambda value: -value),
    "a margin that is no number": _stated("margin", float("nan")),
    "a margin that is text": _stated("margin", "much"),
    "a node with more": _stated("tree", lambda node: node | {"note": 1}),
    "a set of one signal": _one_signal,
    "slopes for one layer alone": _more("box0.lower.3.0"),
    "more boxes": _stated("boxes", 3),
    "fewer boxes": _stated("boxes", 1),
    "boxes without end": _stated("boxes", 10**18),
    "more leaves": _stated("leaves", 5),
    "an array missing": _missing,
    "an array of another shape": _shape,
    "an array of another type": _kind,
    "an array too many": _more("leaf9.multipliers"),
    "halves swapped": _halves,
    "one half twice": _one_half_twice,
    "half of the set": _half,
    "half of the set, well hidden": _hidden_half,
    "a leaf dropped, well hidden": _hidden_side,
    "one side twice": _side_twice,
    "a ReLU that is none": _relu([2, 0, 0, 0]),
    "a ReLU outside": _relu([0, 0, 999, 0]),
    "a ReLU counted from the end": _relu([0, 0, -1, 0]),
    "a ReLU without channel": _relu([0, 0, 0]),
    "a ReLU of text": _relu(["0", 0, 0, 0]),
    "a tree that is a leaf": _stated("tree", {"leaf": 0}),
    "a tree that is none": _stated("tree", [1, 2]),
    "a tree too deep": _deep,
}


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Document, Arrays]:
    """A valid certificate with every feature, and the folder of its model."""
    folder = tmp_path_factory.mktemp("right") / "m"
    document, arrays, _ = written(folder, BASE, threshold=0.1)
    assert run(folder, document, arrays) == VALID
    return folder, document, arrays


@pytest.mark.parametrize("name", MUTATIONS)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(entry=st.integers(0, 10**6))
def test_a_wrong_certificate_is_refused(
    right: tuple[Path, Document, Arrays],
    name: str,
    entry: int,
) -> None:
    """Whatever is changed, and wherever: the certificate is not valid, and nothing crashes."""
    folder, document, arrays = right
    document, arrays = copy.deepcopy(document), {key: each.copy() for key, each in arrays.items()}
    MUTATIONS[name](document, arrays, entry)
    assert run(folder, document, arrays) == REFUSED


@pytest.mark.parametrize("exact", [[], ["--exact"]])
@pytest.mark.parametrize("end", ["lower", "upper"])
def test_every_claim_is_looked_at(
    right: tuple[Path, Document, Arrays], end: str, exact: list[str]
) -> None:
    """A bound of each layer of each box, a millionth too tight, is named."""
    folder, document, arrays = right
    by = 1e-6 if end == "lower" else -1e-6
    layers = (0, 3) if exact else (0, 1, 2, 3)
    for box, layer in [(box, layer) for box in (0, 1) for layer in layers]:
        changed = {key: each.copy() for key, each in arrays.items()}
        values = changed[f"box{box}.{end}.{layer}"]
        values.flat[-1] += by * (1 + abs(values.flat[-1]))
        assert run(folder, document, changed, *exact) == REFUSED


def test_another_model_is_refused(right: tuple[Path, Document, Arrays], tmp_path: Path) -> None:
    """A certificate holds for one model, to the last bit of its weights and its description."""
    folder, document, arrays = right
    model = TinyModel.load(folder)
    weights = {name: each.copy() for name, each in model.weights.items()}
    weights["head.2.bias"][0] = np.nextafter(weights["head.2.bias"][0], np.float32(9))
    other = TinyModel.random(0)
    TinyModel(
        **{name: getattr(model, name) for name in ("kernels", "strides", "threshold")},
        weights=weights,
    ).save(tmp_path / "m")
    assert run(tmp_path / "m", document, arrays) == REFUSED
    other.save(tmp_path / "m")
    assert run(tmp_path / "m", document, arrays) == REFUSED
