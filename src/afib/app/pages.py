"""Pages to keep: the report of one recording, and the summary of a session.

Each is one file that loads nothing, and prints.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from afib.app.judgements import agreement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afib.app.desk import Opened
    from afib.app.judgements import Judgement

__all__ = ["STYLE_SOURCE", "Governed", "decided_word", "report", "summary"]

_STYLE = (
    "body{font:14px/1.45 system-ui,sans-serif;margin:0;color:#1a1a1a;background:#fff}"
    "main{max-width:290mm;margin:auto;padding:8mm}h1{font-size:18px;margin:0 0 4px}"
    "h2{font-size:15px;margin:12px 0 4px}.refused{background:#b3261e;color:#fff;padding:6px 10px}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:3px 8px;"
    "border-bottom:1px solid #bbb;vertical-align:top}svg{max-width:100%;height:auto}"
    ".caution{font-weight:600}footer{font-size:12px;color:#444;margin-top:10px}"
    "@page{size:A4 landscape;margin:8mm}@media print{main{padding:0}tr{break-inside:avoid}"
    "svg{max-height:95mm}body{font-size:11px}td,th{padding:1px 6px}h1{font-size:15px}"
    "p{margin:3px 0}}"
)
#: What a policy allows of these pages: this style, and nothing else.
STYLE_SOURCE = (
    "'sha256-" + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode() + "'"
)
_WORDS = {"none": "not decided"}
_CAUTION = "Not for diagnostic use: a qualified person reviews every decision."
_STABLE = (
    "Proven stable does not mean correct: a wrong decision can be proven as well. Whether a "
    "disturbance could make the device abstain is not known."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Governed:
    """What a page says of the device.

    Attributes:
        model: The digest of the model.
        requirements: That of the requirements; "none" where no release names any.
        release: The state of its release.
        told: A sentence about it.
        speaks: Whether the device decides here.
    """

    model: str
    requirements: str
    release: str
    told: str
    speaks: bool


def decided_word(opened: Opened) -> str:
    """What the device says of a recording, one of :data:`afib.app.judgements.DECIDED`."""
    if opened.decision is None:
        return "none"
    return opened.decision.rhythm or "abstained"


def report(
    opened: Opened,
    *,
    strip: str,
    governed: Governed,
    judgements: Sequence[Judgement],
    proofs: Mapping[str, Any],
) -> str:
    """The report of one recording as HTML.

    Args:
        opened: The recording.
        strip: Its strip as SVG, or why there is none.
        governed: What is said of the device.
        judgements: Those of this recording.
        proofs: What :meth:`afib.app.proving.Proofs.so_far` tells.
    """
    recording, rows = opened.recording, _rows(opened)
    facts = "".join(f"<tr><th>{escape(a)}</th><td>{escape(b)}</td></tr>" for a, b in rows)
    body = (
        f"<h1>{escape(recording.name)}: {escape(_headline(opened))}</h1>{_banner(governed)}"
        f'<p class="caution">{_CAUTION}</p>{strip}<table>{facts}</table>'
        f"{_proofs(proofs)}<h2>Judgements</h2>{_judged(judgements)}"
    )
    return _page(f"ECG report: {recording.name}", body, governed)


def summary(
    opened: Sequence[Opened], *, governed: Governed, judgements: Sequence[Judgement], at: str
) -> str:
    """All recordings of a session with their decisions and last judgements as HTML."""
    counts = dict.fromkeys(("AFib", "normal", "abstained", "none"), 0)
    by_record: dict[str, list[Judgement]] = {}
    here = {each.recording.digest for each in opened}
    for each in judgements:
        by_record.setdefault(each.record_digest, []).append(each)
    rows = []
    for one in opened:
        counts[decided_word(one)] += 1
        said = by_record.get(one.recording.digest, [])
        last = f"{said[-1].verdict}: {said[-1].rhythm or '-'} ({said[-1].reviewer})" if said else ""
        decision = one.decision
        cells = (
            one.recording.name,
            f"{one.duration_s:.1f}",
            decided_word(one),
            _number(None if decision is None else decision.probability_afib, 3),
            (decision.reason if decision else one.problem) or "",
            last,
        )
        rows.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    own = [each for each in judgements if each.record_digest in here]
    agreed = agreement(own)
    told = ", ".join(f"{number} {_WORDS.get(word, word)}" for word, number in counts.items())
    heads = ("recording", "seconds", "decision", "P(AFib)", "why not decided", "last judgement")
    body = (
        f"<h1>Session of {escape(at)}</h1>{_banner(governed)}"
        f'<p class="caution">{_CAUTION}</p><p>{len(opened)} recordings: {told}.</p>'
        f"<p>{len(own)} judgements of them: {_agreed(agreed)}.</p>"
        "<table><thead><tr>"
        + "".join(f"<th>{head}</th>" for head in heads)
        + f"</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
    return _page("ECG review: session", body, governed)


def _page(title: str, body: str, governed: Governed) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>{body}"
        f"<footer>Model {escape(governed.model)} · requirements {escape(governed.requirements)} · "
        f"{escape(governed.release)}: {escape(governed.told)}</footer></main></body></html>\n"
    )


def _banner(governed: Governed) -> str:
    if governed.release == "released":
        return ""
    spoken = "It was started all the same." if governed.speaks else "It decides nothing."
    return (
        f'<p class="refused">This model is not released ({escape(governed.release)}). '
        f"{escape(governed.told)} {spoken}</p>"
    )


def _headline(opened: Opened) -> str:
    if opened.decision is None:
        return "not decided"
    return opened.decision.rhythm or f"abstained: {opened.decision.reason}"


def _rows(opened: Opened) -> list[tuple[str, str]]:
    recording, decision = opened.recording, opened.decision
    rows = [
        ("duration", f"{opened.duration_s:.2f} s at {recording.rate_hz:g} Hz"),
        ("samples (SHA-256)", recording.digest),
    ]
    if opened.problem is not None:
        rows.append(("not decided", opened.problem))
    if opened.windows:
        words = [each.decision.rhythm if each.decision else "none" for each in opened.windows]
        told = ", ".join(
            f"{words.count(each)} {each or 'abstained'}" for each in dict.fromkeys(words)
        )
        rows.append((f"windows, {len(words)} of {opened.windows_in_all} decided", told))
    if decision is None:
        return rows
    if decision.probability_afib is not None:
        rows.append(("P(AFib)", f"{decision.probability_afib:.3f}"))
    if decision.prediction_set is not None:
        kept = " or ".join(decision.prediction_set) or "neither"
        rows.append(
            (
                f"not ruled out at alpha {decision.alpha:g}",
                f"{kept} (holds for many recordings, never for one patient)",
            )
        )
    if decision.ood_score is not None and decision.ood_threshold is not None:
        rows.append(
            (
                "strangeness",
                f"{decision.ood_score:.2f}; abstains above {decision.ood_threshold:.2f}",
            )
        )
    return rows


def _proofs(proofs: Mapping[str, Any]) -> str:
    if not proofs["answers"]:
        return ""
    rows = "".join(
        f"<tr><th>{escape(each['shown'])}</th><td>{escape(_size(each))}</td></tr>"
        for each in proofs["answers"]
    )
    return (
        f"<h2>What cannot turn it into the other rhythm</h2><table>{rows}</table><p>{_STABLE}</p>"
    )


def _size(answer: Mapping[str, Any]) -> str:
    if "problem" in answer:
        return str(answer["problem"])
    unit, proven, turned = answer["unit"], answer["proven"], answer["turned"]
    told = "nothing proven" if proven is None else f"proven up to ±{proven:.3g} {unit}"
    if answer["is_at_end"]:
        return f"{told}, the largest asked about"
    found = "no attack found" if turned is None else f"an attack was found at {turned:.3g} {unit}"
    return f"{told}; {found} (asked up to {answer['up_to']:.3g} {unit})"


def _judged(judgements: Sequence[Judgement]) -> str:
    if not judgements:
        return "<p>None yet.</p>"
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td>{escape(cell)}</td>"
            for cell in (each.made_at, each.reviewer, each.verdict, each.rhythm or "", each.comment)
        )
        + "</tr>"
        for each in judgements
    )
    return f"<table>{rows}</table>"


def _agreed(counts: Mapping[str, int]) -> str:
    return (
        f"{counts['agree']} agree with the device, {counts['disagree']} do not, "
        f"{counts['abstained']} where it abstained, {counts['none']} where it said nothing, "
        f"{counts['flagged']} flagged"
    )


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
