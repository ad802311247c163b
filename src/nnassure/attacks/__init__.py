"""The search for a disturbance that turns a decision: a found one, or none, a record.

An attack is given a *margin*: a differentiable function from signals (records, samples) to one
number a record, positive where the decision is right.
It must treat each record on its own, as a network in evaluation mode does;
the gradient of the sum of the margins is then the gradient of each.

Three things hold of every attack:

- what it returns lies in the set of disturbances, distances taken in float64;
- the margin that it returns is that of the signal that it returns, to the last bit;
- further restarts add points and remove none: more of them never find less.

That an attack finds nothing proves nothing. What it finds is a fact.
"""

from nnassure.attacks.art import art_apgd
from nnassure.attacks.auto import apgd
from nnassure.attacks.descent import fgsm, pgd, sign_step
from nnassure.attacks.parametric import ParameterAttackResult, parameter_attack
from nnassure.attacks.portfolio import Budget, portfolio
from nnassure.attacks.quantised import to_steps
from nnassure.attacks.search import AttackResult, Margin
from nnassure.attacks.smooth import smooth_attack
from nnassure.attacks.square import square_attack

__all__ = [
    "AttackResult",
    "Budget",
    "Margin",
    "ParameterAttackResult",
    "apgd",
    "art_apgd",
    "fgsm",
    "parameter_attack",
    "pgd",
    "portfolio",
    "sign_step",
    "smooth_attack",
    "square_attack",
    "to_steps",
]
