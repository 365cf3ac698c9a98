"""The page of ``ffpms show`` in a browser: it loads the crops of its set, filters, sorts, and turns its pages."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ffpms
from ffpms.gallery.bags import show_bags
from ffpms.gallery.page import write_page
from tests.browser.conftest import Opened, OpenPage, find_violations
from tests.helpers.tiny_set import make_set


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Path:
    place = make_set(tmp_path_factory.mktemp("show") / "a set #1 100%")
    data = ffpms.load(place)
    bucket = dict(zip(data.videos["bag_id"], data.videos["fake_rate"].map("{:.0%}".format), strict=True))
    write_page(place / "bags.html", data, show_bags(data, data.videos["bag_id"]), bucket)
    return place / "bags.html"


@pytest.fixture
def opened(page_file: Path, open_page: OpenPage) -> Iterator[Opened]:
    """The page; what it asks for besides the set's crops fails the test."""
    made = open_page(page_file)
    yield made
    crops = (page_file.parent / "crops").as_uri()
    made.requests[:] = [url for url in made.requests if not url.startswith(crops)]
    made.close()


def where(page: Any) -> str:
    text: str = page.locator("#where").inner_text()
    return text


def names(page: Any) -> list[str]:
    found: list[str] = page.locator(".bag h2").all_inner_texts()
    return found


def test_the_arrow_keys_turn_the_pages_but_not_while_one_types(opened: Opened) -> None:
    page = opened.page
    assert where(page) == "Bags 1 to 10 of 18"
    page.keyboard.press("ArrowRight")
    assert where(page) == "Bags 11 to 18 of 18"
    assert page.get_by_role("button", name="Next").is_disabled()
    page.keyboard.press("ArrowLeft")
    page.get_by_label("Name").focus()
    page.keyboard.press("ArrowRight")
    assert where(page) == "Bags 1 to 10 of 18"


def test_bags_are_chosen_and_sorted(opened: Opened) -> None:
    page = opened.page
    page.get_by_label("Split").select_option("test")
    page.get_by_label("Manipulation").select_option("DF")
    assert sorted(names(page)) == ["DF_004_005", "DF_005_004"]
    page.get_by_label("Manipulation").select_option("")
    page.get_by_label("Order").select_option("down")
    shares = [int(text) for text in re.findall(r"\((\d+)%\)", page.locator("#bags").inner_text())]
    assert shares == sorted(shares, reverse=True)
    page.get_by_label("Name").fill("df_004")
    assert names(page) == ["DF_004_005"]
    page.get_by_label("Name").fill("nobody")
    assert where(page) == "No bag fits; choose less narrowly"


def test_every_face_is_loaded_and_marked_and_the_real_one_below_can_be_left_out(opened: Opened) -> None:
    page = opened.page
    page.get_by_label("Name").fill("DF_004_005")
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    assert page.evaluate("[...document.images].map((image) => image.naturalWidth)") == [16] * 8
    faces = page.locator(".face")
    marks = [text.split("\n")[-1] for text in faces.locator("figcaption").all_inner_texts()]
    frame = "(image) => getComputedStyle(image).borderTopStyle + getComputedStyle(image).borderTopWidth"
    for i, mark in enumerate(marks):
        drawn = faces.nth(i).locator("img").first.evaluate(frame)
        assert drawn == {"fake": "solid4px", "swapped in": "dashed4px", "real": "solid1px"}[mark]
        assert mark in faces.nth(i).locator("img").first.get_attribute("alt")
    assert {"fake", "swapped in"} == set(marks)
    page.get_by_label("real video below the fake").uncheck()
    assert page.locator(".face img").count() == 4


@pytest.mark.parametrize(("width", "theme"), [(390, "light"), (1440, "dark")])
def test_it_fits_and_axe_finds_nothing_grave(page_file: Path, open_page: OpenPage, width: int, theme: str) -> None:
    page = open_page(page_file, width, theme).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert find_violations(page) == []
    page.close()
