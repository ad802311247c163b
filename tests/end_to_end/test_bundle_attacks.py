"""Attacks on a signed bundle: none reads as a release, and each is told by what it touched."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.attacks import (
    Attack,
    archived,
    as_envelope,
    first_record,
    from_another_release,
    in_envelope,
    in_file,
    in_payload,
    in_records,
    in_signature,
    loose,
    malleable,
    measured_anew,
    released,
    renamed,
    swapped,
    with_files,
)
from tests.support.bundles import OTHER_KEY, OUR_KEY, Workplace, resigned, zipped
from vericase.audit import Expected, audit_bundle
from vericase.bundle import ENVELOPE, LOOKS, pack, unpack
from vericase.evidence import Look
from vericase.looks import Opening, look_at
from vericase.measurement import Proportion
from vericase.store import load_evidence, save_evidence


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    """A project whose evidence shows everything."""
    return Workplace(tmp_path)


def _called_a_release(place: Workplace, _: Path) -> bytes:
    place.measure(Proportion(10, 100))
    return in_payload(released)(place, place.sign("failure"))


NONE = {"where": ENVELOPE, "kind": "signature"}
SHARE = "ROB-001.1 verification/test_1.py::test_share"
ATTACKS: dict[str, tuple[Attack, dict[str, str]]] = {
    "signed by another key": (lambda _, b: resigned(b, lambda _: None, OTHER_KEY), NONE),
    "signed by another key, under the name of ours": (
        lambda p, b: renamed(resigned(b, lambda _: None, OTHER_KEY), p),
        NONE,
    ),
    "no signature": (in_envelope(lambda e: e["signatures"].clear()), NONE),
    "a second signature": (
        in_envelope(lambda e: e["signatures"].append(e["signatures"][0])),
        NONE,
    ),
    "an empty signature": (in_signature(lambda _: b""), NONE),
    "a signature of zeros": (in_signature(lambda s: bytes(len(s))), NONE),
    "a signature cut short": (in_signature(lambda s: s[:-1]), NONE),
    "a bit of the signature": (in_signature(lambda s: bytes([s[0] ^ 1]) + s[1:]), NONE),
    "the other scalar of the signature": (in_signature(malleable), NONE),
    "no key named": (in_envelope(lambda e: e["signatures"][0].pop("keyid")), NONE),
    "an algorithm named": (in_envelope(lambda e: e["signatures"][0].update(alg="none")), NONE),
    "another type of payload": (in_envelope(lambda e: e.update(payloadType="text/plain")), NONE),
    "the type in capitals": (
        in_envelope(lambda e: e.update(payloadType=e["payloadType"].upper())),
        NONE,
    ),
    "no payload": (in_envelope(lambda e: e.pop("payload")), NONE),
    "the payload as text": (in_envelope(lambda e: e.update(payload="{}")), NONE),
    "base64 with a line break": (
        in_envelope(lambda e: e.update(payload=e["payload"] + "\n")),
        NONE,
    ),
    "base64 without its padding": (
        in_envelope(lambda e: e["signatures"][0].update(sig=e["signatures"][0]["sig"].strip("="))),
        NONE,
    ),
    "base64 with loose bits": (
        in_envelope(lambda e: e["signatures"][0].update(sig=loose(e["signatures"][0]["sig"]))),
        NONE,
    ),
    "a key twice": (
        as_envelope(lambda e: e.replace(b'{"payload"', b'{"payload":"","payload"')),
        NONE,
    ),
    "a key beside the known ones": (in_envelope(lambda e: e.update(note="x")), NONE),
    "spaces between the keys": (as_envelope(lambda e: e.replace(b'","', b'", "')), NONE),
    "an envelope that is empty": (as_envelope(lambda _: b""), NONE),
    "an envelope nested deeply": (as_envelope(lambda _: b"[" * 100_000), NONE),
    "an envelope of no text": (as_envelope(lambda _: b"\xff\xfe"), NONE),
    "an envelope that is null": (as_envelope(lambda _: b"null\n"), NONE),
    "a number that is none": (
        as_envelope(lambda e: e.replace(b'"keyid":', b'"keyid":NaN,"x":')),
        NONE,
    ),
    "the statement says another run": (
        in_payload(lambda d: d["predicate"]["vericase"].update(run="run-2")),
        NONE,
    ),
    "the statement lists other digests": (
        in_payload(lambda d: d["predicate"]["configuration"].pop()),
        NONE,
    ),
    "the statement names another model": (
        in_payload(lambda d: d["subject"][0]["digest"].update(sha256="0" * 64)),
        NONE,
    ),
    "a measured count": (
        in_records(
            first_record(measurement={"kind": "proportion", "successes": 99, "trials": 100})
        ),
        {"where": SHARE, "kind": "tampered"},
    ),
    "a stored verdict": (
        in_records(first_record(verdict="FAIL")),
        {"where": SHARE, "kind": "tampered"},
    ),
    "a record dropped": (
        in_records(lambda d: d["evidence"].pop(0)),
        {"where": SHARE, "kind": "tampered"},
    ),
    "a record twice": (
        in_records(lambda d: d["evidence"].append(d["evidence"][0])),
        {"where": SHARE, "kind": "tampered"},
    ),
    "records in another order": (
        in_records(lambda d: d["evidence"].reverse()),
        {"where": "evidence.json", "kind": "tampered"},
    ),
    "records under each other's names": (
        in_records(swapped),
        {"where": SHARE, "kind": "tampered"},
    ),
    "another run, with its chain": (
        measured_anew(Proportion(100, 100), run="run-2"),
        {"where": SHARE, "kind": "tampered"},
    ),
    "the same counts of another run": (
        measured_anew(Proportion(95, 100), run="run-2"),
        {"where": "evidence.json", "kind": "tampered"},
    ),
    "a threshold lowered": (
        in_file("requirements/r.yaml", lambda c: c.replace(b"0.9", b"0.1")),
        {"where": "requirements", "kind": "tampered"},
    ),
    "requirements gone": (
        in_file("requirements/r.yaml", lambda _: None),
        {"where": "requirements/r.yaml", "kind": "tampered"},
    ),
    "a waiver slipped in": (
        with_files(requirements__waivers_DOT_yaml=b"[]\n"),
        {"where": "requirements/waivers.yaml", "kind": "tampered"},
    ),
    "a file slipped in": (with_files(note=b"x"), {"where": "note", "kind": "tampered"}),
    "a case edited": (
        in_file("code/verification/test_1.py", lambda c: c + b"# quick fix\n"),
        {"where": "code/verification/test_1.py", "kind": "tampered"},
    ),
    "a case gone": (
        in_file("code/verification/test_1.py", lambda _: None),
        {"where": "code/verification/test_1.py", "kind": "tampered"},
    ),
    "another report": (
        in_file("traceability.html", lambda c: c.replace(b"RELEASED", b"RELEASED!")),
        {"where": "traceability.html", "kind": "tampered"},
    ),
    "another figure": (
        in_file("attachments/", lambda _: b"a better figure"),
        {"where": "ROB-001.1", "kind": "attachment"},
    ),
    "a figure gone": (
        in_file("attachments/", lambda _: None),
        {"where": "ROB-001.1", "kind": "attachment"},
    ),
    "the signature of another release": (from_another_release(signature=True), NONE),
    "the envelope of another release": (
        from_another_release(ENVELOPE),
        {"where": "evidence.json", "kind": "tampered"},
    ),
    "the evidence of another release": (
        from_another_release("evidence.json"),
        {"where": SHARE, "kind": "tampered"},
    ),
    "the report of another release": (
        from_another_release("traceability.html"),
        {"where": "traceability.html", "kind": "tampered"},
    ),
    "a failure under the signature of a release": (
        measured_anew(Proportion(10, 100)),
        {"where": SHARE, "kind": "tampered"},
    ),
    "keys in another order": (
        as_envelope(
            lambda e: json.dumps(dict(sorted(json.loads(e).items(), reverse=True))).encode()
        ),
        NONE,
    ),
    "a key in escapes": (as_envelope(lambda e: e.replace(b'"payload"', b'"p\\u0061yload"')), NONE),
    "a stroke in escapes": (as_envelope(lambda e: e.replace(b"/", b"\\/")), NONE),
    "a byte order mark": (as_envelope(lambda e: b"\xef\xbb\xbf" + e), NONE),
    "lines after the envelope": (as_envelope(lambda e: e + b"\n\n"), NONE),
    "two envelopes": (as_envelope(lambda e: e + e), NONE),
    "the alphabet of base64 for the web": (
        in_envelope(
            lambda e: e.update(payload=e["payload"].replace("/", "_").replace("+", "-") + "_")
        ),
        NONE,
    ),
    "another payload behind the signed one": (
        in_envelope(lambda e: e.update(payload=e["payload"] + e["payload"])),
        NONE,
    ),
    "a list of payloads": (in_envelope(lambda e: e.update(payload=[e["payload"]])), NONE),
    "a signature as an object": (
        in_envelope(lambda e: e.update(signatures=e["signatures"][0])),
        NONE,
    ),
    "the statement says a later number": (
        in_payload(lambda d: d["predicate"]["vericase"].update(sequence=99)),
        NONE,
    ),
    "a signed failure called a release": (_called_a_release, NONE),
    "another model in the evidence": (
        in_records(lambda d: d["subjects"][0].update(digest="0" * 64)),
        {"where": "model", "kind": "tampered"},
    ),
    "another model in a record": (
        in_records(first_record(subjects={"model": "0" * 64})),
        {"where": SHARE, "kind": "tampered"},
    ),
    "a run called finished anew": (
        in_records(lambda d: d["run"].update(started="2001-01-01T00:00:00+00:00")),
        {"where": "evidence.json", "kind": "tampered"},
    ),
    "a requirement set back to draft": (
        in_file("requirements/r.yaml", lambda c: c.replace(b"approved", b"draft", 1)),
        {"where": "requirements/r.yaml", "kind": "tampered"},
    ),
    "requirements under a second name": (
        with_files(requirements__s_DOT_yaml=b"[]\n"),
        {"where": "requirements/s.yaml", "kind": "tampered"},
    ),
    "a name in other letters": (
        lambda _, b: pack({n.replace("evidence", "Evidence"): c for n, c in unpack(b).items()}),
        {"where": "Evidence.json", "kind": "tampered"},
    ),
    "a path from the root": (
        lambda _, b: zipped({**unpack(b), "/evidence.json": b"{}"}),
        {"kind": "bundle"},
    ),
    "files in another order": (
        lambda _, b: zipped(dict(reversed(unpack(b).items()))),
        {"kind": "bundle"},
    ),
    "a remark in the archive": (
        lambda _, b: b.read_bytes()[:-2] + b"\x01\x00x",
        {"kind": "bundle"},
    ),
    "bytes before the archive": (lambda _, b: b"MZ" + b.read_bytes(), {"kind": "bundle"}),
    "bytes after the archive": (lambda _, b: b.read_bytes() + b"\0", {"kind": "bundle"}),
    "an archive cut short": (lambda _, b: b.read_bytes()[:-30], {"kind": "bundle"}),
    "another compression": (archived(method=zipfile.ZIP_DEFLATED), {"kind": "bundle"}),
    "other times in the archive": (archived(year=2026), {"kind": "bundle"}),
    "a path that leads out": (
        lambda _, b: zipped({**unpack(b), "../evidence.json": b"{}"}),
        {"kind": "bundle"},
    ),
    "no envelope": (
        lambda _, b: pack({n: c for n, c in unpack(b).items() if n != ENVELOPE}),
        {"kind": "bundle"},
    ),
    "no archive": (lambda *_: b"RELEASED", {"kind": "bundle"}),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_no_attack_is_a_release(place: Workplace, name: str) -> None:
    """Without the key nothing passes, and what was touched is named."""
    bundle = place.sign()
    attack, told = ATTACKS[name]
    content = attack(place, bundle)
    assert content != bundle.read_bytes()
    bundle.write_bytes(content)
    audit = audit_bundle(bundle, OUR_KEY.public_key(), Expected())
    assert not audit.genuine
    assert not audit.released
    assert any(all(getattr(f, key) == told[key] for key in told) for f in audit.findings), audit


def test_the_attacks_are_many() -> None:
    """At least forty, beside those that need the key or an older bundle."""
    assert len(ATTACKS) >= 40


def test_the_genuine_bundle_is_a_release(place: Workplace) -> None:
    """The control: the command says so too."""
    bundle = place.sign()
    model = f"--subject=model={place.folder / 'model.bin'}"
    assert audit_bundle(bundle, OUR_KEY.public_key(), Expected()).released
    assert place.audit(bundle, model, "--run=run-1") == 0


def test_the_same_release_is_the_same_bytes(place: Workplace) -> None:
    """Two signings differ in nothing."""
    assert place.sign("one").read_bytes() == place.sign("two").read_bytes()


def test_a_signed_failure_is_genuine_and_no_release(
    place: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Truth can be signed whatever it says; the exit code tells the two apart."""
    place.measure(Proportion(10, 100))
    assert place.audit(place.sign()) == 1
    assert "GENUINE, BLOCKED (0 of 2" in capsys.readouterr().out


