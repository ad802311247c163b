"""What scripts rely on at `afib certify`: keys, exit codes, and certificates that can be read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from afib.checkpoint import Checkpoint
from afib.records import read_recording
from tests.support.device_desk import DeviceDesk, certify
from tests.support.recordings import wfdb_record, write_files
from tests.support.uncertain import tiny_device

KEYS = [
    *("record", "rhythm", "radius_mv", "at", "clean_margin", "certified_margin", "outcome"),
    *("may_abstain", "certified_decision", "method", "seconds"),
]
BESIDE = ["disturbance", "qrs_height_mv", "radius_of_qrs", "filter_gain"]
SIZES = [
    *("largest_certified", "smallest_attacked", "tested_up_to", "certified_at_tested_end"),
    "precision",
]

# A little above what the network says of both recordings, so that little turns them.
_NEAR = -0.5


def test_the_published_keys_are_written(desk: DeviceDesk) -> None:
    """One JSON object a line, these keys first; exit 0 whatever the outcome."""
    code, out, err = certify(desk, "--radius-mv", "0.002", beside=True)
    lines = [json.loads(line) for line in out]
    assert (code, err) == (0, [])
    assert [list(line) for line in lines] == [[*KEYS, *BESIDE, "network", "set_may_abstain"]] * 2
    assert list(lines[0]["network"]) == ["certified_margin", "outcome", "method", "seconds"]
    assert all(line["filter_gain"] > 1 for line in lines)
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
    # A proof is about the network; its gate and sets are no part of it.
    assert document["model_digest"] == Checkpoint.load(desk.model).digest != desk.digest
    assert document["margin"] > 0


def test_an_unreadable_record_is_named_and_the_rest_go_on(desk: DeviceDesk) -> None:
    """It gives its name and the reason; exit 1."""
    write_files(desk.records, {name: data[:3000] for name, data in wfdb_record("A00002").items()})
    code, out, _ = certify(desk, "--radius-mv", "0.001", "--disturbance", "offset")
    lines = [json.loads(line) for line in out]
    assert code == 1
    assert list(lines[1]) == ["record", "error"]
    assert [line["record"] for line in lines] == ["A00001", "A00002", "A00003"]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_recording_that_fails_does_not_stop_the_others(desk: DeviceDesk, processes: int) -> None:
    """A disturbance that would leave the range of a recording fails that recording alone."""
    loud = wfdb_record("A00002")
    samples = np.frombuffer(loud["A00002.mat"][24:], dtype="<i2").astype(np.float64)
    scaled = np.rint(samples * (19500 / np.abs(samples).max())).astype("<i2")
    write_files(desk.records, loud | {"A00002.mat": loud["A00002.mat"][:24] + scaled.tobytes()})
    code, out, _ = certify(
        *(desk, "--radius-mv", "0.9", "--disturbance", "gain", "--processes", processes)
    )
    lines = [json.loads(line) for line in out]
    assert [line["record"] for line in lines] == ["A00001", "A00002", "A00003"]
    assert "outcome" in lines[0]
    assert "outcome" in lines[2]
    assert ("error" in lines[1]) == (code == 1)


def test_recordings_at_a_time_change_nothing_but_the_time(desk: DeviceDesk) -> None:
    """The same lines in the same order, damaged recordings among them, and the same certificates.

    So with one process or with two, whatever else was asked before.
    """
    write_files(desk.records, {name: data[:3000] for name, data in wfdb_record("A00002").items()})
    told, written = [], []
    for processes in (1, 2):
        proofs = desk.folder / f"proofs{processes}"
        code, out, _ = certify(
            *(desk, "--radius-mv", "0.001", "--at", "network", "--certificates", proofs),
            *("--processes", processes),
        )
        assert code == 1
        lines = [json.loads(line) for line in out]
        passing = ("seconds", "certificate")
        told.append([{key: line[key] for key in line if key not in passing} for line in lines])
        written.append({path.name: path.read_bytes() for path in proofs.iterdir()})
    assert len(told[0]) == 3
    assert told[0] == told[1]
    assert written[0] == written[1] != {}


def test_the_largest_sizes_are_told_beside(desk: DeviceDesk) -> None:
    """The proven one is below the attacked one, up to the radius that is asked about."""
    _, out, _ = certify(
        *(desk, "--radius-mv", "0.5", "--disturbance", "offset", "--largest"),
        *("--precision", "0.5", "--at", "network"),
    )
    for line in map(json.loads, out):
        assert list(line) == [*KEYS, *BESIDE, "box_mv", *SIZES, "set_may_abstain"]
        assert (line["tested_up_to"], line["precision"]) == (0.5, 0.5)
        certified, attacked = line["largest_certified"], line["smallest_attacked"]
        assert certified is None or 0 < certified <= 0.5
        assert attacked is None or certified is None or certified < attacked <= 0.5
        assert line["certified_at_tested_end"] == (certified == 0.5)


def test_a_counterexample_is_a_recording_that_is_decided_the_other_way(desk: DeviceDesk) -> None:
    """Its file is in the set, in whole steps, and `afib screen` says the other rhythm of it."""
    tiny_device(desk.model, threshold=_NEAR)
    place, radius_mv = desk.folder / "turned", 1.0
    _, out, _ = certify(desk, "--radius-mv", radius_mv, "--counterexamples", place)
    attacked = [line for line in map(json.loads, out) if line["outcome"] == "attacked"]
    assert attacked
    for line in attacked:
        name = Path(line["counterexample"])
        _, told, _ = desk.screen(name)
        said = json.loads(told[0])
        assert {said["rhythm"], line["rhythm"]} == {"AFib", "normal"}
        (stored, turned) = (
            read_recording(path) for path in (desk.records / f"{line['record']}.hea", name)
        )
        assert turned.rate_hz == stored.rate_hz
        assert turned.step_mv == stored.step_mv
        moved = turned.signal_mv.astype(np.float64) - stored.signal_mv.astype(np.float64)
        assert np.abs(moved).max() <= radius_mv + 1e-6
    assert {each.suffix for each in place.iterdir()} == {".hea", ".dat"}
    assert len(list(place.glob("*.hea"))) == len(attacked)


def test_recordings_of_one_name_have_counterexamples_of_their_own(desk: DeviceDesk) -> None:
    """The same samples at two rates, in two folders: two files, each at its rate."""
    tiny_device(desk.model, threshold=_NEAR)
    stored = read_recording(desk.records / "A00001.hea").signal_mv
    rows = "".join(f"{each:.9g}\n" for each in stored.tolist())
    for folder, rate in (("a", "300"), ("b", "300.5")):
        (desk.folder / folder).mkdir()
        (desk.folder / folder / "same.csv").write_text(f"# rate_hz: {rate}\nmv\n{rows}")
    place = desk.folder / "turned"
    asked = ("certify", desk.folder / "a", desk.folder / "b", "--model", desk.model)
    _, out, _ = desk.ask(
        *(*asked, "--radius-mv", "1", "--seconds", "2", "--format", "json", "--recorder-only"),
        *("--counterexamples", place),
    )
    lines = [json.loads(line) for line in out]
    assert [line["outcome"] for line in lines] == ["attacked"] * 2
    assert [read_recording(line["counterexample"]).rate_hz for line in lines] == [300.0, 300.5]


def test_the_smallest_size_that_turns_has_the_file(desk: DeviceDesk) -> None:
    """With --largest the file is of that size, which is below the one that was asked about."""
    tiny_device(desk.model, threshold=_NEAR)
    place, radius_mv = desk.folder / "turned", 1.0
    asked = ("--radius-mv", radius_mv, "--largest", "--recorder-only", "--seconds", "2")
    _, out, _ = certify(desk, *asked, "--counterexamples", place)
    turned = [line for line in map(json.loads, out) if line.get("counterexample")]
    assert turned
    assert min(line["smallest_attacked"] for line in turned) < radius_mv
    for line in turned:
        stored = read_recording(desk.records / f"{line['record']}.hea").signal_mv
        moved = np.abs(read_recording(line["counterexample"]).signal_mv.astype(np.float64) - stored)
        assert 0 < moved.max() <= line["smallest_attacked"] + 1e-6


def test_the_table_names_the_file_of_a_counterexample(desk: DeviceDesk) -> None:
    """What is turned is named in its row, so that it can be read again."""
    tiny_device(desk.model, threshold=_NEAR)
    place = desk.folder / "turned"
    _, out, _ = desk.ask(
        *("certify", desk.records, "--model", desk.model, "--seconds", "2", "--recorder-only"),
        *("--radius-mv", "1", "--counterexamples", place),
    )
    assert any(row.startswith("The filter may enlarge what moves") for row in out)
    rows = [line for line in out if " attacked " in line]
    assert rows
    for row in rows:
        assert Path(row.partition("; turned in ")[2]) in place.iterdir()


def test_behind_the_filter_no_counterexample_is_written(desk: DeviceDesk) -> None:
    """What the network is shown there is no recording."""
    tiny_device(desk.model, threshold=_NEAR)
    place = desk.folder / "turned"
    asked = ("--radius-mv", "1", "--at", "network", "--counterexamples", place)
    _, out, _ = certify(desk, *asked)
    attacked = [line for line in map(json.loads, out) if line["outcome"] == "attacked"]
    assert attacked
    assert {line["counterexample"] for line in attacked} == {None}
    assert all("behind the filter" in line["counterexample_error"] for line in attacked)
    assert list(place.iterdir()) == []


def test_the_table_counts_the_outcomes(desk: DeviceDesk) -> None:
    """The last line counts, and says what a proof is not."""
    code, out, _ = desk.ask(
        *("certify", desk.records, "--model", desk.model, "--seconds", "2"),
        *("--radius-mv", "0.001", "--at", "network"),
    )
    assert code == 0
    # What enters behind the filter does not pass it.
    assert not any("The filter" in row for row in out)
    assert out[-1].endswith("0 failed. Proven stable does not mean correct.")


def test_a_name_cannot_write_a_row_of_the_table(desk: DeviceDesk) -> None:
    """One row a recording, whatever its file is called."""
    named = desk.folder / "a\nA99999 normal certified\x1b[1m.csv"
    named.write_text("# rate_hz: 300\nmv\n" + "0.1\n" * 3000)
    _, out, _ = desk.ask(
        *("certify", named, "--model", desk.model, "--seconds", "2", "--radius-mv", "0.001")
    )
    (row,) = (line for line in out if "A99999" in line)
    assert row.startswith(r"a\nA99999 normal certified\x1b[1m")


def test_a_folder_that_cannot_be_made_is_told_before_any_work(desk: DeviceDesk) -> None:
    """Exit 2 and one sentence; no recording was asked about."""
    (desk.folder / "file").write_text("in the way", encoding="utf-8")
    place = desk.folder / "file" / "proofs"
    code, out, err = certify(desk, "--radius-mv", "0.001", "--certificates", place)
    assert (code, out) == (2, [])
    assert len(err) == 1
    assert "expected to read or write it" in err[0]


def test_a_model_without_thresholds_proves_nothing_unless_its_network_is_asked(
    desk: DeviceDesk,
) -> None:
    """Without gate and sets it is no device, so there is no decision to prove."""
    for path in desk.model.glob("uncertainty.*"):
        path.unlink()
    code, out, err = certify(desk, "--radius-mv", "0.0005")
    assert (code, out) == (2, [])
    assert "uncertainty" in " ".join(err)
    code, out, err = certify(desk, "--radius-mv", "0.0005", "--network-alone")
    assert (code, err) == (0, [])
    for line in map(json.loads, out):
        assert line["rhythm"] in {"AFib", "normal"}
        assert (line["may_abstain"], line["certified_decision"]) == ("unknown", False)
