"""Records in a folder or a zip archive, with label files beside them.

PhysioNet 2017 and a user's own folder differ only in where these lie.
Labels and records have to name each other completely: a recording without a label was perhaps
not meant, and a label without a recording means that a part of the data is missing.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING, final

from afib.errors import RecordError, SourceError
from afib.records import content_digest, read_archive, read_folder, record_names
from afib.sources.base import (
    digest_of,
    file_digest,
    in_short,
    require_known,
    sound_recordings,
)
from afib.sources.labels import chosen_labels, read_labels

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from afib.records import Recording
    from afib.settings import DataSettings

__all__ = ["LabelledRecords", "physionet2017_in", "user_folder"]

_WFDB = (".hea", ".mat")
_ALL = (".hea", ".dat", ".mat", ".csv", ".edf")


@final
class LabelledRecords:
    """Labelled recordings from disk.

    Args:
        name: What reports call the source.
        path: A folder or a zip archive.
        suffixes: The files whose content counts, by the end of their names.
        label_files: A label file for each version of the labels.
        settings: The version to use, and how many recordings.

    Raises:
        SourceError: If records or labels are missing, or do not match.
    """

    def __init__(
        self,
        *,
        name: str,
        path: Path,
        suffixes: tuple[str, ...],
        label_files: Mapping[str, Path],
        settings: DataSettings,
    ) -> None:
        self._name = name
        self._path = path
        self._suffixes = suffixes
        self._files = dict(sorted(label_files.items()))
        self._versions = {version: read_labels(file) for version, file in self._files.items()}
        self._version = settings.label_version
        self._limit = settings.limit
        self._labels = chosen_labels(self._versions, self._version, str(path.parent))
        self._require_match()

    @property
    def name(self) -> str:
        """What reports call the source."""
        return self._name

    def __len__(self) -> int:
        return len(self._chosen)

    def file_digests(self) -> Mapping[str, str]:
        """The digests of the label files, and of all records together."""
        labels = {file.name: file_digest(file) for file in self._files.values()}
        return {self._path.stem: self._content} | labels

    def fingerprint(self) -> str:
        """A digest of the archive, or of the content of the folder, and of the label files."""
        labels = {version: file_digest(file) for version, file in self._files.items()}
        # The archive's own digest takes a tenth of the time that its content's takes.
        records = self._content if self._path.is_dir() else file_digest(self._path)
        return digest_of(
            {
                "labels": labels,
                "limit": self._limit,
                "records": records,
                "version": self._version,
            }
        )

    def label_versions(self) -> Mapping[str, Mapping[str, str]]:
        """The labels of every version, also of recordings beyond the limit."""
        return self._versions

    def recordings(self) -> Iterator[Recording]:
        """The labelled recordings, sorted by name.

        Raises:
            SourceError: With every recording that could not be read, after the last sound one.
        """
        yield from self.some(self._chosen)

    def some(self, names: Collection[str]) -> Iterator[Recording]:
        """Those with these *names*, sorted by name.

        Raises:
            SourceError: With every one that could not be read, or that there is not, after the
                last sound one.
        """
        require_known(names, self._chosen, str(self._path))
        read = read_folder if self._path.is_dir() else read_archive
        for recording in sound_recordings(read(self._path, frozenset(names)), str(self._path)):
            yield dataclasses.replace(recording, label=self._labels[recording.name])

    @cached_property
    def _chosen(self) -> frozenset[str]:
        return frozenset(list(self._labels)[: self._limit])

    @cached_property
    def _content(self) -> str:
        return content_digest(self._path, self._suffixes)

    def _require_match(self) -> None:
        try:
            present = set(record_names(self._path))
        except RecordError as error:
            raise SourceError(*error.problems) from error
        labels = self._files[self._version]
        problems = []
        if unlabelled := present - self._labels.keys():
            problems.append(
                f"{labels}: expected a label for every recording, "
                f"got none for {in_short(unlabelled)}"
            )
        if missing := self._labels.keys() - present:
            problems.append(
                f"{self._path}: expected a recording for every label, "
                f"got none for {in_short(missing)}"
            )
        if problems:
            raise SourceError(*problems)


def physionet2017_in(folder: Path, settings: DataSettings) -> LabelledRecords:
    """PhysioNet 2017 as it lies in *folder*: ``training2017.zip`` or, unpacked, ``training2017/``.

    The labels are ``REFERENCE-v0.csv`` to ``REFERENCE-v3.csv``, beside the records or among them.

    Raises:
        SourceError: If records or labels are missing, or do not match.
    """
    archive, unpacked = folder / "training2017.zip", folder / "training2017"
    if not archive.is_file() and not unpacked.is_dir():
        raise SourceError(
            f"{folder}: expected training2017.zip or the folder training2017, got neither"
        )
    found = [*unpacked.glob("REFERENCE-v[0-9].csv"), *folder.glob("REFERENCE-v[0-9].csv")]
    return LabelledRecords(
        name="physionet2017",
        path=archive if archive.is_file() else unpacked,
        suffixes=_WFDB,
        label_files={file.stem.removeprefix("REFERENCE-"): file for file in found},
        settings=settings,
    )


def user_folder(folder: Path, settings: DataSettings) -> LabelledRecords:
    """The WFDB, CSV and EDF records below *folder*, labelled by its ``REFERENCE.csv``.

    Its one version of the labels is called ``reference``.

    Raises:
        SourceError: If records or labels are missing, or do not match.
    """
    if not folder.is_dir():
        raise SourceError(f"{folder}: expected a folder with recordings, got no such folder")
    return LabelledRecords(
        name="folder",
        path=folder,
        suffixes=_ALL,
        label_files={"reference": folder / "REFERENCE.csv"},
        settings=settings,
    )
