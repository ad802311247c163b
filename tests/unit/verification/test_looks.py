"""Every opening of the test split is on record, once for a model, and stays there."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.datasets import dataset_of
from verification.looks import Looks, recordings_digest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def looks(tmp_path: Path) -> Looks:
    """A record that does not exist yet, in a folder that does not either."""
    return Looks(tmp_path / "reports" / "looks.jsonl", "physionet2017", "d" * 64, "m" * 64)


def test_a_model_that_was_never_judged_is_not_on_record(looks: Looks) -> None:
    """To ask is no opening: nothing is written."""
    assert not looks.on_record
    assert not looks.path.parent.exists()


def test_an_opening_is_written_down_whole(looks: Looks) -> None:
    """Date, split, where the data come from, their digest and the model's, and its number."""
    before = datetime.now(UTC).date().isoformat()
    looks.record()
    look = json.loads(looks.path.read_text(encoding="utf-8"))
    assert before <= look.pop("date") <= datetime.now(UTC).date().isoformat()
    assert look == {
        "format": 1,
        "number": 1,
        "split": "test",
        "scope": "physionet2017",
        "data": "d" * 64,
        "model": "m" * 64,
    }
    assert looks.on_record


def test_a_repeat_is_no_new_opening(looks: Looks) -> None:
    """Judging the same model again shows nothing new, and leaves the record as it is."""
    looks.record()
    first = looks.path.read_bytes()
    looks.record()
    replace(looks).record()
    assert looks.path.read_bytes() == first


def test_each_model_is_an_opening_of_its_own(looks: Looks) -> None:
    """A second model is appended and numbered; no earlier byte changes."""
    looks.record()
    first = looks.path.read_bytes()
    second = replace(looks, model="n" * 64)
    assert not second.on_record
    second.record()
    content = looks.path.read_bytes()
    assert content.startswith(first)
    assert [json.loads(line)["number"] for line in content.splitlines()] == [1, 2]
    assert looks.on_record
    assert second.on_record


def test_other_recordings_are_a_new_opening(looks: Looks) -> None:
    """A model that was judged on some recordings is not on record for more of them."""
    looks.record()
    more = replace(looks, data="e" * 64)
    assert not more.on_record
    more.record()
    assert more.on_record
    assert len(looks.path.read_text(encoding="utf-8").splitlines()) == 2


def test_recordings_are_told_by_name_label_and_samples() -> None:
    """The digest is that of sorted lines, so it hangs neither on the order nor on the split."""
    recordings = dataset_of("NA")
    lines = [
        f"R000\0N\0{recordings.digests[0]}\n",
        f"R001\0A\0{recordings.digests[1]}\n",
    ]
    expected = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert recordings_digest(recordings) == expected
    turned = replace(
        recordings,
        names=recordings.names[::-1],
        labels=recordings.labels[::-1],
        digests=recordings.digests[::-1],
        splits=np.array(["test", "train"]),
    )
    assert recordings_digest(turned) == expected


def test_a_label_or_a_sample_makes_other_recordings() -> None:
    """Fewer recordings, another label, name or sample each have another digest."""
    one = dataset_of("NA")
    others = [
        one.where(np.array([True, False])),
        replace(one, labels=np.array(["N", "O"])),
        replace(one, names=np.array(["R000", "R002"])),
        replace(one, digests=one.digests[::-1]),
    ]
    assert len({recordings_digest(each) for each in (one, *others)}) == 5


def test_a_record_that_cannot_be_read_opens_nothing(looks: Looks) -> None:
    """A damaged line is not passed over: whether the split was opened is then not known."""
    looks.record()
    with looks.path.open("a", encoding="utf-8") as file:
        file.write("{half a li")
    content = looks.path.read_bytes()
    with pytest.raises(ValueError, match="Expecting"):
        replace(looks, model="n" * 64).record()
    assert looks.path.read_bytes() == content


def test_a_look_that_was_cut_short_is_told(looks: Looks) -> None:
    """A record that cannot be read hides no opening: nothing goes on until it is mended."""
    looks.record()
    whole = looks.path.read_text(encoding="utf-8")
    looks.path.write_text(whole[:-20], encoding="utf-8")
    with pytest.raises(ValueError, match=r"looks\.jsonl: expected one look a line as JSON, got "):
        _ = looks.on_record
