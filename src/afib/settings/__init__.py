"""Every number that shapes data, network and training, in one frozen value.

Settings come from YAML and are read here alone.
Reading is strict: each key is stated exactly once, none is unknown, each value has its type and
range, and all problems of a file are reported together.
A preset is a file of the package; any other file is given by its path.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from afib.errors import SettingsError
from afib.settings.contradictions import contradictions
from afib.settings.later import completed, condensed
from afib.settings.shape import (
    AttackSettings,
    AugmentationSettings,
    CertifiedSettings,
    CohortSettings,
    DataSettings,
    FittingSettings,
    NetworkSettings,
    PreprocessingSettings,
    RampSettings,
    Settings,
    SplitSettings,
    TrainingSettings,
    UsabilitySettings,
    settings_to_json,
)
from afib.settings.strict import parse_yaml, structure
from afib.settings.uncertainty import (
    ConformalSettings,
    DetectorSettings,
    DisturbedSettings,
    FamilySettings,
    MonitorSettings,
    UncertaintySettings,
    load_uncertainty,
    uncertainty_from_json,
)

__all__ = [
    "AttackSettings",
    "AugmentationSettings",
    "CertifiedSettings",
    "CohortSettings",
    "ConformalSettings",
    "DataSettings",
    "DetectorSettings",
    "DisturbedSettings",
    "FamilySettings",
    "FittingSettings",
    "MonitorSettings",
    "NetworkSettings",
    "PreprocessingSettings",
    "RampSettings",
    "Settings",
    "SplitSettings",
    "TrainingSettings",
    "UncertaintySettings",
    "UsabilitySettings",
    "completed",
    "condensed",
    "load_settings",
    "load_uncertainty",
    "preset_names",
    "settings_from_json",
    "settings_to_json",
    "uncertainty_from_json",
]


def preset_names() -> tuple[str, ...]:
    """The names that :func:`load_settings` knows, sorted."""
    files = resources.files("afib").joinpath("presets").iterdir()
    names = (file.name for file in files)
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def load_settings(name_or_path: str | Path) -> Settings:
    """The settings of a preset or of a YAML file.

    Raises:
        SettingsError: If there is no such preset or file, or with every problem it has.
    """
    name = str(name_or_path)
    if name in preset_names():
        place = f"{name}.yaml"
        content = resources.files("afib").joinpath("presets", place).read_bytes()
    else:
        place = name
        content = _content(Path(name_or_path))
    return settings_from_json(parse_yaml(place, content), place=place)


def settings_from_json(document: object, *, place: str = "settings") -> Settings:
    """The settings that *document* states, checked strictly.

    Args:
        document: Nested mappings with exactly the fields of :class:`Settings`.
        place: Where the document comes from; it opens every message.

    Raises:
        SettingsError: With every problem: unknown and missing keys, types, ranges, contradictions.
    """
    problems: list[str] = []
    settings = structure(Settings, document, f"{place}: $", problems)
    if isinstance(settings, Settings):
        problems = [f"{place}: $.{problem}" for problem in contradictions(settings)]
        if not problems:
            return settings
    raise SettingsError(*problems)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        known = ", ".join(preset_names())
        raise SettingsError(
            f"{path}: expected a preset ({known}) or a YAML file, got {error.strerror}"
        ) from error
