"""Laws of requirement files: what is written is read, and no damage does worse than a sentence."""

import json
import random
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.documents import criterion_record, hazard_record, requirement_record
from vericase.errors import RequirementError
from vericase.requirement import ANY_DATA, RequirementSet
from vericase.schema import load_requirements
from vericase.schema.tree import MAX_BYTES
from vericase.wording import remarks

searched = settings(deadline=None, max_examples=60)
#: What a text may hold: no controls, no turned directions, not only spaces.
words = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cf", "Cn"]), min_size=1, max_size=12
).filter(lambda text: text.strip() != "")
decimals = st.integers(-10_000, 10_000).map(lambda i: i / 100)

YAML = """\
- id: ROB-001
  title: Keep what is right
  statement: >
    The subject shall keep
    a right decision.
  rationale: "A decision: that flips # is not trusted."
  category: network
  status: approved
  method: test
  hazards: [HAZ-001]
  conditions: {radius_mv: 0.01, leads: [I, 'II'], signed: true}
  acceptance:
    - {id: ROB-001.1, measurand: share, relation: ">=", threshold: 0.90, confidence: 0.95}
"""


#: The files that are damaged, one of every kind, which fit together.
WHOLE = {
    "r.yaml": YAML.encode()
    + b"""\
- id: APP-001
  title: Warn of misuse
  statement: The page shall warn of misuse.
  rationale: A reader has to know.
  category: application
  status: approved
  method: inspection
  parents: [ROB-001]
  applies_to: [clinic]
""",
    "hazards.yaml": b"""\
- id: HAZ-001
  title: A wrong decision
  harm: Treatment comes late.
  severity: serious
  sequence_of_events: Noise flips a decision.
  control: Decisions are kept under noise.
  residual_risk: Strong noise remains.
""",
    "waivers.yaml": b"""\
- id: WVR-001
  criterion: ROB-001.1
  reason: The next model is due in June.
  hazards: [HAZ-001]
  approved_by: A. Head
  approved_on: 2026-03-01
  expires_on: 2026-06-30
  max_deficit: 0.02
  fingerprint: "%s"
"""
    % (b"a" * 64),
    "inspections.yaml": b"""\
- id: INS-001
  requirement: APP-001
  outcome: accepted
  record: Minutes, page 3
  inspected_by: A. Reader
  inspected_on: 2026-03-02
  fingerprint: "%s"
  subjects: {model: "%s"}
"""
    % (b"a" * 64, b"b" * 64),
    "intended-use.yaml": b"""\
user: A reader
population: Adults
input: One lead
output: A rhythm
prohibited_use: [Alarms]
data_sources: [clinic]
""",
    "change-plan.yaml": b"""\
id: CCP-001
allowed: [subject changed]
data: The same recorder
method: The same procedure
acceptance: {ROB-001.1: 0.01}
roll_back: The former model is installed again.
approved_by: A. Head
approved_on: 2026-01-01
expires_on: 2026-12-31
""",
}
KINDS = tuple(WHOLE)
#: In every kind of file, a line with a text that may say anything.
FIRST_TEXT = {
    "r.yaml": b"  title: ",
    "hazards.yaml": b"  title: ",
    "waivers.yaml": b"  reason: ",
    "inspections.yaml": b"  record: ",
    "intended-use.yaml": b"user: ",
    "change-plan.yaml": b"data: ",
}
TRAPS = (
    *(b"- ", b": ", b"\n", b"  ", b"[", b"]", b"{", b"}", b"&a ", b"*a", b"!!", b"<<: ", b"? "),
    *(b"nan", b".nan", b".inf", b"1e-3", b"1e999", b"010", b"0x1F", b"1_000", b"no", b"on", b"~"),
    *(b"1:30", b"95%", b"0,95", b"2026-02-30", b"9" * 400, b"-0", b"true", b"null", b"''", b'""'),
    *(b"'", b'"', b"|", b">", b"#", b"---\n", b"...\n", b"%YAML 1.1\n", b"\t", b"\r", b"\0"),
    *(b"\xef\xbb\xbf", b"\xe2\x80\xae", b"\xd0\xb5", b"\xed\xa0\x80", b"\xff", b"\xc2\x85"),
    *(b"id: ROB-001", b"HAZ-001", b"ROB-001.1", b"a" * 64, b"[" * 20, b"{a: " * 20, b"- " * 20),
)
#: A file, perhaps a line, and what was expected.
SENTENCE = re.compile(r"[a-z-]+\.yaml(:[0-9]+)?: (.*: )?expected ", re.DOTALL)


