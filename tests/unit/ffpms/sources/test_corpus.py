"""A corpus is one file: a toy one, unlike FaceForensics++ in all, is found, planned, indexed and checked; no pixels."""

import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import ffpms.sources.corpora
from ffpms.builder.build_plan import PlannedBuild
from ffpms.builder.config import BuildConfig
from ffpms.errors import ConfigError
from ffpms.extraction.decoding.probe import VideoInfo
from ffpms.protocol.recipe import Recipe
from ffpms.sources.corpora.ffpp import CORPUS as FFPP
from ffpms.sources.corpus import Corpus
from ffpms.sources.registry import corpora, in_order
from ffpms.sources.source_index import check_root, list_layout
from ffpms.verify import source_tree
from ffpms.verify.findings import Finding
from ffpms.verify.source_tree import ProbeJob, verify_tree
from tests.helpers.corpus import PAIRS, about

TOY = '''
"""Toy faces: two manipulations, no compression levels, lengths from a table."""

from ffpms.schema import ORIGINAL
from ffpms.sources.corpus import BrokenRule, Corpus
from ffpms.sources.listing import Layout

_LENGTHS = {"006_007": 75}

def _find_layouts(root):
    folders = {ORIGINAL: "real", "SWAP": "fakes/swap", "AVATAR": "fakes/avatar"}
    return [Layout("toy", "", folders)] if (root / "real").is_dir() else None

def _rules(source, about, target, donor):
    expected = _LENGTHS.get(source.video_id, about.n_frames)
    if about.n_frames != expected:
        yield BrokenRule("length", f"{about.n_frames} frames, not {expected}")

CORPUS = Corpus(
    name="toy",
    title="ToyFaces",
    manipulations={"SWAP": "FaceExchange", "AVATAR": "Puppet"},
    find_layouts=_find_layouts,
    not_found="real/ is not in it",
    give_root="give the folder that holds real/",
    mask_path=lambda path: f"masks/{path}",
    rules=_rules,
)
'''
RECIPE = Recipe(compression="", manipulations=("AVATAR", "SWAP"))


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Corpus]:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "toy_corpus.py").write_text(TOY)
    monkeypatch.setattr(ffpms.sources.corpora, "__path__", [*ffpms.sources.corpora.__path__, str(tmp_path / "code")])
    corpora.cache_clear()
    yield corpora()["toy"]
    corpora.cache_clear()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Empty files: one pair of the test split, with one manipulation."""
    root = tmp_path / "tree"
    for path in ("real/006.mp4", "real/007.mp4", "fakes/swap/006_007.mp4", "fakes/swap/007_006.mp4"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


def test_a_file_of_the_folder_is_found_after_ours(toy: Corpus) -> None:
    names = list(corpora())
    assert (names[0], "toy" in names) == ("ffpp", True)
    assert in_order(["ZZ", "SWAP", "NT", "AVATAR", "DF", "AA"]) == ["DF", "NT", "SWAP", "AVATAR", "AA", "ZZ"]


def test_its_own_names_are_read(toy: Corpus) -> None:
    assert toy.parse_manipulations("puppet, swap") == ("SWAP", "AVATAR")
    with pytest.raises(ConfigError, match=r"^manipulations: df; choose from SWAP,AVATAR or their full names$"):
        toy.parse_manipulations("DF,SWAP")


def test_it_is_planned_and_indexed(toy: Corpus, tree: Path) -> None:
    config = BuildConfig(recipe=RECIPE, splits=("test",))
    plan = PlannedBuild.make(list_layout(toy, tree, PAIRS, RECIPE), tree / "out", config)
    assert list(plan.slots["manipulation"].unique()) == ["original", "SWAP", "AVATAR"], "in the corpus's order"
    assert plan.config.recipe.manipulations == ("SWAP", "AVATAR")
    own = {source.source_video: source.path for source in plan.targets["006"]}
    assert own == {
        "original_006": "real/006.mp4",
        "SWAP_006_007": "fakes/swap/006_007.mp4",
        "AVATAR_006_007": "fakes/avatar/006_007.mp4",
    }
    (job, *_) = plan.jobs({"006": ()}, 600)
    assert job.corpus == toy
    assert job.corpus.mask_path("a.mp4") == "masks/a.mp4"
    fakes = plan.slots[plan.slots["manipulation"] != "original"].groupby("bag_id")["label"].sum()
    assert fakes.between(1, 19).all()


def test_its_tree_is_verified_by_its_rules(toy: Corpus, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of any crf, for it promises none; the length comes from a table."""

    def look(job: ProbeJob) -> tuple[str, VideoInfo | Finding]:
        return job.path, about(n_frames=60, crf=18.0, sha256=job.path)

    monkeypatch.setattr(source_tree, "look", look)
    monkeypatch.setattr(source_tree, "run_local", lambda work, jobs, _: map(work, jobs))
    report = verify_tree(list_layout(toy, tree, {**PAIRS, "train": [], "val": []}, RECIPE))
    assert report.about["layout"] == "toy"
    assert {(f.path, f.kind.value, f.what) for f in report.findings} == {
        ("fakes/swap/006_007.mp4", "length", "60 frames, not 75"),
        ("fakes/avatar/006_007.mp4", "length", "60 frames, not 75"),
    }


def test_what_is_no_tree_of_it_is_said_in_its_words(toy: Corpus, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r": no ToyFaces tree \(real/ is not in it\); give the folder that holds"):
        check_root(tmp_path, "", toy)


@pytest.mark.parametrize("there", ["DF", "DF,swap", "F2F,FS,NT", "DF,F2F,FS,NT,swap"])
def test_defaults_stand_for_the_manipulations_at_hand(toy: Corpus, there: str) -> None:
    """Also where some of them have the names of FaceForensics++'s."""
    own = replace(toy, manipulations={}, paper=())
    kinds = {code: code for code in there.split(",")}
    not_named = replace(pickle.loads(pickle.dumps(Recipe())), seed=1, compression="")
    assert own.adopt(not_named, kinds).manipulations == tuple(kinds)
    assert own.adopt(Recipe(compression=""), {"nt": "nt", "swap": "swap"}).manipulations == ("nt", "swap")


def test_named_manipulations_are_taken_as_they_are(toy: Corpus) -> None:
    own, named = replace(toy, manipulations={}, paper=()), Recipe(manipulations=("DF", "F2F", "FS", "NT"))
    assert (named, named.names_none) == (Recipe(), False)
    there = {code: code for code in ("DF", "F2F", "FS", "NT", "swap")}
    assert own.adopt(named, there).manipulations == ("DF", "F2F", "FS", "NT")
    with pytest.raises(ConfigError, match="manipulations: DF, F2F, FS, NT; choose from swap"):
        own.adopt(named, {"swap": "swap"})


@pytest.mark.parametrize("corpus", [FFPP, "toy"])
def test_a_manipulation_of_another_corpus_is_refused(corpus: Any, toy: Corpus, tree: Path) -> None:
    own = toy if corpus == "toy" else corpus
    recipe = replace(RECIPE, manipulations=(next(iter(own.manipulations)), "XX"))
    said = f"^manipulations: XX; choose from {','.join(own.manipulations)}$"
    with pytest.raises(ConfigError, match=said):
        list_layout(own, tree, PAIRS, recipe)
