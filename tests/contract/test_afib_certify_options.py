"""The options of `afib certify`: what may be asked, and how a line tells what was."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.device_desk import DeviceDesk, certify


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--disturbance", "noise"], "noise: expected recorded noise, "),
        (["--disturbance", "wander-band", "--band-hz", "0.5", "200"], "band_hz: expected two"),
    ],
)
def test_what_cannot_be_asked_is_told(
    desk: DeviceDesk, monkeypatch: pytest.MonkeyPatch, options: list[str], told: str
) -> None:
    """Without the noise there is no answer at all; a band that is none fails each recording."""
    monkeypatch.delenv("VERICASE_DATA", raising=False)
    code, out, err = certify(desk, "--radius-mv", "0.01", *options)
    assert code == (2 if err else 1)
    assert told in (err or out)[0]


@pytest.mark.parametrize("joint", ["gain:0", "linf:1", "gain,gain", "mains:x", ""])
def test_what_cannot_be_joined_is_refused(desk: DeviceDesk, joint: str) -> None:
    """Exit 2 before any recording is read."""
    with pytest.raises(SystemExit) as stopped:
        certify(desk, "--radius-mv", "0.01", "--disturbance", "joint", "--joint", joint)
    assert stopped.value.code == 2


@pytest.mark.parametrize("radius", ["0", "-1", "nan", "inf", "ten"])
def test_a_radius_that_is_none_is_refused(desk: DeviceDesk, radius: str) -> None:
    """Exit 2 before any recording is read."""
    with pytest.raises(SystemExit) as stopped:
        certify(desk, "--radius-mv", radius)
    assert stopped.value.code == 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            ("wander-band", "--frequency-hz", "5"),
            ["--frequency-hz: expected it beside wander or mains or joint, got wander-band"],
        ),
        (
            ("gain", "--band-hz", "3", "4", "--joint", "mains:5", "--mains-hz", "60"),
            [
                "--band-hz: expected it beside wander-band, got gain",
                "--mains-hz: expected it beside joint, got gain",
                "--joint: expected it beside joint, got gain",
            ],
        ),
        (
            ("linf", "--noise", "nowhere", "--components", "7", "--precision", "0.5"),
            [
                "--noise: expected it beside noise, got linf",
                "--components: expected it beside noise, got linf",
                "--precision: expected it beside --largest, got it alone",
            ],
        ),
        (
            ("joint", "--joint", "offset:1,mains", "--frequency-hz", "0.2"),
            ["--frequency-hz: expected wander in --joint, got none"],
        ),
        (
            ("wander-band", "--band-hz", "0.5", "0.2"),
            ["--band-hz: expected the lower end first, got 0.5 and 0.2"],
        ),
    ],
)
def test_options_that_would_be_ignored_are_refused(
    desk: DeviceDesk, options: tuple[str, ...], told: list[str]
) -> None:
    """Exit 2 and a sentence on each, before any recording is asked about."""
    code, out, err = certify(desk, "--radius-mv", "0.01", "--disturbance", *options)
    assert (code, out) == (2, [])
    assert err == told


def test_a_gain_of_the_whole_amplitude_is_refused(desk: DeviceDesk) -> None:
    """Its size is a share, whatever the recording."""
    code, out, err = certify(desk, "--radius-mv", "1.5", "--disturbance", "gain")
    assert (code, out) == (2, [])
    assert err == ["--radius-mv: expected a share below 1 of gain, got 1.5"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("offset", "--box-mv", "0.009"), {"box_mv": 0.0095}),
        (("wander", "--at", "network"), {"frequency_hz": 0.3, "box_mv": 0.0}),
        (("wander-band", "--band-hz", "0.3", "0.31"), {"band_hz": [0.3, 0.31], "box_mv": 0.0005}),
        (
            ("joint", "--joint", "offset:2,wander", "--frequency-hz", "0.2"),
            {"joint": {"offset": 2.0, "wander": 1.0}, "frequency_hz": 0.2, "box_mv": 0.0005},
        ),
        (
            ("joint", "--mains-hz", "60", "--box-mv", "0.001"),
            {
                "joint": {"gain": 1.0, "offset": 1.0, "wander": 1.0, "mains": 1.0},
                "frequency_hz": 0.3,
                "mains_hz": 60.0,
                "box_mv": 0.0015,
            },
        ),
    ],
)
def test_a_line_tells_the_set_that_was_asked_about(
    desk: DeviceDesk, options: tuple[str, ...], told: dict[str, Any]
) -> None:
    """Two sets of one kind and size are told apart; half a step of the converter is in the box."""
    asked = ("--radius-mv", "0.001", "--recorder-only", "--disturbance", *options)
    _, out, _ = certify(desk, *asked)
    fields = ("frequency_hz", "band_hz", "joint", "mains_hz", "box_mv")
    for line in map(json.loads, out):
        found = {name: line[name] for name in fields if name in line}
        assert found.keys() == told.keys()
        assert found.pop("box_mv") == pytest.approx(told["box_mv"])
        assert found == {name: told[name] for name in found}


def test_a_box_beside_a_box_is_refused(desk: DeviceDesk) -> None:
    """Exit 2 and one sentence, before any recording is asked about."""
    code, out, err = certify(desk, "--radius-mv", "0.01", "--box-mv", "0.01")
    assert (code, out, len(err)) == (2, [], 1)
    assert err[0].startswith("--box-mv: expected another disturbance beside it, got linf")


@pytest.mark.parametrize("share", ["0.00001", "1.5", "1e300", "nan"])
def test_a_precision_that_is_no_share_is_refused(
    desk: DeviceDesk, capsys: pytest.CaptureFixture[str], share: str
) -> None:
    """Exit 2, and what the option takes."""
    with pytest.raises(SystemExit) as stopped:
        certify(desk, "--radius-mv", "0.01", "--largest", "--precision", share)
    assert stopped.value.code == 2
    assert "argument --precision: expected " in capsys.readouterr().err
