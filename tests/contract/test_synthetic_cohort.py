"""What others rely on: generator 1 makes these bytes, whatever the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from afib.synthetic import GENERATOR_VERSION, generate_recording

_DIGESTS = {
    1: "7872d4ac4cd0d5cd1155f58de68a238f4536e55bcc15f4ccfe7a95854a23309c",
    2: "789b1f8b02ec1d790edf858e1cd0852a4c8965829f107668d293801b9b433c74",
    3: "fe683b32e70318865c2e1b2bb90c8cceedec7d7aa947dc5303cd2d2f51ad8339",
    4: "5151a3680e56b80d96c585a193ba44e929a6d7464e3c22b9ce36eec1870944e0",
    99_999: "bb28f93fc478654d06b7a51551245e14be81ee944e4164812bbb76f8bb929138",
}
_MANY = 400
_IN_A_CHILD = f"""
import json
import numpy as np
from afib.synthetic import generate_recording
found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
numbers = range(1, {_MANY + 1})
digests = [generate_recording(seed=17, number=number).recording.digest for number in numbers]
print(json.dumps([found, digests]))
"""


@pytest.mark.parametrize("number", sorted(_DIGESTS))
def test_the_generator_still_makes_the_same_recordings(number: int) -> None:
    """A change of these digests moves splits and caches, so it needs a new generator version."""
    assert GENERATOR_VERSION == 1
    assert generate_recording(seed=17, number=number).recording.digest == _DIGESTS[number]


def test_vector_instructions_change_no_byte() -> None:
    """With what the processor has beyond NumPy's baseline, such as AVX2, and without any of it."""
    vectors = _vector_instructions()
    if not vectors:
        pytest.skip("this processor has no vector instructions beyond NumPy's baseline")
    plain = {"NPY_DISABLE_CPU_FEATURES": " ".join(vectors)}
    done = subprocess.run(  # noqa: S603  our own command
        [sys.executable, "-c", _IN_A_CHILD],
        env=os.environ | plain,
        check=True,
        capture_output=True,
        text=True,
    )
    left, digests = json.loads(done.stdout)
    assert left == []
    assert digests == [
        generate_recording(seed=17, number=number).recording.digest
        for number in range(1, 1 + _MANY)
    ]


def _vector_instructions() -> list[str]:
    """What NumPy would use here beyond its baseline, by its names."""
    config = np.show_config(mode="dicts")
    assert config is not None
    return list(config["SIMD Extensions"].get("found", []))
