"""Hold the shipped models and the committed evidence about it against the requirements now.

The gate hashes the model and the manifest again. A reference that shows a miss is published as
it is: then this fails only if the decision is not the one on record.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
if not __package__:  # run as a script: what stands beside it is found from the folder above
    sys.path.insert(0, str(ROOT))

from tools.model_card import CARD, card_of  # noqa: E402  found only now
from tools.reference import release_of  # noqa: E402  found only now

REFERENCE = ROOT / "reports" / "reference"
MODELS = ROOT / "src" / "afib" / "models"
MODEL, CERTIFIED_MODEL = MODELS / "physionet2017", MODELS / "physionet2017-certified"


def main() -> int:
    """0 if the gate decides as `gate.json` and `release.json` say, else 1."""
    on_record = json.loads((REFERENCE / "gate.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        decision = _decide(Path(folder) / "gate.json")
    problems = [
        f"{key}: expected {_briefly(on_record[key])} as on record, got {_briefly(decision[key])}"
        for key in ("released", "headline", "blocking", "subjects", "evidence_sha256")
        if decision[key] != on_record[key]
    ]
    for model in (MODEL, CERTIFIED_MODEL):
        release = json.loads((model / "release.json").read_text(encoding="utf-8"))
        wanted = release_of(model, decision)
        problems += [
            f"{model.name}/release.json: {key}: expected {_briefly(wanted.get(key))}, "
            f"got {_briefly(release.get(key))}"
            for key in sorted({*wanted, *release})
            if wanted.get(key) != release.get(key)
        ]
    if not CARD.is_file() or CARD.read_text(encoding="utf-8") != card_of(REFERENCE):
        problems.append(
            "docs/model-card.md: expected what the reference gives, got another card; "
            "write it with tools/model_card.py"
        )
    for problem in problems:
        print(problem)
    print("the reference stands" if not problems else "make reference renews the reference")
    return 1 if problems else 0


def _briefly(stated: object) -> str:
    """*stated* in a line, of a list its first entry."""
    if not isinstance(stated, list) or not stated:
        return repr(stated)
    return f"{len(stated)}, the first {stated[0]!r:.200}"


def _decide(out: Path) -> dict[str, object]:
    subjects = {
        "data": REFERENCE / "data-manifest.json",
        "model": MODEL,
        "crossfit": REFERENCE / "crossfit.json",
        "certified": REFERENCE / "certified",
        "uncertainty": REFERENCE / "uncertainty",
        "certified_model": CERTIFIED_MODEL,
    }
    given = [part for name, path in subjects.items() for part in ("--subject", f"{name}={path}")]
    command = [
        *(str(Path(sys.executable).with_name("vericase")), "gate"),
        *("--evidence", str(REFERENCE / "evidence.json"), "--out", str(out), *given),
    ]
    subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603  our own command
    if not out.is_file():
        # A subject that is not there stops the gate, which has told which.
        sys.exit(1)
    decision: dict[str, object] = json.loads(out.read_text(encoding="utf-8"))
    return decision


if __name__ == "__main__":
    sys.exit(main())
