"""What scripts rely on at `afib certify`: keys, exit codes, and certificates that can be read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.device_desk import DeviceDesk
from tests.support.recordings import wfdb_record, write_files

if TYPE_CHECKING:
    from pathlib import Path

KEYS = [
    *("record", "rhythm", "radius_mv", "at", "clean_margin", "certified_margin", "outcome"),
    *("may_abstain", "certified_decision", "method", "seconds"),
]


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> DeviceDesk:
    """A desk in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return DeviceDesk(tmp_path, capsys)


def certify(desk: DeviceDesk, *more: object) -> tuple[int, list[str], list[str]]:
    """What the command says of the recordings on the desk."""
    return desk.ask(
        *("certify", desk.records, "--model", desk.model, "--seconds", "2", "--format", "json"),
        *more,
    )


def test_the_published_keys_are_written(desk: DeviceDesk) -> None:
    """One JSON object a line with these keys and no others; exit 0 whatever the outcome."""
    code, out, err = certify(desk, "--radius-mv", "0.002")
    lines = [json.loads(line) for line in out]
    assert (code, err) == (0, [])
    assert [list(line) for line in lines] == [KEYS, KEYS]
    assert {line["at"] for line in lines} == {"recorder"}
    assert all(line["outcome"] in {"certified", "attacked", "unknown"} for line in lines)
    assert all((line["certified_margin"] > 0) == (line["outcome"] == "certified") for line in lines)


def test_a_certificate_is_written_for_each_proof_and_no_other(desk: DeviceDesk) -> None:
    """Its file is an archive without pickles that names recording, model and margin."""
    proofs = desk.folder / "proofs"
    _, out, _ = certify(desk, "--radius-mv", "0.001", "--at", "network", "--certificates", proofs)
    lines = [json.loads(line) for line in out]
    certified = [line for line in lines if line["outcome"] == "certified"]
    assert certified
    assert sorted(line["certificate"] for line in certified) == sorted(map(str, proofs.iterdir()))
    with np.load(certified[0]["certificate"], allow_pickle=False) as archive:
        document = json.loads(archive["document"].tobytes())
    assert document["record"] == certified[0]["record"]
    assert document["model_digest"] == desk.digest
    assert document["margin"] > 0


def test_an_unreadable_record_is_named_and_the_rest_go_on(desk: DeviceDesk) -> None:
    """It gives its name and the reason; exit 1."""
    write_files(desk.records, {name: data[:3000] for name, data in wfdb_record("A00002").items()})
    code, out, _ = certify(desk, "--radius-mv", "0.001", "--disturbance", "offset")
    lines = [json.loads(line) for line in out]
    assert code == 1
    assert list(lines[1]) == ["record", "error"]
    assert [line["record"] for line in lines] == ["A00001", "A00002", "A00003"]


@pytest.mark.parametrize("radius", ["0", "-1", "nan", "inf", "ten"])
def test_a_radius_that_is_none_is_refused(desk: DeviceDesk, radius: str) -> None:
    """Exit 2 before any recording is read."""
    with pytest.raises(SystemExit) as stopped:
        certify(desk, "--radius-mv", radius)
    assert stopped.value.code == 2


def test_the_table_counts_the_outcomes(desk: DeviceDesk) -> None:
    """The last line counts, and says what a proof is not."""
    code, out, _ = desk.ask(
        *("certify", desk.records, "--model", desk.model, "--seconds", "2"),
        *("--radius-mv", "0.001", "--at", "network"),
    )
    assert code == 0
    assert out[-1].endswith("0 failed. Proven stable does not mean correct.")


def test_a_folder_that_cannot_be_made_is_told_before_any_work(desk: DeviceDesk) -> None:
    """Exit 2 and one sentence; no recording was asked about."""
    (desk.folder / "file").write_text("in the way", encoding="utf-8")
    place = desk.folder / "file" / "proofs"
    code, out, err = certify(desk, "--radius-mv", "0.001", "--certificates", place)
    assert (code, out) == (2, [])
    assert len(err) == 1
    assert "expected to read or write it" in err[0]
