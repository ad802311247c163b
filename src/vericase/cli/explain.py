"""The command `vericase explain`: what a code, a verdict or a finding means."""

import argparse

from vericase.cli.common import FINE, Commands
from vericase.errors import InputError
from vericase.schema.fields import did_you_mean
from vericase.wording import RULES, Rule

__all__ = ["WORDS", "add_to"]

#: What stands in reports beside a verdict, and what to do about it.
WORDS = {
    "PASS": "It was measured, and value and bound meet the criterion.",
    "NOT_RUN": "Nothing counts as measured: no case, a case that was skipped, or stale evidence. "
    "Run the case; `vericase status --stale` tells what went stale and why.",
    "INCONCLUSIVE": "Too few trials, or the value meets the criterion and its bound does not. "
    "`vericase plan` tells how many trials it takes.",
    "FAIL": "It was measured and missed.",
    "ERROR": "The case, or what it measured, is not to be trusted: mend the case.",
    "attachment": "A file that was attached to a measurement is gone or changed.",
    "contradiction": "A stored verdict, or a signed decision, differs from the one judged now.",
    "content": "A file of a signed bundle cannot be read.",
    "bundle": "The file is no bundle in the one form that `vericase sign` writes.",
    "date": "The day by which it is judged lies before the run that measured.",
    "demoted": "A requirement was approved when the cases ran, and is not now: approve it again, "
    "or waive its criteria.",
    "duplicate": "Two records or two endings stand where one is expected.",
    "empty": "No approved requirement applies, so there is nothing to show.",
    "environment": "What was installed is not what the lock file pins: install by it, and measure "
    "again.",
    "hazard": "No approved requirement that applies to these data controls the hazard.",
    "looks": "The record of openings of held-out data is gone, or lacks one that was made.",
    "orphan": "A case verifies a requirement that is unknown or retired.",
    "other subject": "What is to be released is not what was verified, or was not given.",
    "rollback": "A bundle does not follow the one that was accepted last.",
    "rehearsal": "The data of the run can release nothing, whatever they show.",
    "rules": "The evidence was judged under other rules; measure again.",
    "run": "The evidence is of another run than the one that was asked for.",
    "scope": "Requirements depend on where the data come from, and no data subject says so, or it "
    "names a source that no requirement names.",
    "signature": "The bundle is not signed by the key that was given.",
    "subject": "Two subjects have one name.",
    "tampered": "A record or a file is not what was sealed or signed.",
    "unfinished": "The run did not end, or a file was not collected; run all cases again.",
    "unknown": "A record is of a criterion that no requirement has.",
    "waiver": "A waiver does not hold: out of its time, for another text, exceeded or not needed.",
}


def add_to(commands: Commands) -> None:
    """Declare the command."""
    text = "what a code of `check`, a verdict or a finding means"
    explain = commands.add_parser("explain", help=text, description=text)
    explain.add_argument("code", nargs="*", help="such as L04 or NOT_RUN; default all")
    explain.set_defaults(handler=_explain)


def _explain(parsed: argparse.Namespace) -> int:
    name = " ".join(parsed.code)
    rules = {rule.code: rule for rule in RULES}
    if not name:
        print("\n".join(f"{rule.code}  {rule.title}" for rule in RULES))
        print("\n".join(f"{word:<13}  {told}" for word, told in WORDS.items()))
        return FINE
    found = next((known for known in (*rules, *WORDS) if known.lower() == name.lower()), None)
    if found is None:
        hint = did_you_mean(name, [*rules, *WORDS])
        raise InputError(f"explain: expected a code or a word of a report, got {name!r}{hint}")
    print(_rule(rules[found]) if found in rules else f"{found}: {WORDS[found]}")
    return FINE


def _rule(rule: Rule) -> str:
    weight = "an error" if rule.error else "a remark"
    return "\n".join(
        (
            f"{rule.code}: {rule.title} ({weight}; {rule.source})",
            rule.why,
            f"  not: {rule.bad}",
            f"  but: {rule.good}",
        )
    )
