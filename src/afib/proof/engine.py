"""What code and libraries proofs rest on, by digest."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import scipy
import torch

import afib.checkpoint
import afib.classifier
import afib.network
import afib.preprocessing
import afib.proof
import afib.records
import afib.settings
import afib.weights
import nnassure.arrays
import nnassure.attacks
import nnassure.certify
import nnassure.detection
import nnassure.perturbation
import nnassure.unaltered

__all__ = ["ENGINE", "engine_digest"]

#: What proofs are computed with: packages whole, and modules alone.
ENGINE = (
    nnassure.attacks,
    nnassure.certify,
    nnassure.perturbation,
    nnassure.arrays,
    nnassure.detection,
    nnassure.unaltered,
    afib.checkpoint,
    afib.classifier,
    afib.network,
    afib.preprocessing,
    afib.proof,
    afib.records,
    afib.settings,
    afib.weights,
)


def engine_digest() -> str:
    """The SHA-256 of the code that proofs rest on, and of the versions of the libraries below it.

    What makes the device abstain is not of it: each rhythm on record is held to the cross-fitting,
    and an abstention counts against what is shown. How recordings are read is of it: the manifest
    holds the digest of every signal, but not the step of its converter, which widens sets.
    """
    versions = (f"{each.__name__} {each.__version__}\0" for each in (np, scipy, torch))
    parts = hashlib.sha256("".join(versions).encode())
    for module in ENGINE:
        path = Path(str(module.__file__))
        files = sorted(path.parent.rglob("*.py")) if path.stem == "__init__" else [path]
        for each in files:
            name = each.relative_to(path.parent).as_posix()
            parts.update(f"{module.__name__}/{name}\0".encode())
            parts.update(hashlib.sha256(each.read_bytes()).digest())
    return parts.hexdigest()
