"""SARIF 2.1.0 (OASIS): every reason for a closed gate, at the line of its requirement."""

import json
from pathlib import PurePath

from vericase.gate import GateDecision
from vericase.matrix import TraceMatrix
from vericase.report.text import readable
from vericase.requirement import Source

__all__ = ["as_sarif"]


def as_sarif(matrix: TraceMatrix, decision: GateDecision) -> bytes:
    """One result a blocker; none for a gate that is open."""
    sources: dict[str, Source] = {r.id: r.source for r in matrix.requirements}
    sources |= {hazard.id: hazard.source for hazard in matrix.hazards}
    sources |= {waiver.id: waiver.source for waiver in matrix.requirements.waivers}
    results = []
    for blocker in decision.blocking:
        result: dict[str, object] = {
            "ruleId": blocker.what,
            "level": "error",
            "message": {"text": readable(f"{blocker.where}: {blocker.message}")},
        }
        source = sources.get(blocker.where) or sources.get(blocker.where.split(".", 1)[0])
        if source is not None:
            result["locations"] = [_location(source)]
        results.append(result)
    rules = [{"id": name} for name in sorted({blocker.what for blocker in decision.blocking})]
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "vericase", "rules": rules}},
                "results": results,
                "properties": {"headline": decision.headline, "released": decision.released},
            }
        ],
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _location(source: Source) -> dict[str, object]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": PurePath(source.file).as_posix()},
            "region": {"startLine": source.line},
        }
    }
