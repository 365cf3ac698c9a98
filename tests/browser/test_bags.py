"""The viewer of bags in a browser: whose faces and scores stand together, and who called a bag wrong."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmark.report import section
from benchmark.report.faces import Album
from benchmark.report.write import ReportPlan, write_report
from benchmark.runs.collection import read_collection
from benchmark.runs.folder import Run
from ffpms.dataset.built_set import BuiltSet
from tests.browser.conftest import Opened, OpenPage
from tests.helpers.run_folders import run_of_set, store_all
from tests.helpers.scores import train_each
from tests.helpers.tiny_set import TWO_TESTED, make_set

BAG = "DF_004_005"

OpenReport = Callable[[list[Run]], Opened]


@pytest.fixture
def data(tmp_path: Path) -> BuiltSet:
    return BuiltSet.load(make_set(tmp_path / "set", TWO_TESTED))


@pytest.fixture
def open_report(tmp_path: Path, open_page: OpenPage) -> OpenReport:
    """Opens a report of some runs, with the faces of all bags."""

    def open_report(runs: list[Run]) -> Opened:
        for one in runs:
            store_all(one, tmp_path / "runs")
        out = tmp_path / "report.html"
        write_report(ReportPlan(tmp_path / "runs", out, n_bags=99, pictures=False), read_collection(tmp_path / "runs"))
        return open_page(out)

    return open_report


def with_tracks(one: Run, *tracks: int) -> Run:
    """The run with a row for each of some tracks in every slot; of the second the score is 0.99."""
    frames = one.scores[one.scores["level"] == "frame"]
    rows = [frames.assign(track_id=track, score=0.99 if n else 0.11) for n, track in enumerate(tracks)]
    return replace(one, scores=pd.concat([one.scores[one.scores["level"] == "video"], *rows]))


def cells(page: Any, row: str) -> Any:
    return page.locator(".strip tbody tr").filter(has=page.get_by_role("rowheader", name=row)).locator("td")


def seen(page: Any, row: str) -> list[int]:
    """How many pictures each cell of a row has."""
    return [cells(page, row).nth(n).locator("img").count() for n in range(cells(page, row).count())]


def test_a_face_stands_above_its_own_scores(
    data: BuiltSet, open_report: OpenReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scores without a track are a column of their own, which takes no person's picture."""
    two, none = with_tracks(run_of_set(data), 0, 1), with_tracks(run_of_set(data, "xn-avg", weights=False), -1)
    album = Album(["data:,a", "data:,b"], {BAG: [(slot, track, track) for slot in range(4) for track in (0, 1)]})
    album.heat[BAG] = [(slot, track, 1 - track) for slot, track, _ in album.faces[BAG]]
    monkeypatch.setattr(section, "collect_faces", lambda *_: album)
    opened = open_report([two, none])
    page = opened.page
    page.get_by_label("Bag", exact=True).fill(BAG)
    page.locator(".opener").first.click()
    assert cells(page, "s-mil").all_inner_texts()[:3] == ["", *(f"{score}\n25.0 %" for score in (11, 99))]
    assert seen(page, "face") == seen(page, "heat map") == 4 * [0, 1, 1]
    for row, own in (("face", "ab"), ("heat map", "ba")):
        pictures = cells(page, row).locator("img").evaluate_all("(all) => all.map((one) => one.src.slice(-1))")
        assert "".join(pictures) == 4 * own
    page.close()


def test_where_a_slot_has_one_face_scores_need_no_track(data: BuiltSet, open_report: OpenReport) -> None:
    opened = open_report([with_tracks(run_of_set(data), -1)])
    opened.page.get_by_label("Bag", exact=True).fill(BAG)
    opened.page.locator(".opener").first.click()
    assert seen(opened.page, "face") == [1, 1, 1, 1]
    opened.close()


def test_every_method_is_each_that_scored_the_bag(data: BuiltSet, open_report: OpenReport) -> None:
    """A detector for one manipulation has no say on the fakes of others."""
    one = run_of_set(data)
    opened = open_report(train_each(replace(one, scores=one.scores.assign(score=0.01)), data.manipulations))
    page = opened.page
    page.get_by_label("Called wrong by").select_option("every")
    videos = data.videos[(data.videos["split"] == "test") & (data.videos["label"] == 1)]
    assert sorted(page.locator(".opener").all_inner_texts()) == sorted(videos["bag_id"])
    off = page.locator(".bag-table .wrong")
    assert off.all_text_contents() == len(videos) * ["1.0 (wrong)"]
    opened.close()


def test_words_for_a_screen_reader_do_not_widen_the_page(data: BuiltSet, open_report: OpenReport) -> None:
    runs = [run_of_set(data, name) for name in ("s-mil", "s-mil-t", "mil", "abmil", "xn-avg", "xn-max", "lstm")]
    page = open_report([replace(one, scores=one.scores.assign(score=0.01)) for one in runs]).page
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.locator(".bag-table .wrong").last.bounding_box()["x"] > 390, "the table scrolls"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
