"""What a record of held-out gates is of: recordings, settings, noise and the code in between."""

from __future__ import annotations

from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import afib
import nnassure
from afib.errors import SourceError
from afib.sources import noise_folder
from afib.sources.noise import noise_digest

if TYPE_CHECKING:
    from afib.settings import UncertaintySettings
    from afib.workflow import Prepared

__all__ = ["gate_digest", "origin_of"]

# Everything that a number on record passes through, below the packages' folders.
_CODE = (
    "afib/beats.py",
    "afib/checkpoint.py",
    "afib/classifier.py",
    "afib/corruption",
    "afib/dataset",
    "afib/embedding.py",
    "afib/examples.py",
    "afib/heldout/__init__.py",
    "afib/heldout/origin.py",
    "afib/heldout/rows.py",
    "afib/network.py",
    "afib/preprocessing.py",
    "afib/quality.py",
    "afib/records",
    "afib/seen.py",
    "afib/sources",
    "afib/strangeness.py",
    "afib/usability.py",
    "afib/weights.py",
    "afib/workflow.py",
    "nnassure/arrays.py",
    "nnassure/ood",
)
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "sleepecg", "torch")


def gate_digest() -> str:
    """The SHA-256 of the code that scores rest on, and of the versions of the libraries below."""
    parts = sha256("".join(f"{name} {version(name)}\0" for name in _LIBRARIES).encode())
    packages = {each.__name__: Path(str(each.__file__)).parent for each in (afib, nnassure)}
    for name in _CODE:
        package, _, rest = name.partition("/")
        path = packages[package] / rest
        for each in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            parts.update(f"{package}/{each.relative_to(packages[package]).as_posix()}\0".encode())
            parts.update(sha256(each.read_bytes()).digest())
    return parts.hexdigest()


def origin_of(data: Prepared, settings: UncertaintySettings, *, each: int) -> dict[str, Any]:
    """What a record of this has to state, so that it is of now."""
    return {
        "manifest_sha256": data.digest,
        "settings_sha256": settings.gate_digest,
        "code_sha256": gate_digest(),
        "noise": _noise_told(),
        "each": each,
    }


def _noise_told() -> str:
    """The digest of recorded noise, or that it is drawn."""
    try:
        return noise_digest(noise_folder())
    except SourceError:
        return "drawn"
