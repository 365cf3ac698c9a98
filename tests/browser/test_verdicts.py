"""The page of ``ffpms predict --html`` in a browser: its video, timelines and faces, by mouse and keyboard."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import benchmark
from benchmark.inference.page.page import render_page
from ffpms.extraction.sampling import Sampling
from tests.browser.conftest import Opened, OpenPage, find_violations
from tests.conftest import Once
from tests.helpers.odd_videos import run_ffmpeg
from tests.helpers.trained_runs import trained_s_mil
from tests.helpers.verdicts import make_verdict

TIMES = [0.1, 0.3, 0.5, 0.7, 0.9]
BOXES = [(40.0, 80.0, 80.0, 80.0), (200.0, 80.0, 80.0, 80.0)]


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory, browser: Any, once: Once, ffmpeg_on_path: None) -> Path:
    """A page of a video that is in it, one that is not, and one without a face."""
    home = tmp_path_factory.mktemp("verdicts")
    run_ffmpeg(home, "-f lavfi -i testsrc=s=320x240:r=10:d=1 -pix_fmt yuv420p -c:v libvpx -b:v 1M a.webm")
    run_ffmpeg(home, "-i a.webm -c:v mpeg4 b.avi")
    people = [make_verdict(home / name, TIMES, (320, 240), BOXES) for name in ("a.webm", "b.avi")]
    model = benchmark.open_model(trained_s_mil(once))
    none = make_verdict(home / "a.webm", TIMES, (320, 240), [])
    (home / "page.html").write_text(render_page([*people, none], model, Sampling(5)))
    return home / "page.html"


@pytest.fixture(scope="module")
def wide(verdicts: Path, open_page: OpenPage) -> Iterator[Opened]:
    opened = open_page(verdicts)
    yield opened
    opened.close()


def wait(page: Any, expression: str) -> None:
    """Waits until something is true; the page's own policy forbids what playwright would do for it."""
    for _ in range(100):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(expression)


def test_a_face_seeks_the_video(wide: Opened) -> None:
    section = wide.page.locator("section.video").nth(0)
    wait(wide.page, "document.querySelector('video').readyState > 1")
    section.locator(".face").nth(2).click()
    wait(wide.page, "Math.abs(document.querySelector('video').currentTime - 0.5) < 0.01")
    assert section.locator(".face[aria-current=true]").count() == 2  # one of each person
    assert section.locator(".boxes rect").first.get_attribute("x") == "40"


def test_arrow_keys_go_from_frame_to_frame(wide: Opened) -> None:
    section = wide.page.locator("section.video").nth(1)
    timeline = section.locator(".timeline").first
    timeline.focus()
    wide.page.keyboard.press("End")
    wide.page.keyboard.press("ArrowLeft")
    assert timeline.get_attribute("aria-valuenow") == "4"
    assert timeline.get_attribute("aria-valuetext") == "0:00.7: 87 % fake, weight 25 %"
    assert section.locator(".now").text_content() == "frame at 0.70 s"
    last = section.locator("img.frame").get_attribute("src")
    wide.page.keyboard.press("Home")
    assert section.locator("img.frame").get_attribute("src") != last


def test_a_click_on_a_timeline_goes_to_the_nearest_frame(wide: Opened) -> None:
    timeline = wide.page.locator("section.video").nth(1).locator(".timeline").first
    box = timeline.bounding_box()
    timeline.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    assert timeline.get_attribute("aria-valuenow") == "3"


def test_it_plays_and_the_boxes_follow(wide: Opened) -> None:
    section = wide.page.locator("section.video").nth(0)
    section.get_by_role("slider", name="Time in").fill("0")
    section.get_by_role("button", name="Play").click()
    wait(wide.page, "document.querySelector('video').currentTime > 0.3")
    assert float(section.locator(".cursor").first.get_attribute("x1")) > 0


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_and_axe_finds_nothing(verdicts: Path, open_page: OpenPage, width: int, theme: str) -> None:
    opened = open_page(verdicts, width, theme)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert find_violations(opened.page) == []
    opened.close()