def test_a_signed_rehearsal_is_no_release(place: Workplace) -> None:
    """Its data can release nothing."""
    place.measure(Proportion(95, 100), rehearsal=True)
    assert place.audit(place.sign()) == 1


def test_even_the_owner_of_the_key_cannot_sign_a_failure_as_a_release(place: Workplace) -> None:
    """The evidence is judged again, and the contradiction told."""
    place.measure(Proportion(10, 100))
    bundle = place.sign()
    bundle.write_bytes(resigned(bundle, released, OUR_KEY))
    audit = audit_bundle(bundle, OUR_KEY.public_key(), Expected())
    assert ("contradiction", "decision") in {(f.kind, f.where) for f in audit.findings}
    assert not audit.released


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: d.update(_type="https://in-toto.io/Statement/v0.1"),
        lambda d: d.update(predicateType="https://slsa.dev/provenance/v1"),
        lambda d: d["predicate"]["vericase"].update(format=2),
        lambda d: d["predicate"]["vericase"].update(format=True),
        lambda d: d["predicate"]["vericase"].update(sequence=True),
        lambda d: d["predicate"]["vericase"].update(on="yesterday"),
        lambda d: d.pop("predicate"),
        lambda d: d["predicate"]["vericase"].update(judging_rules=99),
        lambda d: d["predicate"]["vericase"].update(requirements_digest="0" * 64),
        lambda d: d["predicate"]["vericase"]["records"].popitem(),
    ],
)
def test_a_statement_of_another_kind_is_refused_though_we_signed_it(
    place: Workplace, edit: Callable[[dict[str, Any]], object]
) -> None:
    """A signature says who, not what: the type is inside of it."""
    bundle = place.sign()
    bundle.write_bytes(resigned(bundle, edit, OUR_KEY))
    audit = audit_bundle(bundle, OUR_KEY.public_key(), Expected())
    assert audit.findings
    assert not audit.released


