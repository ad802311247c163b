"""What held-out recordings are opened for is the whole device."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from afib.checkpoint import Checkpoint
from afib.classifier import Classifier
from afib.decision import Screener, load_screener
from tests.support.datasets import dataset_of
from tests.support.uncertain import tiny_device, tiny_uncertainty
from verification.subjects import opened

if TYPE_CHECKING:
    from pathlib import Path

    from afib.dataset import Dataset


def asked(device: Screener, *, on_record: set[str]) -> tuple[Dataset, dict[str, Any]]:
    """What is opened for *device*, and what the record was asked; for those on it alone."""
    # Recordings that are not made anew at will.
    recordings = replace(
        dataset_of("NA"), source="physionet2017", splits=np.array(["test", "train"])
    )
    looked: dict[str, Any] = {}

    def look(name: str, **stated: object) -> object:
        looked.update(stated, name=name)
        return SimpleNamespace() if stated["subject"] in on_record else None

    config: Any = SimpleNamespace(getoption=lambda _: False)
    data: Any = SimpleNamespace(dataset=recordings)
    return opened(config, data, device, cast("Any", look)), looked


def test_the_test_split_is_opened_for_the_device_with_its_gate(tmp_path: Path) -> None:
    """With another gate the same network is another subject, for which the split is sealed."""
    folder = tiny_device(tmp_path / "model")
    device = load_screener(folder)
    given, looked = asked(device, on_record={device.digest})
    assert (given.names.tolist(), looked["name"]) == (["R000"], "test")
    assert (looked["subject"], looked["may_open"]) == (device.digest, False)
    checkpoint = Checkpoint.load(folder)
    assert device.digest != checkpoint.digest
    tiny_uncertainty(checkpoint, ood_threshold=2.0).save(folder)
    with pytest.raises(pytest.skip.Exception, match="sealed for this model"):
        asked(load_screener(folder), on_record={device.digest, checkpoint.digest})


def test_the_test_split_is_opened_for_no_network_alone(tmp_path: Path) -> None:
    """What it would abstain on is not known yet."""
    checkpoint = Checkpoint.load(tiny_device(tmp_path / "model"))
    bare = Screener(Classifier(checkpoint))
    with pytest.raises(pytest.fail.Exception, match="expected a device with a gate"):
        asked(bare, on_record={bare.digest})
