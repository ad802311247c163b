"""The rules, each with an example that breaks it and one that does not.

Sources: INCOSE, Guide to Writing Requirements, v4 (2023), rules R2 to R35; Mavin et al., Easy
Approach to Requirements Syntax (EARS), RE 2009, doi:10.1109/RE.2009.9.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vericase.requirement import Requirement
from vericase.wording.finders import matches, shall, shape, stray_numbers, title, words

__all__ = ["RULES", "Rule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of wording.

    Attributes:
        error: Whether breaking it keeps `vericase check` from being fine.
        find: What in a requirement breaks it, in a few words each; None if it is about the set.
    """

    code: str
    title: str
    why: str
    bad: str
    good: str
    source: str
    find: Callable[[Requirement], Iterable[str]] | None = None
    error: bool = False


RULES: tuple[Rule, ...] = (
    Rule(
        code="L01",
        title="One 'shall'",
        why="Without 'shall' nothing is demanded; with two, one half can be met and the other not.",
        bad="The device shall warn and shall log.",
        good="The device shall warn.",
        source="INCOSE R18, EARS",
        find=shall,
    ),
    Rule(
        code="L02",
        title="Conditions, subject, shall, response",
        why="A statement says when, who and what, in that order: While, When, Where, or If with "
        "then; the subject; shall; the response.",
        bad="If the battery is low, the device shall warn.",
        good="If the battery is low, then the device shall warn.",
        source="EARS",
        find=shape,
    ),
    Rule(
        code="L03",
        title="Active voice",
        why="A passive response leaves out who has to give it.",
        bad="The recordings shall be stored.",
        good="The device shall store the recordings.",
        source="INCOSE R2",
        find=matches(
            r"\bshall (?:not )?be (?:\w+ly )?(?!need|indeed)\w+(?:ed|own|ept|ought)\b", "be "
        ),
    ),
    Rule(
        code="L04",
        title="No vague words",
        why="Nobody can measure a word that everybody reads in another way.",
        bad="The device shall answer in adequate time.",
        good="The device shall answer within the time limit.",
        source="INCOSE R7",
        find=words(
            *("some", "any kind of", "several", "many", "a lot of", "a few", "almost", "nearly"),
            *("about", "close to", "approximately", "adequate(?:ly)?", "appropriate(?:ly)?"),
            *("sufficient(?:ly)?", "reasonabl[ey]", "fast", "quick(?:ly)?", "robust(?:ly)?"),
            *("user-friendly", "easy", "easily", "efficient(?:ly)?", "effective(?:ly)?"),
            *(
                "significant(?:ly)?",
                "normally",
                "usually",
                "typical(?:ly)?",
                "flexible",
            ),
        ),
    ),
    Rule(
        code="L05",
        title="No escape clauses",
        why="Whoever may decide that it was not possible is bound to nothing.",
        bad="The device shall warn where possible.",
        good="The device shall warn.",
        source="INCOSE R8",
        find=words(
            *("so far as", "as far as", "as little as", "as much as possible", "where possible"),
            *("if possible", "if practicable", "as appropriate", "if necessary", "as required"),
            *("if it should prove necessary", "to the extent", "unless otherwise", "best effort"),
        ),
    ),
    Rule(
        code="L06",
        title="Nothing left to be decided",
        why="A gap cannot be verified.",
        bad="The device shall warn within TBD seconds.",
        good="The device shall warn within the time limit.",
        source="INCOSE R7",
        find=matches(
            r"\b(?:TBD|TBC|TBR|TODO|FIXME)\b|\?\?", "tbd", "tbc", "tbr", "todo", "fixme", "??"
        ),
    ),
    Rule(
        code="L07",
        title="Nothing open-ended",
        why="A list without an end demands more than anybody wrote.",
        bad="The device shall warn of noise, clipping, etc.",
        good="The device shall warn of noise or clipping.",
        source="INCOSE R9",
        find=matches(
            r"\betc\b\.?|\bincluding but not limited to\b|\band so (?:on|forth)\b|\.\.\.",
            *("etc", "including", "and so", "..."),
        ),
    ),
    Rule(
        code="L08",
        title="No superfluous infinitives",
        why="To be able to do it is not to do it.",
        bad="The device shall be able to warn.",
        good="The device shall warn.",
        source="INCOSE R10",
        find=words("be able to", "be capable of", "be designed to", "be intended to", "allow to"),
    ),
    Rule(
        code="L09",
        title="No 'and/or', no stroke between words",
        why="It is not said which of the two would be enough.",
        bad="The device shall warn and/or log.",
        good="The device shall warn, log, or do both.",
        source="INCOSE R15, R17",
        find=matches(r"\b[a-z]+/[a-z]+\b", "/"),
    ),
    Rule(
        code="L10",
        title="No reasons in the statement",
        why="A purpose cannot be verified; it belongs to the rationale.",
        bad="The device shall warn so that nobody is harmed.",
        good="The device shall warn.",
        source="INCOSE R20",
        find=words("in order to", "so that", "to ensure", "for the purpose of", "thereby"),
    ),
    Rule(
        code="L11",
        title="No brackets",
        why="It is not clear whether what stands in brackets is demanded.",
        bad="The device shall warn (loudly).",
        good="The device shall warn loudly.",
        source="INCOSE R21",
        find=matches(r"\([^)]*\)", "("),
    ),
    Rule(
        code="L12",
        title="No pronouns",
        why="A requirement is read alone; what 'it' is may stand in another one.",
        bad="The device shall show it.",
        good="The device shall show the recording.",
        source="INCOSE R24",
        find=words("it", "they", "them", "he", "she", "him", "ours?", "this", "these"),
    ),
    Rule(
        code="L13",
        title="No absolutes",
        why="No finite number of trials shows an 'always'; state a rate and a confidence.",
        bad="The device shall always warn.",
        good="The device shall warn at the stated rate.",
        source="INCOSE R26",
        find=matches(
            r"\b(?:always|never|every time|under all circumstances)\b|\b100 ?%",
            *("always", "never", "every", "under", "100"),
        ),
    ),
    Rule(
        code="L14",
        title="No open end in time",
        why="What may happen eventually can never be seen to fail.",
        bad="The device shall eventually warn.",
        good="The device shall warn within the time limit.",
        source="INCOSE R35",
        find=words("eventually", "until", "as soon as", "at last", "instantaneous(?:ly)?"),
    ),
    Rule(
        code="L15",
        title="A title is no sentence",
        why="Titles stand in lists and headings.",
        bad="Warnings.",
        good="Warnings",
        source="house rule",
        find=title,
    ),
    Rule(
        code="L20",
        title="Numbers as in the criteria",
        why="Two numbers for one thing: the reader believes the statement, the gate judges the "
        "criterion. Every number of a statement stands in a threshold, a confidence, a least "
        "number of trials or a condition of the same requirement, whether written as "
        "0.95, 9.5e-1, 95/100, 95 % or ninety-five percent.",
        bad="The device shall find 95 % of the events.",
        good="The device shall find 90 % of the events.",
        source="house rule",
        find=stray_numbers,
        error=True,
    ),
    Rule(
        code="L21",
        title="Each demand once",
        why="Of two requirements with the same words, one will be changed and the other not.",
        bad="The device shall warn.",
        good="The device shall log.",
        source="INCOSE R30",
    ),
)
