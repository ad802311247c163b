"""Evidence on disk: one JSON file, a journal, attachments, and digests over bytes."""

from vericase.store.evidence import PREVIOUS, load_evidence, save_evidence
from vericase.store.files import digest_bytes, digest_path, write_atomically
from vericase.store.journal import JOURNAL, Journal, append_line, read_journal
from vericase.store.parsing import parse_json, slip

__all__ = [
    "JOURNAL",
    "PREVIOUS",
    "Journal",
    "append_line",
    "digest_bytes",
    "digest_path",
    "load_evidence",
    "parse_json",
    "read_journal",
    "save_evidence",
    "slip",
    "write_atomically",
]
