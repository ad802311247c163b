"""What is fitted after training: the settings of the detector and of the prediction sets."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from typing import Annotated, Any

from afib.errors import SettingsError
from afib.settings.strict import Rule, parse_yaml, structure

__all__ = [
    "ConformalSettings",
    "DetectorSettings",
    "DisturbedSettings",
    "FamilySettings",
    "MonitorSettings",
    "UncertaintySettings",
    "load_uncertainty",
    "uncertainty_from_json",
]

_Count = Annotated[int, Rule("an integer from 1", lambda n: n >= 1)]
_Seed = Annotated[int, Rule("an integer from 0 to 4294967295", lambda n: 0 <= n < 2**32)]
_Size = Annotated[float, Rule("a number above 0", lambda x: x > 0)]
_Share = Annotated[float, Rule("a number between 0 and 1, both excluded", lambda x: 0 < x < 1)]
_Part = Annotated[float, Rule("a number above 0, at most 1", lambda x: 0 < x <= 1)]
_Names = Annotated[
    tuple[str, ...],
    Rule("a list of names, each once", lambda names: len(set(names)) == len(names)),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSettings:
    """How the detectors are fitted, and where the threshold lies.

    ``exposed_cost`` and ``exposed_narrowness`` are those of
    :meth:`nnassure.ood.ExposedKernel.fit`; a recording with AFib weighs as ``afib_weight`` normal
    ones.
    The threshold is the lowest at which both shares of validation recordings are accepted:
    ``acceptance`` of normal rhythm and AFib together, ``afib_acceptance`` of AFib.
    """

    exposed_cost: _Size
    exposed_narrowness: _Size
    afib_weight: _Count
    density_components: _Count
    density_seed: _Seed
    acceptance: _Part
    afib_acceptance: _Part


@dataclass(frozen=True, slots=True, kw_only=True)
class DisturbedSettings:
    """The disturbed copies of recordings that the detectors are shown.

    So many ``recordings`` of each rhythm are drawn from those for training, and of each so many
    ``copies`` of either kind are made; a kind is a list of families with a severity each, such as
    ``muscle 6``.
    """

    recordings: _Count
    copies: _Count
    seed: _Seed
    harmless: _Names
    harmful: _Names


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformalSettings:
    """The share of recordings of each rhythm that may lose it from their prediction set."""

    alpha: _Share


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilySettings:
    """Families of strange recordings: what the detector was chosen on, and what only judges it."""

    tuning: _Names
    sealed: _Names


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorSettings:
    """When ``afib monitor`` raises an alarm over recordings in the field.

    ``false_alarm_after`` is what bets begun with each recording and the cumulative sum state of
    their false alarms, in recordings; ``chance`` that of a false alarm of one bet, ever. The limit
    of the cumulative sum comes from so many simulated ``runs``, and a score may lie ``slack``
    spreads above the usual mean without adding up. Fewer than ``fewest`` recordings say nothing.
    """

    false_alarm_after: _Count
    chance: _Share
    slack: _Size
    runs: _Count
    seed: _Seed
    fewest: _Count


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertaintySettings:
    """Everything that shapes the gate and the prediction sets beside the network."""

    detector: DetectorSettings
    disturbed: DisturbedSettings
    conformal: ConformalSettings
    monitor: MonitorSettings
    families: FamilySettings

    @property
    def digest(self) -> str:
        """The SHA-256 of the settings as canonical JSON, in hexadecimal."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def gate_digest(self) -> str:
        """The same of what a gate is fitted with, and what it is shown."""
        own = {name: self.to_json()[name] for name in ("detector", "disturbed")}
        text = json.dumps(own, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """The nested mapping that :func:`uncertainty_from_json` reads."""
        document: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return document


def load_uncertainty(name: str = "default") -> UncertaintySettings:
    """The settings of the package.

    Raises:
        SettingsError: If there are none of that name, or with every problem they have.
    """
    place = f"uncertainty/{name}.yaml"
    file = resources.files("afib").joinpath("presets", place)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{place}: expected settings, got {error.strerror}") from error
    return uncertainty_from_json(parse_yaml(place, content), place=place)


def uncertainty_from_json(document: object, *, place: str) -> UncertaintySettings:
    """The settings that *document* states, checked strictly.

    Raises:
        SettingsError: With every problem: unknown and missing keys, types, ranges, a family that
            both tunes and judges.
    """
    problems: list[str] = []
    settings = structure(UncertaintySettings, document, f"{place}: $", problems)
    if isinstance(settings, UncertaintySettings):
        both = set(settings.families.tuning) & set(settings.families.sealed)
        if not both:
            return settings
        problems.append(
            f"{place}: $.families: expected each in one list, got in both {', '.join(sorted(both))}"
        )
    raise SettingsError(*problems)
