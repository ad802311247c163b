"""Laws of ReqIF: what was exported comes back as it was, and no file does worse than a sentence."""

import tempfile
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.reqif_files import rows_of_reqif
from tests.support.strategies import logs, requirement_sets
from tests.support.tracing import a_hazard, a_log, a_requirement, a_set
from vericase.errors import RequirementError
from vericase.export import EXPORTS
from vericase.export.table import lines
from vericase.gate import decide
from vericase.matrix import TraceMatrix, trace
from vericase.report.text import readable
from vericase.reqif import Imported, read_reqif
from vericase.requirement import (
    ANY_DATA,
    AcceptanceCriterion,
    Hazard,
    Relation,
    Requirement,
    RequirementSet,
    SmallSlices,
    Status,
)
from vericase.schema import load_requirements
from vericase.schema.records import CATEGORIES, METHODS, SEVERITIES
from vericase.schema.written import hazards_yaml, requirements_yaml

searched = settings(deadline=None, max_examples=60)
#: What a requirement file may hold: any letters, lines and spaces, but no controls.
letters = st.characters(
    exclude_categories=["Cs", "Cc", "Cn"],
    exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
)
words = st.text(letters | st.sampled_from("\n\t  <&\"'#:"), max_size=20).map(
    lambda text: text.strip() or "a"
)
lists = st.lists(words, max_size=2, unique=True).map(tuple)
numbers = st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.one_of(st.integers(-(10**14) + 1, 10**14), numbers, st.booleans(), words),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)


def keyed(value: object) -> bool:
    """Whether no key in it is the one that YAML merges by."""
    if isinstance(value, dict):
        return "<<" not in value and all(map(keyed, value.values()))
    return all(map(keyed, value)) if isinstance(value, list) else True


@st.composite
def criteria(draw: st.DrawFn, owner: str) -> tuple[AcceptanceCriterion, ...]:
    """One or two criteria, with every field."""
    drawn = []
    for number in range(1, draw(st.integers(1, 2)) + 1):
        relation = draw(st.sampled_from(Relation))
        bound = None if relation is Relation.EQUAL else draw(st.none() | st.floats(0.5, 0.999))
        paired = bound is not None and draw(st.booleans())
        limits = numbers
        if paired:
            limits = st.floats(0, 1e9).map(lambda v: -v if relation.wants_more and v else v)  # noqa: B023  drawn at once
        plain = st.builds(lambda value: {ANY_DATA: value}, limits)
        trials = draw(st.none() | st.integers(1, 10**6))
        rule = st.just(SmallSlices.BLOCK) if trials is None else st.sampled_from(SmallSlices)
        drawn.append(
            AcceptanceCriterion(
                id=f"{owner}.{number}",
                measurand=draw(words),
                relation=relation,
                thresholds=draw(plain | st.dictionaries(words, limits, min_size=1, max_size=2)),
                unit=draw(st.just("1") | words),
                confidence=bound,
                min_trials=trials,
                applies_to=draw(lists),
                paired=paired,
                small_slices=draw(rule),
                slices=draw(lists),
            )
        )
    return tuple(drawn)


@st.composite
def folders(draw: st.DrawFn) -> RequirementSet:
    """One to three requirements that fit together, and hazards."""
    hazards = [
        a_hazard(
            id=f"HAZ-00{number}",
            title=draw(words),
            harm=draw(words),
            control=draw(words),
            severity=draw(st.sampled_from(SEVERITIES)),
        )
        for number in range(1, draw(st.integers(0, 2)) + 1)
    ]
    known: list[Requirement] = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        identifier = f"ROB-00{number}"
        above = [r.id for r in known]
        requirement = a_requirement(
            *draw(criteria(identifier)),
            id=identifier,
            title=draw(words),
            statement=draw(words),
            rationale=draw(words),
            category=draw(st.sampled_from(CATEGORIES)),
            method=draw(st.sampled_from(METHODS)),
            status=draw(st.sampled_from([Status.APPROVED, Status.DRAFT])),
            parents=draw(st.permutations(above).map(tuple)),
            hazards=tuple(hazard.id for hazard in hazards),
            references=draw(lists),
            applies_to=draw(lists),
            depends=draw(lists),
            conditions=draw(st.dictionaries(words, values, max_size=2).filter(keyed)),
            first_look=draw(st.just("") | words),
        )
        known.append(requirement)
    return a_set(*known, hazards=hazards)


