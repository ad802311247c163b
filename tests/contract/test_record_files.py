"""Records in files, folders and archives: which are found, in which order, and what is refused."""

from __future__ import annotations

import os
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from afib.errors import RecordError
from afib.records import (
    Recording,
    content_digest,
    read_any,
    read_archive,
    read_folder,
    read_recording,
    record_names,
)
from tests.support.recordings import (
    edf_file,
    physionet_files,
    steps,
    wfdb_record,
    write_files,
    write_zip,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CSV = b"# rate_hz: 300\nmv\n0.1\n0.2\n"


def _summary(results: Iterable[Recording | RecordError]) -> list[tuple[str, str]]:
    """Name and first letters of the digest, or of the error, of each result."""
    return [
        (one.record, str(one)) if isinstance(one, RecordError) else (one.name, one.digest)
        for one in results
    ]


def _error(path: Path) -> str:
    with pytest.raises(RecordError) as caught:
        read_recording(path)
    return str(caught.value)


@pytest.mark.parametrize("name", ["A00001.hea", "A00001", "A00001.mat"])
def test_a_record_may_be_named_by_any_of_its_files(tmp_path: Path, name: str) -> None:
    """Header, stem and data file name the same record."""
    write_files(tmp_path, wfdb_record())
    recording = read_recording(tmp_path / name)
    assert recording.name == "A00001"
    np.testing.assert_array_equal(recording.signal_mv, (steps() / 1000).astype(np.float32))


def test_csv_and_edf_files_are_records(tmp_path: Path) -> None:
    """A file of each kind is read by its suffix."""
    edf = edf_file([{}], steps(2500).tobytes())
    write_files(tmp_path, {"a.csv": CSV, "b.edf": edf})
    assert read_recording(tmp_path / "a.csv").rate_hz == 300.0
    assert read_recording(str(tmp_path / "b.edf")).rate_hz == 250.0


def test_a_packed_format_is_read_without_leaving_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Format 212 goes through a temporary folder that is gone afterwards."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "temporary").mkdir()
    # 212 packs 1 and -2 (0xffe) as 01 f0 fe, then 3 and 0 as 03 00 00.
    header = b"r 1 300 4\nr.dat 212 100 11 0 1 2 0 ECG\n"
    write_files(tmp_path, {"r.hea": header, "r.dat": bytes.fromhex("01f0fe030000")})
    recording = read_recording(tmp_path / "r.hea")
    assert recording.signal_mv.tolist() == pytest.approx([0.01, -0.02, 0.03, 0.0])
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_file_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    """The message lists what can be read."""
    write_files(tmp_path, {"a.txt": b"0.1"})
    path = tmp_path / "a.txt"
    assert _error(path) == f"{path}: expected one of .hea, .csv, .edf, got '.txt'"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path that leads nowhere gives one sentence."""
    path = tmp_path / "A1.hea"
    assert _error(path) == f"{path}: expected a file, got no such file or directory"


def test_a_data_file_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """A link beside a header may lead to another patient's samples."""
    write_files(tmp_path / "other", wfdb_record())
    write_files(tmp_path / "mine", {"A00001.hea": wfdb_record()["A00001.hea"]})
    link = tmp_path / "mine" / "A00001.mat"
    link.symlink_to(tmp_path / "other" / "A00001.mat")
    assert _error(tmp_path / "mine" / "A00001.hea") == (
        f"{link}: expected a file, got a symbolic link"
    )


def test_a_link_that_the_caller_names_is_followed(tmp_path: Path) -> None:
    """Who names a link means its target, with the files beside that."""
    write_files(tmp_path / "other", wfdb_record())
    link = tmp_path / "A00001.hea"
    link.symlink_to(tmp_path / "other" / "A00001.hea")
    assert read_recording(link).name == "A00001"


def test_a_link_inside_a_folder_is_told_not_followed(tmp_path: Path) -> None:
    """Among the records of a folder a link is an error in its place."""
    write_files(tmp_path / "other", {"a.csv": CSV})
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.csv").symlink_to(tmp_path / "other" / "a.csv")
    (error,) = read_any([tmp_path / "mine"])
    assert str(error) == f"{tmp_path / 'mine' / 'a.csv'}: expected a file, got a symbolic link"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes, which this system lacks")
def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    """A named pipe in place of the data is refused at once."""
    write_files(tmp_path, {"A00001.hea": wfdb_record()["A00001.hea"]})
    os.mkfifo(tmp_path / "A00001.mat")
    assert _error(tmp_path / "A00001.hea") == (
        f"{tmp_path / 'A00001.mat'}: expected a regular file, got another kind"
    )


def test_an_archive_gives_what_its_unpacked_folder_gives(tmp_path: Path) -> None:
    """Names, digests and order agree, and so does the digest of the content."""
    files = physionet_files({"A00003": "N", "A00001": "A", "A00002": "O"})
    folder = write_files(tmp_path / "training2017", files)
    wrapped = {f"training2017/{name}": content for name, content in files.items()}
    archive = write_zip(tmp_path / "training2017.zip", wrapped)
    unpacked = _summary(read_folder(folder))
    assert [name for name, _ in unpacked] == ["A00001", "A00002", "A00003"]
    assert _summary(read_archive(archive)) == unpacked
    assert record_names(archive) == record_names(folder) == ("A00001", "A00002", "A00003")
    suffixes = (".hea", ".mat")
    assert content_digest(archive, suffixes) == content_digest(folder, suffixes)


def test_the_content_digest_sees_every_byte_and_name(tmp_path: Path) -> None:
    """Changing, renaming or adding a file of the named kinds changes it; other files do not."""
    digests = set()
    files = {"a.hea": b"1", "b.hea": b"2"}
    variants = [files, files | {"a.hea": b"3"}, {"a.hea": b"1", "c.hea": b"2"}]
    variants += [files | {"d.hea": b""}, {"b.hea": b"1", "a.hea": b"2"}]
    for number, variant in enumerate(variants):
        folder = write_files(tmp_path / str(number), variant)
        digests.add(content_digest(folder, (".hea",)))
    assert len(digests) == 5
    with_readme = write_files(tmp_path / "more", files | {"README.txt": b"x"})
    assert content_digest(with_readme, (".hea",)) in digests


def test_only_the_named_records_are_read(tmp_path: Path) -> None:
    """A name that is not there gives an error in its own place."""
    archive = write_zip(tmp_path / "a.zip", physionet_files({"A1": "N", "A2": "N"}))
    results = _summary(read_archive(archive, ["A2", "A7"]))
    assert results[0] == ("A7", f"{archive}: expected the record A7, got no such record")
    assert [name for name, _ in results] == ["A7", "A2"]


def test_a_damaged_record_does_not_stop_the_others(tmp_path: Path) -> None:
    """Its error stands in its place and the rest go on."""
    files = physionet_files({"A1": "N", "A2": "N", "A3": "N"})
    files["A2.mat"] = files["A2.mat"][:-1]
    for results in (
        list(read_folder(write_files(tmp_path / "folder", files))),
        list(read_archive(write_zip(tmp_path / "a.zip", files))),
    ):
        kinds = [type(one) for one in results]
        assert kinds == [Recording, RecordError, Recording]


def test_a_flipped_byte_in_an_archive_is_found(tmp_path: Path) -> None:
    """The archive's checksum refuses samples that the header cannot."""
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as stored:
        for name, content in wfdb_record().items():
            stored.writestr(name, content)
    damaged = bytearray(archive.read_bytes())
    position = damaged.index(steps().tobytes()[:16])
    damaged[position + 100] ^= 1
    archive.write_bytes(damaged)
    (error,) = read_archive(archive)
    assert str(error) == (
        f"{archive}!A00001.mat: expected a sound member, got Bad CRC-32 for file 'A00001.mat'"
    )


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_with_a_name_twice_is_refused(tmp_path: Path) -> None:
    """Readers disagree which of two counts."""
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as stored:
        for content in (b"1", b"2"):
            stored.writestr("A1.hea", content)
    (error,) = read_archive(archive)
    assert str(error) == f"{archive}: expected each name once, got 1 repeated"


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    """A text called .zip, and a missing one, give one error each."""
    write_files(tmp_path, {"a.zip": b"hello"})
    (damaged,) = read_any([tmp_path / "a.zip"])
    (missing,) = read_any([tmp_path / "b.zip"])
    assert (
        str(damaged) == f"{tmp_path / 'a.zip'}: expected a zip archive, got File is not a zip file"
    )
    assert str(missing).startswith(f"{tmp_path / 'b.zip'}: expected a zip archive, got [Errno 2]")


def test_names_in_an_archive_that_lead_outside_are_only_names(tmp_path: Path) -> None:
    """Nothing is unpacked, so a name with dots can neither write nor read elsewhere."""
    archive = write_zip(tmp_path / "in" / "a.zip", {"../evil.csv": CSV})
    (recording,) = read_archive(archive)
    assert isinstance(recording, Recording)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.zip", "in"]


def test_everything_below_a_folder_is_read(tmp_path: Path) -> None:
    """Subfolders and archives count; hidden files, labels and other files do not."""
    write_files(tmp_path, {f"deep/{name}": data for name, data in wfdb_record("B1").items()})
    write_files(tmp_path, {"a.csv": CSV, ".hidden.csv": CSV, "notes.txt": b"", "RECORDS": b""})
    write_files(tmp_path, {"REFERENCE.csv": b"B1,N\n", "REFERENCE-v3.csv": b"B1,N\n"})
    write_zip(tmp_path / "c.zip", wfdb_record("C1") | {"__MACOSX/x.hea": b""})
    assert [name for name, _ in _summary(read_any([tmp_path]))] == ["B1", "a", "C1"]


def test_paths_are_read_in_the_order_given(tmp_path: Path) -> None:
    """Files, folders and archives may be mixed."""
    write_files(tmp_path / "folder", wfdb_record("B1"))
    write_files(tmp_path, {"z.csv": CSV})
    archive = write_zip(tmp_path / "a.zip", wfdb_record("A1"))
    paths = [tmp_path / "z.csv", tmp_path / "folder", archive, tmp_path / "missing.hea"]
    assert [name for name, _ in _summary(read_any(paths))] == ["z", "B1", "A1", "missing"]


def test_a_data_file_without_a_header_is_not_passed_over(tmp_path: Path) -> None:
    """Silence would look as if the recording had been screened."""
    files = wfdb_record("B1")
    write_files(tmp_path, {"B1.mat": files["B1.mat"]})
    (error,) = read_any([tmp_path])
    assert str(error) == (f"{tmp_path / 'B1.mat'}: expected a header B1.hea beside it, got none")


def test_a_folder_without_records_is_an_error(tmp_path: Path) -> None:
    """Nothing to read is told, not passed over."""
    (tmp_path / "empty").mkdir()
    (error,) = read_any([tmp_path / "empty"])
    assert str(error) == f"{tmp_path / 'empty'}: expected at least one record, got none"
