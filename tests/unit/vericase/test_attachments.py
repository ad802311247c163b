"""Attachments are evidence: what is missing or changed keeps the gate closed."""

from pathlib import Path

import pytest

from tests.support.tracing import a_log, a_record, a_requirement
from vericase.evidence import Attachment
from vericase.findings import Finding
from vericase.store import digest_bytes
from vericase.subjects import attachment_findings

CONTENT = b"a figure"
FIGURE = Attachment(name="f.svg", sha256=digest_bytes(CONTENT), bytes=len(CONTENT))
LOG = a_log(a_record(a_requirement(), attachments=(FIGURE,)))


@pytest.mark.parametrize("content", [None, b"another figure"])
def test_what_is_not_as_it_was_measured_is_told(tmp_path: Path, content: bytes | None) -> None:
    """By its criterion and its name."""
    if content is not None:
        (tmp_path / FIGURE.sha256).write_bytes(content)
    assert attachment_findings(LOG, tmp_path) == [
        Finding(
            kind="attachment",
            where="ROB-001.1",
            message="f.svg: expected it beside the evidence as it was measured",
        )
    ]


def test_what_is_as_it_was_measured_is_no_finding(tmp_path: Path) -> None:
    """The control."""
    (tmp_path / FIGURE.sha256).write_bytes(CONTENT)
    assert attachment_findings(LOG, tmp_path) == []