def load(content: str | bytes) -> RequirementSet | list[str]:
    """The set in one file beside a hazard, or the problems."""
    with tempfile.TemporaryDirectory() as folder:
        raw = content.encode() if isinstance(content, str) else content
        (Path(folder) / "r.yaml").write_bytes(raw)
        (Path(folder) / "hazards.yaml").write_text(json.dumps([hazard_record()]))
        try:
            return load_requirements(Path(folder))
        except RequirementError as error:
            return [problem.replace(f"{folder}/", "") for problem in error.problems]


@searched
@given(words, words, words, decimals, st.dictionaries(words, st.one_of(decimals, words)))
def test_what_is_written_is_read(
    title: str, statement: str, measurand: str, threshold: float, conditions: dict[str, object]
) -> None:
    """Every text and number of a file comes out as it was written, whatever its letters."""
    criterion = criterion_record(measurand=measurand, threshold=threshold)
    record = requirement_record(
        title=title, statement=statement, conditions=conditions, acceptance=[criterion]
    )
    loaded = load(json.dumps([record], ensure_ascii=False))
    assert isinstance(loaded, RequirementSet), loaded
    requirement = loaded.requirements[0]
    assert (requirement.title, requirement.statement) == (title.strip(), statement.strip())
    assert requirement.criteria[0].measurand == measurand.strip()
    assert requirement.criteria[0].thresholds == {ANY_DATA: threshold}
    read = {k: v.strip() if isinstance(v, str) else v for k, v in conditions.items()}
    assert requirement.conditions == read


def damaged(chance: random.Random, raw: bytes) -> bytes:
    """*raw* with a few bytes changed, dropped or doubled, a line moved, or a trap put in."""
    for _ in range(chance.randint(1, 4)):
        at, length = chance.randrange(len(raw) + 1), chance.randint(0, 12)
        kind = chance.randrange(4)
        if kind == 0:
            raw = raw[:at] + chance.randbytes(chance.randint(0, 4)) + raw[at + length :]
        elif kind == 1:
            raw = raw[:at] + chance.choice(TRAPS) + raw[at + length :]
        elif kind == 2:
            lines = raw.split(b"\n")
            lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
            raw = b"\n".join(lines)
        else:
            # The value of a line is another one.
            lines = raw.split(b"\n")
            number = chance.randrange(len(lines))
            key, colon, _ = lines[number].partition(b": ")
            lines[number] = key + colon + chance.choice(TRAPS)
            raw = b"\n".join(lines)
    return raw


def crashes(number: int) -> list[str]:
    """Of so many damaged files of every kind, what came of them other than a set or sentences."""
    chance = random.Random(20_170_002)  # noqa: S311  a reproducible search, no secret
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_kinds(folder)
        for turn in range(number):
            kind = KINDS[turn % len(KINDS)]
            raw = damaged(chance, WHOLE[kind])
            (folder / kind).write_bytes(raw)
            try:
                told = reaction(folder)
            except Exception as error:  # noqa: BLE001  whatever it is, it is what we look for
                told = [repr(error)]
            found += [f"{kind} {raw!r}: {line}" for line in told]
            (folder / kind).write_bytes(WHOLE[kind])
    return found


def write_kinds(folder: Path) -> None:
    """A folder with a file of every kind."""
    for kind, content in WHOLE.items():
        (folder / kind).write_bytes(content)


def reaction(folder: Path) -> list[str]:
    """What is wrong with how *folder* is taken; nothing if it is a set or sound sentences."""
    try:
        loaded = load_requirements(folder)
    except RequirementError as error:
        problems = [problem.replace(f"{folder}/", "") for problem in error.problems]
        return [problem for problem in problems if not SENTENCE.match(problem)]
    # What is taken has to stand all that is done with it.
    if not all(requirement.fingerprint for requirement in loaded):
        return ["no fingerprint"]
    json.dumps([loaded.digest, *(remark.message for remark in remarks(loaded))])
    return []


