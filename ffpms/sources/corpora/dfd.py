"""DeepFakeDetection (Google and Jigsaw, 2019): actors in scenes, as FaceForensics++ hands it out.

It has no official split, so all of it is test. An actor is in many fakes.
"""

import re
from pathlib import Path

from ffpms.errors import ConfigError
from ffpms.protocol.listing import ListedVideo
from ffpms.protocol.set_settings import Edition
from ffpms.schema import ORIGINAL, Split
from ffpms.sources.corpora.ffpp import ALIASES
from ffpms.sources.corpora.ffpp import CORPUS as FFPP
from ffpms.sources.corpus import Corpus
from ffpms.sources.listed_files import make_listing, stem, videos_below
from ffpms.sources.listing import Listing, Request

_ACTORS = "original_sequences/actors"
_FAKES = "manipulated_sequences/DeepFakeDetection"
_CODE = "DFD"
_FAKE = re.compile(r"(\d+)_(\d+)__(.+)__[0-9A-Za-z]+")
_LEVELS = {"raw": ("raw", "c0"), "c23": ("c23",), "c40": ("c40",)}


def recognises(root: Path) -> bool:
    """Whether a folder holds the actors and their fakes."""
    return (root / _ACTORS).is_dir() and (root / _FAKES).is_dir()


def list_videos(corpus: Corpus, request: Request) -> Listing:
    """Lists the videos of one compression level.

    Raises:
        ConfigError: the folder is no such tree, or lacks the level.
    """
    root, level = request.root, corpus.normalise_compression(request.recipe.compression)
    corpus.check_tree(root)
    there = [name for name in _LEVELS.get(level, ()) if (root / _ACTORS / name).is_dir()]
    if not there:
        raise ConfigError(f"{root}: no {level} videos of actors; choose another --compression")
    reals = [(path, _real(stem(path))) for path in videos_below(root, f"{_ACTORS}/{there[0]}")]
    fakes = [(path, _fake(stem(path))) for path in videos_below(root, f"{_FAKES}/{there[0]}")]
    return make_listing(corpus, request, [*reals, *fakes], corpus.manipulations)


def _real(name: str) -> ListedVideo:
    """``01__exit_phone_room`` is actor 01."""
    return ListedVideo(Split.TEST.value, ORIGINAL, name, name, None, name.partition("__")[0])


def _fake(name: str) -> ListedVideo:
    """``01_02__exit_phone_room__YVGY8LOK`` shows the face of 02 on ``01__exit_phone_room``."""
    found = _FAKE.fullmatch(name)
    actor, source, scene = found.groups() if found else (name.partition("_")[0], None, "")
    return ListedVideo(Split.TEST.value, _CODE, name, f"{actor}__{scene}", source, actor)


CORPUS = Corpus(
    name="dfd",
    title="DFD",
    manipulations={_CODE: "DeepFakeDetection"},
    not_found=f"{_ACTORS}/ and {_FAKES}/ are not in it",
    give_root="give the folder that holds original_sequences/ and manipulated_sequences/",
    recognises=recognises,
    list_videos=list_videos,
    mask_path=FFPP.mask_path,
    crf={level: crf for level, crf in FFPP.crf.items() if level != "raw"},
    aliases=ALIASES,
    editions=(Edition("DFD", 363, 3068),),
    terms="DeepFakeDetection may not be redistributed",
)
