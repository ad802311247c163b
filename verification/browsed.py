"""What somebody can do who opens the review page in a browser, seen from outside alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from verification.ruled import ruler
from verification.windowed import box_of, dots_of, opened, says, send, settled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.sync_api import Browser, Page

    from verification.review_page import ReviewPage

__all__ = ["Steps", "accessibility_faults", "walked"]

_SERIOUS = ("serious", "critical")


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What came of a walk through the page.

    Attributes:
        done: Of each step by name, whether it did what it should.
        elsewhere: Requests to anywhere but the app.
    """

    done: Mapping[str, bool]
    elsewhere: int


def walked(used: Browser, page: ReviewPage, files: Mapping[str, bytes], *, decided: str) -> Steps:
    """A walk through *page* with a recording on which the device says *decided*."""
    done: dict[str, bool] = {}
    with opened(used, page, accept_downloads=True) as (tab, asked):
        send(tab, {"broken.csv": b"no recording"})
        done["bad file refused"] = says(tab, "#told", "not read")
        send(tab, {"ruler.csv": ruler()})
        settled(tab, "ruler")
        send(tab, files)
        done["decision"] = says(tab, "#decision", decided)
        numbers = tab.locator("#numbers").inner_text()
        done["probability, set and score"] = all(
            word in numbers for word in ("P(AFib)", "not ruled out at alpha", "strangeness")
        )
        done["reasons"] = says(tab, "#reasons", "not whether it is right")
        done["overlay"] = _overlay(tab)
        done["zoom"] = _zooms(tab)
        done["filter on the strip"] = _filters(tab)
        done["worklist by keys"] = _keys(tab, files)
        tab.locator("#tachogram canvas").wait_for()
        done["intervals"] = tab.locator("#poincare canvas").count() == 1
        tab.locator("input[value=flagged]").check()
        tab.locator("#reviewer").fill("Walker")
        tab.locator("#comment").fill("=1+1")
        tab.get_by_role("button", name="Keep").click()
        done["judged"] = says(tab, "#kept", "kept at")
        with tab.expect_download() as saved:
            tab.get_by_text("All judgements (CSV)").click()
        rows = saved.value.path().read_text(encoding="utf-8").splitlines()
        done["exported"] = len(rows) > 1 and '"Walker","\'=1+1",' in rows[-1]
        with tab.context.expect_page() as report:
            tab.locator("#report").click()
        told = report.value.content()
        done["report"] = all(word in told for word in ("<svg", decided, "Walker", "Not for"))
        done["says what it is not for"] = says(tab, ".caution", "Not for diagnostic use")
        done["footer"] = (
            page.state()["governed"]["model"][:16] in tab.locator("#footer").inner_text()
        )
        elsewhere = [url for url in asked if not url.startswith((page.address, "data:", "blob:"))]
    return Steps(done=done, elsewhere=len(elsewhere))


def accessibility_faults(used: Browser, page: ReviewPage, files: Mapping[str, bytes]) -> list[str]:
    """Serious faults that axe-core finds at two widths, light and dark."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415

    found = []
    for width in (1280, 390):
        for scheme in ("light", "dark"):
            look = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
            # The checker is put into the page, which its policy rightly forbids.
            with opened(used, page, **look, bypass_csp=True) as (tab, _):
                send(tab, files)
                if not says(tab, "#reasons", "not whether it is right"):
                    found.append(f"{width} {scheme}: nothing was opened")
                wide = tab.evaluate("document.documentElement.scrollWidth > innerWidth")
                found += [f"{width}: wider than the window"] if wide else []
                for each in Axe().run(tab).response["violations"]:
                    if each["impact"] in _SERIOUS:
                        found.append(f"{width} {scheme}: {each['id']} ({len(each['nodes'])})")
    return found


def _overlay(tab: Page) -> bool:
    """Whether colour comes and goes with its slider."""
    canvas = tab.locator("#strip")
    tab.locator("#opacity").fill("100")
    tab.wait_for_timeout(200)
    strong = dots_of(canvas)
    tab.locator("#opacity").fill("0")
    tab.wait_for_timeout(200)
    none = dots_of(canvas)
    tab.locator("#opacity").fill("45")
    return bool((np.abs(strong - none).max(axis=2) > 30).mean() > 0.05)  # noqa: PLR2004


def _zooms(tab: Page) -> bool:
    """Whether a drag over the whole recording shows that stretch."""
    box = box_of(tab.locator("#overview"))
    tab.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 40)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 40, steps=4)
    tab.mouse.up()
    tab.wait_for_timeout(300)
    told = tab.locator("#strip").get_attribute("aria-label") or ""
    found = re.search(r"from ([\d.]+) s, ([\d.]+) mm/s", told)
    tab.locator("#speed").select_option("25")
    return found is not None and abs(float(found[1]) - 15) < 0.5 and float(found[2]) > 50  # noqa: PLR2004


def _filters(tab: Page) -> bool:
    before = tab.locator("#strip").get_attribute("aria-label") or ""
    tab.locator("#shown").select_option("monitor")
    tab.locator("#invert").check()
    tab.locator("#strip").press("Home")
    after = tab.locator("#strip").get_attribute("aria-label") or ""
    tab.locator("#shown").select_option("none")
    tab.locator("#invert").uncheck()
    return "no filter" in before and "filter 0.5 to 40 Hz" in after and "inverted" in after


def _keys(tab: Page, files: Mapping[str, bytes]) -> bool:
    """Whether the list is walked with keys."""
    name = next(iter(files)).partition(".")[0]
    # It may be the first of the list, or the last.
    for there, back in (("k", "j"), ("j", "k")):
        tab.locator("#strip").press(there)
        tab.wait_for_timeout(500)
        if name not in tab.locator("#record-title").inner_text():
            tab.locator("#strip").press(back)
            return says(tab, "#record-title", name)
    return False
