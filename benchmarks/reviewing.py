"""How long a reviewer waits: for a decision on the page, for a day of ECG, and while moving in it.

In a headless browser of this machine, with the shipped model, whose release is not asked for. The
recordings are of the synthetic cohort; a day of ECG is one of them again and again.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from afib.errors import AfibError
from afib.settings import load_settings
from afib.workflow import prepared, shipped_model
from verification.review_page import csv_of, served
from verification.windowed import box_of, browser, missing, opened, says, send

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser, Page

    from afib.records import Recording
    from verification.review_page import ReviewPage

_DAY_S = 24 * 3600
_STEPS, _IN_MV = 40, 1000
_PATIENCE_S = 120
_FRAMES = """() => { window.frames_ = []; const count = (at) => { window.frames_.push(at);
  requestAnimationFrame(count); }; requestAnimationFrame(count); }"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=0, help="uploads of each, such as 9")
    parsed = parser.parse_args(arguments)
    problem = missing()
    if parsed.rounds < 1 or problem is not None:
        print(f"nothing to measure: {problem or 'name --rounds, such as 9; it takes two minutes'}")
        return
    try:
        data = prepared(load_settings("synthetic-quick"), None, progress=True)
    except AfibError as error:
        print(f"nothing to measure: {error}")
        return
    recordings = list(data.source.some(data.dataset.names[: parsed.rounds].tolist()))
    with (
        tempfile.TemporaryDirectory() as folder,
        served(shipped_model(), Path(folder), "--unreleased") as page,
        browser() as used,
    ):
        _short(page, used, recordings)
        _long(page, used, recordings[0], Path(folder))


def _short(page: ReviewPage, used: Browser, recordings: Sequence[Recording]) -> None:
    seen, answered = [], []
    with opened(used, page) as (tab, _):
        for number, each in enumerate(recordings):
            content = csv_of(each.signal_mv, each.rate_hz)
            begun = time.perf_counter()
            send(tab, {f"r{number}.csv": content})
            says(tab, "#record-title", f"r{number}")
            says(tab, "#numbers", "strangeness")
            says(tab, "#reasons", "not whether it is right")
            seen.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            page.upload({f"again{number}.csv": content})
            answered.append(time.perf_counter() - begun)
    print("A recording of 30 s, from choosing its file.\n")
    print("| until | median s | longest s |")
    print("|---|---|---|")
    for what, times in (
        ("the app has answered with its decision", answered),
        ("decision, set, score and overlay are on the screen", seen),
    ):
        print(f"| {what} | {median(times):.3f} | {max(times):.3f} |")


def _long(page: ReviewPage, used: Browser, recording: Recording, folder: Path) -> None:
    files = _day(recording)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    before_mb = page.memory_mb()
    # What counts frames is put into the page, which its policy rightly forbids.
    with opened(used, page, bypass_csp=True) as (tab, _):
        tab.set_default_timeout(1000 * _PATIENCE_S)
        begun = time.perf_counter()
        # From the disk, as people do; the driver of the browser takes long over what it is given.
        tab.locator("#files").set_input_files([folder / name for name in files])
        says(tab, "#record-title", "day")
        tab.wait_for_timeout(1)
        shown_s = time.perf_counter() - begun
        grown_mb = page.memory_mb() - before_mb
        frames = _moving(tab)
        waits = []
        for _ in range(20):
            begun = time.perf_counter()
            page.state()
            waits.append(time.perf_counter() - begun)
    size_mb = sum(map(len, files.values())) / 2**20
    print(f"\nA day of ECG, {size_mb:.0f} MiB of WFDB, its windows being decided meanwhile.\n")
    print("| what | measured |")
    print("|---|---|")
    print(f"| opened and drawn after | {shown_s:.2f} s |")
    print(f"| frames a second while it is dragged | {frames:.0f} |")
    print(f"| memory of the app above what it had | {grown_mb:.0f} MB |")
    print(f"| another user waits, at most | {max(waits):.3f} s |")


def _day(recording: Recording) -> dict[str, bytes]:
    """A day of a recording again and again, as WFDB."""
    steps = np.round(recording.signal_mv.astype(np.float64) * _IN_MV).astype("<i2")
    samples = round(_DAY_S * recording.rate_hz)
    content = np.resize(steps, samples)
    header = (
        f"day 1 {recording.rate_hz:g} {samples}\n"
        f"day.dat 16 {_IN_MV}/mV 16 0 {content[0]} {int(content.sum(dtype=np.int16))} 0 I\n"
    )
    return {"day.hea": header.encode(), "day.dat": content.tobytes()}


def _moving(tab: Page) -> float:
    """Frames a second while the strip is dragged, by the median time between two."""
    box = box_of(tab.locator("#strip"))
    tab.evaluate(_FRAMES)
    tab.mouse.move(box["x"] + box["width"] - 20, box["y"] + 100)
    tab.mouse.down()
    for step in range(_STEPS):
        tab.mouse.move(box["x"] + box["width"] - 20 - 15 * step, box["y"] + 100)
    tab.mouse.up()
    times_ms = tab.evaluate("() => window.frames_")
    return float(1000 / np.median(np.diff(times_ms)))


if __name__ == "__main__":
    main()
