"""How often the bound of a sample of many units holds the true mean, by the shape of the values.

Each trial draws one value a unit and asks the tool for its own one-sided bounds. A bound covers
if the true mean is on its right side; at the stated confidence that should be so in 95 of 100.

Run in the repository root: ``python -m benchmarks.cluster_coverage``
"""

from __future__ import annotations

import argparse
from math import exp
from typing import TYPE_CHECKING

import numpy as np

from vericase.bounds import MIN_CLUSTERS, figures
from vericase.measurement import Sample
from vericase.requirement import AcceptanceCriterion, Relation
from vericase.statistics import proportion_lower, proportion_upper

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONFIDENCE, SEED, TRIALS = 0.95, 20_261_125, 1_000
UNITS = (MIN_CLUSTERS, 30, 60, 100)
TRUE_MEANS = {"normal": 0.0, "exponential": 1.0, "lognormal": exp(0.5)}
#: So far off that every unit lies beyond it: a bound is given for each sample.
_FAR = 1e9


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--values", choices=TRUE_MEANS, action="append", help="default: all")
    parsed = parser.parse_args()
    print(f"{parsed.trials} samples a line, seed {parsed.seed}, one-sided confidence {CONFIDENCE}.")
    print("In brackets the two-sided 95 % interval of the rate, for the chance of the draws.\n")
    print("| values | units | method | upper bounds that cover | lower bounds that cover |")
    print("|---|---|---|---|---|")
    for place, shape in enumerate(TRUE_MEANS):
        for units in UNITS if shape in (parsed.values or TRUE_MEANS) else ():
            _line(shape, units, np.random.default_rng((parsed.seed, place, units)), parsed.trials)


def _line(shape: str, units: int, rng: np.random.Generator, trials: int) -> None:
    true, above, below, method = TRUE_MEANS[shape], 0, 0, ""
    for _ in range(trials):
        sample = Sample(tuple(_values(shape, units, rng).tolist()))
        upper = figures(_criterion(Relation.AT_MOST), sample, _FAR)
        lower = figures(_criterion(Relation.AT_LEAST), sample, -_FAR)
        above += upper.bound is not None and upper.bound >= true
        below += lower.bound is not None and lower.bound <= true
        method = upper.method
    name = method.split(" over ")[0]
    print(f"| {shape} | {units} | {name} | {_rate(above, trials)} | {_rate(below, trials)} |")


def _values(shape: str, units: int, rng: np.random.Generator) -> NDArray[np.float64]:
    if shape == "normal":
        return rng.standard_normal(units)
    return rng.exponential(size=units) if shape == "exponential" else rng.lognormal(size=units)


def _criterion(relation: Relation) -> AcceptanceCriterion:
    return AcceptanceCriterion(
        id="BENCH-001.1",
        measurand="quantity",
        relation=relation,
        thresholds={"*": 0.0},
        confidence=CONFIDENCE,
    )


def _rate(covered: int, trials: int) -> str:
    side = (1 + CONFIDENCE) / 2
    low, high = (bound(covered, trials, side) for bound in (proportion_lower, proportion_upper))
    return f"{covered} of {trials} = {covered / trials:.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    main()
