"""The cache of prepared recordings, and the manifest: what is on disk and what it survives."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from afib.dataset import (
    Dataset,
    check_against,
    manifest,
    prepare,
    read_manifest,
    write_manifest,
)
from afib.errors import ManifestError, SourceError
from afib.settings import load_settings
from tests.support.recordings import ListedRecordings, recording

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SETTINGS = load_settings("physionet2017")


def _source(fingerprint: str = "listed", *, count: int = 4) -> ListedRecordings:
    recordings = [
        recording(f"A{number}", label="NAO~"[number % 4], samples=3000 + number, seed=number)
        for number in range(count)
    ]
    return ListedRecordings(recordings, fingerprint=fingerprint)


def _prepare(source: ListedRecordings, cache: Path | None) -> Dataset:
    return prepare(source, SETTINGS, cache, progress=False)


def _assert_equal(ours: Dataset, theirs: Dataset) -> None:
    for field in dataclasses.fields(Dataset):
        mine, yours = getattr(ours, field.name), getattr(theirs, field.name)
        if field.name == "signals":
            assert all(map(np.array_equal, mine, yours))
            assert len(mine) == len(yours)
        elif field.name == "label_versions":
            assert {version: labels.tolist() for version, labels in mine.items()} == {
                version: labels.tolist() for version, labels in yours.items()
            }
        elif isinstance(mine, np.ndarray):
            np.testing.assert_array_equal(mine, yours)
            assert mine.dtype == yours.dtype
        else:
            assert mine == yours


def test_the_second_reading_comes_from_the_cache(tmp_path: Path) -> None:
    """It is equal in every column, and the source is not read again."""
    source = _source()
    first = _prepare(source, tmp_path / "cache")
    second = _prepare(source, tmp_path / "cache")
    assert source.times_read == 1
    _assert_equal(second, first)
    _assert_equal(second, _prepare(_source(), None))


def test_another_content_is_another_file(tmp_path: Path) -> None:
    """A new fingerprint or rate never meets what was kept for another."""
    _prepare(_source("one"), tmp_path)
    other = _source("two", count=2)
    assert len(_prepare(other, tmp_path)) == 2
    preprocessing = dataclasses.replace(SETTINGS.preprocessing, rate_hz=100.0)
    settings = dataclasses.replace(SETTINGS, preprocessing=preprocessing)
    again = _source("one")
    assert len(prepare(again, settings, tmp_path, progress=False).signals[0]) == 1000
    assert again.times_read == 1
    assert len(list(tmp_path.iterdir())) == 3


def test_splits_are_not_cached(tmp_path: Path) -> None:
    """Another seed splits the cached recordings anew."""
    source = _source(count=12)
    first = _prepare(source, tmp_path)
    split = dataclasses.replace(SETTINGS.data.split, seed=99)
    data = dataclasses.replace(SETTINGS.data, split=split)
    second = prepare(source, dataclasses.replace(SETTINGS, data=data), tmp_path, progress=False)
    assert source.times_read == 1
    assert first.folds.tolist() != second.folds.tolist()


def _truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _flipped(content: bytes) -> bytes:
    damaged = bytearray(content)
    damaged[len(content) // 3] ^= 0x10
    return bytes(damaged)


@pytest.mark.parametrize(
    "damage", [_truncated, _flipped, lambda _: b"", lambda _: b"PK\x03\x04 no archive"]
)
def test_a_damaged_cache_is_made_again(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    """Truncated, flipped, emptied or replaced: the recordings are read anew and kept."""
    _prepare(_source(), tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    source = _source()
    _assert_equal(_prepare(source, tmp_path), _prepare(_source(), None))
    assert source.times_read == 1
    _prepare(source, tmp_path)
    assert source.times_read == 1


@pytest.mark.parametrize(
    "change",
    [
        {"offsets": np.array([0, 600, 1200, 1800, 999_999])},
        {"offsets": np.array([0, 600])},
        {"names": np.array(["A0"])},
        {"names": np.arange(4)},
        {"peak_mv": np.zeros(4)},
        {"labels_v3": np.array(["N"])},
        {"extra": np.zeros(4)},
    ],
    ids="-".join,
)
def test_a_cache_that_contradicts_itself_is_made_again(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    """A sound archive with the wrong arrays in it counts as damaged."""
    _prepare(_source(), tmp_path)
    (file,) = tmp_path.iterdir()
    with np.load(file) as stored:
        arrays = dict(stored)
    np.savez(file, **(arrays | change))
    source = _source()
    _assert_equal(_prepare(source, tmp_path), _prepare(_source(), None))
    assert source.times_read == 1


def test_an_interrupted_reading_leaves_nothing_half(tmp_path: Path) -> None:
    """If the source fails, no file is left that could be taken for a whole one."""

    class Fails(ListedRecordings):
        def recordings(self) -> Any:  # noqa: ANN401  (it returns nothing)
            yield from super().recordings()
            raise SourceError("A9: damaged")

    with pytest.raises(SourceError, match="A9: damaged"):
        _prepare(Fails([recording()]), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A file in place of the folder gives one sentence."""
    (tmp_path / "cache").write_text("")
    with pytest.raises(SourceError, match="cache: expected a folder to write, got "):
        _prepare(_source(), tmp_path / "cache")


