"""What `vericase plan` prints, and when it objects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.documents import requirement_record, write_records
from tests.support.tracing import everything_shown
from vericase.cli import main
from vericase.measurement import Proportion
from vericase.schema import load_requirements
from vericase.store import save_evidence

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Plan = tuple[int, str, str]


@pytest.fixture
def plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Plan]:
    """Asks for a plan of requirements in an empty folder: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    demanded = requirement_record(acceptance=[criterion(1)])
    write_records(tmp_path / "requirements", "r.yaml", [demanded])

    def asked(*arguments: str) -> Plan:
        code = main(["plan", *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return asked


def criterion(number: int, **fields: object) -> dict[str, object]:
    """A criterion on a share, with a confidence."""
    return {
        "id": f"ROB-001.{number}",
        "measurand": f"share_{number}",
        "relation": ">=",
        "threshold": 0.95,
        "confidence": 0.95,
        **fields,
    }


def test_without_assumptions_the_fewest_trials_are_told(plan: Callable[..., Plan]) -> None:
    """59 trials without failure show 95 % at 95 %."""
    code, out, _ = plan()
    assert code == 0
    assert "ROB-001.1  >= 0.95  0.95                 59" in out
    assert out.endswith(
        "joint power: say what to assume with --assume and --trials, or --evidence\n"
    )


@pytest.mark.parametrize("name", ["ROB-001.1", "share_1"])
def test_trials_and_power_follow_from_what_is_assumed(plan: Callable[..., Plan], name: str) -> None:
    """By criterion or by measurand; what has too little power is a finding."""
    enough = plan(f"--assume={name}=0.99", f"--trials={name}=300")
    short = plan(f"--assume={name}=0.99", f"--trials={name}=90")
    assert (enough[0], short[0]) == (0, 1)
    assert "joint power of 1 criteria: 0.9" in enough[1]
    assert "too little power" in short[1]


def test_data_that_can_never_decide_are_told(plan: Callable[..., Plan]) -> None:
    """58 trials cannot show it, whatever comes out."""
    code, out, _ = plan("--trials=share_1=58")
    assert code == 1
    assert "these data cannot decide it: it takes 59" in out


def test_a_threshold_that_no_bound_reaches_is_told(
    plan: Callable[..., Plan], tmp_path: Path
) -> None:
    """No number of trials puts a bound at 1."""
    demanded = requirement_record(acceptance=[criterion(1, threshold=1)])
    write_records(tmp_path / "requirements", "r.yaml", [demanded])
    code, out, _ = plan()
    assert code == 1
    assert "no number of trials can show it" in out


def test_what_is_not_planned_is_listed_with_its_reason(
    plan: Callable[..., Plan], tmp_path: Path
) -> None:
    """Nothing that is in force vanishes."""
    acceptance = [
        criterion(1, relation="==", confidence=None),
        criterion(2, unit="s"),
        criterion(3, confidence=None),
        criterion(4, threshold={"ward": 0.9}),
    ]
    kept = [{k: v for k, v in each.items() if v is not None} for each in acceptance]
    write_records(tmp_path / "requirements", "r.yaml", [requirement_record(acceptance=kept)])
    code, out, _ = plan("--data=clinic")
    assert code == 0
    for told in (
        "not planned, equality is no rate: ROB-001.1",
        "not planned, no proportion: ROB-001.2",
        "it states neither confidence nor min_trials: ROB-001.3",
        "not planned, no threshold for data from 'clinic'; name the source with --data: ROB-001.4",
    ):
        assert told in out


def test_an_earlier_run_gives_trials_and_rates(plan: Callable[..., Plan], tmp_path: Path) -> None:
    """What the run observed is taken, and said to be no true value; an option goes before it."""
    requirements = load_requirements(tmp_path / "requirements")
    evidence = tmp_path / "evidence.json"
    save_evidence(evidence, everything_shown(requirements, measurement=Proportion(396, 400)))
    code, out, _ = plan("--evidence=evidence.json", "--format=json")
    (planned,) = json.loads(out)["criteria"]
    assert (code, planned["assumed"], planned["trials"]) == (0, 0.99, 400)
    code, out, _ = plan("--evidence=evidence.json", "--trials=share_1=58")
    assert code == 1
    assert "what nobody stated is as evidence.json observed it, which is no true value" in out


def test_wrong_options_are_told_together(plan: Callable[..., Plan]) -> None:
    """Every wrong option in one go, with what was meant."""
    code, out, err = plan("--assume=shar_1=0.9", "--assume=share_1=2", "--trials=share_1=many")
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "--assume: expected a criterion or a measurand, got 'shar_1'; did you mean 'share_1'?",
        "--trials: expected NAME=NUMBER, got 'share_1=many'",
        "--assume: expected a rate in [0, 1] for ROB-001.1, got 2",
    ]
    assert plan("--power=1")[0] == 2


def test_without_anything_in_force_there_is_nothing_to_plan(
    plan: Callable[..., Plan], tmp_path: Path
) -> None:
    """A folder of drafts is told."""
    write_records(tmp_path / "requirements", "r.yaml", [requirement_record(status="draft")])
    code, _, err = plan()
    assert (code, err) == (
        2,
        "requirements: expected an approved requirement that applies, got none\n",
    )


def test_a_coverage_is_planned_with_its_calibration(plan: Callable[..., Plan]) -> None:
    """A small calibration costs power, and more of the other data do not buy it back."""
    given = ("--assume=share_1=0.98", "--trials=share_1=600", "--format=json")
    powers = []
    for scores in (200, 2000):
        record = json.loads(plan(*given, f"--calibration=share_1={scores}")[1])["criteria"][0]
        assert record["needed"] is None
        powers.append(record["power"])
    powers.append(json.loads(plan(*given)[1])["criteria"][0]["power"])
    assert powers == sorted(powers)
    assert powers[0] < 0.9 < powers[1]
    code, _, err = plan("--calibration=share_1=0")
    assert code == 2
    assert "--calibration: expected a whole number in [1, 131072] for ROB-001.1, got 0" in err


def test_what_has_no_plan_is_listed_with_the_reason(
    plan: Callable[..., Plan], tmp_path: Path
) -> None:
    """A margin hangs on more than one rate, and a coverage without a bound needs no trials."""
    paired = criterion(1, threshold=None, margin=0.01)
    del paired["threshold"]
    plain = criterion(2)
    del plain["confidence"]
    write_records(
        tmp_path / "requirements", "r.yaml", [requirement_record(acceptance=[paired, plain])]
    )
    _, out, _ = plan("--calibration=share_2=100")
    assert "not planned, its power hangs on how often two releases differ: ROB-001.1" in out
    assert "not planned, a coverage without a bound: ROB-001.2" in out
