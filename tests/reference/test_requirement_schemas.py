"""The published JSON Schemas and our loader agree; jsonschema is the other reader."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.support.documents import (
    change_plan_record,
    criterion_record,
    hazard_record,
    inspection_record,
    requirement_record,
    waiver_record,
    write_records,
)
from vericase.errors import RequirementError
from vericase.schema import json_schemas, load_requirements

ROOT = Path(__file__).parents[2]
KINDS = {
    name: name.removesuffix(".yaml")
    for name in (
        *("hazards.yaml", "intended-use.yaml", "waivers.yaml", "inspections.yaml"),
        "change-plan.yaml",
    )
}
USE = {
    "user": "A nurse",
    "population": "Adults",
    "input": "A reading",
    "output": "A warning",
    "prohibited_use": ["Alone"],
    "data_sources": ["clinic", "ward"],
}
WHOLE: dict[str, Any] = {
    "requirements.yaml": [
        requirement_record(
            hazards=["HAZ-001"],
            parents=["ROB-002"],
            references=["A standard"],
            applies_to=["clinic"],
            depends=["model"],
            conditions={"radius_mv": 0.01, "leads": ["I"], "signed": True},
            acceptance=[
                criterion_record(
                    threshold={"clinic": 0.9},
                    unit="1",
                    confidence=0.95,
                    min_trials=200,
                    applies_to=["clinic"],
                    small_slices="pool",
                    slices=["men", "women"],
                )
            ],
            first_look="test",
            claim="all",
        ),
        requirement_record("ROB-002", acceptance=None, status="draft"),
        requirement_record("ROB-003", acceptance=None, method="inspection"),
        requirement_record(
            "ROB-004",
            claim="any",
            acceptance=[
                criterion_record("ROB-004.1", confidence=0.95),
                criterion_record("ROB-004.2", threshold=None, margin=0.01, confidence=0.95),
            ],
        ),
    ],
    "hazards.yaml": [hazard_record()],
    "intended-use.yaml": USE,
    "waivers.yaml": [waiver_record()],
    "change-plan.yaml": change_plan_record(),
    "inspections.yaml": [
        inspection_record(
            requirement="ROB-003", expires_on="2027-01-01", subjects={"model": "b" * 64}
        )
    ],
}

Edit = Callable[[Any], object]


def schema_accepts(name: str, document: object) -> bool:
    """Whether the published schema of the file *name* holds for *document*."""
    schema = json_schemas()[KINDS.get(name, "requirements")]
    return Draft202012Validator(schema).is_valid(json.loads(json.dumps(document)))


def loader_accepts(folder: Path, documents: dict[str, Any]) -> bool:
    """Whether our loader reads the files."""
    for name, document in documents.items():
        write_records(folder, name, document)
    try:
        load_requirements(folder)
    except RequirementError:
        return False
    return True


def setting(*place: object, to: object) -> Edit:
    """An edit that sets the value at *place*."""

    def edit(document: Any) -> None:  # noqa: ANN401  JSON can be anything
        for key in place[:-1]:
            document = document[key]
        document[place[-1]] = to

    return edit


def without(*place: object) -> Edit:
    """An edit that removes what is at *place*."""

    def edit(document: Any) -> None:  # noqa: ANN401  JSON can be anything
        for key in place[:-1]:
            document = document[key]
        del document[place[-1]]

    return edit


FIRST = (0, "acceptance", 0)
#: A criterion with a margin, in a requirement that any criterion shows.
SECOND = (3, "acceptance", 1)
WRONG: list[tuple[str, Edit]] = [
    *(
        ("requirements.yaml", without(0, field))
        for field in ("id", "title", "statement", "rationale", "category", "status", "method")
    ),
    ("requirements.yaml", without(0, "acceptance")),
    *(
        ("requirements.yaml", without(*FIRST, field))
        for field in ("id", "measurand", "relation", "threshold")
    ),
    ("requirements.yaml", setting(0, "id", to="rob-001")),
    ("requirements.yaml", setting(0, "id", to="ROB-1")),
    ("requirements.yaml", setting(0, "title", to="")),
    ("requirements.yaml", setting(0, "title", to="  ")),
    ("requirements.yaml", setting(0, "title", to=5)),
    ("requirements.yaml", setting(0, "statement", to=["x"])),
    ("requirements.yaml", setting(0, "titel", to="x")),
    ("requirements.yaml", setting(0, "status", to="aproved")),
    ("requirements.yaml", setting(0, "status", to=True)),
    ("requirements.yaml", setting(0, "category", to="networks")),
    ("requirements.yaml", setting(0, "method", to="proof")),
    ("requirements.yaml", setting(0, "parents", to="ROB-002")),
    ("requirements.yaml", setting(0, "hazards", to=["HAZ-001", "HAZ-001"])),
    ("requirements.yaml", setting(0, "conditions", to=[])),
    ("requirements.yaml", setting(0, "acceptance", to=[])),
    ("requirements.yaml", setting(0, "acceptance", to={})),
    ("requirements.yaml", setting(*FIRST, "id", to="ROB-001")),
    ("requirements.yaml", setting(*FIRST, "id", to="ROB-001.0")),
    ("requirements.yaml", setting(*FIRST, "relation", to="=<")),
    ("requirements.yaml", setting(*FIRST, "threshold", to="0.9")),
    ("requirements.yaml", setting(*FIRST, "threshold", to=None)),
    ("requirements.yaml", setting(*FIRST, "threshold", to=[0.9])),
    ("requirements.yaml", setting(*FIRST, "threshold", to={})),
    ("requirements.yaml", setting(*FIRST, "threshold", to={"clinic": "high"})),
    ("requirements.yaml", setting(*FIRST, "confidence", to=0)),
    ("requirements.yaml", setting(*FIRST, "confidence", to=1)),
    ("requirements.yaml", setting(*FIRST, "confidence", to=95)),
    ("requirements.yaml", setting(*FIRST, "confidence", to="0.95")),
    ("requirements.yaml", setting(*FIRST, "min_trials", to=0)),
    ("requirements.yaml", setting(*FIRST, "min_trials", to=1.5)),
    ("requirements.yaml", setting(*FIRST, "min_trials", to=True)),
    ("requirements.yaml", setting(*FIRST, "unit", to="")),
    ("requirements.yaml", setting(*FIRST, "measurand", to=None)),
    ("requirements.yaml", setting(*FIRST, "confidense", to=0.95)),
    ("requirements.yaml", setting(*FIRST, "relation", to="==")),  # beside a confidence
    ("requirements.yaml", setting(*FIRST, "small_slices", to="drop")),
    ("requirements.yaml", without(*FIRST, "min_trials")),  # beside a rule for small slices
    ("requirements.yaml", setting(*FIRST, "margin", to=0.01)),  # beside a threshold
    ("requirements.yaml", setting(0, "first_look", to="")),
    ("requirements.yaml", setting(0, "claim", to="some")),
    ("requirements.yaml", setting(0, "claim", to="any")),  # of one criterion
    ("requirements.yaml", setting(*SECOND, "margin", to=-0.01)),
    ("requirements.yaml", setting(*SECOND, "margin", to={"clinic": -1})),
    ("requirements.yaml", setting(*SECOND, "margin", to={})),
    ("requirements.yaml", setting(*SECOND, "relation", to="==")),
    ("requirements.yaml", without(*SECOND, "confidence")),
    ("requirements.yaml", without(*SECOND, "margin")),
    *(("hazards.yaml", without(0, field)) for field in hazard_record()),
    ("hazards.yaml", setting(0, "severity", to="bad")),
    ("hazards.yaml", setting(0, "likelihood", to="rare")),
    *(("intended-use.yaml", without(field)) for field in USE if field != "data_sources"),
    ("intended-use.yaml", setting("prohibited_use", to="Alone")),
    ("intended-use.yaml", setting("users", to="A nurse")),
    *(("waivers.yaml", without(0, field)) for field in waiver_record()),
    ("waivers.yaml", setting(0, "criterion", to="ROB-001")),
    ("waivers.yaml", setting(0, "max_deficit", to=-1)),
    ("waivers.yaml", setting(0, "approved_on", to="1 March")),
    ("waivers.yaml", setting(0, "fingerprint", to="abc")),
    ("waivers.yaml", setting(0, "comment", to="x")),
    *(("inspections.yaml", without(0, field)) for field in inspection_record()),
    *(("change-plan.yaml", without(field)) for field in change_plan_record()),
    ("change-plan.yaml", setting("allowed", to=["verdict worse"])),
    ("change-plan.yaml", setting("acceptance", to={})),
    ("change-plan.yaml", setting("acceptance", to={"ROB-001.1": -1})),
    ("change-plan.yaml", setting("scope", to="x")),
    ("inspections.yaml", setting(0, "outcome", to="fine")),
    ("inspections.yaml", setting(0, "subjects", to={"model": "abc"})),
    ("inspections.yaml", setting(0, "expires_on", to="never")),
]


def test_both_accept_the_whole_files(tmp_path: Path) -> None:
    """The control: what the mutants are made of is right to both."""
    assert loader_accepts(tmp_path, WHOLE)
    for name, document in WHOLE.items():
        assert schema_accepts(name, document), name


@pytest.mark.parametrize(("name", "edit"), WRONG)
def test_both_refuse_the_same_mutants(tmp_path: Path, name: str, edit: Edit) -> None:
    """Whatever the loader refuses for its shape, an editor with the schema marks as well."""
    documents = copy.deepcopy(WHOLE)
    edit(documents[name])
    assert not loader_accepts(tmp_path, documents)
    assert not schema_accepts(name, documents[name])


@pytest.mark.parametrize(
    "edit",
    [
        setting(0, "acceptance", 0, "threshold", to=-5),
        setting(0, "acceptance", 0, "threshold", to=0.9),
        setting(0, "references", to=[]),
        setting(0, "conditions", to={}),
        without(0, "conditions"),
        without(0, "acceptance", 0, "unit"),
        setting(1, "acceptance", to=[criterion_record("ROB-002.7")]),
        setting(0, "status", to="retired"),
    ],
)
def test_both_accept_the_same_variants(tmp_path: Path, edit: Edit) -> None:
    """What may be left out or varied is free to both."""
    documents = copy.deepcopy(WHOLE)
    edit(documents["requirements.yaml"])
    assert loader_accepts(tmp_path, documents)
    assert schema_accepts("requirements.yaml", documents["requirements.yaml"])


@pytest.mark.parametrize(
    "path", sorted((ROOT / "requirements").glob("*.yaml")), ids=lambda path: path.name
)
def test_the_files_of_this_repository_fit_the_published_schemas(path: Path) -> None:
    """Our own requirement files are read by another YAML reader and another validator."""
    schema = json_schemas()[KINDS.get(path.name, "requirements")]
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    errors = [error.message for error in Draft202012Validator(schema).iter_errors(document)]
    assert errors == []


def test_both_readers_see_the_same_requirements() -> None:
    """Ids, texts and thresholds of our own files are the same to PyYAML and to our loader."""
    ours = {r.id: r for r in load_requirements(ROOT / "requirements")}
    theirs = {
        record["id"]: record
        for path in sorted((ROOT / "requirements").glob("*.yaml"))
        if path.name not in KINDS
        for record in yaml.safe_load(path.read_text(encoding="utf-8"))
    }
    assert sorted(ours) == sorted(theirs)
    for identifier, requirement in ours.items():
        record = theirs[identifier]
        assert requirement.statement == record["statement"].strip()
        assert requirement.conditions == record.get("conditions", {})
        for criterion, other in zip(
            requirement.criteria, record.get("acceptance", []), strict=True
        ):
            threshold = other["threshold"]
            expected = threshold if isinstance(threshold, dict) else {"*": threshold}
            assert criterion.thresholds == expected
            assert criterion.relation.value == other["relation"]
            assert criterion.confidence == other.get("confidence")
            assert criterion.min_trials == other.get("min_trials")
