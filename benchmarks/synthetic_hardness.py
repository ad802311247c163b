"""How well RR intervals alone tell normal rhythm from AFib in the synthetic cohort.

Every recording is judged by a rule fitted on the other folds.
Intervals come from the true R peaks, and again from the R peaks that ``afib.beats`` finds.

Run in the repository root: ``python -m benchmarks.synthetic_hardness``
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from afib.beats import RR_FEATURE_NAMES, r_peaks, rr_features
from afib.settings import CohortSettings, load_settings
from afib.synthetic import LABELS, RATE_HZ, SyntheticRecording, generate_cohort
from benchmarks.shared.beats import matched, share

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nnassure.arrays import BoolArray, FloatArray

_FOLDS = 5
_MATCH_S = 0.15  # ANSI/AAMI EC57


def main() -> None:
    """Generates the cohort, fits each rule on each fold and prints the tables."""
    cohort = _cohort_settings()
    start = time.process_time()
    recordings = generate_cohort(cohort)
    spent_s = time.process_time() - start
    recorded_s = sum(item.recording.duration_s for item in recordings)
    print(f"{len(recordings)} recordings of seed {cohort.seed}, {recorded_s / 3600:.1f} h of ECG.")
    print(f"Generated in {30_000 * spent_s / recorded_s:.1f} CPU seconds per 1,000 x 30 s.\n")
    found = [
        r_peaks(item.recording.signal_mv, RATE_HZ).astype(np.float32) / np.float32(RATE_HZ)
        for item in recordings
    ]
    _print_rules(recordings, found, cohort.seed)
    _print_detection(recordings, found)


def _cohort_settings() -> CohortSettings:
    preset = load_settings("synthetic").data.cohort
    if preset is None:
        raise SystemExit("synthetic.yaml: $.data.cohort: expected a cohort, got null")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=preset.seed)
    for name in ("normal", "afib", "other", "noisy"):
        parser.add_argument(f"--{name}", type=int, default=getattr(preset, name))
    return CohortSettings(**vars(parser.parse_args()))


def _print_rules(
    recordings: Sequence[SyntheticRecording], found: Sequence[FloatArray], seed: int
) -> None:
    print("| R peaks | rule | accuracy | sensitivity | specificity | AUC |")
    print("|---|---|---|---|---|---|")
    judged = [k for k, item in enumerate(recordings) if item.recording.label in {"N", "A"}]
    is_afib = np.array([recordings[k].recording.label == "A" for k in judged])
    sources = {
        "true": [recordings[k].r_peaks for k in judged],
        "found": [found[k] for k in judged],
    }
    for origin, peaks in sources.items():
        features = np.array([rr_features(np.diff(times_s)) for times_s in peaks])
        for name, (columns, make) in _rules().items():
            scores, calls = _cross_fitted(make, features[:, columns], is_afib, seed)
            print(f"| {origin} | {name} | {_rates(scores, calls, is_afib)} |")


@dataclass(slots=True)
class _Threshold:
    """One feature, cut where the accuracy on the training folds is highest."""

    cut: float = 0.0

    def fit(self, features: FloatArray, is_afib: BoolArray) -> _Threshold:
        order = np.argsort(features[:, 0])
        values, afib = features[order, 0], is_afib[order]
        # Everything from place k on is called AFib.
        right = np.concatenate(([0], np.cumsum(~afib))) + (afib.sum() - np.append(0, afib.cumsum()))
        best = int(np.clip(right.argmax(), 1, len(values) - 1))
        self.cut = float(values[best - 1] + values[best]) / 2
        return self

    def decision_function(self, features: FloatArray) -> FloatArray:
        return np.asarray(features[:, 0] - np.float32(self.cut))


def _rules() -> dict[str, tuple[list[int], Callable[[], Any]]]:
    """Each rule: the features it sees, and an unfitted instance of it."""
    rmssd = RR_FEATURE_NAMES.index("rmssd_s")
    irregularity = RR_FEATURE_NAMES.index("normalised_rmssd")
    every = list(range(len(RR_FEATURE_NAMES)))
    return {
        "logistic regression, RMSSD alone": ([rmssd], _linear),
        "threshold on RMSSD / mean RR": ([irregularity], _Threshold),
        f"logistic regression, {len(every)} features": (every, _linear),
        f"boosted trees, {len(every)} features": (
            every,
            lambda: HistGradientBoostingClassifier(random_state=0),
        ),
    }


def _linear() -> Any:  # noqa: ANN401, scikit-learn publishes no types
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def _cross_fitted(
    make: Callable[[], Any], features: FloatArray, is_afib: BoolArray, seed: int
) -> tuple[FloatArray, BoolArray]:
    """The score and the call of each recording, by the rule fitted without its fold."""
    scores = np.zeros(len(is_afib), dtype=np.float32)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    for fitting, judging in folds.split(features, is_afib):
        rule = make().fit(features[fitting], is_afib[fitting])
        scores[judging] = rule.decision_function(features[judging])
    return scores, scores > 0


def _rates(scores: FloatArray, calls: BoolArray, is_afib: BoolArray) -> str:
    cells = [
        share(calls == is_afib),
        share(calls[is_afib]),
        share(~calls[~is_afib]),
        f"{roc_auc_score(is_afib, scores):.4f}",
    ]
    return " | ".join(cells)


def _print_detection(recordings: Sequence[SyntheticRecording], found: Sequence[FloatArray]) -> None:
    print(f"\nBeats that `afib.beats` finds, matched within {_MATCH_S * 1000:.0f} ms:\n")
    print("| label | true beats found | found beats true |")
    print("|---|---|---|")
    for label in LABELS:
        pairs = [
            (item.r_peaks, times_s)
            for item, times_s in zip(recordings, found, strict=True)
            if item.recording.label == label
        ]
        if pairs:
            seen = np.concatenate([matched(true, times_s, _MATCH_S) for true, times_s in pairs])
            right = np.concatenate([matched(times_s, true, _MATCH_S) for true, times_s in pairs])
            print(f"| {label} | {share(seen)} | {share(right)} |")


if __name__ == "__main__":
    main()
