"""Downloads against a server on loopback: whole, verified, resumed, or one clear sentence."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from afib.errors import SourceError
from afib.settings import load_settings
from afib.sources import open_source
from afib.sources.download import SUMS, download, fetch
from tests.support.recordings import physionet_files, write_zip
from tests.support.servers import FileServer, serving, sums

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = bytes(range(256)) * 2000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("afib.sources.download._PAUSE_S", 0.0)


def _error(server: FileServer, target: Path, sha256: str = DIGEST) -> str:
    with pytest.raises(SourceError) as caught:
        download(f"{server.url}/data.zip", target, sha256=sha256, progress=False)
    return str(caught.value)


def test_a_file_arrives_whole_and_verified(tmp_path: Path) -> None:
    """The file stands under its name and nothing else is left."""
    with serving(FileServer({"data.zip": CONTENT})) as server:
        target = tmp_path / "data.zip"
        download(f"{server.url}/data.zip", target, sha256=DIGEST, progress=False)
    assert target.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [target]


def test_a_progress_bar_is_drawn_on_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bar names the file; standard output stays clean for results."""
    with serving(FileServer({"data.zip": CONTENT})) as server:
        download(f"{server.url}/data.zip", tmp_path / "data.zip", sha256=DIGEST, progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "data.zip: 100%" in captured.err


def test_an_interrupted_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """What an earlier run left is not asked for again."""
    (tmp_path / "data.zip.part").write_bytes(CONTENT[:1000])
    with serving(FileServer({"data.zip": CONTENT})) as server:
        download(f"{server.url}/data.zip", tmp_path / "data.zip", sha256=DIGEST, progress=False)
        assert server.asked == [("data.zip", "bytes=1000-")]
    assert (tmp_path / "data.zip").read_bytes() == CONTENT


def test_a_broken_connection_is_tried_again_from_there(tmp_path: Path) -> None:
    """Two answers that break off in the middle still give the whole file."""
    with serving(FileServer({"data.zip": CONTENT}, breaks=2)) as server:
        download(f"{server.url}/data.zip", tmp_path / "data.zip", sha256=DIGEST, progress=False)
        ranges = [wanted for _, wanted in server.asked]
    # Half of 512,000 bytes, then half of the 256,000 left.
    assert ranges == [None, "bytes=256000-", "bytes=384000-"]
    assert (tmp_path / "data.zip").read_bytes() == CONTENT


def test_a_connection_that_keeps_breaking_is_given_up_for_now(tmp_path: Path) -> None:
    """The error says how far it got, and the next run goes on from there."""
    target = tmp_path / "data.zip"
    with serving(FileServer({"data.zip": CONTENT}, breaks=3)) as server:
        assert _error(server, target) == (
            f"{server.url}/data.zip: expected the whole file, got 448000 of 512000 bytes "
            "in 3 attempts; the next run goes on from there"
        )
        assert not target.exists()
        download(f"{server.url}/data.zip", target, sha256=DIGEST, progress=False)
        assert server.asked[-1] == ("data.zip", "bytes=448000-")
    assert target.read_bytes() == CONTENT


def test_a_server_that_ignores_ranges_starts_over(tmp_path: Path) -> None:
    """The whole file replaces the part instead of being appended to it."""
    (tmp_path / "data.zip.part").write_bytes(b"old" * 100)
    with serving(FileServer({"data.zip": CONTENT}, knows_ranges=False)) as server:
        download(f"{server.url}/data.zip", tmp_path / "data.zip", sha256=DIGEST, progress=False)
    assert (tmp_path / "data.zip").read_bytes() == CONTENT


def test_a_part_that_was_already_whole_is_not_loaded_again(tmp_path: Path) -> None:
    """A run that was killed between the last byte and the new name loses nothing."""
    (tmp_path / "data.zip.part").write_bytes(CONTENT)
    with serving(FileServer({"data.zip": CONTENT})) as server:
        download(f"{server.url}/data.zip", tmp_path / "data.zip", sha256=DIGEST, progress=False)
        assert server.asked == []
    assert (tmp_path / "data.zip").read_bytes() == CONTENT


def test_a_part_longer_than_the_file_starts_over(tmp_path: Path) -> None:
    """A range beyond the end is answered by asking for everything."""
    (tmp_path / "data.zip.part").write_bytes(CONTENT + b"more")
    with serving(FileServer({"data.zip": CONTENT})) as server:
        download(f"{server.url}/data.zip", tmp_path / "data.zip", sha256=DIGEST, progress=False)
    assert (tmp_path / "data.zip").read_bytes() == CONTENT


def test_a_wrong_sum_is_refused_and_not_kept(tmp_path: Path) -> None:
    """Neither the file nor its part stays, so the next run starts clean."""
    with serving(FileServer({"data.zip": CONTENT})) as server:
        assert _error(server, tmp_path / "data.zip", "0" * 64) == (
            f"{server.url}/data.zip: expected SHA-256 {'0' * 64} as published, got {DIGEST}"
        )
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_not_tried_again(tmp_path: Path) -> None:
    """The server's refusal is told with its status, after one request."""
    with serving(FileServer({})) as server:
        assert _error(server, tmp_path / "data.zip") == (
            f"{server.url}/data.zip: expected the file, got status 404"
        )
        assert len(server.asked) == 1


def test_a_server_in_trouble_is_tried_again(tmp_path: Path) -> None:
    """A status of 503 counts as a broken connection."""
    with serving(FileServer({"data.zip": CONTENT}, status=503)) as server:
        assert "got status 503 in 3 attempts" in _error(server, tmp_path / "data.zip")
        assert len(server.asked) == 3


def test_only_https_leaves_this_machine(tmp_path: Path) -> None:
    """A plain address elsewhere is refused, also when a server leads there."""
    with pytest.raises(SourceError) as caught:
        download("http://physionet.org/a", tmp_path / "a", sha256=DIGEST, progress=False)
    assert str(caught.value) == "http://physionet.org/a: expected an https address, got 'http'"
    with pytest.raises(SourceError, match="expected an https address, got 'file'"):
        download("file:///etc/passwd", tmp_path / "a", sha256=DIGEST, progress=False)
    with serving(FileServer({}, redirect="http://physionet.org/a")) as server:
        assert _error(server, tmp_path / "a") == (
            "http://physionet.org/a: expected an https address, got 'http'"
        )


def test_all_listed_files_are_fetched(tmp_path: Path) -> None:
    """Required and optional files are found under the first path that is listed."""
    files = {"a.zip": b"1", "training/labels.csv": b"2", "more.csv": b"3", "other": b"4"}
    with serving(FileServer(files | {SUMS: sums(files)})) as server:
        fetch(
            server.url,
            tmp_path / "new",
            required={"a.zip": ("a.zip",)},
            optional={
                "labels.csv": ("labels.csv", "training/labels.csv"),
                "none.csv": ("none.csv",),
            },
            progress=False,
        )
        asked = [name for name, _ in server.asked]
    assert sorted(asked) == sorted([SUMS, "a.zip", "training/labels.csv"])
    found = {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    assert found == {"a.zip": b"1", "labels.csv": b"2"}


def test_what_is_there_is_not_fetched(tmp_path: Path) -> None:
    """With every required file in place no connection is made."""
    (tmp_path / "a.zip").write_bytes(b"1")
    required = {"a.zip": ("a.zip",)}
    fetch("http://127.0.0.1:1", tmp_path, required=required, optional={}, progress=False)
    assert (tmp_path / "a.zip").read_bytes() == b"1"


def test_a_required_file_that_is_not_listed_is_told(tmp_path: Path) -> None:
    """Nothing is fetched when something required is not published."""
    with serving(FileServer({SUMS: sums({"b.zip": b""})})) as server:
        required = {"a.zip": ("a.zip",)}
        with pytest.raises(SourceError) as caught:
            fetch(server.url, tmp_path, required=required, optional={}, progress=False)
        assert str(caught.value) == f"{server.url}/{SUMS}: expected a.zip in the list, got none"


@pytest.mark.parametrize("between", [" ", "  ", " *"])
def test_sums_are_read_as_physionet_and_as_sha256sum_write_them(
    tmp_path: Path, between: str
) -> None:
    """One blank, two, or a blank and a star stand between sum and path."""
    line = f"{hashlib.sha256(b'1').hexdigest()}{between}a file.csv\n".encode()
    with serving(FileServer({SUMS: line, "a%20file.csv": b"1"})) as server:
        required = {"a.csv": ("a file.csv",)}
        fetch(server.url, tmp_path, required=required, optional={}, progress=False)
    assert (tmp_path / "a.csv").read_bytes() == b"1"


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>\n", b"\xff\xfe"])
def test_a_list_of_sums_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    """A page in place of the list is no list."""
    with (
        serving(FileServer({SUMS: content})) as server,
        pytest.raises(SourceError, match=r"SHA256SUMS\.txt: expected"),
    ):
        fetch(server.url, tmp_path, required={"a": ("a",)}, optional={}, progress=False)


def test_without_a_network_the_way_out_is_told(tmp_path: Path) -> None:
    """The message names the variable that needs no download."""
    required = {"a": ("a",)}
    with pytest.raises(SourceError) as caught:
        fetch("http://127.0.0.1:1", tmp_path, required=required, optional={}, progress=False)
    assert str(caught.value).endswith(
        "; without a network, set VERICASE_DATA to the folder that holds the files"
    )


def test_physionet_2017_is_downloaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Archive and labels land in the cache; a second opening asks the server nothing."""
    monkeypatch.delenv("VERICASE_DATA", raising=False)
    monkeypatch.setenv("VERICASE_CACHE", str(tmp_path / "cache"))
    labels = {"A00001": "N", "A00002": "A"}
    archive = write_zip(tmp_path / "made.zip", physionet_files(labels)).read_bytes()
    text = "".join(f"{name},{label}\n" for name, label in labels.items()).encode()
    files = {
        "training2017.zip": archive,
        "REFERENCE-v3.csv": text,
        "training/REFERENCE-v0.csv": text,
    }
    settings = load_settings("physionet2017").data
    with serving(FileServer(files | {SUMS: sums(files)})) as server:
        for _ in range(2):
            source = open_source(settings, None, progress=False, base_url=server.url)
            assert [one.label for one in source.recordings()] == ["N", "A"]
        assert len(server.asked) == 4
    assert sorted(source.label_versions()) == ["v0", "v3"]
