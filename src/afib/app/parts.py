"""What the app is made of, and what it tells of one recording from all of that."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from afib.app.pages import report
from afib.app.telling import told, told_of_window
from afib.errors import RecordError
from afib.strip import strip

if TYPE_CHECKING:
    from collections.abc import Callable

    from afib.app.desk import Desk, Opened
    from afib.app.judgements import Judgement, Judgements
    from afib.app.pages import Governed
    from afib.app.proving import Proofs
    from afib.app.reader import Reader

__all__ = ["Parts", "about", "judgements_of", "reported", "teller"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the app is made of.

    Attributes:
        desk: What is opened.
        reader: Reads what is uploaded.
        judgements: Where judgements are kept.
        proofs: What is proven of decisions.
        governed: What is said of the device.
        token: That the page carries.
    """

    desk: Desk
    reader: Reader
    judgements: Judgements
    proofs: Proofs
    governed: Governed
    token: str


def teller(parts: Parts) -> Callable[[Opened], dict[str, Any]]:
    """What tells of a recording, with whether it was judged."""
    judged = {each.record_digest for each in parts.judgements.all()}
    return lambda opened: told(opened, is_judged=opened.recording.digest in judged)


def about(parts: Parts, opened: Opened) -> dict[str, Any]:
    """All that the page is told of one recording."""
    said = judgements_of(parts, opened)
    return told(opened, is_judged=bool(said)) | {
        "windows": [told_of_window(each) for each in list(opened.windows)],
        "proofs": parts.proofs.so_far(opened.key),
        "judgements": [asdict(each) for each in said],
    }


def reported(parts: Parts, opened: Opened, window: int) -> str:
    """The page that is printed of it, with the strip of the whole or of a window of a long one."""
    try:
        explained, start_s = parts.desk.explained(opened, window)
        drawn = strip(explained).svg().decode()
        if opened.is_long:
            drawn += (
                f"<p>The strip is one window of it, decided as a recording of its own; its times "
                f"count from {start_s:.1f} s. No decision is made of the whole.</p>"
            )
    except RecordError as error:
        drawn = f"<p>No strip: {escape('; '.join(error.problems))}</p>"
    return report(
        opened,
        strip=drawn,
        governed=parts.governed,
        judgements=judgements_of(parts, opened),
        proofs=parts.proofs.so_far(opened.key),
    )


def judgements_of(parts: Parts, opened: Opened) -> list[Judgement]:
    """What reviewers said of these very samples, under whatever name."""
    digest = opened.recording.digest
    return [each for each in parts.judgements.all() if each.record_digest == digest]
