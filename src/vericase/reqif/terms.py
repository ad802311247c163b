"""The words by which a ReqIF file of ours is known: kinds of objects, their attributes, links.

ReqIF 1.2 (OMG formal/16-07-01) keeps the namespace and the schema of 1.0.1. The names that start
with `ReqIF.` are those that its implementers agreed on (prostep ivip, ReqIF Implementation Guide),
so that other tools show number, heading and text where a reader looks for them.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

__all__ = [
    "CONTROLS",
    "CRITERION",
    "HAZARD",
    "ID",
    "KINDS",
    "MEASUREMENT",
    "NAME",
    "NAMESPACE",
    "PARENT",
    "REQUIREMENT",
    "SPECIFICATION",
    "TEXT",
    "XHTML",
    "Form",
    "folded",
]

NAMESPACE = "http://www.omg.org/spec/ReqIF/20110401/reqif.xsd"
XHTML = "http://www.w3.org/1999/xhtml"

REQUIREMENT = "vericase requirement"
CRITERION = "vericase criterion"
MEASUREMENT = "vericase measurement"
HAZARD = "vericase hazard"
SPECIFICATION = "vericase specification"
#: Links from a requirement, to what it refines and to what it holds back.
PARENT = "vericase parent"
CONTROLS = "vericase controls"

ID, NAME, TEXT = "ReqIF.ForeignID", "ReqIF.Name", "ReqIF.Text"


_WHITE = re.compile("[ \t\r\n]+")


class Form(StrEnum):
    """What a value is, as ReqIF calls it."""

    BOOLEAN = "BOOLEAN"
    INTEGER = "INTEGER"
    REAL = "REAL"
    STRING = "STRING"
    XHTML = "XHTML"


_NAMED = {ID: Form.STRING, NAME: Form.STRING, TEXT: Form.XHTML}


def folded(text: str) -> str:
    """*text* as XHTML shows it: white space is one space, and none at its ends."""
    return _WHITE.sub(" ", text).strip(" ")


def _strings(*names: str) -> dict[str, Form]:
    return dict.fromkeys(names, Form.STRING)


#: By kind, its attributes. Lists, conditions and thresholds are JSON in a string.
KINDS: Mapping[str, Mapping[str, Form]] = MappingProxyType(
    {
        REQUIREMENT: {
            **_NAMED,
            **_strings("rationale", "category", "status", "method", "references", "applies_to"),
            **_strings(
                "depends",
                "conditions",
                "claim",
                "first_look",
                "fingerprint",
                "standing",
                "reason",
                "file",
            ),
            "line": Form.INTEGER,
        },
        CRITERION: {
            **_NAMED,
            **_strings(
                "relation",
                "threshold",
                "margin",
                "small_slices",
                "slices",
                "unit",
                "applies_to",
                "verdict",
                "reason",
            ),
            **_strings("waiver"),
            "confidence": Form.REAL,
            "min_trials": Form.INTEGER,
        },
        MEASUREMENT: {
            **_NAMED,
            **_strings("verdict"),
            "observed": Form.REAL,
            "bound": Form.REAL,
            "successes": Form.INTEGER,
            "trials": Form.INTEGER,
        },
        HAZARD: {
            **_NAMED,
            **_strings("severity", "sequence_of_events", "control", "residual_risk"),
        },
        SPECIFICATION: {
            **_strings("headline", "blocking"),
            "released": Form.BOOLEAN,
            "rehearsal": Form.BOOLEAN,
        },
    }
)
