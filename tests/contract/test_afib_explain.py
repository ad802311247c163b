"""What people rely on at `afib explain`."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.support.device_desk import DeviceDesk
from verification.pictured import says_all

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> DeviceDesk:
    """A desk with a model and two recordings."""
    return DeviceDesk(tmp_path, capsys)


@pytest.mark.parametrize("method", ["grad-cam", "grad-cam++", "integrated gradients", "occlusion"])
def test_a_recording_becomes_a_picture(desk: DeviceDesk, method: str) -> None:
    """Named by its file; the picture says what screen says."""
    out = desk.folder / "one.svg"
    path = desk.records / "A00001.hea"
    code, told, err = desk.ask(
        *("explain", path, "--model", desk.model, "--out", out, "--method", method, "--label", "A")
    )
    assert (code, err) == (0, [])
    assert told == [told[0]]
    assert f"see {out}. Not for diagnostic use." in told[0]
    _, lines, _ = desk.screen(path)
    svg = out.read_text(encoding="utf-8")
    if method == "grad-cam":
        assert says_all(svg, json.loads(lines[0]))
    assert "labelled AFib" in svg


def test_the_name_of_the_file_says_its_form(desk: DeviceDesk) -> None:
    """PNG as well; another form is refused before anything is read."""
    path = desk.records / "A00001.hea"
    out = desk.folder / "one.PNG"
    assert desk.ask("explain", path, "--model", desk.model, "--out", out)[0] == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    code, told, err = desk.ask("explain", "nowhere", "--out", desk.folder / "one.pdf")
    assert (code, told) == (2, [])
    assert err == ["--out: expected a name in .svg or .png, got '.pdf'"]


def test_one_of_several_is_chosen_by_name(desk: DeviceDesk) -> None:
    """A folder of two is asked back, one that is not there too; no picture is written then."""
    out = desk.folder / "one.svg"
    model = ("--model", desk.model, "--out", out)
    code, _, err = desk.ask("explain", desk.records, *model)
    assert code == 2
    assert err == [
        f"{desk.records}: expected one recording, got more than one; name it with --record"
    ]
    code, _, err = desk.ask("explain", desk.records, *model, "--record", "A00009")
    assert (code, err) == (2, [f"{desk.records}: expected a recording A00009, got none"])
    assert not out.exists()
    assert desk.ask("explain", desk.records, *model, "--record", "A00003")[0] == 0
    assert "A00003" in out.read_text(encoding="utf-8")


def test_what_cannot_be_explained_is_told(desk: DeviceDesk) -> None:
    """A constant signal has no reasons, a damaged file no signal; an older picture stays."""
    out = desk.folder / "one.svg"
    out.write_text("older")
    constant, damaged = desk.folder / "still.csv", desk.folder / "broken.csv"
    constant.write_text("# rate_hz: 300\nmv\n" + "0.5\n" * 3000)
    damaged.write_text("# rate_hz: 300\nmv\n0.5\nnan\n")
    for path, words in ((constant, "expected a recording that varies"), (damaged, "nan")):
        code, told, err = desk.ask("explain", path, "--model", desk.model, "--out", out)
        assert (code, told) == (2, [])
        assert words in " ".join(err)
        assert path.name in " ".join(err)
        assert out.read_text() == "older"


def test_names_that_are_no_text_are_drawn_all_the_same(desk: DeviceDesk) -> None:
    """Bytes that are no letter, control characters, and letters that a font may lack."""
    samples = "\n".join(f"{(k % 97) / 97:.3f}" for k in range(3000))
    for number, name in enumerate((os.fsdecode(b"sur\xff"), "ctl\x01", "\u5fc3\u7535")):
        path = desk.folder / f"{name}.csv"
        path.write_text(f"# rate_hz: 300\nmv\n{samples}\n")
        for form in ("svg", "png"):
            out = desk.folder / f"{number}.{form}"
            code, _, err = desk.ask("explain", path, "--model", desk.model, "--out", out)
            assert (code, err) == (0, [])
        ET.fromstring((desk.folder / f"{number}.svg").read_bytes())  # noqa: S314  our own picture


def test_a_folder_is_no_file_to_write(desk: DeviceDesk) -> None:
    """It is named before anything is read."""
    folder = desk.folder / "pictures.svg"
    folder.mkdir()
    code, _, err = desk.ask("explain", desk.records / "A00001.hea", "--out", folder)
    assert (code, err) == (2, [f"--out: expected a file to write, got the folder {folder}"])


def test_a_link_stays_a_link(desk: DeviceDesk) -> None:
    """What it names is written."""
    (desk.folder / "kept").mkdir()
    link, target = desk.folder / "one.svg", desk.folder / "kept" / "named.svg"
    link.symlink_to(target)
    path = desk.records / "A00001.hea"
    assert desk.ask("explain", path, "--model", desk.model, "--out", link)[0] == 0
    assert link.is_symlink()
    assert target.read_bytes().startswith(b"<svg")