def _manifest(source: ListedRecordings | None = None) -> dict[str, Any]:
    source = source or _source()
    return manifest(_prepare(source, None), source, SETTINGS)


def test_a_manifest_names_everything_that_was_used() -> None:
    """Scope, label version, split, files, counts and one row a recording."""
    source = _source()
    dataset = _prepare(source, None)
    document = manifest(dataset, source, SETTINGS)
    assert document["format"] == 1
    assert (document["scope"], document["rehearsal"]) == ("physionet2017", False)
    assert document["label_version"] == "v3"
    assert document["split"]["seed"] == 17
    assert document["files"] == {"REFERENCE-v3.csv": "ab" * 32}
    assert document["columns"] == ["name", "label", "split", "fold", "sha256"]
    assert document["recordings"][1] == [
        "A1",
        "A",
        dataset.splits[1],
        dataset.folds[1],
        dataset.digests[1],
    ]
    assert sum(sum(found.values()) for found in document["counts"].values()) == 4
    assert list(document["counts"]) == ["train", "validation", "calibration", "test"]


def test_a_manifest_has_one_recording_a_line_and_always_the_same_bytes(tmp_path: Path) -> None:
    """Two writings agree to the byte, and a changed label is a changed line."""
    for name in ("a.json", "b.json"):
        write_manifest(_manifest(), tmp_path / name)
    text = (tmp_path / "a.json").read_text()
    assert (tmp_path / "b.json").read_text() == text
    rows = [line for line in text.splitlines() if line.startswith('    ["A')]
    assert len(rows) == 4
    assert json.loads(text) == _manifest()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json"]


def test_a_manifest_is_read_back(tmp_path: Path) -> None:
    """What was written is what is read."""
    write_manifest(_manifest(), tmp_path / "deep" / "m.json")
    assert read_manifest(tmp_path / "deep" / "m.json") == _manifest()


def test_a_dataset_fits_its_own_manifest() -> None:
    """No difference is found where there is none."""
    assert check_against(_prepare(_source(), None), _manifest()) == []


def test_every_difference_from_a_manifest_is_told() -> None:
    """A changed sample, label or scope, a missing and an extra recording each have a sentence."""
    document = _manifest()
    document["scope"] = "synthetic"
    document["recordings"][0][1] = "A"
    document["recordings"][1][4] = "0" * 64
    document["recordings"][3][0] = "B7"
    dataset = _prepare(_source(), None)
    assert check_against(dataset, document) == [
        "manifest: expected scope 'synthetic', got 'physionet2017'",
        "A0: expected label A, got N",
        f"A1: expected sha256 {'0' * 64}, got {dataset.digests[1]}",
        "A3: expected no such recording, got one",
        "B7: expected this recording, got none",
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"format": 2}, "format: expected 1, got 2"),
        ({"rehearsal": "no"}, "rehearsal: expected a value of kind bool, got str"),
        ({"recordings": None}, "recordings: expected a value of kind list, got NoneType"),
        ({"note": "x"}, "note: expected no such key"),
        (
            {"columns": ["name"]},
            "columns: expected ['name', 'label', 'split', 'fold', 'sha256'], got ['name']",
        ),
        (
            {"recordings": [["A1", "N", "train", 0]]},
            'recordings[0]: expected name, label, split, fold, sha256, got ["A1", "N", "train", 0]',
        ),
        (
            {"recordings": [["A1", "N", "held out", 0, "0" * 64]]},
            "recordings[0]: expected name, label, split, fold, sha256, "
            'got ["A1", "N", "held out", 0, "' + "0" * 52,
        ),
        (
            {"recordings": [["A2", "N", "test", 0, "0" * 64], ["A1", "N", "test", 0, "0" * 64]]},
            "recordings: expected each name once, sorted, got another order",
        ),
    ],
)
def test_a_damaged_manifest_is_refused(
    tmp_path: Path, change: dict[str, Any], problem: str
) -> None:
    """What is wrong is told with its place in the file."""
    path = tmp_path / "m.json"
    path.write_text(json.dumps(_manifest() | change))
    with pytest.raises(ManifestError) as caught:
        read_manifest(path)
    assert str(caught.value) == f"{path}: {problem}"


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 100_000])
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: str) -> None:
    """An empty file, broken JSON and a list are no manifests."""
    path = tmp_path / "m.json"
    path.write_text(content)
    with pytest.raises(ManifestError, match=r"m\.json: expected "):
        read_manifest(path)
    with pytest.raises(ManifestError, match=r"expected a manifest, got No such file"):
        read_manifest(tmp_path / "missing.json")
