"""The settings as frozen values; the annotation of a field says what it may be."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Annotated, Any

from afib.settings.later import condensed
from afib.settings.strict import Rule

__all__ = [
    "AttackSettings",
    "AugmentationSettings",
    "CertifiedSettings",
    "CohortSettings",
    "DataSettings",
    "FittingSettings",
    "NetworkSettings",
    "PreprocessingSettings",
    "RampSettings",
    "Settings",
    "SplitSettings",
    "TrainingSettings",
    "UsabilitySettings",
    "settings_to_json",
]

_Text = Annotated[str, Rule("a text that is not empty", bool)]
_Flag = Annotated[bool, Rule("true or false", lambda _: True)]
_Natural = Annotated[int, Rule("an integer from 0", lambda n: n >= 0)]
_Seed = Annotated[int, Rule("an integer from 0 to 4294967295", lambda n: 0 <= n < 2**32)]
_Count = Annotated[int, Rule("an integer from 1", lambda n: n >= 1)]
_PairOrMore = Annotated[int, Rule("an integer above 1", lambda n: n > 1)]
_Amount = Annotated[float, Rule("a number from 0", lambda x: x >= 0)]
_Size = Annotated[float, Rule("a number above 0", lambda x: x > 0)]
_Share = Annotated[float, Rule("a number between 0 and 1, both excluded", lambda x: 0 < x < 1)]
_Partial = Annotated[float, Rule("a number from 0, below 1", lambda x: 0 <= x < 1)]
_Whole = Annotated[float, Rule("a number from 0 to 1", lambda x: 0 <= x <= 1)]
_Part = Annotated[float, Rule("a number above 0, at most 1", lambda x: 0 < x <= 1)]
_Counts = Annotated[
    tuple[int, ...],
    Rule("a list of integers from 1", lambda ns: len(ns) > 0 and min(ns) >= 1),
]
_OddCounts = Annotated[
    tuple[int, ...],
    Rule("a list of odd integers from 1", lambda ns: len(ns) > 0 and all(n % 2 == 1 for n in ns)),
]


def _one_of(*choices: str) -> Rule:
    return Rule(" or ".join(repr(choice) for choice in choices), lambda text: text in choices)


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSettings:
    """The shares of the four splits, which sum to 1, and the number of cross-fitting folds."""

    seed: _Seed
    train: _Share
    validation: _Share
    calibration: _Share
    test: _Share
    folds: _PairOrMore


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortSettings:
    """How many synthetic recordings of each label to generate, and from which seed."""

    seed: _Seed
    normal: _Count
    afib: _Count
    other: _Natural
    noisy: _Natural


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSettings:
    """Which recordings, under which version of their labels.

    ``limit`` keeps the first recordings by name; ``rehearsal`` says that nothing measured on
    these data may release a device.
    """

    source: Annotated[str, _one_of("synthetic", "physionet2017", "folder")]
    label_version: _Text
    limit: _Count | None
    rehearsal: _Flag
    cohort: CohortSettings | None
    split: SplitSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class PreprocessingSettings:
    """The network's sampling rate and segment length, and the rule for short recordings."""

    rate_hz: _Size
    segment_s: _Size
    short: Annotated[str, _one_of("tile")]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """The layers of the network: one channel count, kernel and stride a block.

    With ``polarity`` invariant the network answers for a signal and its inverse together, so that
    a recorder held the other way round changes nothing.
    """

    architecture: Annotated[str, _one_of("plain", "mathworks")]
    polarity: Annotated[str, _one_of("free", "invariant")]
    channels: _Counts
    kernels: _OddCounts
    strides: _Counts
    hidden: _Count


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentationSettings:
    """How training segments are varied; a zero or false leaves that variation out.

    The gain is log-normal with ``gain_sigma``; ``stretch`` bounds the logarithm of the factor
    of time; ``wander_mv`` is the standard deviation of a slow wave and of an offset.
    """

    gain_sigma: _Amount
    flip: _Flag
    shift: _Flag
    stretch: _Amount
    wander_mv: _Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackSettings:
    """The attack inside training: its kind, its radius in mV and its number of steps."""

    kind: Annotated[str, _one_of("none", "fgsm", "pgd")]
    radius_mv: _Amount
    steps: _Natural


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedSettings:
    """The bound inside training: what is bounded, and what it weighs.

    ``radius_mv`` is that of the ball whose worst margin is bounded, ``weight`` the share of that
    term in the loss; both are ramped. ``box_share`` is that of the ball which ``sabr`` bounds, as
    a share of the radius. ``backward_share`` is that of the backward bound of ``crown_ibp`` at
    the end of the ramp; it begins as all of it.
    """

    kind: Annotated[str, _one_of("none", "mtl_ibp", "sabr", "crown_ibp")]
    radius_mv: _Amount
    weight: _Whole
    box_share: _Part
    backward_share: _Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class RampSettings:
    """Where in a training, as shares of it, attack and bound begin and reach their full radius."""

    start: _Partial
    end: _Part


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """How the weights are found. Seed and threads decide their bytes.

    ``averaging`` is the decay of the moving average of the weights that is judged and shipped in
    their place; 0 averages nothing.
    """

    seed: _Seed
    threads: _Count
    epochs: _Count
    patience: _Count
    batch_size: _PairOrMore
    afib_share: _Share
    learning_rate: _Size
    weight_decay: _Amount
    dropout: _Partial
    augmentation: AugmentationSettings
    attack: AttackSettings
    certified: CertifiedSettings
    ramp: RampSettings
    averaging: _Partial


@dataclass(frozen=True, slots=True, kw_only=True)
class FittingSettings:
    """How many false alarms one missed AFib weighs when the decision threshold is fitted."""

    afib_weight: _Size


@dataclass(frozen=True, slots=True, kw_only=True)
class UsabilitySettings:
    """Which signals can hold no rhythm, so that the device abstains.

    A recording shorter than ``shortest_s``; one in which a greater share than ``flat_share`` of
    the seconds moves by less than ``flat_mv``; one in which a greater share of the samples than
    ``saturated_share`` stands at its extremes.
    """

    shortest_s: _Size
    flat_mv: _Size
    flat_share: _Share
    saturated_share: _Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that shapes a model and its data; equal settings have equal digests."""

    data: DataSettings
    preprocessing: PreprocessingSettings
    network: NetworkSettings
    training: TrainingSettings
    fitting: FittingSettings
    usability: UsabilitySettings

    @property
    def digest(self) -> str:
        """The SHA-256 of the :func:`condensed` settings as canonical JSON, in hexadecimal."""
        document = condensed(settings_to_json(self))
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


def settings_to_json(settings: Settings) -> dict[str, Any]:
    """*settings* as the nested mapping that :func:`afib.settings.settings_from_json` reads."""
    document: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(settings)))
    return document
