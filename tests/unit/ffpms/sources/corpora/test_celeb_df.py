"""Celeb-DF: trees of empty files become listings; no pixels."""

import os
from pathlib import Path

import pytest

from ffpms.errors import ConfigError, ManifestError
from ffpms.protocol.listing import ListedVideo
from ffpms.protocol.naming import name_mixed, name_unmixed
from ffpms.protocol.plan import plan_videos, summarise_bags
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.set_settings import SetSettings
from ffpms.sources.corpus import AS_PUBLISHED
from ffpms.sources.registry import find_corpus, recognise
from tests.helpers.empty_trees import CELEB, LIST, TESTED, celeb, empty_tree, listed, splits


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.parametrize("folder", ["Sim:Swap", "Sim\\Swap"])
def test_a_folder_with_a_colon_or_a_backslash_is_refused(folder: str, tmp_path: Path) -> None:
    """Verifying would distrust the set."""
    root = empty_tree(tmp_path, ["Celeb-real/id0_0000.mp4", f"Celeb-synthesis/{folder}/id0_id1_0000.mp4"])
    (root / LIST).write_text("1 YouTube-real/00000.mp4\n")
    with pytest.raises(ConfigError) as error:
        listed(root, "celeb-df")
    path = root / "Celeb-synthesis" / folder / "id0_id1_0000.mp4"
    assert str(error.value) == f"{path}: has a colon or backslash in the name {folder}; rename that folder"


def test_a_tree_without_fakes_is_called_so(tmp_path: Path) -> None:
    root = empty_tree(tmp_path, ["Celeb-real/id0_0000.mp4", "Celeb-synthesis/readme.txt"])
    (root / LIST).write_text("1 Celeb-real/id0_0000.mp4\n")
    with pytest.raises(ConfigError, match="there are no fakes to build; give the folder that holds Celeb-real/"):
        listed(root, "celeb-df")


@pytest.mark.parametrize("level", ["", "videos/"])
def test_celeb_df_is_listed_with_and_without_a_level(tmp_path: Path, level: str) -> None:
    listing = listed(celeb(tmp_path, level), "celeb-df")
    fake = next(video for video in listing.videos if video.name == "CDF_id0_id1_0000")
    assert (fake.target_id, fake.source_id, fake.pair_id, fake.split) == ("id0_0000", "id1", "id0", "test")
    assert listing.paths[fake.name] == f"Celeb-synthesis/{level}id0_id1_0000.mp4"
    assert (listing.recipe.manipulations, listing.recipe.compression) == (("CDF",), AS_PUBLISHED)
    assert recognise(tmp_path).name == "celeb-df"


def test_of_a_test_video_no_frame_is_in_train(tmp_path: Path) -> None:
    """The list has the fake id0_id1_0000, but neither its real video nor that one's other fakes."""
    listing = listed(celeb(tmp_path), "celeb-df")
    own = splits(listing)
    assert own["original_id0_0000"] == "test"
    assert "CDF_id0_id2_0000" not in own
    what = "2 fakes are left out, for test shows their real videos (first CDF_id0_id2_0000)"
    assert listing.notes == (f"{tmp_path}: {what}; --whole takes all",)
    by_target: dict[str, set[str]] = {}
    for video in listing.videos:
        by_target.setdefault(video.target_id, set()).add(video.split)
    assert {len(found) for found in by_target.values()} == {1}


def test_whole_fakes_are_split_as_the_list_has_them(tmp_path: Path) -> None:
    own = splits(listed(celeb(tmp_path), "celeb-df", whole=True))
    assert {name for name, split in own.items() if split == "test"} == {
        "original_00000",
        "original_id3_0001",
        "CDF_id0_id1_0000",
        "CDF_id3_id4_0001",
    }
    assert len(own) == len(CELEB)


def test_a_tenth_of_the_people_is_val_by_the_seed(tmp_path: Path) -> None:
    root = celeb(tmp_path)
    listing = listed(root, "celeb-df")
    people = {split: {v.pair_id for v in listing.videos if v.split == split} for split in ("train", "val", "test")}
    assert len(people["val"]) == 2
    assert not people["val"] & people["train"]
    assert splits(listed(root, "celeb-df", Recipe(seed=1))) != splits(listing)


def test_a_listed_video_that_is_not_there_is_planned_still(tmp_path: Path) -> None:
    root = celeb(tmp_path, tested=f"{TESTED}0 Celeb-synthesis/id9_id8_0007.mp4\n")
    assert splits(listed(root, "celeb-df"))["CDF_id9_id8_0007"] == "test"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 Celeb-real/id0_0000.mp4\n", r"line 1 is no '1 Celeb-real/NAME.mp4' .*1 is real"),
        ("\n1 Celeb-synthesis/id0_id1_0000.mp4\n", "line 2 is no"),
        ("1 Celeb-real/../x.mp4\n", "line 1 is no"),
        ("nonsense\n", "line 1 is no"),
    ],
)
def test_a_list_that_says_otherwise_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ManifestError, match=f"{LIST}: {said}"):
        listed(celeb(tmp_path, tested=text), "celeb-df")


