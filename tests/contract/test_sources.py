"""Where labelled recordings come from, and what happens when a part of them is missing."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from afib.errors import SourceError
from afib.settings import load_settings
from afib.sources import SyntheticCohort, cache_folder, open_source
from tests.support.cohorts import cohort_settings
from tests.support.recordings import physionet_files, wfdb_record, write_files, write_zip

if TYPE_CHECKING:
    from pathlib import Path

    from afib.settings import DataSettings

LABELS = {"A00003": "N", "A00001": "A", "A00002": "O", "A00004": "~"}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VERICASE_DATA", "VERICASE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)


def _settings(**changes: Any) -> DataSettings:  # noqa: ANN401  (any field of the settings)
    return dataclasses.replace(load_settings("physionet2017").data, **changes)


def _label_file(labels: dict[str, str]) -> bytes:
    return "".join(f"{name},{label}\n" for name, label in labels.items()).encode()


def _physionet(root: Path, *, unpacked: bool = False) -> Path:
    """A data folder that holds PhysioNet 2017 in small, as an archive or unpacked."""
    folder = root / "physionet2017"
    older = LABELS | {"A00004": "N"}
    write_files(
        folder, {"REFERENCE-v3.csv": _label_file(LABELS), "REFERENCE-v2.csv": _label_file(older)}
    )
    files = {f"training2017/{name}": data for name, data in physionet_files(LABELS).items()}
    files["training2017/RECORDS"] = b"A00001\n"
    if unpacked:
        write_files(folder, files)
    else:
        write_zip(folder / "training2017.zip", files)
    return root


def _error(settings: DataSettings, root: Path | None) -> str:
    with pytest.raises(SourceError) as caught:
        list(open_source(settings, root, progress=False).recordings())
    return str(caught.value)


@pytest.mark.parametrize("unpacked", [False, True])
def test_recordings_come_sorted_with_their_labels(tmp_path: Path, *, unpacked: bool) -> None:
    """Each recording carries its label of the chosen version."""
    source = open_source(_settings(), _physionet(tmp_path, unpacked=unpacked), progress=False)
    found = [(one.name, one.label) for one in source.recordings()]
    assert found == sorted(LABELS.items())
    assert (source.name, len(source)) == ("physionet2017", 4)


def test_an_archive_and_its_unpacked_folder_are_the_same_data(tmp_path: Path) -> None:
    """Digests of recordings and of what was read agree, so a manifest does too."""
    packed = open_source(_settings(), _physionet(tmp_path / "a"), progress=False)
    unpacked = open_source(_settings(), _physionet(tmp_path / "b", unpacked=True), progress=False)
    digests = [[one.digest for one in source.recordings()] for source in (packed, unpacked)]
    assert digests[0] == digests[1]
    assert packed.file_digests() == unpacked.file_digests()
    names = ["REFERENCE-v2.csv", "REFERENCE-v3.csv", "training2017"]
    assert sorted(packed.file_digests()) == names


def test_all_versions_of_the_labels_are_known(tmp_path: Path) -> None:
    """Label stability can be measured beside the chosen version."""
    source = open_source(_settings(label_version="v2"), _physionet(tmp_path), progress=False)
    versions = source.label_versions()
    assert sorted(versions) == ["v2", "v3"]
    assert (versions["v2"]["A00004"], versions["v3"]["A00004"]) == ("N", "~")
    assert [one.label for one in source.recordings()][-1] == "N"


def test_a_limit_keeps_the_first_names(tmp_path: Path) -> None:
    """A quick run reads fewer recordings, always the same ones."""
    source = open_source(_settings(limit=2), _physionet(tmp_path), progress=False)
    assert [one.name for one in source.recordings()] == ["A00001", "A00002"]
    assert len(source) == 2


@pytest.mark.parametrize("unpacked", [False, True])
def test_the_fingerprint_follows_the_content(tmp_path: Path, *, unpacked: bool) -> None:
    """A changed sample, label, version or limit changes it; reading again does not."""
    root = _physionet(tmp_path, unpacked=unpacked)

    def fingerprint(**changes: Any) -> str:  # noqa: ANN401  (any field of the settings)
        return open_source(_settings(**changes), root, progress=False).fingerprint()

    first = fingerprint()
    assert fingerprint() == first
    assert len({first, fingerprint(limit=2), fingerprint(label_version="v2")}) == 3
    labels = root / "physionet2017" / "REFERENCE-v3.csv"
    labels.write_bytes(labels.read_bytes().replace(b"A00003,N", b"A00003,O"))
    relabelled = fingerprint()
    assert relabelled != first
    files = physionet_files(LABELS)
    changed = files["A00001.mat"][:-1] + b"\x01"
    if unpacked:
        write_files(root / "physionet2017" / "training2017", {"A00001.mat": changed})
    else:
        write_zip(root / "physionet2017" / "training2017.zip", files | {"A00001.mat": changed})
    assert fingerprint() not in {first, relabelled}


def test_the_environment_names_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VERICASE_DATA counts unless the caller names a folder."""
    monkeypatch.setenv("VERICASE_DATA", str(_physionet(tmp_path)))
    assert len(open_source(_settings(), None, progress=False)) == 4


