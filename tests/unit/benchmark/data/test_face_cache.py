"""Each face is decoded once, where there is room for it."""

from pathlib import Path

import numpy as np
import pytest

from benchmark.data import face_cache
from benchmark.data.face_cache import open_faces
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.crops import read_crop


def test_the_store_is_made_once_and_whole(built_set: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "faces").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(face_cache, "read_crop", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            open_faces(built_set, tmp_path / "faces")
    assert not list((tmp_path / "faces").glob("*.npy"))
    read = open_faces(built_set, tmp_path / "faces", threads=2)
    crop = built_set.crops.iloc[-1]
    assert np.array_equal(read(crop["crop"]), read_crop(built_set.root, crop["crop"], crop["sha256"], built_set.side))
    monkeypatch.setattr(face_cache, "read_crop", None)
    assert np.array_equal(open_faces(built_set, tmp_path / "faces")(crop["crop"]), read(crop["crop"]))


def test_where_there_is_no_room_each_crop_is_decoded(
    built_set: BuiltSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(face_cache, "SHARE", 0)
    said: list[str] = []
    read = open_faces(built_set, tmp_path / "faces", log=said.append)
    assert "no room" in said[0]
    assert not list((tmp_path / "faces").iterdir())
    crop = built_set.crops.iloc[0]
    assert np.array_equal(read(crop["crop"]), read_crop(built_set.root, crop["crop"], crop["sha256"], built_set.side))
