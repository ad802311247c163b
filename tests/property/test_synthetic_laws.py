"""Laws of the synthetic cohort and of the disturbances, searched by Hypothesis."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from afib.corruption import baseline_wander, electrode_motion, mains_interference, muscle_noise
from afib.records import signal_digest
from afib.synthetic import LABELS, generate_cohort, generate_recording
from afib.synthetic.atria import draw_f_waves
from afib.synthetic.rhythm import Fibrillation, fibrillation_beats
from tests.support.cohorts import cohort_settings

_seeds = st.integers(0, 2**32 - 1)
_numbers = st.integers(1, 99_999)
_searched = settings(max_examples=40, deadline=None)


@_searched
@given(seed=_seeds, number=_numbers)
def test_a_recording_depends_on_its_seed_and_number_alone(seed: int, number: int) -> None:
    """Made twice, it is the same to the last bit, and its digest is that of its samples."""
    first, second = (generate_recording(seed=seed, number=number) for _ in range(2))
    assert first.recording.digest == second.recording.digest
    assert first.recording.digest == signal_digest(first.recording.signal_mv)
    assert np.array_equal(first.r_peaks, second.r_peaks)


@_searched
@given(seed=_seeds, number=_numbers)
def test_every_recording_is_one_that_a_recorder_could_give(seed: int, number: int) -> None:
    """Finite steps of 1 µV within 5 mV, 9 to 60 s, and beats in order inside it."""
    item = generate_recording(seed=seed, number=number)
    recording = item.recording
    steps = recording.signal_mv.astype(np.float64) * 1000
    assert recording.label == LABELS[(number - 1) % 4]
    assert 9.0 <= recording.duration_s <= 60.0
    assert np.abs(steps - np.rint(steps)).max() < 1e-3
    assert np.abs(recording.signal_mv).max() <= 5.0
    assert (np.diff(item.r_peaks) > 0).all()
    # 40 to 220 beats a minute at the least and most, over a whole recording.
    assert 0.6 * recording.duration_s <= len(item.r_peaks) <= 3.7 * recording.duration_s


@_searched
@given(
    seed=_seeds,
    smaller=st.tuples(*[st.integers(1, 2)] * 2, *[st.integers(0, 2)] * 2),
    more=st.tuples(*[st.integers(0, 2)] * 4),
)
def test_growing_a_cohort_moves_nothing(
    seed: int, smaller: tuple[int, int, int, int], more: tuple[int, int, int, int]
) -> None:
    """Whatever counts are raised, each earlier recording keeps its name, label and samples."""
    small, large = (
        {
            item.recording.name: (item.recording.label, item.recording.digest)
            for item in generate_cohort(
                cohort_settings(
                    seed=seed, normal=counts[0], afib=counts[1], other=counts[2], noisy=counts[3]
                )
            )
        }
        for counts in (smaller, tuple(map(sum, zip(smaller, more, strict=True))))
    )
    assert small.items() <= large.items()
    assert len(large) == sum(smaller) + sum(more)


@_searched
@given(seed=_seeds)
def test_f_waves_stay_between_4_and_9_hz(seed: int) -> None:
    """However far the frequency swings, it keeps to the band of fibrillation."""
    waves = draw_f_waves(np.random.default_rng(seed))
    assert waves.frequency_hz - waves.frequency_swing_hz >= 4.0
    assert waves.frequency_hz + waves.frequency_swing_hz <= 9.0


@_searched
@example(seed=1, mean_rr_s=1.1875, variation=0.25, stages=1, duration_s=8.5)  # a pause of 2.3 s
@given(
    seed=_seeds,
    mean_rr_s=st.floats(0.4, 1.2),
    variation=st.floats(0.0, 0.35),
    stages=st.integers(1, 8),
    duration_s=st.floats(5.0, 60.0),
)
def test_fibrillation_fills_the_recording(
    seed: int, mean_rr_s: float, variation: float, stages: int, duration_s: float
) -> None:
    """Beats begin before it and end after it, and no interval is shorter than any heart's."""
    rhythm = Fibrillation(
        mean_rr_s=mean_rr_s,
        variation=variation,
        stages=stages,
        aberrant_share=0.1,
        breathing_hz=0.25,
    )
    beats = fibrillation_beats(rhythm, duration_s, np.random.default_rng(seed))
    assert beats.times_s[0] < 0.0
    assert beats.times_s[-1] > duration_s
    assert np.allclose(np.diff(beats.times_s), beats.rr_s[1:])
    assert beats.rr_s.min() >= 0.28


@_searched
@given(
    seed=_seeds,
    samples=st.integers(1, 5000),
    rate_hz=st.floats(130.0, 1000.0),
    level_mv=st.floats(0.0, 3.0),
)
def test_twice_the_level_is_twice_the_disturbance(
    seed: int, samples: int, rate_hz: float, level_mv: float
) -> None:
    """Each kind of noise grows with its level and keeps its shape."""
    for one, two in zip(
        _disturbances(seed, samples, rate_hz, level_mv),
        _disturbances(seed, samples, rate_hz, 2 * level_mv),
        strict=True,
    ):
        assert np.allclose(two, 2 * one, rtol=1e-9, atol=1e-12)


def _disturbances(
    seed: int, samples: int, rate_hz: float, level_mv: float
) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    rng = [np.random.default_rng((seed, kind)) for kind in range(4)]
    return [
        baseline_wander(samples, rate_hz=rate_hz, rms_mv=level_mv, rng=rng[0]),
        mains_interference(
            samples, rate_hz=rate_hz, amplitude_mv=level_mv, mains_hz=60.0, rng=rng[1]
        ),
        muscle_noise(samples, rate_hz=rate_hz, rms_mv=level_mv, rng=rng[2]),
        electrode_motion(samples, rate_hz=rate_hz, peak_mv=level_mv, events=3, rng=rng[3]),
    ]
