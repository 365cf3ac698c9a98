"""FaceForensics++ (Roessler et al., ICCV 2019): manipulations, compression, layouts, file rules."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from ffpms.protocol.published import CRF, Published, are_official, floored_width, published_videos
from ffpms.protocol.splits import Pairs
from ffpms.schema import ORIGINAL
from ffpms.sources.corpus import BrokenRule, Corpus
from ffpms.sources.listing import Layout, Source, Video

FOLDERS = {"DF": "Deepfakes", "F2F": "Face2Face", "FS": "FaceSwap", "NT": "NeuralTextures"}
"""Full name of each manipulation, which is also its folder."""
FAKES = tuple(FOLDERS)
"""The manipulations of the paper."""
LATER = {"FSh": "FaceShifter"}
"""Manipulations that FaceForensics++ got later; only those who name them build them."""
COMPRESSIONS = CRF
"""Folder name -> x264 crf that it promises; 0 is lossless. ``c0`` is another name of ``raw``."""
ALIASES = {"c0": "raw"}
NARROWED = ("F2F", "NT")
"""Manipulations whose width is floored to a multiple of 32, by a centre crop."""

RENDERED = "corpus.json"
"""File in the root of a tree that ``ffpms minicorpus`` rendered."""

_SUFFIX = re.compile(r"[_-](raw|c0|c23|c40)$", re.IGNORECASE)
_REAL = "original_sequences/youtube"
_SAME_RATE = 0.01
"""Rates closer than this share are the same: 29.97 and 30 are."""


def kept_columns(manipulation: str, width: int) -> tuple[int, int]:
    """Returns the first column of its target that a fake shows, and the number of columns.

    Face2Face and NeuralTextures lose (W - w) / 2 columns a side, where w is W floored to a multiple
    of 32.

    Example:
        >>> kept_columns("F2F", 854), kept_columns("NT", 1440), kept_columns("DF", 854)
        ((11, 832), (0, 1440), (0, 854))
    """
    kept = floored_width(width) if manipulation in NARROWED else width
    return (width - kept) // 2, kept


def official(folder: str) -> Layout:
    """Returns the layout of FaceForensics++'s own download script, at one compression folder."""
    fakes = {code: f"manipulated_sequences/{name}/{folder}/videos" for code, name in (FOLDERS | LATER).items()}
    return Layout("official", ALIASES.get(folder, folder), {ORIGINAL: f"{_REAL}/{folder}/videos"} | fakes)


def flat(root: Path) -> Layout:
    """Returns the layout of the re-upload ``FaceForensics++_C23/{original,Deepfakes,...}``.

    It has one compression, told by the root's name or not at all.
    """
    suffix = _SUFFIX.search(root.absolute().name)
    level = suffix.group(1).lower() if suffix else ""
    return Layout("flat", ALIASES.get(level, level), {ORIGINAL: "original"} | FOLDERS | LATER)


def find_layouts(root: Path) -> list[Layout] | None:
    """Finds a layout for each compression level with real videos; None if it is no such tree.

    A rendered tree is none, whatever its ids are: ``minicorpus.py`` knows it.
    """
    return None if is_rendered(root) else layouts_below(root)


def is_rendered(root: Path) -> bool:
    """Whether ``ffpms minicorpus`` rendered a tree."""
    return (root / RENDERED).is_file()


def layouts_below(root: Path) -> list[Layout] | None:
    """Finds the layouts by their folders alone, as :func:`find_layouts` does."""
    if (root / _REAL).is_dir():
        named = [official(folder) for folder in ("raw", "c0", "c23", "c40")]
        return [layout for layout in named if (root / layout.folder(ORIGINAL)).is_dir()]
    is_flat = (root / "original").is_dir() and any((root / folder).is_dir() for folder in (FOLDERS | LATER).values())
    return [flat(root)] if is_flat else None


def mask_path(path: str) -> str:
    """Returns where a fake's mask is: beside the compression levels, or in a flat tree's folder.

    Example:
        >>> mask_path("manipulated_sequences/Deepfakes/c40/videos/000_003.mp4")
        'manipulated_sequences/Deepfakes/masks/videos/000_003.mp4'
        >>> mask_path("Deepfakes/000_003.mp4")
        'Deepfakes/masks/videos/000_003.mp4'
    """
    folder, name = PurePosixPath(path).parent, PurePosixPath(path).name
    method = folder.parent.parent if folder.name == "videos" else folder
    return str(method / "masks" / "videos" / name)


def check_fake(source: Source, fake: Video, target: Video | None, donor: Video | None) -> Iterator[BrokenRule]:
    """Checks length, size and rate of a fake by the real videos of its target and source."""
    yield from _check_length(source, fake, target, donor)
    if target:
        yield from _check_size(source, fake, target)
    if donor and abs(fake.fps - donor.fps) > _SAME_RATE * donor.fps:
        what = f"{fake.fps:g} frames a second, but its source {source.source_id} has {donor.fps:g}"
        yield BrokenRule("frame_rate", what)


def _check_length(source: Source, fake: Video, target: Video | None, donor: Video | None) -> Iterator[BrokenRule]:
    """Checks a fake's length.

    Deepfakes and FaceShifter have their target's length, Face2Face its source's, the other two the
    shorter.
    """
    real = {f"its target {source.target_id}": target, f"its source {source.source_id}": donor}
    if source.manipulation in ("DF", "FSh"):
        del real[f"its source {source.source_id}"]
    elif source.manipulation == "F2F":
        del real[f"its target {source.target_id}"]
    lengths = {name: about.n_frames for name, about in real.items() if about}
    if len(lengths) == len(real) and fake.n_frames != min(lengths.values()):
        said = " and ".join(f"{name} has {n}" for name, n in lengths.items())
        what = f"{fake.n_frames} frames, not {min(lengths.values())} ({said})"
        yield BrokenRule("length", what, "download it again, or those it is made from")


def _check_size(source: Source, fake: Video, target: Video) -> Iterator[BrokenRule]:
    """Checks that a fake has its target's size.

    F2F and NT may floor its width to a multiple of 32, or of 64, as trees like FaceForensics++ do.
    Of FaceForensics++ itself :func:`published` knows the one right size.
    """
    narrowed = source.manipulation in NARROWED
    floors = [target.width // unit * unit for unit in (32, 64) if narrowed]
    widths = list(dict.fromkeys([target.width, *floors]))
    if fake.width not in widths or fake.height != target.height:
        allowed = " or ".join(f"{width}x{target.height}" for width in widths)
        yield BrokenRule("size", f"{fake.width}x{fake.height} px, not the {allowed} of its target {source.target_id}")


def published(_: Path, pairs: Pairs) -> Mapping[str, Published]:
    """Returns the published lengths and sizes if the pairs are those of FaceForensics++."""
    return published_videos() if are_official(pairs) else {}


CORPUS = Corpus(
    name="ffpp",
    title="FaceForensics++",
    manipulations=FOLDERS | LATER,
    paper=FAKES,
    find_layouts=find_layouts,
    not_found="neither original_sequences/youtube/ nor original/ and Deepfakes/ ... are in it",
    give_root="give --ff-root the folder that holds original_sequences/ and manipulated_sequences/",
    mask_path=mask_path,
    crf=COMPRESSIONS,
    aliases=ALIASES,
    rules=check_fake,
    published=published,
    terms="FaceForensics++ may not be redistributed",
)
