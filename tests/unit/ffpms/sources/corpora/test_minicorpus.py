"""Rendered trees: told by their ``corpus.json``, which older versions wrote in another form."""

import json
from pathlib import Path

import pytest

from ffpms.builder.build import build
from ffpms.builder.config import BuildConfig
from ffpms.dataset.set_files import naming_settings, settings_of
from ffpms.errors import ConfigError, ManifestError
from ffpms.protocol.rendered import RenderedTree
from ffpms.protocol.splits import read_pairs
from ffpms.sources.corpora.ffpp import CORPUS as FFPP
from ffpms.sources.corpora.minicorpus import CORPUS, read_tree
from ffpms.sources.registry import choose_corpus, recognise


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree of FaceForensics++'s folders, without a video."""
    for folder in ("original_sequences/youtube/c40/videos", "manipulated_sequences/Deepfakes/c40/videos"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def note(root: Path, content: object) -> None:
    (root / "corpus.json").write_text(content if isinstance(content, str) else json.dumps(content))


def test_corpus_json_alone_tells_it_from_faceforensics(root: Path) -> None:
    assert recognise(root) is choose_corpus(root, "ffpp", None) is FFPP
    note(root, {"identities": 40})
    assert recognise(root) is CORPUS
    assert choose_corpus(root, "ffpp", None) is choose_corpus(root, "minicorpus", None) is CORPUS
    assert not FFPP.is_tree(root)
    assert CORPUS.published(root, read_pairs()) == {}
    assert FFPP.published(root, read_pairs()) != {}


def test_a_tree_without_it_is_no_rendered_one(root: Path) -> None:
    with pytest.raises(ConfigError, match=r"no Minicorpus tree \(corpus.json is not in it\); give --root"):
        CORPUS.check_tree(root)


@pytest.mark.parametrize(
    ("content", "tree"),
    [
        ({"identities": 60}, RenderedTree(60)),
        ({"identities": 1000, "seed": 2}, RenderedTree(1000, seed=2)),
        ({"identities": 64, "shares": [3, 1, 4]}, RenderedTree(64, shares=(3, 1, 4))),
        ({"ffpms": "2", "settings": {"identities": 1000, "shares": None}}, RenderedTree(1000, shares=None)),
    ],
)
def test_settings_are_read_as_any_version_wrote_them(
    root: Path, content: dict[str, object], tree: RenderedTree
) -> None:
    """No older version had the official pairs: its thousand people keep their shares."""
    note(root, content)
    assert read_tree(root) == tree


@pytest.mark.parametrize(
    "content",
    [*("", "{", "[]", "{}", '{"settings": 3}', '{"identities": "x"}'), {"identities": 40, "shares": 5}],
)
def test_a_damaged_record_is_one_line(root: Path, content: object) -> None:
    note(root, content)
    with pytest.raises(ConfigError, match=r"corpus\.json: damaged, or not of 'ffpms minicorpus' \(.*render the tree"):
        read_tree(root)


def test_a_build_from_it_begins_with_reading_it(root: Path, tmp_path: Path) -> None:
    note(root, "{")
    with pytest.raises(ConfigError, match=r"corpus\.json: damaged"):
        build(root, tmp_path / "out")


def test_faceshifter_is_not_in_it(root: Path) -> None:
    with pytest.raises(ConfigError, match="choose from DF,F2F,FS,NT or"):
        CORPUS.parse_manipulations("FSh")


def test_build_json_has_what_its_name_follows_from() -> None:
    tree = RenderedTree(64, shares=(3, 1, 4))
    config = settings_of(BuildConfig(corpus="minicorpus", rendered=tree))
    assert naming_settings({"config": config}).rendered == tree
    for damaged in (config | {"rendered": None}, config | {"rendered": {"identities": 7}}):
        with pytest.raises(ManifestError, match=r"^build\.json: settings"):
            naming_settings({"config": damaged, "ffpms": "0"})
