"""What a caller of the device software can meet.

::

    AfibError
    ├── RecordError     one recording is damaged, unreadable or refused; carries its name
    ├── SettingsError   settings are incomplete, misspelt or out of range
    ├── SourceError     recordings or labels are missing, or a download went wrong
    ├── ManifestError   a manifest is damaged, or does not describe what it should
    ├── ModelError      a model folder is missing, damaged or of another kind
    └── TrainingError   training cannot start or cannot go on

Each error carries all problems that were found, one sentence each, which reads
``<place>: expected <this>, got <that>``; as text they stand one a line.
"""

from __future__ import annotations

__all__ = [
    "AfibError",
    "ManifestError",
    "ModelError",
    "RecordError",
    "SettingsError",
    "SourceError",
    "TrainingError",
]


class AfibError(Exception):
    """The root: what was given cannot be used, and every reason found is in :attr:`problems`."""

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)


class RecordError(AfibError):
    """One recording, named by :attr:`record`, is damaged, unreadable or refused."""

    def __init__(self, record: str, *problems: str) -> None:
        super().__init__(*problems)
        self.record = record
        # Pickle calls the class with these, so the name has to be among them.
        self.args = (record, *problems)


class SettingsError(AfibError):
    """Settings are incomplete, misspelt or out of range."""


class SourceError(AfibError):
    """Recordings or labels are missing, or a download went wrong."""


class ManifestError(AfibError):
    """A manifest is damaged, or does not describe what it should."""


class ModelError(AfibError):
    """A model folder is missing, damaged or of another kind."""


class TrainingError(AfibError):
    """Training cannot start or cannot go on."""
