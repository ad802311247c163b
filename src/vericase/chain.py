"""The digest chain over evidence. Pure.

It runs over whether the run ended and everything outside the `run` block, record by record, so
that an edited, dropped or reordered record is named. Without a key it shows accidents, not a
forger.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vericase.findings import Finding
from vericase.requirement import canonical

__all__ = ["chain", "chain_findings"]

#: What the chain seals before the first record, as far as the version that wrote it knew of it.
_HEAD = (
    *("format", "judging_rules", "requirements_digest", "subjects", "environment"),
    *("statuses", "code", "lock", "demands", "looks"),
)


def chain(head: Mapping[str, object], records: Iterable[Mapping[str, object]]) -> list[str]:
    """A link for the head and one for every record, each over the link before it."""
    links = [hashlib.sha256(canonical(head).encode()).hexdigest()]
    for record in records:
        text = f"{links[-1]}\n{canonical(record)}"
        links.append(hashlib.sha256(text.encode()).hexdigest())
    return links


def chain_findings(document: dict[str, Any]) -> Iterator[Finding]:
    """Where the evidence in *document* is not what its chain sealed.

    Raises:
        KeyError: If a part is missing.
    """
    head = {key: document[key] for key in _HEAD if key in document}
    records = [*document["cases"], *document["evidence"]]
    expected = chain(head | {"finished": document["run"]["finished"]}, records)
    found = document["chain"]
    if len(expected) != len(found):
        yield Finding(
            kind="tampered",
            where="chain",
            message=f"expected {max(len(found) - 1, 0)} records as sealed, got {len(records)}",
        )
    for position, (want, have) in enumerate(zip(expected, found, strict=False)):
        if want != have:
            record = records[position - 1] if position else {}
            name = record.get("criterion_id") or record.get("case_id") or "head"
            yield Finding(
                kind="tampered",
                where=str(name),
                message="it is not what was sealed here"
                + ("" if position else f": {', '.join(_HEAD)} or ending"),
            )
            return
