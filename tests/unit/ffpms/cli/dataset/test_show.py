"""``ffpms show``: a picture or a page of bags, and one line where there is nothing to show."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import Command
from tests.helpers.tiny_set import BAG, make_set


def test_a_bag_is_a_picture(ffpms: Command, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.png"
    result = ffpms("show", whole, "--bag", BAG, "--bag", "original_004", "--out", out)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{out}: 2 of the 18 bags of FFPMS-custom in {whole}\n"
    with Image.open(out) as picture:
        assert picture.format == "PNG"
        assert picture.width >= 1000


def test_without_a_bag_a_few_of_each_are_shown_and_how_many_there_are_is_said(
    ffpms: Command, whole: Path, tmp_path: Path
) -> None:
    result = ffpms("show", whole, "--out", tmp_path / "a.png", "--limit", 1)
    assert "3 of the 18 bags" in result.stdout
    assert "'--bag ID' shows one, '--out bags.html' all" in result.stdout
    found = json.loads(ffpms("show", whole, "--out", tmp_path / "a.png", "--json", "--split", "val").stdout)
    assert found["n_bags"] == 18
    assert set(found["bags"]) == {f"{kind}_{pair}" for kind in ("DF", "F2F") for pair in ("002_003", "003_002")} | {
        "original_002",
        "original_003",
    }


def test_a_page_has_all_bags_or_those_that_are_asked_for(ffpms: Command, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.html"
    assert "18 of the 18 bags" in ffpms("show", whole, "--out", out).stdout
    assert '"bucket":"75-80%"' in out.read_text()
    flags = ("--manipulations", "DF", "--out", out)
    assert "6 of the 18 bags" in ffpms("show", whole, *flags).stdout
    assert "1 of the 18 bags" in ffpms("show", whole, *flags, "--limit", 1).stdout


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--bag", "DF_004_00"), "has no 'DF_004_00'; did you mean DF_004_005, "),
        (("--out", "a.gif"), "a.gif is neither a picture nor a page; name it .png or .html"),
        (("--split", "dev"), "has no dev; choose from train, val, test"),
        (("--manipulations", "XX"), "has no XX; choose from original, DF, F2F"),
        (("--limit", "0"), "--limit"),
        (("--out", "nowhere/a.png"), "nowhere/a.png: No such file or directory; check the path"),
    ],
)
def test_what_cannot_be_shown_is_one_line(
    ffpms: Command, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = ffpms("show", whole, *flags)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_without_pixels_is_no_set_and_is_one_line(ffpms: Command, tmp_path: Path) -> None:
    assert ffpms("plan", "--out", tmp_path / "recipe").exit_code == 0
    result = ffpms("show", tmp_path / "recipe", "--out", tmp_path / "a.png")
    assert result.exit_code == 2
    assert "no built set (build.json is not in it); make one with 'ffpms build'" in result.stderr


def test_a_set_in_which_nobody_has_a_face_says_so_in_grey(ffpms: Command, tmp_path: Path) -> None:
    faceless = make_set(tmp_path / "set", faces=False)
    for name in ("a.png", "a.html"):
        assert ffpms("show", faceless, "--out", tmp_path / name).exit_code == 0
    assert '"no face"' in (tmp_path / "a.html").read_text()
