"""Crops are never enlarged when they are stored: their bytes are the video's, and every reader shows them alike."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from ffpms.dataset.crops import decode_crop
from ffpms.extraction.alignment.pairing import Pairing
from ffpms.extraction.alignment.real_video import RealVideo
from ffpms.extraction.alignment.registration import Geometry
from ffpms.extraction.boxes import Box
from ffpms.extraction.crops import CropMaker, cut_crop, cut_face, rim
from ffpms.extraction.faces.detection import make_finder
from ffpms.extraction.png import encode_png
from ffpms.extraction.shards import Shard
from ffpms.extraction.target import build_target
from ffpms.extraction.target_job import TargetJob
from ffpms.hashing import digest
from ffpms.protocol.crop_config import CropConfig, stored_side
from ffpms.schema import Status, bag_key
from ffpms.shown_face import enlarge
from ffpms.sources.corpora.ffpp import official
from ffpms.sources.listing import Source
from tests.helpers.corpus import HEIGHT, WIDTH, as_picture, encode, portrait

SIZE = 96
NOISE = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
SMALL, LARGE = Box(40.0, 30.0, 40.0, 40.0), Box(30.0, 2.0, 85.0, 85.0)


def make_crops(
    face: Box, geometry: Geometry, fake: np.ndarray, shown: np.ndarray = NOISE
) -> tuple[CropMaker, list[np.ndarray]]:
    """A maker that has cut a face of a real video and of its fake, and what it stored."""
    frame = as_picture(shown)
    real = RealVideo(None, "pyav", 1, {0: frame}, {}, [], {0: {0: (face, Status.OK)}})  # type: ignore[arg-type]
    shard = Shard("000", [{"source_video": "original_000"}])
    maker = CropMaker(CropConfig(size=SIZE, margin=1.25), shard, real)
    pairing = Pairing(as_picture(fake).size, geometry, 1.0, 0, 1.0, (0.0, 0.0, 0.0), (0,))
    maker.add_real([0], 0)
    maker.add_fake("DF_000_001", {0: as_picture(fake)}, pairing)
    if geometry.kind == "resize":
        maker.enlarge_all()
    return maker, stored(shard)


def stored(shard: Shard) -> list[np.ndarray]:
    return [np.asarray(Image.open(io.BytesIO(shard.files[row["crop"]]))) for row in shard.crops]


def test_a_face_smaller_than_size_is_stored_as_it_is_in_the_video() -> None:
    _, (real, fake) = make_crops(SMALL, Geometry(), NOISE[::-1])
    assert np.array_equal(real, NOISE[25:75, 35:85]), "50 px: 1.25 times the box, around its centre"
    assert np.array_equal(fake, NOISE[::-1][25:75, 35:85])


def test_a_fake_that_lost_columns_is_cut_on_whole_pixels_too() -> None:
    _, (real, fake) = make_crops(SMALL, Geometry("crop", shift_x=-8.0), NOISE[:, 8:-8])
    assert np.array_equal(real, fake)


def test_a_reduced_crop_at_the_border_is_the_same_of_a_fake_without_the_columns_behind_it() -> None:
    """The real frame has 13 more columns on either side, which no interpolation may see."""
    wide = np.random.default_rng(1).integers(0, 256, (120, 218, 3), np.uint8)
    face = Box(120.0, 10.0, 90.0, 90.0)
    _, (real, fake) = make_crops(face, Geometry("crop", shift_x=-13.0), wide[:, 13:-13], wide)
    assert real.shape == (SIZE, SIZE, 3)
    assert np.array_equal(real, fake)


def test_a_face_larger_than_size_is_reduced() -> None:
    _, (real, fake) = make_crops(LARGE, Geometry(), NOISE)
    assert real.shape == fake.shape == (SIZE, SIZE, 3)


def test_a_resized_fake_and_its_real_video_are_both_stored_as_they_are_shown() -> None:
    """One of them interpolated and the other not would tell them apart by their sharpness, and by their size."""
    resized = np.asarray(Image.fromarray(NOISE).resize((240, 180), Image.Resampling.BICUBIC))
    maker, (real, fake) = make_crops(SMALL, Geometry("resize", scale_x=1.5, scale_y=1.5), resized)
    assert np.array_equal(real, enlarge(NOISE[25:75, 35:85], SIZE))
    assert fake.shape == (SIZE, SIZE, 3)
    for row, crop in zip(maker.shard.crops, (real, fake), strict=True):
        data = maker.shard.files[row["crop"]]
        assert row.items() >= {"sha256": digest(data), "n_bytes": len(data), **rim(crop)}.items()


@pytest.mark.parametrize("box", [Box(35.0, 25.0, 50.0, 50.0), Box(0.0, 0.0, 110.0, 110.0), Box(-3.0, 80.0, 60.0, 60.0)])
def test_a_face_of_any_video_is_what_a_built_set_shows_of_it(box: Box) -> None:
    """It is cut for ffpms predict, or stored, read and enlarged."""
    frame, whole = as_picture(NOISE), Box(0, 0, 160, 120)
    crop = cut_crop(frame.rgb_of, box, stored_side(box.w, SIZE), whole)
    assert len(crop) == min(SIZE, box.w)
    assert np.array_equal(decode_crop(encode_png(crop), SIZE), cut_face(frame.rgb_of, box, SIZE, whole))


def test_a_stored_crop_does_not_depend_on_what_is_beside_its_box() -> None:
    other = np.zeros_like(NOISE)
    other[25:75, 35:85] = NOISE[25:75, 35:85]
    box = Box(35.0, 25.0, 50.0, 50.0)
    seen = [cut_face(as_picture(frame).rgb_of, box, SIZE, Box(0, 0, 160, 120)) for frame in (NOISE, other)]
    assert np.array_equal(*seen)


def test_a_rim_is_the_corners_of_a_crop() -> None:
    crop = np.zeros((64, 64, 3), np.uint8)
    crop[8:56, 8:56] = 200
    flat = rim(replace_corners(crop, 100))
    assert flat["rim_luma"] == pytest.approx(100, abs=8)
    crop[::2] = 255
    assert rim(crop)["rim_sharpness"] > flat["rim_sharpness"] + 100


def replace_corners(crop: np.ndarray, level: int) -> np.ndarray:
    y, x = np.ogrid[:64, :64]
    return np.where(((x - 31.5) ** 2 + (y - 31.5) ** 2 > 32**2)[..., None], np.uint8(level), crop)


def test_a_pairing_of_another_geometry_changes_no_crop_of_the_real_video() -> None:
    maker, (real, _) = make_crops(SMALL, Geometry("crop", shift_x=-8.0), NOISE[:, 8:-8])
    before = dict(maker.shard.files)
    pairing = Pairing((160, 120), Geometry(), 1.0, 0, 1.0, (0.0, 0.0, 0.0), (0,))
    maker.add_fake("FS_000_001", {0: as_picture(NOISE)}, pairing)
    assert before.items() <= maker.shard.files.items()
    assert np.array_equal(stored(maker.shard)[-1], real)


def test_one_resized_fake_has_all_crops_of_its_target_stored_as_they_are_shown(tmp_path: Path) -> None:
    """The other way round, a target without one keeps the video's pixels."""
    film = list(portrait())
    soft = [np.asarray(Image.fromarray(frame).filter(ImageFilter.GaussianBlur(1))) for frame in film]
    wide = [np.asarray(Image.fromarray(frame).resize((WIDTH + 40, HEIGHT))) for frame in soft]
    for fake, resized in ((soft, False), (wide, True)):
        tree, layout = tmp_path / str(resized), official("c40")
        named = [("original", "000", None), ("DF", "000_001", "001")]
        sources = tuple(
            Source(bag_key(kind, name), layout.path(kind, name), kind, name, "000", other, "c40", "test")
            for kind, name, other in named
        )
        for source, frames in zip(sources, (film, fake), strict=True):
            encode(tree / source.path, frames)
        todo = TargetJob(tree, tmp_path / "out", "000", sources, 8, CropConfig(size=300))
        shard = build_target(todo, make_finder("dlib"), lambda _: None)
        assert [row["status"] for row in shard.sources] == ["ok", "ok"], shard.sources
        assert shard.sources[1]["geometry"] == ("resize" if resized else "identity")
        sides = {len(crop) for crop in stored(shard)}
        assert sides == {300} if resized else max(sides) < 300
