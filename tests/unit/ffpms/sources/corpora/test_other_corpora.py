"""Celeb-DF, DeepFakeDetection and DFDC: trees of empty files become listings; no pixels."""

import json
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from ffpms.errors import ConfigError, ManifestError
from ffpms.protocol.naming import name_mixed, name_unmixed
from ffpms.protocol.plan import plan_videos, summarise_bags
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.set_settings import SetSettings
from ffpms.sources.corpus import AS_PUBLISHED
from ffpms.sources.listing import Listing, Request
from ffpms.sources.registry import choose_corpus, find_corpus, recognise
from ffpms.sources.source_index import list_videos

LIST = "List_of_testing_videos.txt"


def tree(root: Path, paths: Iterable[str]) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


def listed(root: Path, name: str, recipe: Recipe | None = None, whole: bool = False) -> Listing:
    return list_videos(find_corpus(name), Request(root, recipe or Recipe(), whole=whole))


def splits(listing: Listing) -> dict[str, str]:
    return {video.name: video.split for video in listing.videos}


CELEB = [
    *(f"Celeb-real/id{n}_000{k}.mp4" for n in range(20) for k in (0, 1)),
    *(f"YouTube-real/0000{n}.mp4" for n in range(4)),
    *(f"Celeb-synthesis/id{n}_id{(n + m) % 20}_000{k}.mp4" for n in range(20) for m in (1, 2) for k in (0, 1)),
]
TESTED = (
    "1 YouTube-real/00000.mp4\n1 Celeb-real/id3_0001.mp4\n"
    "0 Celeb-synthesis/id0_id1_0000.mp4\n0 Celeb-synthesis/id3_id4_0001.mp4\n"
)


def celeb(root: Path, level: str = "", tested: str = TESTED) -> Path:
    tree(root, (path.replace("/", f"/{level}", 1) for path in CELEB))
    (root / LIST).write_text(tested)
    return root


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.parametrize("folder", ["Sim:Swap", "Sim\\Swap"])
def test_a_folder_with_a_colon_or_a_backslash_is_refused(folder: str, tmp_path: Path) -> None:
    """Verifying would distrust the set."""
    root = tree(tmp_path, ["Celeb-real/id0_0000.mp4", f"Celeb-synthesis/{folder}/id0_id1_0000.mp4"])
    (root / LIST).write_text("1 YouTube-real/00000.mp4\n")
    with pytest.raises(ConfigError) as error:
        listed(root, "celeb-df")
    path = root / "Celeb-synthesis" / folder / "id0_id1_0000.mp4"
    assert str(error.value) == f"{path}: has a colon or backslash in the name {folder}; rename that folder"


def test_a_tree_without_fakes_is_called_so(tmp_path: Path) -> None:
    root = tree(tmp_path, ["Celeb-real/id0_0000.mp4", "Celeb-synthesis/readme.txt"])
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
    (tree(tmp_path, PLUS) / LIST).write_text("1 Celeb-real/id0_0000.mp4\n")
    listing = listed(tmp_path, "celeb-df")
    assert listing.recipe.manipulations == ("Celeb-DF", "DaGAN", "IP-LAP", "SimSwap")
    alone = {video.manipulation for video in listing.videos if video.is_alone}
    assert alone == {"DaGAN", "IP-LAP"}, "reenacted and talking faces are cut to the face"
    assert {video.pair_id for video in listing.videos} == {"id0", "00000"}
    recipe = listed(tmp_path, "celeb-df", Recipe(manipulations=("simswap",))).recipe
    assert recipe.manipulations == ("SimSwap",)
    with pytest.raises(ConfigError, match="manipulations: XX; choose from Celeb-DF,DaGAN,IP-LAP,SimSwap"):
        listed(tmp_path, "celeb-df", Recipe(manipulations=("XX",)))


