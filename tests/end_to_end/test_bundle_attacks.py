"""Attacks on a signed bundle: none reads as a release, and each is told by what it touched."""

import base64
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.bundles import (
    OTHER_KEY,
    OUR_KEY,
    Workplace,
    envelope_of,
    resigned,
    zipped,
)
from vericase.audit import Expected, audit_bundle
from vericase.bundle import ENVELOPE, pack, unpack
from vericase.evidence import Look
from vericase.looks import Opening, look_at
from vericase.measurement import Proportion
from vericase.requirement import canonical
from vericase.store import digest_bytes, load_evidence, save_evidence

Attack = Callable[[Workplace, Path], bytes]
_ORDER = 2**252 + 27742317777372353535851937790883648493
OURS = digest_bytes(OUR_KEY.public_key().public_bytes_raw())


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    """A project whose evidence shows everything."""
    return Workplace(tmp_path)


def in_envelope(edit: Callable[[dict[str, Any]], object]) -> Attack:
    """The envelope edited, everything else as it was."""

    def attack(_: Workplace, bundle: Path) -> bytes:
        envelope = envelope_of(bundle)
        edit(envelope)
        return pack({**unpack(bundle), ENVELOPE: canonical(envelope).encode() + b"\n"})

    return attack


def as_envelope(make: Callable[[bytes], bytes]) -> Attack:
    """The bytes of the envelope replaced."""
    return lambda _, bundle: pack({**unpack(bundle), ENVELOPE: make(unpack(bundle)[ENVELOPE])})


def in_signature(edit: Callable[[bytes], bytes]) -> Attack:
    """The bytes of the signature edited."""

    def change(envelope: dict[str, Any]) -> None:
        signed = envelope["signatures"][0]
        signed["sig"] = base64.b64encode(edit(base64.b64decode(signed["sig"]))).decode()

    return in_envelope(change)


def in_payload(edit: Callable[[dict[str, Any]], object]) -> Attack:
    """The statement edited under the old signature."""

    def change(envelope: dict[str, Any]) -> None:
        document = json.loads(base64.b64decode(envelope["payload"]))
        edit(document)
        envelope["payload"] = base64.b64encode(canonical(document).encode()).decode()

    return in_envelope(change)


def in_file(name: str, edit: Callable[[bytes], bytes | None]) -> Attack:
    """One file edited, or left out where the edit gives None."""

    def attack(_: Workplace, bundle: Path) -> bytes:
        files = unpack(bundle)
        (path,) = [path for path in files if path.startswith(name)]
        content = edit(files.pop(path))
        return pack(files if content is None else {**files, path: content})

    return attack


def in_records(edit: Callable[[dict[str, Any]], object]) -> Attack:
    """The evidence edited as JSON, its chain left as it was."""

    def change(content: bytes) -> bytes:
        document = json.loads(content)
        edit(document)
        return json.dumps(document, indent=1, sort_keys=True).encode()

    return in_file("evidence.json", change)


def measured_anew(share: Proportion, **how: str) -> Attack:
    """The evidence of another run, whole and with a right chain, under the old signature."""

    def attack(place: Workplace, bundle: Path) -> bytes:
        save_evidence(place.folder / "other.json", place.log(share, **how))  # type: ignore[arg-type]  # run
        return pack({**unpack(bundle), "evidence.json": (place.folder / "other.json").read_bytes()})

    return attack


def with_files(**changes: bytes) -> Attack:
    """Files slipped in."""
    named = {name.replace("__", "/").replace("_DOT_", "."): c for name, c in changes.items()}
    return lambda _, bundle: pack({**unpack(bundle), **named})


def archived(**how: int) -> Attack:
    """The same files in another archive."""
    return lambda _, bundle: zipped(unpack(bundle), **how)


def released(document: dict[str, Any]) -> None:
    """Say that it was released."""
    document["predicate"]["vericase"]["released"] = True


def first_record(**changes: object) -> Callable[[dict[str, Any]], object]:
    """Change fields of the first record."""
    return lambda document: document["evidence"][0].update(changes)


def malleable(signature: bytes) -> bytes:
    """The other scalar of the same residue."""
    scalar = int.from_bytes(signature[32:], "little") + _ORDER
    return signature[:32] + scalar.to_bytes(32, "little")


def swapped(document: dict[str, Any]) -> None:
    """Two records change their criteria."""
    one, two = document["evidence"]
    for key in ("criterion_id", "requirement_id"):
        one[key], two[key] = two[key], one[key]


NONE = {"where": ENVELOPE, "kind": "signature"}
SHARE = "ROB-001.1 verification/test_1.py::test_share"
ATTACKS: dict[str, tuple[Attack, dict[str, str]]] = {
    "signed by another key": (lambda _, b: resigned(b, lambda _: None, OTHER_KEY), NONE),
    "signed by another key, under the name of ours": (
        lambda p, b: _renamed(resigned(b, lambda _: None, OTHER_KEY), p),
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
        in_envelope(lambda e: e["signatures"][0].update(sig=_loose(e["signatures"][0]["sig"]))),
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


def _renamed(content: bytes, place: Workplace) -> bytes:
    path = place.folder / "renamed"
    path.write_bytes(content)
    return in_envelope(lambda e: e["signatures"][0].update(keyid=OURS))(place, path)


def _loose(text: str) -> str:
    return text[:-3] + chr(ord(text[-3]) + 1) + "=="


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
    third = place.sign("third", f"--previous={first}")
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
    (place.folder / "reports" / "looks.jsonl").unlink()
    assert place.audit(place.sign("without")) == 1
    assert "an opening in the evidence is not on the record" in capsys.readouterr().out


def test_what_is_signed_can_be_read_back(place: Workplace) -> None:
    """The evidence in the bundle is the evidence."""
    bundle = place.sign()
    content = unpack(bundle)["evidence.json"]
    (place.folder / "back.json").write_bytes(content)
    log, findings = load_evidence(place.folder / "back.json")
    assert (log.run.id, len(log.evidence), findings) == ("run-1", 2, ())
