"""The synthetic cohort as a source: no file, no download, labels by construction."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, final

import numpy as np

from afib.errors import SourceError
from afib.sources.base import digest_of, require_known
from afib.sources.labels import chosen_labels

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from afib.records import Recording
    from afib.settings import CohortSettings, DataSettings

__all__ = ["SyntheticCohort"]

_VERSION = "by-construction"


@final
class SyntheticCohort:
    """Generated recordings; they are made when first asked for, and kept."""

    name = "synthetic"

    def __init__(self, settings: DataSettings) -> None:
        if settings.cohort is None:
            raise SourceError("data.cohort: expected a cohort for source 'synthetic', got none")
        chosen_labels({_VERSION: {}}, settings.label_version, "synthetic cohort")
        self._cohort: CohortSettings = settings.cohort
        self._limit = settings.limit

    def __len__(self) -> int:
        cohort = self._cohort
        total = cohort.normal + cohort.afib + cohort.other + cohort.noisy
        return total if self._limit is None else min(total, self._limit)

    def file_digests(self) -> Mapping[str, str]:
        """Nothing: no file is read."""
        return {}

    def fingerprint(self) -> str:
        """A digest of the cohort's settings and of the generator, whose draws are numpy's."""
        from afib.synthetic import GENERATOR_VERSION  # noqa: PLC0415  (see _recordings)

        cohort = dataclasses.asdict(self._cohort)
        made_by = {"generator": GENERATOR_VERSION, "numpy": np.__version__}
        return digest_of({"cohort": cohort, "limit": self._limit, **made_by})

    def label_versions(self) -> Mapping[str, Mapping[str, str]]:
        """One version, ``by-construction``."""
        return {_VERSION: {one.name: one.label or "" for one in self._recordings}}

    def recordings(self) -> Iterator[Recording]:
        """The generated recordings, sorted by name."""
        return iter(self._recordings)

    def some(self, names: Collection[str]) -> Iterator[Recording]:
        """Those with these *names*, sorted by name; only they are generated, unless all are there.

        Raises:
            SourceError: If the cohort lacks one.
        """
        from afib.synthetic import cohort_numbers, generate_recording  # noqa: PLC0415  (see _recordings)

        numbers = {f"S{number:05d}": number for number in cohort_numbers(self._cohort)}
        known = sorted(numbers)[: self._limit]
        require_known(names, known, "synthetic cohort")
        if "_recordings" in self.__dict__:
            yield from (one for one in self._recordings if one.name in names)
            return
        for name in sorted(names):
            yield generate_recording(seed=self._cohort.seed, number=numbers[name]).recording

    @cached_property
    def _recordings(self) -> tuple[Recording, ...]:
        from afib.synthetic import generate_cohort  # noqa: PLC0415  real recordings need no generator

        generated = (each.recording for each in generate_cohort(self._cohort))
        return tuple(islice(sorted(generated, key=lambda one: one.name), self._limit))
