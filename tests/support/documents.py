"""Requirement files on disk. JSON is YAML, so that what is written here is read as it stands."""

import json
from pathlib import Path

__all__ = [
    "change_plan_record",
    "criterion_record",
    "hazard_record",
    "inspection_record",
    "requirement_record",
    "waiver_record",
    "write_records",
]

Record = dict[str, object]


def criterion_record(identifier: str = "ROB-001.1", **changes: object) -> Record:
    """A criterion that asks for a share of at least 0.9; a field that is None is left out."""
    whole: Record = {"id": identifier, "measurand": "share", "relation": ">=", "threshold": 0.9}
    return {key: value for key, value in (whole | changes).items() if value is not None}


def requirement_record(identifier: str = "ROB-001", **changes: object) -> Record:
    """An approved requirement with one criterion; a field that is None is left out."""
    whole: Record = {
        "id": identifier,
        "title": "Keep what is right",
        "statement": "The subject shall keep a right decision.",
        "rationale": "A decision that flips is not trusted.",
        "category": "network",
        "status": "approved",
        "method": "test",
        "acceptance": [criterion_record(f"{identifier}.1")],
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}


def hazard_record(identifier: str = "HAZ-001", **changes: object) -> Record:
    """A hazard with every field."""
    whole: Record = {
        "id": identifier,
        "title": "A wrong decision",
        "harm": "Treatment comes late.",
        "severity": "serious",
        "sequence_of_events": "Noise flips a decision.",
        "control": "Decisions are kept under noise.",
        "residual_risk": "Strong noise remains.",
    }
    return whole | changes


def waiver_record(**changes: object) -> Record:
    """A waiver of the criterion of `requirement_record`, which controls the hazard."""
    whole: Record = {
        "id": "WVR-001",
        "criterion": "ROB-001.1",
        "reason": "The next model is due in June.",
        "hazards": ["HAZ-001"],
        "approved_by": "A. Head",
        "approved_on": "2026-03-01",
        "expires_on": "2026-06-30",
        "max_deficit": 0.02,
        "fingerprint": "a" * 64,
    }
    return whole | changes


def inspection_record(**changes: object) -> Record:
    """An accepted inspection."""
    whole: Record = {
        "id": "INS-001",
        "requirement": "APP-001",
        "outcome": "accepted",
        "record": "Minutes of 2 March, page 3",
        "inspected_by": "A. Reader",
        "inspected_on": "2026-03-02",
        "fingerprint": "a" * 64,
    }
    return whole | changes


def change_plan_record(**changes: object) -> Record:
    """A plan that allows another model, with a small loss."""
    whole: Record = {
        "id": "CCP-001",
        "allowed": ["subject changed"],
        "data": "Recordings of the same recorder, split as before.",
        "method": "The same training procedure.",
        "acceptance": {"ROB-001.1": 0.01},
        "roll_back": "The former model is installed again.",
        "approved_by": "A. Head",
        "approved_on": "2026-01-01",
        "expires_on": "2026-12-31",
    }
    return whole | changes


def write_records(folder: Path, name: str, records: object) -> Path:
    """The file *name* in *folder* holds *records*, one a line."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if isinstance(records, list):
        lines = ",\n".join(json.dumps(record, ensure_ascii=False) for record in records)
        path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    else:
        path.write_text(json.dumps(records, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
