"""The report in a browser: it opens, sorts, filters, opens a bag, switches its theme, and asks for nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmark.leaderboards.board import make_board
from benchmark.report.write import ReportPlan, write_report
from benchmark.runs.collection import read_collection
from benchmark.runs.submissions.card import Card
from ffpms.dataset.built_set import BuiltSet
from tests.browser.conftest import Opened, OpenPage, find_violations
from tests.helpers.run_folders import run_of_set, store_all
from tests.helpers.scores import run
from tests.helpers.submission_folders import CARD
from tests.helpers.tiny_set import make_set


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Path:
    """A report of three methods on one set, with faces; one run failed."""
    home = tmp_path_factory.mktemp("browser")
    pairs = {
        "train": [("000", "001")],
        "val": [("002", "003")],
        "test": [(f"{n:03}", f"{n + 1:03}") for n in range(4, 24, 2)],
    }
    data = BuiltSet.load(make_set(home / "set", pairs))
    for seed in range(2):
        store_all(run_of_set(data, "s-mil", seed), home / "runs")
        store_all(run_of_set(data, "xn-avg", seed, weights=False, skill=0.1), home / "runs")
    failed = store_all(run_of_set(data, "lstm"), home / "runs")
    (failed / "DONE").rename(failed / "FAILED")
    (failed / "FAILED").write_text("out of memory\n")
    write_report(
        ReportPlan(home / "runs", home / "report.html", n_bags=4, pictures=False), read_collection(home / "runs")
    )
    return home / "report.html"


@pytest.fixture(scope="module")
def wide(report: Path, open_page: OpenPage) -> Iterator[Opened]:
    """The page at 1440 px, light; what it did wrong fails the last test of the module."""
    opened = open_page(report)
    yield opened
    opened.close()


def column(page: Any, table: str, place: int) -> list[str]:
    """The texts of a column of the first table in a box."""
    return [
        text.split("\n")[0]
        for text in page.locator(f"{table} tbody > tr:not(.opened) > :nth-child({place})").all_inner_texts()
    ]


def test_the_leaderboard_sorts_and_filters(wide: Opened) -> None:
    page = wide.page
    assert column(page, ".board", 1) == ["s-mil", "xn-avg"]
    page.get_by_label("Metric").select_option(label="Brier score")
    assert page.locator(".board thead th").last.get_attribute("aria-sort") == "ascending", "lower is better"
    page.get_by_label("Metric").select_option(label="Video AUC")
    best_first = [float(text.rstrip("†")) for text in column(page, ".board", 4)]
    assert best_first == sorted(best_first, reverse=True)
    head = page.locator(".board thead th").nth(1)
    head.get_by_role("button").click()
    head = page.locator(".board thead th").nth(1)
    assert head.get_attribute("aria-sort") == "descending"
    values = [float(text.rstrip("†")) for text in column(page, ".board", 2)]
    assert values == sorted(values, reverse=True)
    page.keyboard.press("Enter")  # the focus stayed on the button
    assert page.locator(".board thead th").nth(1).get_attribute("aria-sort") == "ascending"
    page.get_by_label("Method", exact=True).fill("XN")
    assert column(page, ".board", 1) == ["xn-avg"]
    page.get_by_label("Method", exact=True).fill("")
    page.get_by_role("checkbox", name="F2F").uncheck(force=True)
    assert page.locator(".board thead th").all_inner_texts() == ["method", "DF", "all"]
    page.get_by_label("Metric").select_option(label="Brier score")
    assert page.locator(".board caption").inner_text().startswith("Brier score\nLower is better")


def test_bags_sort_filter_and_open(wide: Opened) -> None:
    page = wide.page
    page.locator(".bag-table").get_by_role("button", name="disagreement").click()
    values = [float(text) for text in column(page, ".bag-table", 7)]
    assert values == sorted(values, reverse=True)
    assert "1 to 25 of 60 bags" in page.locator(".pager").inner_text()
    page.get_by_role("button", name="Next").click()
    assert "26 to 50 of 60" in page.locator(".pager").inner_text()
    page.get_by_label("Label").select_option("1")
    assert set(column(page, ".bag-table", 3)) == {"fake"}
    page.get_by_label("with faces").check()
    page.locator(".opener").first.click()
    assert page.locator(".opener").first.get_attribute("aria-expanded") == "true"
    strip = page.locator(".strip").first
    assert strip.locator("tbody th").all_inner_texts() == [
        "face",
        "label",
        "s-mil\nscore, weight",
        "xn-avg\nscore; has no weights",
    ]
    assert strip.locator("img").count() == 4
    assert strip.locator("img").first.evaluate("image => image.decode().then(() => image.naturalWidth)") == 16
    assert page.locator(".opened caption").inner_text() == "Score of the video by each training, in percent"
    assert "(seed 1)" in page.locator(".opened").inner_text()


def test_all_charts_are_drawn_without_a_scroll(report: Path, open_page: OpenPage) -> None:
    """Whoever prints the page, or takes a picture of all of it, has not scrolled to each."""
    opened = open_page(report)
    opened.page.wait_for_selector(".plot:not(:has(svg))", state="detached", timeout=20_000)
    assert opened.page.evaluate("scrollY") == 0
    opened.close()


def test_captions_are_whole_and_legends_show_what_charts_do(report: Path, open_page: OpenPage) -> None:
    opened = open_page(report, 390)
    opened.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    wide = "(own) => own.filter((one) => one.scrollWidth > one.parentElement.parentElement.clientWidth).length"
    assert opened.page.locator(".chart caption").evaluate_all(wide) == 0
    assert opened.page.locator("#set-1-manipulations .swatch line").count() == 0
    assert opened.page.locator("#set-1-manipulations .swatch path").count() == 4
    assert opened.page.locator("#set-1-rates .swatch line").count() > 0
    opened.close()


def test_a_narrow_page_shows_first_what_it_sorts_by(report: Path, open_page: OpenPage) -> None:
    opened = open_page(report, 390)
    page = opened.page
    assert page.locator(".board thead th").all_inner_texts() == ["method", "all", "DF", "F2F"]
    assert page.locator(".board thead th").nth(1).get_attribute("aria-sort") == "descending"
    assert page.locator(".bag-table thead th").all_inner_texts()[:3] == ["bag", "error", "s-mil"]
    assert page.locator(".bag-table thead th").nth(1).get_attribute("aria-sort") == "descending"
    page.set_viewport_size({"width": 1440, "height": 900})
    page.wait_for_selector(".board thead th:last-child:has-text('all')")
    assert page.locator(".bag-table thead th").all_inner_texts()[-1] == "error"
    assert page.locator(".bag-table thead th").last.get_attribute("aria-sort") == "descending"
    opened.close()


def test_charts_are_drawn_and_hide_a_line_in_all_of_them(wide: Opened) -> None:
    page = wide.page
    for section in ("rates", "roc"):
        page.locator(f"#set-1-{section}").scroll_into_view_if_needed()
        page.wait_for_selector(f"#set-1-{section} .plot svg")
    lines = "#set-1-rates .chart:first-child g.mark-line path[stroke^='var(--series']"
    assert page.locator(lines).count() == 2
    page.locator("#set-1-roc .key").first.click()
    page.wait_for_function(f'document.querySelectorAll("{lines}").length === 1')
    assert page.locator("#set-1-rates .key").first.get_attribute("aria-pressed") == "false"
    page.locator("#set-1-roc .key").first.click()


def test_a_theme_is_kept(wide: Opened) -> None:
    page = wide.page
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.get_by_label("Dark").check(force=True)
    dark = page.evaluate(background)
    assert dark != light
    page.reload()
    assert page.evaluate(background) == dark
    assert page.get_by_label("Dark").is_checked()
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    page.emulate_media(media="screen")
    page.get_by_label("Auto").check(force=True)
    assert page.evaluate(background) == light


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_nothing_serious_bars_anybody(report: Path, open_page: OpenPage, width: int, theme: str) -> None:
    """By axe-core, with a bag open; and the page is no wider than its window."""
    opened = open_page(report, width, theme)
    page = opened.page
    page.locator(".opener").first.click()
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.locator("#set-1-roc").scroll_into_view_if_needed()
    page.wait_for_selector("#set-1-roc .plot svg")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert find_violations(page) == []
    page.keyboard.press("Tab")
    opened.close()


def test_a_long_title_does_not_widen_the_leaderboard(open_page: OpenPage, tmp_path: Path) -> None:
    """A card may have a title of 2,000 letters without a space."""
    card = Card.of(CARD | {"title": 2000 * "A"})
    make_board([replace(run(), external=True, card=card), run(method="b")]).write(tmp_path, "html")
    opened = open_page(tmp_path / "leaderboard.html", 390)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390
    opened.page.close()  # it has no icon, for which a browser asks


def test_the_first_tab_skips_to_the_content(report: Path, open_page: OpenPage) -> None:
    opened = open_page(report)
    opened.page.keyboard.press("Tab")
    assert opened.page.evaluate("document.activeElement.textContent") == "Skip to the content"
    opened.page.keyboard.press("Enter")
    assert opened.page.evaluate("document.activeElement.id") == "main"
    opened.close()


def test_a_request_and_an_error_would_be_seen(open_page: OpenPage, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<img src='http://127.0.0.1:9/a.png'><script>missing()</script>")
    opened = open_page(tmp_path / "page.html")
    opened.page.wait_for_load_state("load")
    opened.page.close()
    assert opened.requests == ["http://127.0.0.1:9/a.png"]
    assert any("missing is not defined" in error for error in opened.errors)
