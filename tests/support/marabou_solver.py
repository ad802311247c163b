"""A process that asks Marabou one question: JSON on standard input, JSON on its last line.

The only module that imports it; the question is what :mod:`tests.support.marabou` wrote.
"""

from __future__ import annotations

import json
import sys

from maraboupy import MarabouCore


def _main() -> None:
    bounds, equations, relus, seconds = json.load(sys.stdin)
    query = MarabouCore.InputQuery()
    query.setNumberOfVariables(len(bounds))
    for place, (lowest, highest) in enumerate(bounds):
        query.setLowerBound(place, lowest)
        query.setUpperBound(place, highest)
    for terms, scalar in equations:
        equation = MarabouCore.Equation()
        for weight, variable in terms:
            equation.addAddend(weight, variable)
        equation.setScalar(scalar)
        query.addEquation(equation)
    for before, after in relus:
        MarabouCore.addReluConstraint(query, before, after)
    options = MarabouCore.Options()
    options._verbosity, options._timeoutInSeconds = 0, seconds
    outcome, values, _ = MarabouCore.solve(query, options, "")
    sys.stdout.write(f"\n{json.dumps([outcome, values])}\n")


if __name__ == "__main__":
    _main()
