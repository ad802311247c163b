"""Tables of single decisions, and of what coverage chance alone gives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import beta, betabinom

from afib.heldout import FoldGate, HeldOut, Rows
from afib.heldout.derived import judgement_of
from nnassure.conformal import conformal_threshold
from nnassure.errors import FitError
from tests.support.datasets import dataset_of
from verification.chance import chance_of_one, chance_table, covered_by_chance
from verification.decided import decision_table
from verification.judged import Judged
from verification.uncertain import Answered


def test_every_wrong_call_and_some_right_ones_are_listed() -> None:
    """By rhythm; wrong ones first, by name; with what the device makes of each."""
    dataset = dataset_of("NANANANAO~")
    called = dataset.is_afib.copy()
    called[[2, 5]] = ~called[[2, 5]]
    # What the network says of other labels is neither right nor wrong.
    called[8] = True
    accepted = np.ones(len(dataset), np.bool_)
    accepted[2] = False
    answers = np.where(called, "AFib", "normal").astype(object)
    answers[2] = "strange"
    answered = Answered(
        labels=dataset.labels,
        accepted=accepted,
        scores=np.arange(len(dataset), dtype=np.float64),
        sets=np.stack([~called, called], axis=1),
        answers=answers.astype(str),
    )
    judged = Judged(recordings=dataset, logits=np.zeros(len(dataset), np.float32), called=called)
    shares = np.linspace(0, 0.9, len(dataset)).astype(np.float32)
    head, *rows = decision_table(judged, answered, shares, right=2, seed=1)
    assert len(head) == 7
    names = dataset.names.tolist()
    assert [row[0] for row in rows if (row[1] == "A") != (row[2] == "AFib")] == [names[2], names[5]]
    assert [row[1] for row in rows] == ["N"] * 3 + ["A"] * 3
    assert rows[0] == (names[2], "N", "AFib", "strange", "0.200", "", "2.00")
    assert rows[3] == (names[5], "A", "normal", "normal", "0.500", "normal", "5.00")
    assert decision_table(judged, answered, shares, right=2, seed=1) == [head, *rows]
    assert len(decision_table(judged, answered, shares, right=9, seed=1)) == 1 + 8


def test_chance_covers_as_the_beta_binomial_law_says() -> None:
    """Of one part after a calibration on the other two, which have its law by closed form."""
    folds, parts = np.zeros(300, np.int64), np.repeat([0, 1, 2], [100, 100, 100])
    alpha, runs = 0.1, 4000
    covered = covered_by_chance(folds, parts, alpha, runs=runs, seed=3)
    rank = math.ceil((200 + 1) * (1 - alpha))
    law = betabinom(100, rank, 200 + 1 - rank)
    assert covered.mean() == pytest.approx(3 * law.mean(), abs=0.2)
    # Parts calibrate each other: where one is covered too little, the others are covered too much.
    assert covered.std() < math.sqrt(3) * law.std()
    np.testing.assert_array_equal(
        covered, covered_by_chance(folds, parts, alpha, runs=runs, seed=3)
    )
    with pytest.raises(FitError, match="at least"):
        covered_by_chance(folds[:20], parts[::15][:20], 0.01, runs=1, seed=1)


def test_the_table_of_chance_counts_runs_whose_bound_is_high_enough() -> None:
    """At an absurd level none, without any slack to speak of few, with all slack all."""
    count = 300
    dataset = dataset_of("NA" * (count // 2))
    rows = Rows(
        names=dataset.names,
        labels=dataset.labels,
        folds=np.zeros(count, np.int64),
        parts=np.arange(count) // 2 % 3,
        families=np.full(count, ""),
        severities=np.zeros(count),
        usable=np.ones(count, np.bool_),
        logits=np.where(dataset.is_afib, 2.0, -2.0),
        scores=np.zeros(count),
    )
    gate = FoldGate(fold=0, network_sha256="0", threshold=0.0, temperature=1.0, ood_threshold=1.0)
    judged = judgement_of(HeldOut(rows=rows, gates=(gate,), origin={}))
    shown = []
    for slack in (0.0, 0.03, 0.5):
        asked = {"slack": slack, "confidence": 0.95, "runs": 200, "seed": 2}
        _, afib, normal = chance_table(judged, 0.1, asked)
        assert (afib[:2], normal[:2]) == (("AFib", "150"), ("normal", "150"))
        assert afib[4].endswith(" of 200 runs")
        shown.append(int(afib[4].split()[0]))
    assert shown == sorted(shown)
    assert shown[0] < 20
    assert shown[2] == 200


def test_chance_of_one_calibration_is_that_of_simulated_ones() -> None:
    """Thresholds of drawn scores on drawn scores; and what no number of successes reaches."""
    alpha, size, total, runs = 0.05, 60, 114, 4000
    told = chance_of_one(
        {"AFib": size}, {"AFib": total}, alpha, floors=[0.88, 0.95, 0.999], confidence=0.95
    )
    generator = np.random.default_rng(5)
    lost = np.zeros(runs, np.int64)
    for run in range(runs):
        limit = conformal_threshold(generator.random(size), alpha)
        lost[run] = int((generator.random(total) > limit).sum())
    for _, calibrated, judged, floor, allowed, chance in told[1:3]:
        assert (calibrated, judged) == ("60", "114")
        lower = [
            beta.ppf(0.05, total - count, count + 1) for count in (int(allowed), int(allowed) + 1)
        ]
        assert lower[0] >= float(floor) > lower[1]
        assert float(chance) == pytest.approx((lost <= int(allowed)).mean(), abs=0.03)
    assert told[3][4:] == ("none is enough", "0.000")


def test_too_small_a_calibration_covers_all() -> None:
    """A rhythm then stands in every set, so that only the number of those judged decides."""
    told = chance_of_one({"AFib": 9}, {"AFib": 114}, 0.02, floors=[0.9, 0.99], confidence=0.95)
    assert [row[-1] for row in told[1:]] == ["1.000", "0.000"]
