"""Evidence on disk: whole files, whole lines, and digests over bytes."""

import hashlib
import os
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.tracing import (
    a_case,
    a_log,
    a_record,
    a_requirement,
    a_set,
    everything_shown,
)
from vericase.errors import EvidenceError
from vericase.evidence import Outcome
from vericase.store import (
    JOURNAL,
    Journal,
    append_line,
    digest_bytes,
    digest_path,
    load_evidence,
    read_journal,
    save_evidence,
    write_atomically,
)
from vericase.wire import case_to, evidence_to, subject_to


def sha(content: bytes) -> str:
    """The SHA-256 as hexadecimal text, by the standard library alone."""
    return hashlib.sha256(content).hexdigest()


def test_a_digest_is_that_of_the_bytes() -> None:
    """The digest of nothing is the published one (FIPS 180-4, empty message)."""
    assert digest_bytes(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_file_has_the_digest_of_its_bytes(tmp_path: Path) -> None:
    """A file is digested by content alone, also beyond one chunk of reading."""
    content = b"x" * ((1 << 20) + 1)
    (tmp_path / "model.bin").write_bytes(content)
    assert digest_path(tmp_path / "model.bin") == sha(content)


def test_a_folder_has_the_digest_of_its_sorted_lines(tmp_path: Path) -> None:
    """The digest of a folder runs over `relative-path NUL sha256` lines in sorted order."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2.txt").write_bytes(b"two")
    (tmp_path / "a.txt").write_bytes(b"one")
    lines = f"a.txt\0{sha(b'one')}\nb/2.txt\0{sha(b'two')}\n"
    assert digest_path(tmp_path) == sha(lines.encode())


def test_an_archive_equals_its_unpacked_folder(tmp_path: Path) -> None:
    """A zip has the digest of what it unpacks to, whatever its order and its empty folders."""
    folder = tmp_path / "unpacked"
    (folder / "empty").mkdir(parents=True)
    (folder / "z.dat").write_bytes(b"z")
    (folder / "a.dat").write_bytes(b"a")
    archive = tmp_path / "packed.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for name in ("z.dat", "a.dat"):
            packed.write(folder / name, name)
        packed.mkdir("empty")
    assert digest_path(archive) == digest_path(folder)


def test_a_name_twice_in_an_archive_is_refused(tmp_path: Path) -> None:
    """Readers differ in which of two entries they take, so none is digested."""
    archive = tmp_path / "data.zip"
    with zipfile.ZipFile(archive, "w") as packed, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        packed.writestr("a.dat", b"one")
        packed.writestr("a.dat", b"two")
    with pytest.raises(EvidenceError) as caught:
        digest_path(archive)
    assert str(caught.value) == f"{archive}: expected each name once, got one twice"


def test_a_linked_folder_is_refused(tmp_path: Path) -> None:
    """What a link leads to can change without any file of the subject changing."""
    model = tmp_path / "model"
    (model / "own").mkdir(parents=True)
    (model / "linked").symlink_to(tmp_path)
    with pytest.raises(EvidenceError) as caught:
        digest_path(model)
    assert (
        str(caught.value) == f"{model / 'linked'}: expected a folder of its own, got a link to one"
    )


def test_an_archive_by_another_name_is_a_file(tmp_path: Path) -> None:
    """Only what is called an archive is opened; a model file that happens to be one is not."""
    path = tmp_path / "model.npz"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a.dat", b"one")
    assert digest_path(path) == sha(path.read_bytes())


def test_the_release_record_beside_a_model_is_no_part_of_it(tmp_path: Path) -> None:
    """What was decided about a model does not change its digest; a file deeper down does."""
    (tmp_path / "model.json").write_text("{}")
    before = digest_path(tmp_path)
    (tmp_path / "release.json").write_text("{}")
    assert digest_path(tmp_path) == before
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "release.json").write_text("{}")
    assert digest_path(tmp_path) != before


def test_nothing_has_no_digest(tmp_path: Path) -> None:
    """A path with nothing there is an error with the place, not the digest of nothing."""
    with pytest.raises(EvidenceError) as caught:
        digest_path(tmp_path / "gone")
    assert str(caught.value).startswith(
        f"{tmp_path / 'gone'}: expected a readable file or folder, got "
    )


@pytest.mark.parametrize("damage", ["content", "encrypted"])
def test_an_archive_that_cannot_be_read_is_refused(tmp_path: Path, damage: str) -> None:
    """A damaged or encrypted archive is one clear error, whatever the reader raised."""
    archive = tmp_path / "data.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.dat", b"abcdefgh" * 50)
    content = bytearray(archive.read_bytes())
    if damage == "content":
        content[40] ^= 0xFF
    else:
        content[6] |= 1
        content[content.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(content)
    with pytest.raises(EvidenceError, match="expected a readable file or folder, got "):
        digest_path(archive)


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """Folders are made, the content is replaced, and nothing else is left behind."""
    path = tmp_path / "new" / "evidence.json"
    write_atomically(path, b"first")
    write_atomically(path, b"second")
    assert path.read_bytes() == b"second"
    assert [p.name for p in path.parent.iterdir()] == ["evidence.json"]


def test_a_journal_gives_back_its_lines(tmp_path: Path) -> None:
    """What was appended is read in order; no journal is no lines."""
    journal = tmp_path / "deep" / JOURNAL
    assert not list(read_journal(journal))
    append_line(journal, {"run": "1", "text": "µ\n"})
    append_line(journal, {"run": "2"})
    assert list(read_journal(journal)) == [{"run": "1", "text": "µ\n"}, {"run": "2"}]


def test_a_torn_line_swallows_no_later_one(tmp_path: Path) -> None:
    """A run that died in the middle of a line does not cost the next run its first record."""
    journal = tmp_path / JOURNAL
    append_line(journal, {"run": "1"})
    journal.write_bytes(journal.read_bytes() + b'{"run": "torn')
    append_line(journal, {"run": "2"})
    assert list(read_journal(journal)) == [{"run": "1"}, {"run": "2"}]


def test_a_journal_that_is_taken_away_is_begun_anew(tmp_path: Path) -> None:
    """A line never goes to a file that nobody can read any more."""
    journal = Journal(tmp_path / JOURNAL)
    journal.append({"run": "1"})
    (tmp_path / JOURNAL).unlink()
    journal.append({"run": "2"})
    journal.append({"run": "3"})
    journal.close()
    assert list(read_journal(tmp_path / JOURNAL)) == [{"run": "2"}, {"run": "3"}]


def test_every_line_of_an_open_journal_is_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line is on disk when `append` comes back, not when the file is closed."""
    synced = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_size))
    journal = Journal(tmp_path / JOURNAL)
    sizes = []
    for line in range(3):
        journal.append({"line": line})
        sizes.append((tmp_path / JOURNAL).stat().st_size)
    journal.close()
    assert [size for size in synced if size in sizes] == sizes
    assert sizes == [11, 22, 33]