ACTORS = [
    *(f"original_sequences/actors/c23/videos/0{n}__exit_phone_room.mp4" for n in (1, 2)),
    "manipulated_sequences/DeepFakeDetection/c23/videos/01_02__exit_phone_room__YVGY8LOK.mp4",
    "manipulated_sequences/DeepFakeDetection/c23/videos/01_02__kitchen_pan__YVGY8LOK.mp4",
]


def test_deepfakedetection_is_test_by_actors(tmp_path: Path) -> None:
    listing = listed(tree(tmp_path, ACTORS), "dfd", Recipe(compression="c23"))
    _, _, mixed, alone = listing.videos
    assert (mixed.target_id, mixed.source_id, mixed.pair_id) == ("01__exit_phone_room", "02", "01")
    assert alone.is_alone, "its scene is not there"
    assert set(splits(listing).values()) == {"test"}
    assert recognise(tmp_path).name == "dfd"
    with pytest.raises(ConfigError, match="no c40 videos of actors; choose another --compression"):
        listed(tmp_path, "dfd")


def dfdc(root: Path, n_parts: int = 2, n_originals: int = 10) -> Path:
    for part in range(n_parts):
        entries = {}
        for k in range(n_originals):
            name = f"{'abcdefghijkl'[part]}{'abcdefghij'[k]}real"
            entries[f"{name}.mp4"] = {"label": "REAL", "split": "train", "original": None}
            entries[f"{name[:2]}fake.mp4"] = {"label": "FAKE", "split": "train", "original": f"{name}.mp4"}
        entries["lost.mp4" if part == 0 else f"lost{part}.mp4"] = {
            "label": "FAKE",
            "split": "train",
            "original": "gone.mp4",
        }
        folder = root / f"dfdc_train_part_{part}"
        folder.mkdir(parents=True)
        (folder / "metadata.json").write_text(json.dumps(entries))
    return root


def test_dfdc_is_split_by_whole_originals(tmp_path: Path) -> None:
    listing = listed(dfdc(tmp_path), "dfdc")
    fake = next(video for video in listing.videos if video.name == "DFDC_aafake")
    assert (fake.target_id, fake.pair_id) == ("aareal", "aareal")
    assert listing.paths[fake.name] == "dfdc_train_part_0/aafake.mp4"
    assert next(video for video in listing.videos if video.name == "DFDC_lost").is_alone
    own = splits(listing)
    assert Counter(own.values())["test"] > 0 < Counter(own.values())["val"]
    assert all(own[f"DFDC_{name[9:11]}fake"] == split for name, split in own.items() if name.startswith("original"))


def test_dfdc_tests_whole_parts_where_there_are_ten(tmp_path: Path) -> None:
    listing = listed(dfdc(tmp_path, 10, 2), "dfdc")
    parts = {listing.paths[video.name].partition("/")[0] for video in listing.videos if video.split == "test"}
    assert len(parts) == 1


def test_a_part_of_dfdc_without_its_list_is_left_out_and_said(tmp_path: Path) -> None:
    (lost,) = listed(dfdc(tmp_path), "dfdc").notes
    assert "the real video of 2 fakes is not there (first gone, of DFDC_lost)" in lost
    (tmp_path / "dfdc_train_part_1" / "metadata.json").rename(tmp_path / "dfdc_train_part_1" / "bareal.mp4")
    listing = listed(tmp_path, "dfdc")
    assert not any("part_1" in path for path in listing.paths.values())
    lost, note = listing.notes
    assert "the real video of 1 fake is not there (first gone, of DFDC_lost)" in lost
    assert (
        note
        == f"{tmp_path / 'dfdc_train_part_1'}: metadata.json is missing, so its videos are left out (1); put it there"
    )


