"""ReqIF by others: the schema of the OMG, and a library that reads such files."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from reqif.parser import ReqIFParser
from xmlschema import XMLSchema, XMLSchemaValidationError

from tests.support.matrices import mixed
from tests.support.reqif_files import foreign_reqif, spec_object, spec_relation
from tests.support.tracing import a_log, a_record, a_requirement, a_set
from vericase.export import EXPORTS
from vericase.gate import decide
from vericase.matrix import trace
from vericase.schema import load_requirements

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def schema() -> XMLSchema:
    """The schema of ReqIF 1.0.1 to 1.2, with that of XHTML below it, as a package holds it."""
    spec = find_spec("reqif")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return XMLSchema(Path(spec.submodule_search_locations[0], "reqif_schema", "reqif.xsd"))


def documents() -> dict[str, bytes]:
    """What is exported of quiet and of loud matrices."""
    loud = a_requirement(
        title="<b>\x00\x1b[31m\u202e",
        statement=" a\n\n b\t<script>&amp;]]> שלום",
        conditions={"ключ": ["\u2028", 1, {"x": True}]},
        references=("]]>",),
    )
    ours = load_requirements(ROOT / "requirements")
    record = a_record(a_requirement())
    matrices = {
        "a case twice": trace(a_set(), a_log(record, record)),
        "mixed": mixed()[0],
        "loud": trace(a_set(loud), a_log()),
        "empty": trace(a_set(), a_log()),
        "this repository": trace(ours, a_log()),
    }
    return {name: EXPORTS["reqif"](m, decide(m)) for name, m in matrices.items()}


@pytest.mark.parametrize("name", ["mixed", "a case twice", "loud", "empty", "this repository"])
def test_the_schema_accepts_what_is_exported(schema: XMLSchema, name: str) -> None:
    """Every element, attribute, identifier and reference, whatever the texts hold."""
    content = documents()[name].decode()
    assert [error.reason for error in schema.iter_errors(content)] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('LAST-CHANGE="1970-01-01T00:00:00Z"', ""),
        ("<REQ-IF-VERSION>1.0<", "<REQ-IF-VERSION>1.2<"),
        ("SPEC-OBJECT-TYPE-REF>vericase.hazard<", "SPEC-OBJECT-TYPE-REF>vericase.no<"),
        ('IDENTIFIER="vericase.ROB-002"', 'IDENTIFIER="vericase.ROB-001"'),
    ],
)
def test_the_schema_refuses_what_is_broken(schema: XMLSchema, old: str, new: str) -> None:
    """The control: it does look."""
    content = documents()["mixed"].decode()
    assert old in content
    with pytest.raises(XMLSchemaValidationError):
        schema.validate(content.replace(old, new))


def test_another_library_reads_the_same(tmp_path: Path) -> None:
    """As many objects, links and places as were exported, with their texts."""
    matrix, decision = mixed()
    path = tmp_path / "m.reqif"
    path.write_bytes(EXPORTS["reqif"](matrix, decision))
    content = ReqIFParser.parse(str(path)).core_content.req_if_content
    names = [found.long_name for found in content.spec_objects]
    assert [n for n in names if n in matrix.requirements.by_id()] == [
        requirement.id for requirement in matrix.requirements
    ]
    assert set(matrix.requirements.criteria()) <= set(names)
    first = {a.definition_ref: a.value for a in content.spec_objects[0].attributes}
    assert first["vericase.requirement.ReqIF.Name"] == "=1+1"
    assert first["vericase.requirement.standing"] == "PASS"
    assert len(content.spec_relations) == sum(
        len(r.parents) + len(r.hazards) for r in matrix.requirements
    )
    assert [s.long_name for s in content.specifications] == ["Requirements", "Hazards"]


def test_the_files_of_other_tools_in_tests_are_reqif(schema: XMLSchema, tmp_path: Path) -> None:
    """What stands for DOORS and Polarion elsewhere in the tests is accepted by the schema."""
    path = foreign_reqif(
        tmp_path / "f.reqif",
        spec_object("_1", "1", ReqIF__Text="<xhtml:div>a<xhtml:br/>b</xhtml:div>", Title="t"),
        spec_object("_2", "2", Title="t"),
        links=spec_relation("_1", "_2"),
        names=("ReqIF.Text", "Title"),
        places='<SPEC-HIERARCHY IDENTIFIER="h" LAST-CHANGE="2026-01-01T00:00:00Z">'
        "<OBJECT><SPEC-OBJECT-REF>_1</SPEC-OBJECT-REF></OBJECT></SPEC-HIERARCHY>",
    )
    assert [error.reason for error in schema.iter_errors(str(path))] == []
