"""Bounds on what a disturbance can do to a margin; the door to auto_LiRPA."""

from nnassure.bounds.engine import BoundedNetwork, Method, margin_bounds, prepare
from nnassure.bounds.preflight import obstacles
from nnassure.bounds.selftest import available, self_test

__all__ = [
    "BoundedNetwork",
    "Method",
    "available",
    "margin_bounds",
    "obstacles",
    "prepare",
    "self_test",
]