def test_an_empty_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"videos.txt: lists no video; download it again"):
        listed(celeb(tmp_path, tested="\n"), "celeb-df")


def test_without_its_list_celeb_df_is_refused(tmp_path: Path) -> None:
    (celeb(tmp_path) / LIST).unlink()
    with pytest.raises(ManifestError, match=f"{LIST}: cannot be read .*it comes with Celeb-DF"):
        listed(tmp_path, "celeb-df")


PLUS = [
    "Celeb-real/id0_0000.mp4",
    "YouTube-real/00000.mp4",
    "Celeb-synthesis/FaceSwap/SimSwap/videos/id0_id1_0000.mp4",
    "Celeb-synthesis/FaceSwap/Celeb-DF/id0_id1_0000.mp4",
    "Celeb-synthesis/FaceReenact/DaGAN/id0_id1_0000.mp4",
    "Celeb-synthesis/TalkingFace/IP_LAP/id0_0000_test_00012.mp4",
]


def test_celeb_df_plus_has_a_manipulation_a_folder(tmp_path: Path) -> None:
    (empty_tree(tmp_path, PLUS) / LIST).write_text("1 Celeb-real/id0_0000.mp4\n")
    listing = listed(tmp_path, "celeb-df")
    assert listing.recipe.manipulations == ("Celeb-DF", "DaGAN", "IP-LAP", "SimSwap")
    alone = {video.manipulation for video in listing.videos if video.is_alone}
    assert alone == {"DaGAN", "IP-LAP"}, "reenacted and talking faces are cut to the face"
    assert {video.pair_id for video in listing.videos} == {"id0", "00000"}
    recipe = listed(tmp_path, "celeb-df", Recipe(manipulations=("simswap",))).recipe
    assert recipe.manipulations == ("SimSwap",)
    with pytest.raises(ConfigError, match="manipulations: XX; choose from Celeb-DF,DaGAN,IP-LAP,SimSwap"):
        listed(tmp_path, "celeb-df", Recipe(manipulations=("XX",)))


def test_a_fake_whose_real_video_is_not_there_is_said_to_be_wholly_fake(tmp_path: Path) -> None:
    root = celeb(tmp_path)
    (root / "Celeb-real" / "id0_0000.mp4").unlink()
    listing = listed(root, "celeb-df")
    note, left_out = listing.notes
    assert "1 fake is left out, for test shows its real video (first CDF_id3_id5_0001)" in left_out
    what = "the real video of 2 fakes is not there (first id0_0000, of CDF_id0_id1_0000)"
    assert note == f"{root}: {what}; they are fake in all frames"
    assert {video.name for video in listing.videos if video.is_alone} == {"CDF_id0_id1_0000", "CDF_id0_id2_0000"}
    assert listed(root, "celeb-df", whole=True).notes == ()


def test_compression_is_refused_where_there_are_no_levels(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="compression: Celeb-DF has no levels; leave out --compression c23"):
        listed(celeb(tmp_path), "celeb-df", Recipe(compression="c23"))


@pytest.mark.parametrize("whole", [True, False])
def test_a_set_has_the_name_of_the_test_set_that_it_holds(whole: bool) -> None:
    corpus, recipe = find_corpus("celeb-df"), Recipe(manipulations=("CDF",), compression=AS_PUBLISHED)
    videos = [ListedVideo("test", "original", f"id{n}_0", f"id{n}_0", None, f"id{n}") for n in range(178)]
    videos += [ListedVideo("test", "CDF", f"id{n % 178}_id9_{n}", f"id{n % 178}_0", "id9", "") for n in range(340)]
    videos = [video.standing_alone() for video in videos] if whole else videos
    bags = summarise_bags(plan_videos(videos, recipe, ("test",)), recipe).assign(status="ok")
    settings = SetSettings(recipe, title=corpus.title, editions=corpus.editions, whole=whole)
    sources = bags.assign(source_video=bags["bag_id"])
    partial = "" if whole else "-partial"
    assert name_mixed(settings, bags, sources).name == f"Celeb-DF-v2{partial}"
    assert name_unmixed(settings, bags, sources).name == "Celeb-DF-v2"
    lost = bags.assign(status=["misaligned"] + ["ok"] * (len(bags) - 1))
    assert name_mixed(settings, lost, sources).name == f"Celeb-DF-v2{partial}-custom"
    few = name_mixed(settings, bags[1:], sources)
    assert few.name == f"Celeb-DF{partial}-custom"
    assert few.reasons == ("177 real and 340 fake test videos are no published test set",)