def test_the_files_to_be_damaged_are_sound(tmp_path: Path) -> None:
    """The control: undamaged, they are a set in which every kind has its record."""
    write_kinds(tmp_path)
    loaded = load_requirements(tmp_path)
    assert [len(part) for part in (loaded.requirements, loaded.hazards)] == [2, 1]
    assert [len(part) for part in (loaded.waivers, loaded.inspections)] == [1, 1]
    assert loaded.intended_use is not None
    assert loaded.change_plan is not None


def test_a_damaged_file_is_a_sentence_at_worst() -> None:
    """Damage of any kind of file gives a set or problems with their file, never a crash."""
    assert crashes(600) == []


@pytest.mark.long
def test_twenty_thousand_damaged_files_are_sentences_at_worst() -> None:
    """The same search, longer."""
    assert crashes(20_000) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (b"&a x", "got an anchor or a tag"),
        (b"*a", "got the alias"),
        (b"!!str x", "got an anchor or a tag"),
        (b"!!python/object:os.system x", "got an anchor or a tag"),
        (b"1e-3", "quote it"),
        (b"010", "quote it"),
        (b"no", "quote it"),
        (b"1:30", "quote it"),
        (b".nan", "quote it"),
        (b"2026-03-31", "quote it"),
        (b"95%", "quote it"),
        (b"x\n  <<: {a: b}", "got a merge key"),
        (b"x\n  titl\xd0\xb5: y", "expected a known key"),
        (b"x\n  note: y\n  note: z", "expected each key once"),
        (b"\xe2\x80\xaex", "got a control or direction character"),
        (b"[" * 60_000, "levels of nesting"),
        (b"\n" + b"".join(b" " * i + b"- \n" for i in range(3, 200)), "levels of nesting"),
        (b"[&a [x], " + b"&b [*a, *a], " * 9 + b"]", "got an anchor or a tag"),
        (b"x\xff", "expected UTF-8 text"),
        (b"x" * (MAX_BYTES + 1), "expected at most"),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else "",
)
def test_a_trap_is_told_in_every_kind_of_file(
    kind: str, value: bytes, problem: str, tmp_path: Path
) -> None:
    """What YAML would read in a surprising way is told with its file, whatever the file is for."""
    write_kinds(tmp_path)
    lines = WHOLE[kind].split(b"\n")
    number = next(n for n, line in enumerate(lines) if line.startswith(FIRST_TEXT[kind]))
    lines[number] = FIRST_TEXT[kind] + value
    (tmp_path / kind).write_bytes(b"\n".join(_indented(lines, kind)))
    with pytest.raises(RequirementError) as caught:
        load_requirements(tmp_path)
    assert any(kind in told and problem in told for told in caught.value.problems)


def _indented(lines: list[bytes], kind: str) -> list[bytes]:
    """Further lines of a trap start where the keys of this kind of file do."""
    unlisted = kind in {"intended-use.yaml", "change-plan.yaml"}
    return [line.replace(b"\n  ", b"\n") if unlisted else line for line in lines]


@searched
@given(
    st.sampled_from(["\n", "# a remark\n", "   \n", "#\n\n"]),
    st.sampled_from([0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12]),
)
@example("# a remark\n", 0)
def test_space_and_remarks_change_no_fingerprint(insertion: str, line: int) -> None:
    """What only a reader of the file sees is no part of what is demanded."""
    # Anywhere but inside the block of the statement, where every line is text.
    lines = YAML.splitlines(keepends=True)
    told_anew = load("".join([*lines[:line], insertion, *lines[line:]]))
    plain = load(YAML)
    assert isinstance(told_anew, RequirementSet), told_anew
    assert isinstance(plain, RequirementSet)
    assert told_anew.requirements[0].fingerprint == plain.requirements[0].fingerprint
    assert told_anew.digest == plain.digest


@searched
@given(decimals, decimals)
def test_every_change_of_a_threshold_is_another_demand(one: float, other: float) -> None:
    """Two thresholds give one fingerprint exactly if they are the same number."""
    prints = []
    for threshold in (one, other):
        loaded = load(YAML.replace("0.90", repr(threshold)))
        assert isinstance(loaded, RequirementSet), loaded
        prints.append(loaded.requirements[0].fingerprint)
    assert (prints[0] == prints[1]) is (one == other)
