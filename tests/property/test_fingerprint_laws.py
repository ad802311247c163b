"""Laws of the fingerprint: it changes with what is demanded, and with nothing else."""

from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st

from tests.support.strategies import finite, texts
from tests.support.tracing import a_criterion, a_requirement
from vericase.requirement import (
    AcceptanceCriterion,
    Claim,
    Relation,
    Requirement,
    SmallSlices,
    Source,
    Status,
)

ids = st.lists(texts, max_size=3, unique=True).map(tuple)
conditions = st.dictionaries(texts, st.one_of(finite, texts, st.booleans()), max_size=2)

#: What a new value of each field is drawn from; together they are all fields.
TOLD: dict[str, st.SearchStrategy[object]] = {
    "title": texts,
    "rationale": texts,
    "category": texts,
    "status": st.sampled_from(Status),
    "references": ids,
    "source": st.builds(Source, file=texts, line=st.integers(1, 99)),
}
DEMANDED: dict[str, st.SearchStrategy[object]] = {
    "id": texts,
    "statement": texts,
    "method": texts,
    "parents": ids,
    "hazards": ids,
    "applies_to": ids,
    "depends": ids,
    "conditions": conditions,
    "claim": st.sampled_from(Claim),
    "first_look": texts,
    "criteria": st.lists(finite, max_size=2).map(lambda ts: tuple(map(a_criterion, ts))),
}
CRITERION: dict[str, st.SearchStrategy[object]] = {
    "id": texts,
    "measurand": texts,
    "relation": st.sampled_from(Relation),
    "thresholds": st.dictionaries(texts, finite, max_size=2),
    "unit": texts,
    "confidence": st.one_of(st.none(), st.floats(0.01, 0.99)),
    "min_trials": st.one_of(st.none(), st.integers(1, 99)),
    "applies_to": ids,
    "paired": st.booleans(),
    "small_slices": st.sampled_from(SmallSlices),
    "slices": ids,
}


def changed(known: dict[str, st.SearchStrategy[object]]) -> st.SearchStrategy[tuple[str, object]]:
    """A field of *known* and a new value for it."""
    return st.sampled_from(sorted(known)).flatmap(
        lambda name: st.tuples(st.just(name), known[name])
    )


def meaning(value: object) -> object:
    """A value for comparison: the order of ids means nothing."""
    is_ids = isinstance(value, tuple) and all(isinstance(item, str) for item in value)
    return sorted(map(str, value)) if is_ids and isinstance(value, tuple) else value


def test_every_field_is_known_here() -> None:
    """A new field has to be placed among what is demanded or what is told."""
    assert {*TOLD, *DEMANDED} == {field.name for field in fields(Requirement)}
    assert set(CRITERION) == {field.name for field in fields(AcceptanceCriterion)}


@given(changed(TOLD))
def test_what_is_only_told_does_not_count(change: tuple[str, object]) -> None:
    """A new title, rationale or place keeps every piece of evidence valid."""
    name, value = change
    requirement = replace(a_requirement(), **{name: value})  # type: ignore[arg-type]  # drawn for that field
    assert requirement.fingerprint == a_requirement().fingerprint


@given(changed(DEMANDED))
def test_what_is_demanded_counts(change: tuple[str, object]) -> None:
    """The fingerprint is another one exactly if the value means something else."""
    name, value = change
    requirement = replace(a_requirement(), **{name: value})  # type: ignore[arg-type]  # drawn for that field
    same = meaning(value) == meaning(getattr(a_requirement(), name))
    assert (requirement.fingerprint == a_requirement().fingerprint) is same


@given(changed(CRITERION))
def test_every_field_of_a_criterion_counts(change: tuple[str, object]) -> None:
    """Each part of a criterion is a part of what is demanded."""
    name, value = change
    criterion = replace(a_criterion(), **{name: value})  # type: ignore[arg-type]  # drawn for that field
    same = meaning(value) == meaning(getattr(a_criterion(), name))
    before, after = a_requirement(a_criterion()), a_requirement(criterion)
    assert (after.fingerprint == before.fingerprint) is same


@given(ids, ids, st.randoms(use_true_random=False))
def test_the_order_of_links_does_not_count(
    parents: tuple[str, ...], hazards: tuple[str, ...], random: object
) -> None:
    """Links are sets; shuffling them changes nothing."""
    turned = [list(parents), list(hazards)]
    for items in turned:
        random.shuffle(items)  # type: ignore[attr-defined]  # the generator of Hypothesis
    shuffled = a_requirement(parents=tuple(turned[0]), hazards=tuple(turned[1]))
    assert shuffled.fingerprint == a_requirement(parents=parents, hazards=hazards).fingerprint
