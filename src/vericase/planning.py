"""Before a run: how many trials a criterion needs, and what a gate of many criteria risks.

Pure. What passes is what :func:`vericase.verdict.judge` passes; the binomial law says how likely
that is at an assumed true rate. The power of an exact test is saw-toothed in the number of trials
(Chernick and Liu 2002, doi:10.1198/000313002317572718), so "enough" means enough from there on.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import fsum, prod

from vericase.requirement import AcceptanceCriterion, Relation
from vericase.statistics import (
    chance_of_at_least,
    chance_of_covering,
    fewest_successes,
    near_ties,
    proportion_lower,
    proportion_upper,
)

__all__ = [
    "JointPower",
    "Plan",
    "chance_again",
    "joint_power",
    "plan_coverage",
    "plan_criterion",
]

#: No plan looks further than this number of trials.
MOST_TRIALS = 1 << 17
_FIRST_LOOK = 1 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one criterion asks of a run that has yet to be made.

    Attributes:
        criterion: What is planned for.
        threshold: For the data in question.
        assumed: The true rate that is assumed, in [0, 1]; None if nobody said.
        fewest: The fewest trials at which the criterion can pass at all; None if it cannot.
        needed: Trials from which on the power no longer falls below the wanted one, as far as
            twice that number; None without an assumed rate, or if no number of trials is enough.
        trials: What the data offer; None if nobody said.
        power: The chance of a PASS with these trials at the assumed rate; None without either.
    """

    criterion: AcceptanceCriterion
    threshold: float
    assumed: float | None = None
    fewest: int | None = None
    needed: int | None = None
    trials: int | None = None
    power: float | None = None

    @property
    def decidable(self) -> bool:
        """Whether the trials that are there can show it; True as long as nobody said how many."""
        if self.trials is None:
            return self.fewest is not None
        return self.fewest is not None and self.trials >= self.fewest


@dataclass(frozen=True, slots=True, kw_only=True)
class JointPower:
    """The chance that every criterion passes.

    Attributes:
        independent: If the criteria were independent.
        least: Whatever their dependence (Bonferroni).
    """

    independent: float
    least: float


def plan_criterion(
    criterion: AcceptanceCriterion,
    threshold: float,
    *,
    assumed: float | None = None,
    trials: int | None = None,
    power: float = 0.9,
) -> Plan:
    """What *criterion* needs, as a proportion against *threshold*.

    Args:
        criterion: With any relation but `==`.
        threshold: In [0, 1].
        assumed: The true rate, in [0, 1].
        trials: What the data offer, at least 1.
        power: The wanted chance of a PASS, in (0, 1).
    """
    test = _Test(criterion, threshold)
    found = None
    if assumed is not None and trials is not None:
        found = test.powers([trials], assumed)[0]
    return Plan(
        criterion=criterion,
        threshold=threshold,
        assumed=assumed,
        fewest=test.fewest(),
        needed=None if assumed is None else test.needed(assumed, power),
        trials=trials,
        power=found,
    )


def plan_coverage(
    criterion: AcceptanceCriterion,
    threshold: float,
    *,
    calibration: int,
    assumed: float | None = None,
    trials: int | None = None,
) -> Plan:
    """What *criterion* needs, as a conformal coverage after a calibration on so many scores.

    The power counts the chance of the calibration too. How many trials would be needed is left
    open: past some number of them, only a larger calibration helps.

    Args:
        criterion: With a confidence, and any relation but `==`.
        threshold: In (0, 1).
        calibration: At least 1.
        assumed: The true coverage over calibrations, in (0, 1).
        trials: What the data offer, at least 1.
    """
    test = _Test(criterion, threshold)

    def shows(covered: int, count: int) -> bool:
        observed = test.observed(count) <= covered
        chance = chance_of_covering([covered], [count], calibration, test.goal)[0]
        return observed and bool(chance <= 1 - (criterion.confidence or 0.0))

    least = criterion.min_trials or 1
    fewest = _first(least, MOST_TRIALS, lambda count: shows(count, count))
    power = None
    if assumed is not None and trials is not None:
        wanted = _first(0, trials, lambda covered: shows(covered, trials))
        rate = test.towards(assumed)
        power = 0.0
        if wanted is not None and trials >= least:
            power = float(chance_of_covering([wanted], [trials], calibration, rate)[0])
    return Plan(
        criterion=criterion,
        threshold=threshold,
        assumed=assumed,
        fewest=fewest,
        trials=trials,
        power=power,
    )


