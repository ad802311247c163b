"""What is read off proofs on record: radii, rates and prices."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from afib.proof.pooled import (
    KnownDecision,
    PooledProofs,
    read_pooled,
)
from tests.support.pooled import (
    NAME,
)
from verification.certified import CertifiedTraining, inverted
from verification.plots import table_figure
from verification.proof_tables import at_radii, curves, prices, radii_mv, radii_rows, rates


def known(outcome: str, *, is_afib: bool = True, rhythm: str = "AFib") -> KnownDecision:
    """What a record keeps of a decision."""
    return KnownDecision(
        name="A00001",
        is_afib=is_afib,
        fold=0,
        rhythm=rhythm,
        outcome=outcome,
        method=None,
        clean_margin=1.0,
        certified_margin=0.5,
        may_abstain=False,
    )


def proofs_at(*outcomes: str, rhythm: str = "AFib") -> dict[float, PooledProofs]:
    """One recording at rising radii."""
    return {
        radius: PooledProofs(asked={}, origin={}, decisions=[known(outcome, rhythm=rhythm)])
        for radius, outcome in zip((0.01, 0.02, 0.03), outcomes, strict=True)
    }


def test_an_abstention_counts_against_what_is_proven() -> None:
    """A row that says nothing leaves no fewer decisions of which a proof is due."""
    asked = [known("certified"), known("unknown"), known("unknown", rhythm="normal")]
    none = replace(known("unknown"), rhythm=None)
    found = PooledProofs(asked={}, origin={}, decisions=[*asked, none])
    assert found.due(is_afib=True).tolist() == [True, True, False, True]
    assert found.open().tolist() == [False, True, False, True]
    assert found.certified(is_afib=True).tolist() == [True, False, False, False]


def test_the_radius_of_a_recording_is_the_largest_that_is_proven() -> None:
    """None proven, or proven of the wrong rhythm, is a radius of 0."""
    assert radii_mv(proofs_at("certified", "certified", "unknown"), is_afib=True) == [0.02]
    assert radii_mv(proofs_at("unknown", "attacked", "attacked"), is_afib=True) == [0.0]
    wrong = proofs_at("certified", "certified", "certified", rhythm="normal")
    assert radii_mv(wrong, is_afib=True) == [0.0]
    assert radii_mv(wrong, is_afib=False) == []


def test_the_table_of_radii_has_a_column_for_each() -> None:
    """Beside the radius of the recording; a wrong decision is marked, whatever is proven of it."""
    assert radii_rows(proofs_at("certified", "unknown", "attacked")) == [
        ("record", "label", "proven within", "10 uV", "20 uV", "30 uV"),
        ("A00001", "A", "10 uV", "certified", "unknown", "attacked"),
    ]
    all_of_it = radii_rows(proofs_at("certified", "certified", "certified"))
    assert all_of_it[1][2] == "30 uV or more"
    wrong = radii_rows(proofs_at("certified", "unknown", "attacked", rhythm="normal"))
    assert wrong[1][2:4] == ("0 uV", "certified (wrong)")


@pytest.mark.parametrize(
    ("outcomes", "count"),
    [
        (("certified", "unknown", "attacked"), 0),
        (("unknown", "certified", "attacked"), 0),
        (("attacked", "certified", "certified"), 1),
        (("certified", "attacked", "certified"), 1),
    ],
)
def test_nothing_is_proven_beyond_an_attack(outcomes: tuple[str, ...], count: int) -> None:
    """A proof at a radius above one at which an attack came through is counted."""
    assert inverted(proofs_at(*outcomes)) == count


def test_constant_classifiers_stand_beside_the_rates(training: CertifiedTraining) -> None:
    """All of one rhythm, none of the other, by the counts of the draw, with exact bounds."""
    found = read_pooled(training.folder / f"{NAME}.json")
    rows = rates(at_radii({0.01: found}))
    afib, normal = (int(found.certified(is_afib=each).sum()) for each in (True, False))
    assert [row[:3] for row in rows[1:3]] == [
        ("within 10 uV", "AFib", f"{afib} of 2"),
        ("within 10 uV", "normal", f"{normal} of 2"),
    ]
    # Two of two: the bound is the square root of 0.05.
    assert rows[3] == ("always AFib", "AFib", "2 of 2", "1.000", "at least 0.224")
    assert rows[4] == ("always AFib", "normal", "0 of 2", "0.000", "at least 0.000")
    assert [row[3] for row in rows[5:]] == ["0.000", "1.000"]


def test_the_price_is_told_with_its_interval() -> None:
    """By counts of what each training alone gets right; turned round, all turns round."""
    lost = [1.0] * 12 + [-1.0] * 2 + [0.0] * 30
    head, afib, normal = prices({"AFib": lost, "normal": [-each for each in lost]})
    assert head[2:4] == ("standard alone", "certified alone")
    assert afib[:5] == ("AFib", "44", "12", "2", "0.2273")
    assert normal[:5] == ("normal", "44", "2", "12", "-0.2273")
    ends = [[float(end) for end in row[5].split(" to ")] for row in (afib, normal)]
    assert ends[0] == [-end for end in reversed(ends[1])]
    assert 0 < ends[0][0] < 0.2273 < ends[0][1] < 0.5


def test_a_table_with_more_columns_than_widths_is_refused() -> None:
    """What stands beyond the last width would be beyond the picture."""
    with pytest.raises(ValueError, match=r"^t: expected at most 1 cells, got 2$"):
        table_figure("t", [("a", "b")], (10,))


def test_no_cell_of_a_table_runs_into_the_next_one() -> None:
    """Columns are as wide as what is longest in them; widths are the least."""
    drawn = table_figure(
        "t", [("smallest share", "b", "c"), ("1", "a longer cell", "c")], (10, 300, 9)
    )
    places = [float(x) for x in re.findall(r'<text class="ink" x="([\d.]+)"', drawn)]
    assert places[:3] == places[3:]
    first, second, third = places[:3]
    assert second - first > 7 * len("smallest share")
    assert third - second == 300


def test_a_curve_begins_with_what_is_right_undisturbed() -> None:
    """And goes on with what is proven, and with what attacks left standing."""
    found = proofs_at("certified", "unknown", "attacked")
    normal = proofs_at("certified", "unknown", "attacked", rhythm="normal")
    both = {
        size: replace(
            each,
            decisions=[
                *each.decisions,
                *(replace(row, is_afib=False) for row in normal[size].decisions),
                *(replace(row, is_afib=False, rhythm="AFib") for row in normal[size].decisions),
            ],
        )
        for size, each in found.items()
    }
    assert curves(both) == {
        "AFib proven": [1.0, 1.0, 0.0, 0.0],
        "AFib not attacked": [1.0, 1.0, 1.0, 0.0],
        "normal proven": [0.5, 0.5, 0.0, 0.0],
        "normal not attacked": [0.5, 0.5, 0.5, 0.0],
    }
