"""The presets that ship with the package, and settings from a user's file."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import pytest
import yaml

from afib.errors import SettingsError
from afib.settings import load_settings, preset_names

if TYPE_CHECKING:
    from pathlib import Path

PRESETS = preset_names()
NAMED = {"physionet2017", "physionet2017-quick", "synthetic", "synthetic-quick"}


def test_the_presets_that_commands_name_are_there() -> None:
    """`make verify` chooses among these by DATA and QUICK; others may stand beside them."""
    assert set(PRESETS) >= NAMED
    assert list(PRESETS) == sorted(PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_complete_and_right(name: str) -> None:
    """Each preset loads, so it states every field and contradicts nothing."""
    settings = load_settings(name)
    assert name.startswith(settings.data.source)


@pytest.mark.parametrize("name", PRESETS)
def test_every_value_of_a_preset_has_its_reason(name: str) -> None:
    """A line with a value says why in a comment."""
    text = resources.files("afib").joinpath("presets", f"{name}.yaml").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    values = [line for line in lines if not line.split("#")[0].rstrip().endswith(":")]
    assert len(values) >= 35
    assert [line for line in values if "  # " not in line] == []


@pytest.mark.parametrize("name", PRESETS)
def test_only_all_real_recordings_are_no_rehearsal(name: str) -> None:
    """Generated and partial data release nothing, and neither does a quick run."""
    data = load_settings(name).data
    part = data.limit is not None or name.endswith("-quick")
    assert data.rehearsal == (data.source == "synthetic" or part)


@pytest.mark.parametrize("name", PRESETS)
def test_the_split_is_the_published_one(name: str) -> None:
    """Development recordings split 60/10/10/20 by seed 17, with five folds."""
    split = load_settings(name).data.split
    shares = (split.train, split.validation, split.calibration, split.test)
    assert shares == (0.6, 0.1, 0.1, 0.2)
    assert (split.seed, split.folds) == (17, 5)


def test_a_file_is_read_like_a_preset(tmp_path: Path) -> None:
    """A copy of a preset under any path gives the same settings."""
    file = tmp_path / "mine.yaml"
    file.write_bytes(resources.files("afib").joinpath("presets", "synthetic.yaml").read_bytes())
    assert load_settings(file) == load_settings(str(file)) == load_settings("synthetic")


def test_a_problem_in_a_file_names_the_file(tmp_path: Path) -> None:
    """The message opens with the path that the user gave."""
    preset = resources.files("afib").joinpath("presets", "synthetic.yaml").read_text()
    document = yaml.safe_load(preset)
    document["fitting"]["afib_weight"] = -1
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(document))
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert str(caught.value) == f"{file}: $.fitting.afib_weight: expected a number above 0, got -1"


def test_a_name_that_is_neither_preset_nor_file_is_refused() -> None:
    """The message lists the presets there are."""
    with pytest.raises(SettingsError) as caught:
        load_settings("synthetik")
    assert str(caught.value) == (
        f"synthetik: expected a preset ({', '.join(PRESETS)}) or a YAML file, "
        "got No such file or directory"
    )