def chance_again(
    criterion: AcceptanceCriterion, threshold: float, *, successes: int, trials: int
) -> float:
    """The chance of a PASS in another run of as many trials, were the observed rate the true one.

    It says how far a verdict hangs on chance, and nothing of the true rate.

    Args:
        criterion: With any relation but `==`.
        threshold: In [0, 1].
        successes: As observed, in [0, *trials*].
        trials: At least 1.
    """
    return _Test(criterion, threshold).powers([trials], successes / trials)[0]


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int | None:
    """The smallest number in [low, high] for which *holds*, which then holds for all above it."""
    if low > high or not holds(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return high


def joint_power(powers: Iterable[float]) -> JointPower:
    """The chance that all of them pass; a gate in which all must needs no other correction."""
    each = tuple(powers)
    return JointPower(
        independent=prod(each), least=max(0.0, 1.0 - fsum(1.0 - power for power in each))
    )


class _Test:
    """When a criterion passes, told as successes; one that wants less counts the failures."""

    def __init__(self, criterion: AcceptanceCriterion, threshold: float) -> None:
        self._wants_more = criterion.relation.wants_more
        self._strict = criterion.relation in {Relation.ABOVE, Relation.BELOW}
        self._confidence = criterion.confidence
        self._threshold = threshold
        self._least_trials = criterion.min_trials or 1
        self._goal = Fraction(str(threshold)) if self._wants_more else 1 - Fraction(str(threshold))

    @property
    def goal(self) -> float:
        """The rate of successes to be shown."""
        return float(self._goal)

    def towards(self, rate: float) -> float:
        """*rate* as one of successes."""
        return rate if self._wants_more else 1.0 - rate

    @property
    def _possible(self) -> bool:
        """Whether any outcome passes: no rate is above 1, and no bound of one is 1."""
        return self._goal < 1 or not (self._strict or self._confidence is not None)

    def observed(self, trials: int) -> int:
        """The fewest successes whose rate meets the threshold by itself."""
        whole, rest = divmod(self._goal.numerator * trials, self._goal.denominator)
        return whole + 1 if self._strict or rest else whole

    def fewest(self) -> int | None:
        """The fewest trials at which all of them succeeding is a PASS."""
        if not self._possible:
            return None
        looked = _FIRST_LOOK
        while looked <= MOST_TRIALS:
            counts = range(self._least_trials, self._least_trials + looked)
            for trials, wanted in zip(counts, self._wanted(counts), strict=True):
                if wanted <= trials:
                    return trials
            looked *= 2
        return None

    def needed(self, assumed: float, power: float) -> int | None:
        """The smallest number of trials after which the power stays, as far as twice it."""
        rate = self.towards(assumed)
        if not self._possible or rate < self._goal:  # then the power ends at 0
            return None
        looked = _FIRST_LOOK
        while looked <= MOST_TRIALS:
            counts = range(self._least_trials, self._least_trials + looked)
            powers = self.powers(counts, assumed)
            short = [i for i, each in enumerate(powers) if each < power]
            enough = counts[short[-1] + 1] if short and short[-1] + 1 < looked else None
            enough = counts[0] if not short else enough
            if enough is not None and 2 * enough <= counts[-1]:
                return enough
            looked *= 2
        return None

    def powers(self, counts: Sequence[int], assumed: float) -> list[float]:
        """The chance of a PASS at each count of trials."""
        import numpy as np  # noqa: PLC0415  a second of import, paid only for plans

        rate = self.towards(assumed)
        wanted = np.asarray(self._wanted(counts))
        found: list[float] = chance_of_at_least(wanted, counts, rate).tolist()
        return [
            chance if trials >= self._least_trials else 0.0
            for trials, chance in zip(counts, found, strict=True)
        ]

    def _wanted(self, counts: Sequence[int]) -> list[int]:
        """The fewest successes that pass at each count of trials; more than those if none do."""
        least = [self.observed(trials) for trials in counts]
        # A bound of zero meets zero, whatever was observed.
        if self._confidence is None or (self._goal <= 0 and not self._strict):
            return least
        bound = fewest_successes(counts, float(self._goal), self._confidence)
        for at in near_ties(bound, counts, float(self._goal), self._confidence):
            bound[at] = self._settled(int(bound[at]), counts[at])
        return [max(pair) for pair in zip(least, bound.tolist(), strict=True)]

    def _settled(self, successes: int, trials: int) -> int:
        """The fewest successes by the judge's own bound, where rounding decides a tie."""
        tried = range(max(successes - 1, 0), min(successes + 1, trials) + 1)
        return next((count for count in tried if self._meets(count, trials)), trials + 1)

    def _meets(self, successes: int, trials: int) -> bool:
        confidence = self._confidence or 0.0
        if self._wants_more:
            bound = proportion_lower(successes, trials, confidence)
            return bound > self._threshold if self._strict else bound >= self._threshold
        bound = proportion_upper(trials - successes, trials, confidence)
        return bound < self._threshold if self._strict else bound <= self._threshold
