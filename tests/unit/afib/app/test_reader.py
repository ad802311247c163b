"""What somebody sends is read in a child, and comes back as it was sent or as what is wrong."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import zipfile
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np
import pytest

from afib.app.reader import Reader, Upload
from afib.errors import RecordError
from afib.records import Recording
from tests.support.recordings import edf_file, recording, steps, wfdb_record, write_files
from verification.review_page import csv_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from afib.records import Recording as Found


def uploaded(
    files: Iterable[tuple[str, bytes]], reader: Reader | None = None
) -> list[Found | RecordError]:
    """What is read of files that are sent."""
    with ExitStack() as stack:
        uploads = []
        for name, content in files:
            file = stack.enter_context(tempfile.TemporaryFile())
            file.write(content)
            file.flush()
            uploads.append(Upload(name=name, file=file))
        return (reader or Reader()).uploaded(uploads)


def zipped(files: dict[str, bytes]) -> bytes:
    """An archive of *files*."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_files_come_back_as_they_were_sent() -> None:
    """CSV, a WFDB pair in any order, EDF, and what an archive holds; each by its own name."""
    signal = recording().signal_mv
    pair = dict(reversed(wfdb_record("A00002", steps(seed=2)).items()))
    edf = edf_file([{}], steps(2500, seed=3).tobytes())
    found = uploaded(
        [
            ("one.csv", csv_of(signal, 300.0)),
            *pair.items(),
            ("three.edf", edf),
            ("more.ZIP", zipped(wfdb_record("A00004", steps(seed=4)))),
        ]
    )
    named = {each.name: each for each in found if isinstance(each, Recording)}
    assert len(found) == 4
    assert sorted(named) == ["A00002", "A00004", "one", "three"]
    np.testing.assert_array_equal(named["one"].signal_mv, signal)
    for name, seed in (("A00002", 2), ("A00004", 4)):
        wanted = recording(name, seed=seed)
        np.testing.assert_array_equal(named[name].signal_mv, wanted.signal_mv)
        assert (named[name].digest, named[name].rate_hz) == (wanted.digest, 300.0)
        assert named[name].step_mv == pytest.approx(0.001)
    assert named["three"].rate_hz == 250.0
    assert named["A00004"].origin.startswith("more.ZIP!")
    assert not any("/dev/" in each.origin for each in named.values())


def test_what_is_broken_is_told_by_its_own_name() -> None:
    """Beside what is sound; no path of this machine is told, and no name is taken for one."""
    header = wfdb_record("lonely")["lonely.hea"]
    found = uploaded(
        [
            ("good.csv", csv_of(recording().signal_mv, 300.0)),
            ("broken.csv", b"no recording"),
            ("lonely.hea", header),
            ("up/../../etc/x\n.csv", b"# rate_hz: 300\nmv\nnan\n"),
            ("bad.zip", b"PK no archive"),
        ]
    )
    problems = [each for each in found if isinstance(each, RecordError)]
    assert [each.name for each in found if isinstance(each, Recording)] == ["good"]
    told = "\n".join(problem for each in problems for problem in each.problems)
    assert len(problems) == 4
    for words in (
        "upload!broken.csv:1: expected the header 'time_s,mv' or 'mv', got 'no recording'",
        "bad.zip: expected a zip archive, got File is not a zip file",
        "lonely.mat: expected a file",
        "upload!up_.._.._etc_x?.csv",
    ):
        assert words in told
    assert not any(place in told for place in ("/dev/", "/fd/", tempfile.gettempdir() + "/"))


@pytest.mark.parametrize("name", ["ECG.CSV", ".ecg.csv", "ecg.xml"])
def test_what_no_reader_reads_is_told(name: str) -> None:
    """Beside what is sound as well: whoever sent it would take it for opened."""
    sound = csv_of(recording().signal_mv, 300.0)
    found = uploaded([("good.csv", sound), (name, csv_of(recording(seed=1).signal_mv, 300.0))])
    assert len(found) == 2


def test_a_name_with_digits_stays_as_it_is() -> None:
    """Whatever number the file has in the child."""
    names = [f"A{number:02d}" for number in range(40)]
    files = [(f"{name}.csv", b"no recording") for name in names]
    assert [each.record for each in uploaded(files) if isinstance(each, RecordError)] == names


def test_two_files_of_one_name_are_two() -> None:
    """Also beside a third whose name is what a second would be called."""
    one, two, three = (csv_of(recording(seed=seed).signal_mv, 300.0) for seed in (1, 2, 3))
    found = uploaded([("2-a.csv", one), ("a.csv", two), ("a.csv", three)])
    digests = {each.digest for each in found if isinstance(each, Recording)}
    assert digests == {recording(seed=seed).digest for seed in (1, 2, 3)}


def test_what_takes_too_long_is_given_up() -> None:
    """And told so, by the name of what was sent."""
    slow = zipped({"slow.csv": csv_of(np.zeros(300_000), 300.0)})
    (found,) = uploaded([("slow.zip", slow)], Reader(seconds=0.01))
    assert isinstance(found, RecordError)
    assert found.problems == ("slow.zip: expected to be read within 0.01 s, got no end",)


def test_a_folder_is_read_one_by_one(tmp_path: Path) -> None:
    """As the command reads it: also what is wrong with some, by its path."""
    write_files(tmp_path, wfdb_record("A00001") | {"A00002.csv": b"nothing"})
    first, second = Reader().path(tmp_path)
    assert isinstance(first, Recording)
    assert (first.name, first.digest) == ("A00001", recording().digest)
    assert isinstance(second, RecordError)
    assert second.problems == (
        f"{tmp_path / 'A00002.csv'}:1: expected the header 'time_s,mv' or 'mv', got 'nothing'",
    )


def test_more_recordings_than_a_desk_should_get_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first are taken, and it is told."""
    monkeypatch.setattr("afib.app.reader.MOST_RECORDINGS", 2)
    files = [(f"{name}.csv", csv_of(recording().signal_mv, 300.0)) for name in "abc"]
    *taken, last = uploaded(files)
    assert [each.name for each in taken if isinstance(each, Recording)] == ["a", "b"]
    assert isinstance(last, RecordError)
    assert last.problems == ("upload: expected at most 2 recordings",)


def test_a_child_writes_nothing_and_takes_little(tmp_path: Path) -> None:
    """Whatever it was talked into: no file, no large memory, no crowd of open files."""
    program = f"""
import os
from afib.app.reader import _limit
_limit()
for tried in (
    lambda: os.write(os.open({str(tmp_path / "new")!r}, os.O_CREAT | os.O_WRONLY), b"x"),
    lambda: bytearray(4 * 1024**3),
    lambda: [os.open("/dev/null", os.O_RDONLY) for _ in range(100)],
):
    try:
        tried()
    except (OSError, MemoryError) as error:
        print(type(error).__name__, getattr(error, "errno", None))
"""
    told = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    # 27: the file would be too large; 24: too many are open.
    assert told.stdout.splitlines() == ["OSError 27", "MemoryError None", "OSError 24"]
    assert (tmp_path / "new").read_bytes() == b""
