"""wfdb itself, as the independent reader that ours is held against."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # wfdb 4.3 warns of its own use of pandas while it is imported.
    warnings.simplefilter("ignore")
    from wfdb import rdrecord, wrsamp
    from wfdb.io.convert.edf import read_edf

__all__ = ["rdrecord", "read_edf", "wrsamp"]
