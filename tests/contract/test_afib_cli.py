"""What scripts and people rely on at the command `afib`: exit codes and sentences."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from afib.cli import main
from afib.launch import entry
from afib.settings import preset_names
from tests.support.presets import small_cohort, small_folder, write_preset, write_pulses
from tests.support.terminals import StopsAt

if TYPE_CHECKING:
    from tests.support.device_desk import DeviceDesk


@pytest.mark.parametrize("command", ["prepare", "train"])
def test_an_unknown_preset_is_answered_with_those_there_are(desk: DeviceDesk, command: str) -> None:
    """The sentence repeats the word, lists the presets and allows for a file; exit 2."""
    code, out, err = desk.ask(command, "--preset", "synthetik", "--out", desk.folder / "out")
    assert (code, out, len(err)) == (2, [], 1)
    assert err[0].startswith("synthetik: expected a preset (")
    assert all(name in err[0] for name in preset_names())
    assert not (desk.folder / "out").exists()


def test_all_problems_of_a_file_are_told_up_to_twenty(desk: DeviceDesk) -> None:
    """A broken file does not scroll the first problem away; exit 2."""
    preset = desk.folder / "mine.yaml"
    preset.write_text("".join(f"unknown_{number}: 1\n" for number in range(30)))
    code, _, err = desk.ask("prepare", "--preset", preset, "--out", desk.folder / "out")
    # Thirty unknown keys, and the six that are missing.
    assert (code, len(err), err[-1]) == (2, 21, "and 16 more")
    assert err[0] == f"{preset}: $.unknown_0: expected no such key"


def test_settings_that_no_network_can_have_are_bad_input(desk: DeviceDesk) -> None:
    """A segment that rounds to no sample at all is told in a sentence of the methods; exit 2."""
    settings = small_folder()
    empty = replace(settings, preprocessing=replace(settings.preprocessing, segment_s=0.001))
    preset = write_preset(desk.folder / "empty.yaml", empty)
    pulses = write_pulses(desk.folder / "pulses", 24)
    out = desk.folder / "out"
    code, _, err = desk.ask("train", "--preset", preset, "--data", pulses, "--out", out)
    assert (code, out.exists()) == (2, False)
    assert err[-1] == "segments: expected at least 1 sample and a length of 1, got 600 and 0"


def test_a_missing_data_folder_is_one_sentence(desk: DeviceDesk) -> None:
    """It says what was looked for and where, and that a download is the other way; exit 2."""
    place = desk.folder / "data"
    asked = ("prepare", "--preset", "physionet2017", "--out", desk.folder / "out")
    assert desk.ask(*asked, "--data", place) == (
        2,
        [],
        [
            (
                f"{place}: expected the folder physionet2017 in it, got none; "
                "without VERICASE_DATA the recordings are downloaded"
            )
        ],
    )
    (place / "physionet2017").mkdir(parents=True)
    assert desk.ask(*asked, "--data", place) == (
        2,
        [],
        [
            (
                f"{place / 'physionet2017'}: expected training2017.zip or the folder training2017, "
                "got neither"
            )
        ],
    )


def test_a_missing_manifest_is_one_sentence(desk: DeviceDesk) -> None:
    """Nothing is read before the manifest is there; exit 2."""
    file = desk.folder / "manifest.json"
    code, out, err = desk.ask("check-data", "--preset", "synthetic", "--manifest", file)
    assert (code, out) == (2, [])
    assert err == [f"{file}: expected a manifest, got No such file or directory"]


def test_a_place_that_cannot_be_written_is_bad_input(desk: DeviceDesk) -> None:
    """A folder below a file is told with its place; it is no bug of ours; exit 2."""
    preset = write_preset(desk.folder / "mine.yaml", small_cohort())
    place = preset / "out"
    code, out, err = desk.ask("prepare", "--preset", preset, "--out", place)
    assert (code, out) == (2, [])
    assert err[-1] == f"{place}: expected to read or write it, got Not a directory"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["scream"], "invalid choice: 'scream'"),
        (["screen"], "the following arguments are required: PATH"),
        (["screen", "x", "--format", "xml"], "invalid choice: 'xml'"),
        (["prepare", "--out", "x"], "the following arguments are required: --preset"),
        (
            ["crossfit", "--preset=x", "--baseline=x", "--out=x", "--processes=0"],
            "--processes: expected an integer from 1, got '0'",
        ),
    ],
)
def test_a_command_that_is_none_is_bad_input(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The usage and what is wrong with it; exit 2."""
    with pytest.raises(SystemExit, match=r"^2$"):
        main(arguments)
    assert sentence in capsys.readouterr().err


def test_the_help_tells_commands_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever scripts the command finds its codes where its options are."""
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    codes = "Exit codes: 0 fine, 1 some records failed, 2 bad input, 3 our bug, 130 interrupted,"
    assert codes in shown
    assert "Not for diagnostic use." in shown
    for command in ("prepare", "check-data", "train", "crossfit", "screen"):
        assert command in shown


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("prepare", "what was downloaded is kept, and the same command goes on from there"),
        ("train", "every finished epoch is kept, and --resume goes on from there"),
    ],
)
def test_an_interrupted_command_says_how_to_go_on(
    desk: DeviceDesk, monkeypatch: pytest.MonkeyPatch, command: str, sentence: str
) -> None:
    """Ctrl-C while recordings are read ends with one sentence and exit 130."""
    preset = write_preset(desk.folder / "mine.yaml", small_cohort())
    terminal = StopsAt("reading synthetic", KeyboardInterrupt())
    monkeypatch.setattr(sys, "stderr", terminal)
    code, out, _ = desk.ask(command, "--preset", preset, "--out", desk.folder / "out")
    assert (code, out) == (130, [])
    assert f"interrupted; {sentence}\n" in terminal.getvalue()


def test_a_bug_of_ours_is_one_sentence(desk: DeviceDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback, but what happened and how to see where; exit 3."""
    monkeypatch.delenv("VERICASE_DEBUG", raising=False)
    monkeypatch.setattr(sys, "stdout", StopsAt("A00001", RuntimeError("no such colour")))
    code, _, err = desk.screen()
    assert (code, err) == (
        3,
        [
            (
                "afib: internal error: RuntimeError('no such colour'); please report it "
                "(VERICASE_DEBUG=1 shows where it happened)"
            )
        ],
    )


def test_a_bug_of_ours_is_shown_on_request(
    desk: DeviceDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the variable set, the traceback stands above the sentence."""
    monkeypatch.setenv("VERICASE_DEBUG", "1")
    monkeypatch.setattr(sys, "stdout", StopsAt("A00001", RuntimeError("no such colour")))
    code, _, err = desk.screen()
    assert (code, err[0]) == (3, "Traceback (most recent call last):")
    assert err[-1].startswith("afib: internal error: ")


def test_without_the_device_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the tool alone is installed, one sentence names what is missing; exit 2."""
    monkeypatch.setitem(sys.modules, "afib.cli", None)
    with pytest.raises(SystemExit, match=r"^2$"):
        entry()
    assert capsys.readouterr().err == (
        "afib: expected the device to be installed, got no module afib.cli; "
        "install it with pip install '.[afib]'\n"
    )