def exported(matrix: TraceMatrix) -> bytes:
    """The matrix as ReqIF."""
    return EXPORTS["reqif"](matrix, decide(matrix))


def imported(content: bytes) -> Imported | tuple[str, ...]:
    """What is read of a file with *content*, or its problems."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.reqif"
        path.write_bytes(content)
        try:
            return read_reqif(path)
        except RequirementError as error:
            return error.problems


def loaded(found: Imported) -> RequirementSet:
    """What is imported, written as YAML and read again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.yaml"
        path.write_text(requirements_yaml(found.requirements), encoding="utf-8")
        if found.hazards:
            path.with_name("hazards.yaml").write_text(hazards_yaml(found.hazards), encoding="utf-8")
        return load_requirements(Path(folder))


def told(record: Requirement | Hazard) -> Requirement | Hazard:
    """*record* as if it stood nowhere."""
    return replace(record, source=a_requirement().source)


@searched
@given(folders())
def test_what_was_exported_comes_back_as_it_was(wanted: RequirementSet) -> None:
    """Every field of every requirement and hazard, so every fingerprint too."""
    found = imported(exported(trace(wanted, a_log())))
    assert isinstance(found, Imported), found
    assert found.remarks == ()
    back = loaded(found)
    assert [told(r) for r in back] == [told(r) for r in wanted]
    assert [told(h) for h in back.hazards] == [told(h) for h in wanted.hazards]
    assert [r.fingerprint for r in back] == [r.fingerprint for r in wanted]


@searched
@given(st.data(), requirement_sets())
def test_no_row_of_the_table_is_lost(data: st.DataObject, requirements: RequirementSet) -> None:
    """Whatever was measured, another reader puts the same rows together."""
    matrix = trace(requirements, data.draw(logs(requirements)))
    rows = [{name: str(getattr(line, name)) for name in line.__slots__} for line in lines(matrix)]
    wanted = [{k: v for k, v in row.items() if v not in {"", "None"}} for row in rows]
    assert rows_of_reqif(exported(matrix)) == wanted


@searched
@given(st.text(max_size=40))
def test_any_text_makes_a_document(text: str) -> None:
    """Controls, turned directions, markup and half characters are text that can be read."""
    requirement = a_requirement(title=text, statement=text, conditions={"told": text})
    content = exported(trace(a_set(requirement), a_log()))
    ET.fromstring(content)  # noqa: S314  our own
    assert readable(content.decode()) == content.decode()
    if text:
        row = rows_of_reqif(content)[0]
        assert row["title"] == readable(text)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_a_damaged_file_is_a_sentence_at_worst(data: st.DataObject) -> None:
    """Bytes changed, dropped or doubled give requirements or problems, never a crash."""
    raw = exported(trace(a_set(hazards=[a_hazard()]), a_log()))
    start = raw.index(b"<SPEC-OBJECTS>") if data.draw(st.booleans()) else 0
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(start, len(raw) - 1))
        length = data.draw(st.integers(0, 12))
        filling = data.draw(
            st.one_of(
                st.binary(max_size=4),
                st.sampled_from([b"<", b">", b"/>", b"&a;", b"&#0;", b"<!DOCTYPE a>", b"</a>"]),
                st.sampled_from([b"[[", b"{", b"1e999", b"nan", b"9" * 400, b" ", b""]),
            )
        )
        raw = raw[:at] + filling + raw[at + length :]
    found = imported(raw)
    if isinstance(found, tuple):
        assert found
        assert all(": expected " in problem for problem in found)
    else:
        assert all(requirement.fingerprint for requirement in found.requirements)