def test_dfdc_takes_its_test_folder(tmp_path: Path) -> None:
    (dfdc(tmp_path) / "test").mkdir()
    (tmp_path / "test" / "labels.csv").write_text("filename,label\nxreal.mp4,0\nxfake.mp4,1\n")
    own = splits(listed(tmp_path, "dfdc"))
    assert {name for name, split in own.items() if split == "test"} == {"original_xreal", "DFDC_xfake"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "has no entry for each video"),
        ('{"../a.mp4": {"label": "REAL"}}', "names a file that is not below its folder"),
        ('{"a.mp4": {"label": "MAYBE"}}', "label of a.mp4 is 'MAYBE', neither REAL nor FAKE"),
        ('{"a.mp4": {}}', "a.mp4 has no label; download it again"),
    ],
)
def test_damaged_metadata_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "metadata.json").write_text(text)
    with pytest.raises(ManifestError, match=f"metadata.json: {said}"):
        listed(tmp_path, "dfdc")


def preview(root: Path, **changes: object) -> Path:
    entries = {
        f"original_videos/{100 + n}/{100 + n}_A_001.mp4": {"label": "real", "set": "test" if n > 15 else "train"}
        for n in range(20)
    }
    entries |= {
        f"method_{m}/{100 + n}/{100 + n}_A_001.mp4": {
            "label": "fake",
            "set": "test" if n > 15 else "train",
            "target_id": 100 + n,
            "swapped_id": 7,
        }
        | changes
        for n in range(20)
        for m in "AB"
    }
    (root / "dataset.json").write_text(json.dumps(entries))
    return root


def test_the_preview_has_no_counterparts_but_people(tmp_path: Path) -> None:
    listing = listed(preview(tmp_path), "dfdc-preview")
    assert listing.recipe.manipulations == ("DFDC-A", "DFDC-B")
    assert all(video.is_alone for video in listing.videos if video.manipulation != "original")
    by_person: dict[str, set[str]] = {}
    for video in listing.videos:
        by_person.setdefault(video.pair_id, set()).add(video.split)
    assert {len(found) for found in by_person.values()} == {1}
    assert Counter(split for (split,) in by_person.values()) == {"train": 14, "val": 2, "test": 4}
    with pytest.raises(ManifestError, match=r"of method_A/100/100_A_001.mp4 are not train or test"):
        listed(preview(tmp_path, set="dev"), "dfdc-preview")


def test_a_tree_of_several_corpora_and_one_of_none_are_told(tmp_path: Path) -> None:
    bare = tree(tmp_path / "a" / "b", ["c.txt"])  # no folder of another test is so near
    with pytest.raises(ConfigError, match=r"no known tree; give --corpus with one of ffpp, .*corpus, or --table FILE$"):
        recognise(bare)
    with pytest.raises(ConfigError, match=r"no folder; give the one that holds the corpus$"):
        recognise(tmp_path / "none")
    tree(tmp_path, [*ACTORS, "original_sequences/youtube/c23/videos/000.mp4"])
    with pytest.raises(ConfigError, match=r"could be a tree of several corpora; give --corpus with one of ffpp, dfd$"):
        recognise(tmp_path)
    assert choose_corpus(tmp_path, "dfd", None).name == "dfd"


@pytest.mark.parametrize("name", [None, "celeb-df"])
def test_a_folder_above_or_below_a_tree_is_told_which_one_is(tmp_path: Path, name: str | None) -> None:
    root = celeb(tmp_path / "downloads" / "Celeb-DF-v2")
    for folder in (root.parent, root / "Celeb-real"):
        with pytest.raises(ConfigError, match=rf"; give {root}, which is one$"):
            choose_corpus(folder, name, None).check_tree(folder)


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


@pytest.mark.parametrize("name", ["celeb-df", "dfdc", "dfdc-preview", "dfd"])
def test_what_is_no_tree_of_a_corpus_is_said_in_its_words(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=f": no {find_corpus(name).title} tree .*; give the folder"):
        listed(tree(tmp_path / "a" / "b", ["c.txt"]), name)


def test_compression_is_refused_where_there_are_no_levels(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="compression: Celeb-DF has no levels; leave out --compression c23"):
        listed(celeb(tmp_path), "celeb-df", Recipe(compression="c23"))


@pytest.mark.parametrize("whole", [True, False])
def test_a_set_has_the_name_of_the_test_set_that_it_holds(whole: bool) -> None:
    from ffpms.protocol.listing import ListedVideo

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
