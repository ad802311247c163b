"""Where labelled recordings come from: a synthetic cohort, PhysioNet 2017, or a user's folder.

This package is the only reader of ``VERICASE_DATA`` and ``VERICASE_CACHE``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from afib.errors import SourceError
from afib.sources.base import Source
from afib.sources.cohort import SyntheticCohort
from afib.sources.download import fetch
from afib.sources.labelled import LabelledRecords, physionet2017_in, user_folder
from afib.sources.labels import LABELS

if TYPE_CHECKING:
    from afib.settings import DataSettings

__all__ = [
    "LABELS",
    "PHYSIONET_URL",
    "LabelledRecords",
    "Source",
    "SyntheticCohort",
    "cache_folder",
    "noise_folder",
    "open_source",
]

PHYSIONET_URL = "https://physionet.org/files/challenge-2017/1.0.0"
"""Where PhysioNet publishes the challenge's recordings, labels and sums."""

_ARCHIVE = "training2017.zip"
_LABEL_FILES = {
    f"REFERENCE-v{version}.csv": (
        f"REFERENCE-v{version}.csv",
        f"training/REFERENCE-v{version}.csv",
    )
    for version in range(4)
}


def open_source(
    settings: DataSettings,
    root: Path | None,
    *,
    progress: bool,
    base_url: str = PHYSIONET_URL,
) -> Source:
    """The source that *settings* name.

    PhysioNet 2017 is looked for in ``physionet2017/`` below *root*, or else below the folder that
    ``VERICASE_DATA`` names; without either it is downloaded once, to :func:`cache_folder`.

    Args:
        settings: The source, the version of its labels, and how many recordings.
        root: The data folder that the caller names; for a user's folder, that folder.
        progress: Whether a download draws progress bars on standard error.
        base_url: Where to download from.

    Raises:
        SourceError: If recordings or labels are missing, damaged or do not match.
    """
    if settings.source == "synthetic":
        return SyntheticCohort(settings)
    named = os.environ.get("VERICASE_DATA")
    root = root or (Path(named) if named else None)
    if settings.source == "folder":
        if root is None:
            raise SourceError(
                "data: expected a folder with recordings, got none; name it or set VERICASE_DATA"
            )
        return user_folder(root, settings)
    if root is None:
        root = cache_folder()
        _download(settings, root / "physionet2017", base_url, progress=progress)
    elif not (root / "physionet2017").is_dir():
        raise SourceError(
            f"{root}: expected the folder physionet2017 in it, got none; "
            "without VERICASE_DATA the recordings are downloaded"
        )
    return physionet2017_in(root / "physionet2017", settings)


def noise_folder() -> Path:
    """Where the MIT-BIH Noise Stress Test Database is: ``nstdb`` below ``VERICASE_DATA``.

    Raises:
        SourceError: If ``VERICASE_DATA`` is not set, or has no such folder.
    """
    named = os.environ.get("VERICASE_DATA")
    if not named:
        raise SourceError(
            "noise: expected recorded noise, such as the MIT-BIH Noise Stress Test Database, "
            "got none; name its folder or set VERICASE_DATA to the folder that holds nstdb/"
        )
    folder = Path(named) / "nstdb"
    if not folder.is_dir():
        raise SourceError(
            f"{named}: expected the folder nstdb in it, got none; "
            "it holds the MIT-BIH Noise Stress Test Database of PhysioNet"
        )
    return folder


def cache_folder() -> Path:
    """Where downloads and prepared data are kept.

    ``VERICASE_CACHE``, or else ``vericase`` in ``XDG_CACHE_HOME`` or in ``~/.cache``.
    """
    own = os.environ.get("VERICASE_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vericase"


def _download(settings: DataSettings, folder: Path, base_url: str, *, progress: bool) -> None:
    chosen = f"REFERENCE-{settings.label_version}.csv"
    required = {_ARCHIVE: (_ARCHIVE,), chosen: _LABEL_FILES.get(chosen, (chosen,))}
    fetch(base_url, folder, required=required, optional=_LABEL_FILES, progress=progress)
