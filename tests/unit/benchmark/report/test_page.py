"""The page: one file with all that the runs say, and no more than it may show."""

import json
import re
import shutil
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

from benchmark.leaderboards.board import make_board
from benchmark.report import write as writing
from benchmark.report.faces import collect_faces, find_bags
from benchmark.report.page import IN_BUCKETS
from benchmark.report.series import make_series
from benchmark.report.write import ReportPlan, Written, write_report
from benchmark.runs.collection import Collection, read_collection
from benchmark.runs.folder import Run, name_run
from ffpms.dataset.bag import BagRecord
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError, ManifestError, StorageError
from tests.helpers.run_folders import run_of_set, store, store_all
from tests.helpers.scores import run, train_each
from tests.helpers.tiny_set import make_set

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>'\""

Write = Callable[..., tuple[str, Written]]


@pytest.fixture
def write(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a report without pictures, and returns its text."""
    monkeypatch.chdir(tmp_path)

    def write(root: Path = home / "runs", found: Collection | None = None, **flags: Any) -> tuple[str, Written]:
        plan = ReportPlan(**{"root": root, "out": tmp_path / "report.html", "pictures": False} | flags)
        written = write_report(plan, found or read_collection(root))
        return plan.out.read_text(encoding="utf-8"), written

    return write


def data_of(page: str, number: int = 1) -> Any:
    return json.loads(re.findall(rf'id="set-{number}-data">(.*?)</script>', page, re.DOTALL)[0])


@pytest.fixture(scope="module")
def page(home: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A report with the faces of three bags."""
    out = tmp_path_factory.mktemp("page") / "report.html"
    written = write_report(ReportPlan(home / "runs", out, n_bags=3, pictures=False), read_collection(home / "runs"))
    assert written.notes == []
    return out.read_text(encoding="utf-8")


def test_the_board_has_every_cell(page: str, found: Collection) -> None:
    board = data_of(page)["board"]
    cells = make_board(found.runs, in_buckets=IN_BUCKETS).cells
    assert len(board["rows"]) == len(cells)
    names = [metric["name"] for metric in board["metrics"]]
    for row, cell in zip(board["rows"], cells.to_dict("records"), strict=True):
        method, kind, metric, bucket, value, figure, spread = row[:7]
        assert board["methods"][method].startswith(cell["method"].partition(" [")[0])
        assert (board["keys"]["manipulation"][kind], names[metric]) == (cell["manipulation"], cell["metric"])
        assert board["keys"]["bucket"][bucket] == cell["fake_rate_bucket"]
        assert value == pytest.approx(cell["value"], abs=1e-6)
        assert ("[" in spread) == np.isfinite(cell["ci_low"])
        assert figure == (f"{cell['value']:.3f}" if "brier" in cell["metric"] else f"{100 * cell['value']:.2f}")
    assert board["manipulations"][-1] == "all"
    assert board["buckets"][0] == "all"


def test_every_part_is_there(page: str) -> None:
    heads = re.findall(r"<h2[^>]*>([^<]+)</h2>", page.partition("</main>")[0])
    assert heads == [
        *("Overview", "Leaderboard", "Fake rate", "Frames", "ROC and calibration", "Manipulations", "Training"),
        *("Bags", "How each row was made", "About this page"),
    ]
    assert len(re.findall('class="spec"', page)) == 3 + 2 + 2 + 2 + 4
    assert "ffpms bench --methods s-mil" in page
    assert "&#34;s-mil&#34;" in page  # its config.toml
    assert "torch 2.6" in page
    assert len(page) < 5e6


def test_every_chart_compiles(page: str) -> None:
    import vl_convert

    specs = re.findall(r'class="spec"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert all(vl_convert.vegalite_to_vega(json.loads(spec))["marks"] for spec in specs)


def test_faces_are_found_by_the_hash_of_their_set(page: str) -> None:
    album = data_of(page)["bags"]["album"]
    assert sorted(album["faces"]) == sorted(data_of(page)["bags"]["hardest"])
    assert {len(faces) for faces in album["faces"].values()} == {4}
    used = {number for faces in album["faces"].values() for *_, number in faces}
    assert used == set(range(len(album["pictures"])))
    assert all(picture.startswith("data:image/webp;base64,") for picture in album["pictures"])
    assert "It shows the faces of the 3 hardest bags of" in page


def test_without_faces_there_is_no_picture_in_the_file(write: Write, home: Path) -> None:
    page, _ = write(n_bags=0, data=(home / "set",))
    assert "data:image" not in page
    assert "UklGR" not in page  # how WebP begins in base64
    assert "iVBOR" not in page  # and PNG
    assert "It shows no face." in page


def test_heat_maps_lie_over_the_faces_they_are_of(home: Path) -> None:
    bags = BuiltSet.load(home / "set").bags("test")[:2]
    name = bags[0].bag_id
    album = collect_faces(bags, {name: np.ones((4, 16, 16, 3), np.uint8)})
    assert list(album.heat) == [name]
    assert [whose for *whose, _ in album.heat[name]] == [whose for *whose, _ in album.faces[name]]
    assert [whose for *whose, _ in album.faces[name]] == [[slot, 0] for slot in range(4)]
    assert len(album.pictures) == 12


def test_heat_maps_are_of_the_best_method_or_missing_with_a_reason(write: Write) -> None:
    asked = []

    def draw(run: Run, bags: Sequence[BagRecord]) -> dict[str, np.ndarray]:
        asked.append((run.method, len(bags)))
        return {bag.bag_id: np.zeros((4, 16, 16, 3), np.uint8) for bag in bags}

    def fail(*_: object) -> dict[str, np.ndarray]:
        raise ManifestError("its weights are lost")

    page, _ = write(n_bags=3, n_heat_maps=1, explain=draw)
    assert asked == [("s-mil", 1)]
    assert len(data_of(page)["bags"]["album"]["heat"]) == 1
    assert "Heat maps (Grad-CAM) of the 1 hardest" in page
    assert write(n_bags=3, n_heat_maps=1, explain=fail)[1].notes == ["There are no heat maps: its weights are lost."]


def test_heat_maps_of_detectors_for_one_manipulation_are_each_of_its_own_fakes(
    write: Write, home: Path, tmp_path: Path
) -> None:
    """And the best of them is found, though none has an AUC of all manipulations."""
    asked = {}

    def draw(run: Run, bags: Sequence[BagRecord]) -> dict[str, np.ndarray]:
        asked[run.method, *run.manipulations] = {bag.manipulation for bag in bags}
        return {bag.bag_id: np.zeros((4, 16, 16, 3), np.uint8) for bag in bags}

    data = BuiltSet.load(home / "set")
    for one in (run_of_set(data, "s-mil", skill=0.01), run_of_set(data, "xn-avg", skill=0.6)):
        for own in train_each(one, data.manipulations):
            store_all(own, tmp_path / "runs")
    page, _ = write(tmp_path / "runs", data=(home / "set",), n_bags=99, n_heat_maps=99, explain=draw)
    assert asked == {("xn-avg", "DF"): {"DF", "original"}, ("xn-avg", "F2F"): {"F2F"}}
    assert len(data_of(page)["bags"]["album"]["heat"]) == 12
    assert "trainings of xn-avg, look: each at fakes of what it was trained on." in page
    findings = re.findall(r'<ul class="findings">(.*?)</ul>', page, re.DOTALL)[0]
    assert re.findall(r"<li>(Video AUC, \w+): xn-avg has the highest", findings) == ["Video AUC, DF", "Video AUC, F2F"]


@pytest.mark.parametrize("label", [0, 1])
def test_videos_of_one_class_make_no_number_that_is_none(write: Write, tmp_path: Path, label: int) -> None:
    one = run()
    bags = one.scores.loc[(one.scores["level"] == "video") & (one.scores["y_true"] == label), "bag_id"]
    keep = store_all if label else store  # without a fake there is no rate grid
    keep(replace(one, scores=one.scores[one.scores["bag_id"].isin(bags)]), tmp_path / "runs")
    page, _ = write(tmp_path / "runs")
    text = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"\bnan\b", text)
    assert "NaN" not in json.dumps(data_of(page)), "which is no JSON"
    assert ("of the frames are fake" in text) == bool(label)


def test_faces_that_are_lost_cost_no_more_than_themselves(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "set", tmp_path / "copy")
    data = BuiltSet.load(tmp_path / "copy")
    (lost,) = [bag for bag in data.bags("test") if bag.bag_id == "DF_004_005"]
    (data.root / lost.crops[0]).unlink()
    album = collect_faces(find_bags(data, ["DF_004_005", "DF_005_004", "of another set"]), {})
    assert list(album.faces) == ["DF_005_004"]
    assert len(album.lost) == 1
    assert "not found" in album.lost[0]


def test_a_set_that_is_not_there_is_said_and_a_wrong_one_refused(write: Write, home: Path, tmp_path: Path) -> None:
    root = tmp_path / "elsewhere" / "runs"
    shutil.copytree(home / "runs", root)
    _, written = write(root)
    assert len(written.notes) == 1
    assert written.notes[0].endswith("the built set was not found; give it with --data")
    with pytest.raises(ConfigError, match="the runs were scored on another set"):
        write(root, data=(make_set(tmp_path / "other"),))


def test_names_cannot_break_out(write: Write, tmp_path: Path) -> None:
    one = run(dataset=f"set {HOSTILE}")
    scores = one.scores.assign(bag_id=one.scores["bag_id"] + HOSTILE)
    store_all(replace(one, scores=scores, segments=None), tmp_path / "runs")
    page, _ = write(tmp_path / "runs")
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert any(HOSTILE in name for name in data_of(page)["bags"]["id"])


def test_each_set_has_a_section_of_its_own(write: Write, tmp_path: Path) -> None:
    for one in (run(), run(data="other")):
        store_all(one, tmp_path / "runs")
    page, written = write(tmp_path / "runs", pictures=True)
    assert page.count('data-set="set-') == 2
    assert 'id="set-1-bags"' in page
    assert 'id="set-2-bags"' in page
    assert len({path.name for path in written.files}) == len(written.files) == 1 + 2 * 4 * 2
    assert all(path.stat().st_size > 5000 for path in written.files[1:])
    assert {path.parent.name for path in written.files[1:]} == {"report-figures"}


def test_odd_folders_cost_only_themselves(write: Write, home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "runs", tmp_path / "runs")
    first, second, third = sorted(tmp_path.glob("runs/*/DONE"))
    (first.parent / "scores.parquet").write_bytes(b"")
    second.unlink()
    (third.parent / "history.csv").write_bytes(b"\xff\x00,")
    (third.parent / "environment.json").write_text("[]")
    page, _ = write(tmp_path / "runs")
    assert "What failed" in page
    assert "not finished; the same" in page
    assert "environment.json is damaged" in page
    assert "Validation loss" not in page


def test_failures_alone_are_a_report(write: Write, home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "runs", tmp_path / "runs")
    for mark in tmp_path.glob("runs/*/DONE"):
        mark.with_name("FAILED").write_text("out of memory\n")
        mark.unlink()
    page, _ = write(tmp_path / "runs")
    assert page.count("<td>out of memory</td>") == 3


def test_a_report_is_written_whole_or_not_at_all(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "report.html").write_text("the old one")

    def fail(*_: object) -> None:
        raise StorageError("no space")

    with monkeypatch.context() as patch:
        patch.setattr(writing, "draw_pictures", fail)
        with pytest.raises(StorageError):
            write(n_bags=0, pictures=True)
    assert (tmp_path / "report.html").read_text() == "the old one"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["report.html"]


def test_the_same_runs_give_the_same_bytes(write: Write, page: str) -> None:
    assert write(n_bags=3)[0] == page


def test_no_two_of_24_lines_look_alike() -> None:
    series, shared = make_series(f"m{n} [epochs=2]" for n in range(24))
    looks = {(one.colour, one.dash, one.shape) for one in series.values()}
    assert len(looks) == 24
    assert shared == "epochs=2"
    for one, other in pairwise(series.values()):
        assert one.colour != other.colour
        assert one.dash != other.dash
        assert one.shape != other.shape


def test_a_folder_name_is_no_html(write: Write, home: Path, tmp_path: Path) -> None:
    root = tmp_path / "<b>runs"
    shutil.copytree(home / "runs", root)
    folder = next(root.iterdir())
    about = tomllib.loads((folder / "config.toml").read_text())
    about["train"]["options"] = ["<i>=1"]
    name = name_run(about["train"], about["data"]["sha256"], about["code"]["sha256"])
    (folder / "config.toml").write_text(tomli_w.dumps(about))
    folder.rename(root / name)
    page, _ = write(root)
    assert "<b>runs" not in page
    assert "<i>=1" not in page
