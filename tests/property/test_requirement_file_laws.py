"""Laws of requirement files: what is written is read, and no damage does worse than a sentence."""

import json
import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.documents import criterion_record, hazard_record, requirement_record
from vericase.errors import RequirementError
from vericase.requirement import ANY_DATA, RequirementSet
from vericase.schema import load_requirements

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


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_a_damaged_file_is_a_sentence_at_worst(data: st.DataObject) -> None:
    """Bytes changed, dropped or doubled give a set or problems with the file, never a crash."""
    raw = YAML.encode()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        length = data.draw(st.integers(0, 12))
        filling = data.draw(
            st.one_of(
                st.binary(max_size=4),
                st.sampled_from(
                    [b"- ", b": ", b"\n", b"  ", b"[", b"{", b"&a ", b"*a", b"!!", b"<<: "]
                ),
                st.sampled_from([b"nan", b"1e-3", b"010", b"no", b"~", b"9" * 400]),
            )
        )
        raw = raw[:at] + filling + raw[at + length :]
    loaded = load(raw)
    if isinstance(loaded, list):
        assert loaded
        assert all(problem.startswith(("r.yaml", "hazards.yaml")) for problem in loaded)
        assert all(": expected " in problem for problem in loaded)
    else:
        assert all(requirement.fingerprint for requirement in loaded)


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
