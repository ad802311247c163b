"""What changed between two releases, and whether a plan allows it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.bundles import Workplace
from tests.support.documents import (
    change_plan_record,
    criterion_record,
    hazard_record,
    requirement_record,
    waiver_record,
    write_records,
)
from vericase.bundle import unpack
from vericase.cli import main
from vericase.measurement import Proportion
from vericase.schema import load_requirements

Diff = Callable[..., tuple[int, list[str]]]
HEADINGS = ("before: ", "after: ", "change plan: ")


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    """A project whose evidence shows everything."""
    return Workplace(tmp_path)


@pytest.fixture
def diff(capsys: pytest.CaptureFixture[str]) -> Diff:
    """The exit code and the changes that the command tells, without its headings."""

    def run(old: Path, new: Path, *options: str) -> tuple[int, list[str]]:
        capsys.readouterr()
        code = main(["diff", str(old), str(new), "--on=2026-03-31", *options])
        out = capsys.readouterr().out.splitlines()
        return code, [line for line in out[:-1] if not line.startswith(HEADINGS)]

    return run


def demand(place: Workplace, *records: object, **files: object) -> None:
    """Requirements, and other files of theirs."""
    folder = place.folder / "requirements"
    write_records(folder, "r.yaml", list(records))
    for name, content in files.items():
        write_records(folder, f"{name.replace('_', '-')}.yaml", content)


def test_a_release_does_not_differ_from_itself(place: Workplace, diff: Diff) -> None:
    """As a bundle, as a folder, and as evidence with its requirements."""
    bundle = place.sign()
    folder = place.folder.parent / "unpacked"
    for name, content in unpack(bundle).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    requirements = f"--requirements={place.folder / 'requirements'}"
    for new in (bundle, folder, place.folder / "evidence.json"):
        assert diff(bundle, new, requirements, "--ratchet") == (0, [])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"title": "Other"}, "ROB-001: requirement reworded (title): Keep what is right -> Other"),
        ({"status": "draft"}, "ROB-001: status lowered (status): approved -> draft"),
        (
            {"conditions": {"radius_mv": 0.02}},
            "ROB-001: requirement changed (conditions): {} -> {'radius_mv': 0.02}",
        ),
    ],
)
def test_a_change_of_a_requirement_is_told_by_its_field(
    place: Workplace, diff: Diff, changes: dict[str, object], told: str
) -> None:
    """Old and new value beside each other."""
    old = place.sign("old")
    demand(place, requirement_record("ROB-001", **changes), requirement_record("ROB-002"))
    place.measure(Proportion(95, 100))
    assert told in diff(old, place.sign("new"))[1]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"threshold": 0.95}, "criterion tightened"),
        ({"threshold": 0.85}, "criterion loosened"),
        ({"confidence": 0.9}, "criterion tightened"),
        ({"confidence": 0.9, "threshold": 0.8}, "criterion changed"),
        ({"min_trials": 50}, "criterion tightened"),
        ({"relation": ">"}, "criterion changed"),
        ({"threshold": None, "margin": 0.1, "confidence": 0.9}, "criterion changed"),
        ({"min_trials": 50, "small_slices": "pool"}, "criterion changed"),
        ({"threshold": {"clinic": 0.9}}, "criterion changed"),
    ],
)
def test_which_way_a_criterion_moved_is_told(
    place: Workplace, diff: Diff, changes: dict[str, object], kind: str
) -> None:
    """Tightened or loosened only if all numbers moved to one side."""
    old = place.sign("old")
    moved = requirement_record(acceptance=[criterion_record("ROB-001.1", **changes)])
    demand(place, moved, requirement_record("ROB-002"))
    place.measure(Proportion(99, 100))
    told = diff(old, place.sign("new"))[1]
    assert any(line.startswith(f"ROB-001.1: {kind}: share >= * 0.9 1 -> share") for line in told)


def test_what_came_and_went_is_told(place: Workplace, diff: Diff) -> None:
    """Requirements with what they showed."""
    old = place.sign("old")
    demand(place, requirement_record(), requirement_record("ROB-003"))
    place.measure(Proportion(95, 100))
    told = diff(old, place.sign("new"))[1]
    assert "ROB-002: requirement removed: Keep what is right" in told
    assert "ROB-003: requirement added: Keep what is right" in told
    assert "ROB-002.1: verdict worse: PASS 0.95" in told
    assert "ROB-003.1: verdict better: PASS 0.95" in told


def test_a_new_gap_fails_the_ratchet_and_an_old_one_does_not(place: Workplace, diff: Diff) -> None:
    """A pull request is held to what it changed."""
    good = place.sign("good")
    place.measure(Proportion(50, 100))
    bad = place.sign("bad")
    (place.folder / "model.bin").write_bytes(b"other")
    place.measure(Proportion(50, 100), run="run-2")
    still = place.sign("still")
    code, told = diff(good, bad, "--ratchet")
    assert (code, "new gaps: ROB-001.1: FAIL" in told) == (1, True)
    assert diff(good, bad)[0] == 0
    assert diff(bad, still, "--ratchet")[0] == 0
    code, told = diff(bad, good, "--ratchet")
    assert (code, "closed gaps: ROB-001.1: FAIL" in told) == (0, True)


def test_a_waiver_is_told(place: Workplace, diff: Diff) -> None:
    """It is a change like any other."""
    place.measure(Proportion(85, 100))
    old = place.sign("old")
    requirement = load_requirements(place.folder / "requirements").requirements[0]
    waiver = waiver_record(hazards=[], max_deficit=0.05, fingerprint=requirement.fingerprint)
    write_records(place.folder / "requirements", "waivers.yaml", [waiver])
    told = diff(old, place.sign("new"))[1]
    assert any(line.startswith("WVR-001: waiver added: ROB-001.1 up to 0.05") for line in told)
    assert "closed gaps: ROB-001.1: FAIL" in told


PLAN = change_plan_record()


@pytest.mark.parametrize(
    ("plan", "share", "objection"),
    [
        (PLAN, 95, ""),
        (PLAN, 94, ""),
        (PLAN, 93, "expected it to get worse by at most 0.01, got 0.02"),
        (PLAN, 80, "expected PASS after the change, got FAIL"),
        ({**PLAN, "allowed": ["code changed"]}, 95, "model: subject changed, which"),
        ({**PLAN, "expires_on": "2026-03-30"}, 95, "holds from 2026-01-01 to 2026-03-30"),
        ({**PLAN, "acceptance": {"ROB-001.1": 0.02}}, 93, ""),
    ],
)
def test_a_change_is_inside_of_the_plan_or_told_why_not(
    place: Workplace,
    capsys: pytest.CaptureFixture[str],
    plan: dict[str, object],
    share: int,
    objection: str,
) -> None:
    """The plan of the older release counts."""
    write_records(place.folder / "requirements", "change-plan.yaml", plan)
    old = place.sign("old")
    (place.folder / "model.bin").write_bytes(b"other")
    place.measure(Proportion(share, 100), run="run-2")
    new = place.sign("new")
    capsys.readouterr()
    code = main(["diff", str(old), str(new), "--on=2026-03-31", "--plan"])
    told = capsys.readouterr().out
    assert (code, objection in told) == (1 if objection else 0, True)
    assert ("the change is inside of it" in told) is not bool(objection)


def test_a_plan_that_came_with_the_change_allows_nothing(place: Workplace, diff: Diff) -> None:
    """And one that was changed with it neither."""
    bare = place.sign("bare")
    write_records(place.folder / "requirements", "change-plan.yaml", PLAN)
    planned = place.sign("planned")
    assert diff(bare, planned, "--plan")[0] == 1
    wider = {**PLAN, "acceptance": {"ROB-001.1": 1}}
    write_records(place.folder / "requirements", "change-plan.yaml", wider)
    code, told = diff(planned, place.sign("wider"), "--plan")
    assert (code, "outside of the change plan: CCP-001 was changed itself" in told) == (1, True)


def test_a_hazard_is_a_change_that_a_plan_cannot_allow(place: Workplace, diff: Diff) -> None:
    """A severity is lowered by nobody unseen."""
    one = requirement_record(hazards=["HAZ-001"])
    demand(place, one, hazards=[hazard_record()], change_plan=PLAN)
    place.measure(Proportion(95, 100))
    old = place.sign("old")
    demand(place, one, hazards=[hazard_record(severity="minor")], change_plan=PLAN)
    code, told = diff(old, place.sign("new"), "--plan")
    assert any(line.startswith("HAZ-001: hazard changed (severity): ") for line in told)
    assert any("HAZ-001: hazard changed, which CCP-001 does not allow" in line for line in told)
    assert code == 1


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_the_pages_hold_every_change_and_no_markup_of_others(
    place: Workplace, form: str, tmp_path: Path
) -> None:
    """Whatever a title says."""
    old = place.sign("old")
    demand(place, requirement_record(title="<b>|x"), requirement_record("ROB-002"))
    place.measure(Proportion(95, 100))
    out = tmp_path / "page"
    new = place.sign("new")
    assert main(["diff", str(old), str(new), f"--format={form}", f"--out={out}"]) == 0
    text = out.read_text()
    assert "&lt;b&gt;" in text
    assert "<b>" not in text
    assert "requirement reworded" in text


def test_a_baseline_of_another_key_is_refused(place: Workplace, diff: Diff) -> None:
    """With the key the baseline is held against it."""
    old, new = place.sign("old", key="other"), place.sign("new")
    assert diff(old, new, f"--public-key={place.keys / 'ours.pub'}")[0] == 2
    assert diff(new, new, f"--public-key={place.keys / 'ours.pub'}")[0] == 0


def test_what_is_no_release_is_told(place: Workplace, tmp_path: Path) -> None:
    """A file that is missing, and one that is something else."""
    bundle = place.sign()
    assert main(["diff", str(bundle), str(tmp_path / "none")]) == 2
    (tmp_path / "text").write_text(json.dumps({"format": 9}))
    assert main(["diff", str(bundle), str(tmp_path / "text")]) == 2
