"""Settings that came after the first models: a description that does not know them is neutral.

Settings are read strictly, and a model states all of its own. A model that is older than a setting
cannot state it, and retraining would not be the same model; so in a model's description, and in the
digest of settings, a later setting is left out while it has its neutral value, which is the one
that does what the software did before. Each model thus has one description and one digest,
whichever version of the software wrote it. Presets and files of users have to state everything.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

__all__ = ["completed", "condensed"]

# Place of each later setting, and its neutral value.
_NEUTRAL: tuple[tuple[str, str, object], ...] = (
    ("network", "polarity", "free"),
    (
        "training",
        "certified",
        {"backward_share": 0.0, "box_share": 1.0, "kind": "none", "radius_mv": 0.0, "weight": 0.0},
    ),
    ("training", "ramp", {"end": 0.5, "start": 0.1}),
    ("training", "averaging", 0.0),
)


def completed(document: object) -> object:
    """*document* with the neutral value of every later setting that it does not state.

    Args:
        document: Settings of a model's description, as read; what is no mapping is left as it is.
    """
    if not isinstance(document, Mapping):
        return document
    whole = dict(document)
    for block, name, neutral in _NEUTRAL:
        if isinstance(whole.get(block), Mapping):
            whole[block] = {name: copy.deepcopy(neutral), **whole[block]}
    return whole


def condensed(document: Mapping[str, Any]) -> dict[str, Any]:
    """*document* without the later settings that have their neutral value.

    Args:
        document: What :func:`afib.settings.settings_to_json` returned.
    """
    short = dict(document)
    for block, name, neutral in _NEUTRAL:
        if short[block][name] == neutral:
            short[block] = {key: value for key, value in short[block].items() if key != name}
    return short
