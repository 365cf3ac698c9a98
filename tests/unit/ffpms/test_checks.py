"""Settings and arguments from Python: what the command line refuses is refused here, in one line."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import ffpms
from ffpms import BuildConfig, CorpusConfig, CropConfig, Recipe
from ffpms.errors import ConfigError, ManifestError
from tests.helpers.corpus import PAIRS

TABLE = pd.DataFrame({"a": range(3)})


@pytest.mark.parametrize(
    ("kind", "wrong", "said"),
    [
        (BuildConfig, {"limit": 1}, "limit: 1 is not a whole number from 2 up"),
        (BuildConfig, {"limit": 2.0}, "limit: 2.0"),
        (BuildConfig, {"limit": True}, "limit: True"),
        (BuildConfig, {"decoder": "opencv"}, "decoder: 'opencv' is unknown; choose pyav or ffmpeg"),
        (BuildConfig, {"decoder": ["pyav"]}, "decoder: "),
        (BuildConfig, {"splits": ("test", "dev")}, "split: dev; choose from train,val,test"),
        (BuildConfig, {"splits": ()}, "split: none; choose"),
        (BuildConfig, {"splits": 3}, "split: 3 is no text"),
        (BuildConfig, {"recipe": {"seed": 1}}, "recipe: .*give a Recipe"),
        (BuildConfig, {"crop": 64}, "crop: 64 is of type int; give a CropConfig"),
        (BuildConfig, {"keep_unverified": "no"}, "keep_unverified: 'no'"),
        (CropConfig, {"size": 64.0}, "size: 64.0 is not a whole number"),
        (CropConfig, {"size": "64"}, "size: '64'"),
        (CropConfig, {"margin": "1.3"}, "margin: '1.3' is not a number"),
        (CropConfig, {"margin": math.nan}, "margin: nan"),
        (CropConfig, {"faces": TABLE}, "faces: .*choose main or all"),
        (CropConfig, {"landmarks": "no"}, "landmarks: 'no'"),
        (Recipe, {"seed": -1}, "seed: -1 is not a whole number from 0 up"),
        (Recipe, {"seed": "2020"}, "seed: '2020'"),
        (Recipe, {"frames_per_video": 20.0}, "frames: 20.0"),
        (Recipe, {"replaced": 5}, "replace: 5 is no lowest and highest number"),
        (Recipe, {"replaced": (1, 2.5)}, "replace: 2.5"),
        (Recipe, {"fraction": None}, "replace-fraction: None is not a number"),
        (Recipe, {"manipulations": ("DF", 1)}, "manipulations: 1 is no text"),
        (Recipe, {"compression": 40}, "compression: 40"),
        (CorpusConfig, {"seed": -1}, "seed: -1"),
        (CorpusConfig, {"identities": 6.0}, "identities: 6.0"),
        (CorpusConfig, {"longest": "90"}, "frames: '90'"),
        (CorpusConfig, {"difficulty": "hard"}, "difficulty: 'hard' is not a number"),
        (CorpusConfig, {"compressions": "c99"}, "compression: c99; choose"),
    ],
)
def test_a_wrong_setting_is_one_line(kind: Any, wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        kind(**wrong)
    assert "\n" not in str(caught.value)


def test_lists_single_texts_and_numbers_of_numpy_are_taken() -> None:
    assert BuildConfig(splits="test") == BuildConfig(splits=["test"]) == BuildConfig(splits=("test",))  # type: ignore[arg-type]
    assert BuildConfig(splits=("test", "train")).splits == ("train", "test"), "in the order of the tables"
    assert type(BuildConfig(limit=np.int64(4)).limit) is int  # type: ignore[arg-type]
    recipe = Recipe(manipulations=["DF"], replaced=[1, 3], seed=np.int32(7))  # type: ignore[arg-type]
    assert recipe == Recipe(manipulations=("DF",), replaced=(1, 3), seed=7)
    assert hash(recipe) == hash(Recipe(manipulations=("DF",), replaced=(1, 3), seed=7))
    assert CorpusConfig(compressions="c23").compressions == ("c23",)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"engine": "dask"}, "engine: 'dask' is unknown; choose local or ray"),
        ({"engine": ["ray"]}, "engine: "),
        ({"workers": 0}, "workers: 0 is not a whole number from 1 up"),
        ({"workers": -1}, "workers: -1"),
        ({"workers": 1.5}, "workers: 1.5"),
        ({"time_limit_s": 0}, "time_limit_s: 0"),
        ({"time_limit_s": math.inf}, "time_limit_s: inf"),
        ({"time_limit_s": "600"}, "time_limit_s: '600'"),
        ({"config": {"limit": 2}}, "config: .*give a BuildConfig"),
        ({"config": CropConfig()}, "config: .*give a BuildConfig"),
        ({"pairs": [("000", "001")]}, "pairs: .*neither a folder nor a dict"),
    ],
)
def test_a_wrong_argument_of_build_is_one_line(tree: Path, tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        ffpms.build(tree, tmp_path / "out", **({"pairs": PAIRS} | wrong))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_pairs_of_a_dict_are_checked_before_anything_is_built(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="id 000 stands in train and again in test"):
        ffpms.build(tree, tmp_path / "out", pairs=PAIRS | {"test": [("000", "009")]})
    with pytest.raises(ManifestError, match="pairs: no train, val, which"):
        ffpms.build(tree, tmp_path / "out", pairs={"test": PAIRS["test"]})
    assert not (tmp_path / "out").exists()


def test_a_corpus_is_refused_in_one_line_too(tmp_path: Path) -> None:
    few = CorpusConfig(identities=6, shortest=2, longest=2)
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"file: is no folder; give --out a new or empty one"):
        ffpms.make_corpus(tmp_path / "file" / "corpus", few)
    with pytest.raises(ConfigError, match="workers: 0"):
        ffpms.make_corpus(tmp_path / "corpus", few, workers=0)
    with pytest.raises(ConfigError, match=r"config: .*give a CorpusConfig"):
        ffpms.make_corpus(tmp_path / "corpus", BuildConfig())  # type: ignore[arg-type]
    assert not (tmp_path / "corpus").exists()
