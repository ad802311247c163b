"""The intended use, and the code that has to keep to it."""

from __future__ import annotations

from pathlib import Path

import yaml

from afib.app.desk import LONGEST_S

REQUIREMENTS = Path(__file__).parents[2] / "requirements"


def test_the_longest_recording_is_that_of_the_intended_use() -> None:
    """The page decides whole what the requirements on data take, and nothing longer."""
    of_data = yaml.safe_load((REQUIREMENTS / "data.yaml").read_text(encoding="utf-8"))
    found = {each["id"]: each for each in of_data}
    assert found["DATA-004"]["conditions"]["longest_s"] == LONGEST_S
    intended = yaml.safe_load((REQUIREMENTS / "intended-use.yaml").read_text(encoding="utf-8"))
    assert f"of 9 to {LONGEST_S:g} seconds" in intended["input"]
