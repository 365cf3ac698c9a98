"""Small trees in the layouts of other corpora, made of the embedded corpus's videos."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.helpers.odd_videos import run_ffmpeg

REAL = "original_sequences/youtube/c40/videos"
FAKE = "manipulated_sequences/Deepfakes/c40/videos"


def copy(tree: Path, root: Path, names: Mapping[str, str]) -> Path:
    """Copies videos of a tree, by their new paths: ``006`` is a real video, ``006_007`` a fake."""
    for path, name in names.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tree / (FAKE if "_" in name else REAL) / f"{name}.mp4", root / path)
    return root


def celeb_df(tree: Path, root: Path) -> Path:
    """Two people, one of whom has no fake; a fake two columns wider than its real video; a video of one frame."""
    copy(tree, root, {"Celeb-real/id6_0000.mp4": "006", "YouTube-real/00000.mp4": "008"})
    copy(tree, root, {"Celeb-synthesis/id6_id7_0000.mp4": "006_007", "Celeb-synthesis/id7_id6_0000.mp4": "007_006"})
    copy(tree, root, {"Celeb-real/id7_0000.mp4": "007"})
    made = "-c:v mpeg4 -q:v 2 -vf scale=iw+2:ih"
    run_ffmpeg(root, f"-i Celeb-synthesis/id7_id6_0000.mp4 {made} wider.mp4")
    (root / "wider.mp4").replace(root / "Celeb-synthesis/id7_id6_0000.mp4")
    run_ffmpeg(root, "-i Celeb-real/id7_0000.mp4 -c:v mpeg4 -frames:v 1 Celeb-real/id27_0005.mp4")
    tested = "1 Celeb-real/id6_0000.mp4\n0 Celeb-synthesis/id6_id7_0000.mp4\n0 Celeb-synthesis/id7_id6_0000.mp4\n"
    (root / "List_of_testing_videos.txt").write_text(f"{tested}1 Celeb-real/id27_0005.mp4\n")
    return root


def dfd(tree: Path, root: Path) -> Path:
    """A scene of an actor with its fake, and a fake whose scene is not there."""
    actors, fakes = "original_sequences/actors/c40/videos", "manipulated_sequences/DeepFakeDetection/c40/videos"
    mixed = {f"{fakes}/06_07__exit_phone_room__YVGY8LOK.mp4": "006_007"}
    alone = {f"{fakes}/07_06__kitchen_pan__YVGY8LOK.mp4": "007_006"}
    return copy(tree, root, {f"{actors}/06__exit_phone_room.mp4": "006"} | mixed | alone)


def dfdc(tree: Path, root: Path) -> Path:
    """A part, all of which is tested, for the test folder is there."""
    copy(tree, root, {"dfdc_train_part_0/aa.mp4": "006", "dfdc_train_part_0/bb.mp4": "006_007"})
    copy(tree, root, {"test/cc.mp4": "008", "test/dd.mp4": "008_009"})
    entries = {"aa.mp4": {"label": "REAL"}, "bb.mp4": {"label": "FAKE", "original": "aa.mp4"}}
    (root / "dfdc_train_part_0" / "metadata.json").write_text(json.dumps(entries))
    (root / "test" / "labels.csv").write_text("filename,label\ncc.mp4,0\ndd.mp4,1\n")
    return root


def preview(tree: Path, root: Path) -> Path:
    """A real video of a person and a fake of each method."""
    real, fakes = (
        "original_videos/600/600_A_001.mp4",
        {"method_A/600/600_B.mp4": "006_007", "method_B/600/c.mp4": "007_006"},
    )
    copy(tree, root, {real: "006"} | fakes)
    entries = {real: {"label": "real", "set": "test"}}
    entries |= {path: {"label": "fake", "set": "test", "target_id": 600, "swapped_id": 7} for path in fakes}
    (root / "dataset.json").write_text(json.dumps(entries))
    return root


def table(tree: Path, root: Path) -> Path:
    """Ten people, each with a fake: mixed ones, some alone, one with fake seconds; in several containers."""
    pairs = [(f"{i:03d}", f"{i + 1:03d}") for i in range(0, 10, 2)]
    reals = {f"clips/{i}.mp4": i for pair in pairs for i in pair}
    fakes = {f"fäkes/{a} by {b}.mp4": f"{a}_{b}" for pair in pairs for a, b in (pair, pair[::-1])}
    copy(tree, root, reals | fakes)
    lines = ["path,label,original,person,split,manipulation,segments"]
    for path, name in (reals | fakes).items():
        split = "train" if int(name[:3]) < 4 else "val" if int(name[:3]) < 6 else "test"
        original, segments = f"clips/{name[:3]}.mp4" if "_" in name else "", ""
        if name in ("001_000", "005_004", "008_009"):
            original = ""
        if name == "007_006":
            run_ffmpeg(root, f'-i "{path}" -c copy "{path[:-4]}.mkv"')
            (root / path).unlink()
            path, segments = f"{path[:-4]}.mkv", "0-0.4"
        lines.append(f"{path},{int('_' in name)},{original},p{name[:3]},{split},{'swap' * ('_' in name)},{segments}")
    (root / "videos.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root
