"""What is there now, to hold evidence against: the code of its cases, and its subjects."""

from collections.abc import Sequence
from pathlib import Path

from vericase.code import code_changes
from vericase.evidence import EvidenceLog
from vericase.staleness import Present
from vericase.store import digest_path
from vericase.subjects import given_paths

__all__ = ["present"]


def present(
    log: EvidenceLog, code: Path, *, root: Path | None = None, given: Sequence[str] = ()
) -> Present:
    """The code below *code*, and the subjects of *log* where they are.

    Args:
        log: What measured, and on what.
        code: Case ids start here.
        root: Where the subjects lay when they were verified; nobody looks there if None.
        given: Subjects that lie elsewhere, as `NAME=PATH`.

    Raises:
        InputError: If an entry of *given* has another form.
        EvidenceError: If something that is there cannot be read.
    """
    paths = {s.name: root / s.path for s in log.subjects if root is not None and s.path}
    paths |= given_paths(given)
    digests = {name: digest_path(path) for name, path in paths.items() if path.exists()}
    return Present(code=code_changes(log, code), subjects=digests)
