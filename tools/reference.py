"""Make the reference: cross-fit, train the named model, open its test split once, report.

A training or cross-fitting that was interrupted goes on where it was, and is skipped when it is
current: a cross-fitting on record that is of these recordings and settings is kept, unless
`--cross-fit` asks for it anew. The judgement is made anew each time.
The report on record is replaced once the next one is whole.
A model that was judged before is judged again without a new opening; a new model is one.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

from afib.checkpoint import model_digest
from afib.crossfit import read_cross_fit
from afib.dataset import manifest_digest
from afib.errors import AfibError
from afib.settings import load_settings

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
PRESET = "physionet2017"
BASELINE = f"{PRESET}-two-blocks"
REFERENCE = ROOT / "reports" / "reference"
NEXT = ROOT / "reports" / "reference.next"
WORK = ROOT / "artifacts" / PRESET


def main() -> int:
    """Run every step; the exit code of the gate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of the named model")
    parser.add_argument("--cross-fit", action="store_true", help="cross-fit anew in any case")
    parsed = parser.parse_args()
    model = parsed.model
    _step("afib", "prepare", "--preset", PRESET, "--out", str(WORK))
    crossfit = WORK / "crossfit.json"
    if parsed.cross_fit or not _is_on_record():
        _step(
            "afib", "crossfit", "--preset", PRESET, "--baseline", BASELINE, "--out", str(crossfit)
        )
    else:
        print("the cross-fitting on record is of these recordings and settings: kept")
        shutil.copyfile(REFERENCE / "crossfit.json", crossfit)
    _step("afib", "train", "--preset", PRESET, "--out", str(model), "--unless-current", "--resume")
    _fresh(crossfit)
    evidence = NEXT / "evidence.json"
    run = subprocess.run(  # noqa: S603  our own command
        [
            *(sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:randomly"),
            *(f"--data={PRESET}", f"--model={model}", f"--crossfit={NEXT / 'crossfit.json'}"),
            *("--open-test-split", f"--vericase-evidence={evidence}"),
            f"--vericase-report={NEXT / 'traceability.html'}",
        ],
        cwd=ROOT,
        check=False,
    )
    if run.returncode not in {0, 1}:
        return run.returncode
    shutil.copyfile(WORK / "manifest.json", NEXT / "data-manifest.json")
    code = _gate(evidence, model)
    shutil.rmtree(REFERENCE, ignore_errors=True)
    NEXT.rename(REFERENCE)
    _release(model)
    _say(sys.executable, str(ROOT / "tools" / "reference_table.py"))
    return code


def _is_on_record() -> bool:
    """Whether the committed cross-fitting was made of the recordings and settings of now."""
    try:
        origin = read_cross_fit(REFERENCE / "crossfit.json").origin
    except AfibError:
        return False
    settings = {"network": load_settings(PRESET), "two_blocks": load_settings(BASELINE)}
    document = json.loads((WORK / "manifest.json").read_text(encoding="utf-8"))
    same = origin["settings_sha256"] == {name: each.digest for name, each in settings.items()}
    return bool(same and origin["manifest_sha256"] == manifest_digest(document))


def _fresh(crossfit: Path) -> None:
    """An empty folder for the next report, with what cross-fitting showed."""
    shutil.rmtree(NEXT, ignore_errors=True)
    NEXT.mkdir(parents=True)
    shutil.copyfile(crossfit, NEXT / "crossfit.json")


def _gate(evidence: Path, model: Path) -> int:
    subjects = {
        "data": NEXT / "data-manifest.json",
        "model": model,
        "crossfit": NEXT / "crossfit.json",
    }
    given = [part for name, path in subjects.items() for part in ("--subject", f"{name}={path}")]
    command = [str(BIN / "vericase"), "gate", "--evidence", str(evidence), *given]
    return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603  our own command


def _release(model: Path) -> None:
    """Beside the model stands what was decided about it, outside its digest."""
    decision = json.loads((REFERENCE / "gate.json").read_text(encoding="utf-8"))
    record = {
        "format": 1,
        "released": decision["released"],
        "headline": decision["headline"],
        "model_sha256": model_digest(model),
        "requirements_digest": decision["requirements_digest"],
        "evidence_sha256": decision["evidence_sha256"],
    }
    text = json.dumps(record, indent=1, sort_keys=True) + "\n"
    (model / "release.json").write_text(text, encoding="utf-8")


def _say(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603  our own command


def _step(command: str, *arguments: str) -> None:
    done = subprocess.run([str(BIN / command), *arguments], cwd=ROOT, check=False)  # noqa: S603  our own command
    if done.returncode != 0:
        sys.exit(done.returncode)


if __name__ == "__main__":
    sys.exit(main())