def test_another_key_is_told(place: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    """The key of the auditor decides, not the one that the bundle names."""
    bundle = place.sign()
    assert place.audit(bundle, key="other") == 1
    assert "expected a signature of the key" in capsys.readouterr().out


def test_another_model_is_told(place: Workplace) -> None:
    """What is to be released is hashed."""
    bundle = place.sign()
    (place.folder / "model.bin").write_bytes(b"other weights")
    assert place.audit(bundle, f"--subject=model={place.folder / 'model.bin'}") == 1


def test_another_run_is_told(place: Workplace) -> None:
    """An old bundle is not what was asked for."""
    assert place.audit(place.sign(), "--run=run-2") == 1


def test_bundles_follow_each_other(place: Workplace) -> None:
    """One that is older than the last accepted, or follows another one, is no successor."""
    first = place.sign("first")
    second = place.sign("second", f"--previous={first}")
    third = place.sign("third", f"--previous={second}")
    assert place.audit(second, f"--previous={first}") == 0
    for candidate, last in ((first, second), (second, second), (first, first), (third, first)):
        assert place.audit(candidate, f"--previous={last}") == 1


def _opened(place: Workplace, subject: str) -> Look:
    """An opening of the held-out data, on record at the workplace."""
    opening = Opening(name="test", data="da" * 32, subject=subject * 32)
    look = look_at(place.folder / "reports" / "looks.jsonl", opening, may_open=True)
    assert look is not None
    return look


def test_an_opening_that_is_taken_off_the_record_is_told(
    place: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next bundle has to hold every opening that the last one held."""
    record = place.folder / "reports" / "looks.jsonl"
    _opened(place, "a0")
    before = record.read_bytes()
    _opened(place, "b0")
    first = place.sign("first")
    assert place.audit(place.sign("second", f"--previous={first}"), f"--previous={first}") == 0
    record.write_bytes(before)
    assert place.ask_to_sign("third", f"--previous={first}") == 2
    third = place.sign("third")
    assert place.audit(third, f"--previous={first}") == 1
    assert "openings that were on the record of the bundle before are not on this one" in (
        capsys.readouterr().out
    )


def test_an_opening_of_the_evidence_is_on_the_record(
    place: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Evidence that knows of an opening cannot be signed without it and be genuine."""
    log = place.log(Proportion(95, 100))
    save_evidence(place.folder / "evidence.json", replace(log, looks=(_opened(place, "a0"),)))
    assert place.audit(place.sign("whole")) == 0
    without = pack({k: v for k, v in unpack(place.sign("whole")).items() if k != LOOKS})
    edited = place.folder / "edited"
    edited.write_bytes(without)
    assert place.audit(edited) == 1
    assert "an opening in the evidence is not on the record" in capsys.readouterr().out


def test_nothing_is_signed_that_an_audit_would_not_call_genuine(
    place: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each thing that the audit would find is told, and no bundle is left behind."""
    log = place.log(Proportion(95, 100))
    look = _opened(place, "a0")
    save_evidence(place.folder / "evidence.json", replace(log, looks=(look,)))
    (place.folder / "reports" / "looks.jsonl").unlink()
    assert place.ask_to_sign("bundle") == 2
    assert not (place.folder.parent / "bundle").exists()
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[:2]) == (
        "",
        [
            "nothing is signed: an audit would find it NOT GENUINE",
            "test: looks, an opening in the evidence is not on the record",
        ],
    )


def test_a_failure_is_signed_as_one(place: Workplace) -> None:
    """What is true may be signed, be it a release or not."""
    place.measure(Proportion(10, 100))
    assert place.audit(place.sign()) == 1


def test_what_is_signed_can_be_read_back(place: Workplace) -> None:
    """The evidence in the bundle is the evidence."""
    bundle = place.sign()
    content = unpack(bundle)["evidence.json"]
    (place.folder / "back.json").write_bytes(content)
    log, findings = load_evidence(place.folder / "back.json")
    assert (log.run.id, len(log.evidence), findings) == ("run-1", 2, ())
