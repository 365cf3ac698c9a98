"""The page of bags: it links to the crops where they lie, and is refused where they are missing."""

import json
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

import ffpms
from ffpms.errors import ManifestError
from ffpms.gallery.bags import show_bags
from ffpms.gallery.page import write_page
from tests.helpers.tiny_set import BAG, STORED, edit, put


def write(data: Path, out: Path, *bag_ids: str) -> str:
    built = ffpms.load(data)
    bags = show_bags(built, bag_ids or built.videos["bag_id"])
    write_page(out, built, bags, dict.fromkeys(built.videos["bag_id"], "50-55%"))
    return out.read_text(encoding="utf-8")


def shown_in(page: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(re.findall(r'id="shown"[^>]*>(.*?)</script>', page, re.DOTALL)[0])
    return found


def test_every_face_of_every_bag_is_linked_from_where_the_page_lies(whole: Path, tmp_path: Path) -> None:
    place = tmp_path / "a set #1 100%?"
    shutil.copytree(whole, place / "data")
    out = tmp_path / "pages" / "bags.html"
    out.parent.mkdir()
    shown = shown_in(write(place / "data", out))
    data = ffpms.load(whole)
    assert [bag["id"] for bag in shown["bags"]] == data.videos["bag_id"].tolist()
    crops = []
    for bag in shown["bags"]:
        for person in bag["people"]:
            for _, _, _, own, real in person["faces"]:
                crops += [f"{bag['folders'][folder]}/{name}" for folder, name in filter(None, (own, real))]
    assert set(crops) >= set(data.frames["crop"])
    assert not re.search(r"[#%?]", unquote(shown["base"]).replace("a set #1 100%?", ""))
    assert all((out.parent / unquote(shown["base"]) / crop).is_file() for crop in crops)


def test_marks_and_the_real_videos_faces_are_those_of_the_tables(whole: Path, tmp_path: Path) -> None:
    (bag,) = shown_in(write(whole, tmp_path / "bags.html", BAG))["bags"]
    rows = ffpms.load(whole).frames.set_index("bag_id").loc[BAG]
    faces = bag["people"][0]["faces"]
    assert [face[1] for face in faces] == [0 if label else 1 for label in rows["label"]]
    assert [face[0] for face in faces] == rows["frame_index"].tolist()
    assert all(bag["folders"][face[4][0]].endswith("/original_004") for face in faces)
    assert (bag["real"], bag["bucket"]) == ("original_004", "50-55%")


def test_a_page_holds_no_picture_and_loads_none_but_the_sets(whole: Path, tmp_path: Path) -> None:
    page = write(whole, tmp_path / "bags.html")
    assert len(page) < 60_000
    assert "data:image" not in page
    assert "img-src &#39;self&#39; file: data:;" in page or "img-src 'self' file: data:;" in page
    assert "http" not in page.replace("http-equiv", "")


def test_missing_crops_are_one_line_that_counts_them(data: Path, tmp_path: Path) -> None:
    (data / STORED).unlink()
    with pytest.raises(ManifestError, match=rf"{STORED}: not found; run the same 'ffpms build' again"):
        write(data, tmp_path / "bags.html")
    shutil.rmtree(data / "crops")
    with pytest.raises(ManifestError, match=r"\.png: not found, and \d+ more of \d+ crops; run the same"):
        write(data, tmp_path / "bags.html")
    assert not (tmp_path / "bags.html").exists()


def test_a_strangers_table_links_to_nothing_else(data: Path, tmp_path: Path) -> None:
    edit(data, "frames", put({"crop": "../secret.png"}, bag_id=BAG, slot=0))
    with pytest.raises(ManifestError, match=r"names '../secret.png' as a crop"):
        write(data, tmp_path / "bags.html")
