"""Make the reference: cross-fit, prove, train the named models, open the test split once, report.

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
from typing import TYPE_CHECKING, Any

from afib.checkpoint import model_digest
from afib.crossfit import read_cross_fit
from afib.dataset import manifest_digest
from afib.errors import AfibError
from afib.settings import load_settings
from vericase.matrix import trace
from vericase.schema import load_requirements
from vericase.store import load_evidence
from vericase.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["about_certified", "main", "release_of"]

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
PRESET = "physionet2017"
BASELINE = f"{PRESET}-two-blocks"
CERTIFIED, STANDARD = f"{PRESET}-certified", f"{PRESET}-standard"
REFERENCE = ROOT / "reports" / "reference"
NEXT = ROOT / "reports" / "reference.next"
WORK = ROOT / "artifacts" / PRESET
CERTIFIED_MODEL = ROOT / "src" / "afib" / "models" / CERTIFIED
# As verification.certified names them.
CROSSFIT, FOLDS = "crossfit.json", "folds"
# As verification.uncertain names it.
HELD_OUT = "heldout.json"


def main() -> int:
    """Run every step; the exit code of the gate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of the named model")
    parser.add_argument("--cross-fit", action="store_true", help="cross-fit anew in any case")
    parsed = parser.parse_args()
    model = parsed.model
    _step("afib", "prepare", "--preset", PRESET, "--out", str(WORK))
    crossfit = WORK / "crossfit.json"
    on_record = REFERENCE / "crossfit.json"
    _cross_fit(on_record, crossfit, PRESET, BASELINE, anew=parsed.cross_fit)
    certified = _certified(anew=parsed.cross_fit)
    for preset, folder in ((PRESET, model), (CERTIFIED, CERTIFIED_MODEL)):
        given = ("--preset", preset, "--out", str(folder))
        _step("afib", "train", *given, "--unless-current", "--resume")
        given = ("--preset", preset, "--model", str(folder))
        _step("afib", "calibrate", *given, "--unless-current")
    uncertainty = _uncertainty(crossfit)
    _fresh(crossfit, certified, uncertainty)
    evidence = NEXT / "evidence.json"
    run = subprocess.run(  # noqa: S603  our own command
        [
            *(sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:randomly"),
            *(f"--data={PRESET}", f"--model={model}", f"--crossfit={NEXT / 'crossfit.json'}"),
            *(f"--certified={NEXT / 'certified'}", f"--certified-model={CERTIFIED_MODEL}"),
            f"--uncertainty={NEXT / 'uncertainty'}",
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
    for folder in (model, CERTIFIED_MODEL):
        _release(folder)
    _say(sys.executable, str(ROOT / "tools" / "reference_table.py"))
    _say(sys.executable, str(ROOT / "tools" / "model_card.py"))
    return code


def _cross_fit(on_record: Path, out: Path, preset: str, baseline: str, *, anew: bool) -> bool:
    """Make *out*, or take it from the record if that is current; whether it was taken."""
    if not anew and _is_current(on_record, preset, baseline):
        print(f"the cross-fitting of {preset} on record is of now: kept")
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(on_record, out)
        return True
    _step("afib", "crossfit", "--preset", preset, "--baseline", baseline, "--out", str(out))
    return False


def _certified(*, anew: bool) -> Path:
    """The folder of the certified training: its cross-fitting, its models, what these prove."""
    folder = WORK / "certified"
    on_record = REFERENCE / "certified"
    kept = _cross_fit(on_record / CROSSFIT, folder / CROSSFIT, CERTIFIED, STANDARD, anew=anew)
    if kept:
        # What an interrupted run proved anew is not replaced by what is on record.
        for path in sorted(path for path in on_record.rglob("*") if path.is_file()):
            here = folder / path.relative_to(on_record)
            if not here.exists() or FOLDS in here.parts:
                here.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, here)
    else:
        models = (folder / CROSSFIT).with_suffix(".folds")
        for model in sorted(path for path in models.iterdir() if path.is_dir()):
            shutil.copytree(model, folder / FOLDS / model.name, dirs_exist_ok=True)
    _say(sys.executable, "-m", "tools.prove_folds", str(folder), "--preset", CERTIFIED)
    return folder


def _uncertainty(crossfit: Path) -> Path:
    """The folder of what held-out gates say, beside the networks of the cross-fitting."""
    folder = WORK / "uncertainty"
    trained, on_record = crossfit.with_suffix(".folds"), REFERENCE / "uncertainty" / FOLDS
    models = trained if trained.is_dir() else on_record
    shutil.rmtree(folder / FOLDS, ignore_errors=True)
    for model in sorted(path for path in models.glob("network-*") if path.is_dir()):
        shutil.copytree(model, folder / FOLDS / model.name)
    if not (folder / HELD_OUT).exists() and (REFERENCE / "uncertainty" / HELD_OUT).exists():
        shutil.copyfile(REFERENCE / "uncertainty" / HELD_OUT, folder / HELD_OUT)
    given = (str(folder / FOLDS), "--out", str(folder / HELD_OUT), "--preset", PRESET)
    _say(sys.executable, "-m", "tools.judge_folds", *given)
    return folder


def _is_current(path: Path, preset: str, baseline: str) -> bool:
    """Whether the cross-fitting in *path* was made of the recordings and settings of now."""
    try:
        origin = read_cross_fit(path).origin
    except AfibError:
        return False
    document = json.loads((WORK / "manifest.json").read_text(encoding="utf-8"))
    settings = {load_settings(name).digest for name in (preset, baseline)}
    same = set(origin["settings_sha256"].values()) == settings
    return bool(same and origin["manifest_sha256"] == manifest_digest(document))


def _fresh(crossfit: Path, certified: Path, uncertainty: Path) -> None:
    """An empty folder for the next report, with what cross-fitting showed."""
    shutil.rmtree(NEXT, ignore_errors=True)
    NEXT.mkdir(parents=True)
    shutil.copyfile(crossfit, NEXT / "crossfit.json")
    shutil.copytree(certified, NEXT / "certified", ignore=shutil.ignore_patterns("*.folds"))
    shutil.copytree(uncertainty, NEXT / "uncertainty")


def _gate(evidence: Path, model: Path) -> int:
    subjects = {
        "data": NEXT / "data-manifest.json",
        "model": model,
        "crossfit": NEXT / "crossfit.json",
        "certified": NEXT / "certified",
        "uncertainty": NEXT / "uncertainty",
        "certified_model": CERTIFIED_MODEL,
    }
    given = [part for name, path in subjects.items() for part in ("--subject", f"{name}={path}")]
    command = [str(BIN / "vericase"), "gate", "--evidence", str(evidence), *given]
    return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603  our own command


def _release(model: Path) -> None:
    """Beside the model stands what was decided about it, outside its digest."""
    decision = json.loads((REFERENCE / "gate.json").read_text(encoding="utf-8"))
    record = release_of(model, decision)
    text = json.dumps(record, indent=1, sort_keys=True) + "\n"
    (model / "release.json").write_text(text, encoding="utf-8")


def release_of(model: Path, decision: Mapping[str, Any]) -> dict[str, Any]:
    """What stands beside *model* about it, by the gate's *decision*.

    Of a model that few requirements are about it says which, and it is released only if there are
    any and all of them are shown, drafts too.
    """
    record: dict[str, Any] = {
        "format": 1,
        "released": decision["released"],
        "headline": decision["headline"],
        "model_sha256": model_digest(model),
        "requirements_digest": decision["requirements_digest"],
        "evidence_sha256": decision["evidence_sha256"],
    }
    if model == CERTIFIED_MODEL:
        about, missed = about_certified(REFERENCE / "evidence.json")
        record |= {"only_about_it": about, "missed": missed}
        record["released"] = bool(decision["released"]) and bool(about) and not missed
        if missed or not about:
            told = ", ".join(missed) or "no requirement is about it"
            record["headline"] = f"UNRELEASED (not shown: {told})"
    return record


def about_certified(evidence: Path) -> tuple[list[str], list[str]]:
    """The requirements about the certified model alone, and those of them that are not shown."""
    requirements = load_requirements(ROOT / "requirements", named=Path("requirements"))
    log, findings = load_evidence(evidence)
    about, missed = [], []
    for row in trace(requirements, log, findings=findings).rows:
        if "certified_model" in row.requirement.depends:
            about.append(row.requirement.id)
            missed += [] if row.verdict is Verdict.PASS else [row.requirement.id]
    return about, missed


def _say(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603  our own command


def _step(command: str, *arguments: str) -> None:
    done = subprocess.run([str(BIN / command), *arguments], cwd=ROOT, check=False)  # noqa: S603  our own command
    if done.returncode != 0:
        sys.exit(done.returncode)


if __name__ == "__main__":
    sys.exit(main())