@pytest.mark.parametrize("line", [b"{", b"[1]", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff"])
def test_a_damaged_line_is_passed_over(tmp_path: Path, line: bytes) -> None:
    """A line that is no record is no evidence, and hides no other line."""
    journal = tmp_path / JOURNAL
    journal.write_bytes(line + b'\n{"run":"1"}\n')
    assert list(read_journal(journal)) == [{"run": "1"}]


def test_a_log_comes_back_whole(tmp_path: Path) -> None:
    """What is saved is what is loaded, and the chain holds."""
    log = everything_shown(a_set())
    save_evidence(tmp_path / "evidence.json", log)
    assert load_evidence(tmp_path / "evidence.json") == (log, ())


def test_records_are_stored_in_one_order(tmp_path: Path) -> None:
    """The order in which cases ended does not show in the file."""
    requirements = a_set(a_requirement(), a_requirement(id="ROB-002"))
    log = everything_shown(requirements)
    turned = replace(log, cases=log.cases[::-1], evidence=log.evidence[::-1])
    save_evidence(tmp_path / "1.json", log)
    save_evidence(tmp_path / "2.json", turned)
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()


def test_an_unfinished_run_is_completed_from_its_journal(tmp_path: Path) -> None:
    """What was acknowledged before a crash is there; lines of other runs are not."""
    requirement = a_requirement()
    record = a_record(requirement)
    log = a_log(cases=[a_case(outcome=Outcome.NOT_RUN)], finished=False)
    save_evidence(tmp_path / "evidence.json", log)
    line = {
        "case": case_to(a_case()),
        "evidence": [evidence_to(record)],
        "subjects": [subject_to(s) for s in log.subjects],
    }
    append_line(tmp_path / JOURNAL, {"run": "another", **line})
    assert load_evidence(tmp_path / "evidence.json")[0] == log
    append_line(tmp_path / JOURNAL, {"run": "run-1", **line})
    recovered, findings = load_evidence(tmp_path / "evidence.json")
    assert (recovered.cases, recovered.evidence, findings) == ((a_case(),), (record,), ())
    assert recovered.run.finished is False


def test_a_finished_run_needs_no_journal(tmp_path: Path) -> None:
    """Once a run has ended, its file alone counts."""
    log = everything_shown(a_set())
    save_evidence(tmp_path / "evidence.json", log)
    append_line(tmp_path / JOURNAL, {"run": "run-1", "case": "nonsense"})
    assert load_evidence(tmp_path / "evidence.json") == (log, ())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected evidence, got no JSON: Expecting value in line 1, column 1"),
        (b"\xff", "expected evidence, got 'utf-8' codec can't decode"),
        (b"[]", "expected evidence of format 1, got no JSON object"),
        (b"null", "expected evidence of format 1, got no JSON object"),
        (b"{}", "expected evidence of format 1, got None"),
        (b'{"format": 2}', "expected evidence of format 1, got 2"),
        (b'{"format": true}', "expected evidence of format 1, got True"),
        (b'{"format": 1.0}', "expected evidence of format 1, got 1.0"),
        (b'{"format": 1}', "expected evidence, got no field 'cases'"),
        (b'{"format": 1, "cases": 1}', "expected evidence, got a value of another kind"),
        (b'{"format": 1, "format": 1}', "expected evidence, got a wrong value: expected each key"),
        (b'{"format": 1, "a": NaN}', "got a wrong value: expected finite numbers, got NaN"),
        (b'{"format": 1, "a": -Infinity}', "expected finite numbers, got -Infinity"),
        (b"[" * 100_000, "expected evidence, got values nested too deeply"),
    ],
    ids=lambda value: value[:20].decode(errors="replace") if isinstance(value, bytes) else "",
)
def test_what_is_no_evidence_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """Damage of any kind is one error with the place."""
    path = tmp_path / "evidence.json"
    path.write_bytes(content)
    with pytest.raises(EvidenceError) as caught:
        load_evidence(path)
    assert str(caught.value).startswith(f"{path}: expected evidence")
    assert message in str(caught.value)


def test_a_field_of_another_type_is_told_by_name(tmp_path: Path) -> None:
    """Without a word about how the tool is written."""
    path = tmp_path / "evidence.json"
    save_evidence(path, everything_shown(a_set()))
    path.write_text(path.read_text().replace('"finished": true', '"finished": 1'))
    with pytest.raises(EvidenceError, match="got a wrong value: finished: expected a bool, got 1"):
        load_evidence(path)


def test_missing_evidence_says_what_to_do(tmp_path: Path) -> None:
    """Whoever asks before running is told to run."""
    with pytest.raises(EvidenceError, match="run the verification cases first"):
        load_evidence(tmp_path / "evidence.json")