def test_a_folder_without_the_data_is_told(tmp_path: Path) -> None:
    """The message says what is looked for, and what happens without the variable."""
    assert _error(_settings(), tmp_path) == (
        f"{tmp_path}: expected the folder physionet2017 in it, got none; "
        "without VERICASE_DATA the recordings are downloaded"
    )
    folder = tmp_path / "physionet2017"
    folder.mkdir()
    assert _error(_settings(), tmp_path) == (
        f"{folder}: expected training2017.zip or the folder training2017, got neither"
    )


def test_labels_and_recordings_have_to_match(tmp_path: Path) -> None:
    """Missing on either side is refused before anything is read."""
    root = _physionet(tmp_path)
    labels = {name: "N" for name in LABELS if name != "A00002"} | {"A09999": "A"}
    path = root / "physionet2017" / "REFERENCE-v3.csv"
    path.write_bytes(_label_file(labels))
    archive = root / "physionet2017" / "training2017.zip"
    unlabelled = f"{path}: expected a label for every recording, got none for A00002"
    missing = f"{archive}: expected a recording for every label, got none for A09999"
    assert _error(_settings(), root) == f"{unlabelled}\n{missing}"


def test_a_version_of_the_labels_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The message lists the versions there are."""
    root = _physionet(tmp_path)
    assert _error(_settings(label_version="v7"), root) == (
        f"{root / 'physionet2017'}: expected labels v7, got v2, v3"
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"A00001,N\nA00002;A\n", "2: expected name,label with one of N, A, O, ~, got 'A00002;A'"),
        (b"A00001,X\n", "1: expected name,label with one of N, A, O, ~, got 'A00001,X'"),
        (b"A00001,N\nA00001,A\n", "2: expected each name once, got A00001 again"),
        (b"", " expected at least one label, got none"),
        (b"A00001,\xd1\n", " expected ASCII text, got other bytes"),
    ],
)
def test_a_damaged_label_file_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    """Every label is known, and every name has one."""
    root = _physionet(tmp_path)
    path = root / "physionet2017" / "REFERENCE-v3.csv"
    path.write_bytes(content)
    assert _error(_settings(), root) == f"{path}:{problem}"


def test_damaged_recordings_are_all_named(tmp_path: Path) -> None:
    """Two damaged recordings give two sentences in one error."""
    root = _physionet(tmp_path, unpacked=True)
    for name in ("A00001.mat", "A00003.mat"):
        path = root / "physionet2017" / "training2017" / name
        path.write_bytes(path.read_bytes()[:-2])
    problems = _error(_settings(), root).split("\n")
    assert len(problems) == 2
    assert "A00001.mat: expected" in problems[0]
    assert "A00003.mat: expected" in problems[1]


def test_a_users_folder_is_a_source(tmp_path: Path) -> None:
    """Records of any kind below a folder, labelled by REFERENCE.csv in it."""
    write_files(tmp_path, {f"ward/{name}": data for name, data in wfdb_record("B1").items()})
    csv = b"# rate_hz: 250\nmv\n0.1\n0.2\n"
    write_files(tmp_path, {"C1.csv": csv, "REFERENCE.csv": b"B1,A\nC1,N\n"})
    settings = _settings(source="folder", label_version="reference")
    source = open_source(settings, tmp_path, progress=False)
    assert [(one.name, one.label) for one in source.recordings()] == [("B1", "A"), ("C1", "N")]
    assert source.name == "folder"


def test_a_users_folder_has_to_be_named(tmp_path: Path) -> None:
    """Without a folder, or with one that is not there, one sentence tells."""
    settings = _settings(source="folder", label_version="reference")
    assert _error(settings, None) == (
        "data: expected a folder with recordings, got none; name it or set VERICASE_DATA"
    )
    missing = tmp_path / "missing"
    assert _error(settings, missing) == (
        f"{missing}: expected a folder with recordings, got no such folder"
    )


def test_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    """Two records of one name in different folders cannot both have its label."""
    for ward in ("east", "west"):
        write_files(tmp_path / ward, wfdb_record("B1"))
    write_files(tmp_path, {"REFERENCE.csv": b"B1,A\n"})
    settings = _settings(source="folder", label_version="reference")
    assert _error(settings, tmp_path) == (
        f"{tmp_path}/west/B1.hea: expected each name once, got B1 again"
    )


def test_a_synthetic_cohort_is_a_source() -> None:
    """It reads no file, and its labels are by construction."""
    settings = dataclasses.replace(
        load_settings("synthetic").data, cohort=cohort_settings(normal=2, afib=1)
    )
    source = open_source(settings, None, progress=False)
    names = [one.name for one in source.recordings()]
    assert names == sorted(names)
    assert len(names) == len(source) == 3
    assert source.file_digests() == {}
    labels = source.label_versions()
    assert list(labels) == ["by-construction"]
    assert sorted(labels["by-construction"].values()) == ["A", "N", "N"]


def test_the_fingerprint_of_a_cohort_follows_its_settings() -> None:
    """Seed and counts change it; asking again does not."""
    base = load_settings("synthetic").data

    def fingerprint(seed: int, normal: int) -> str:
        cohort = cohort_settings(seed=seed, normal=normal)
        return SyntheticCohort(dataclasses.replace(base, cohort=cohort)).fingerprint()

    assert fingerprint(1, 2) == fingerprint(1, 2)
    assert len({fingerprint(1, 2), fingerprint(2, 2), fingerprint(1, 3)}) == 3


def test_the_cache_folder_follows_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VERICASE_CACHE, else vericase in XDG_CACHE_HOME, else in ~/.cache."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "vericase"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "vericase"
    monkeypatch.setenv("VERICASE_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
