"""Listed files: makes a listing of the videos that a corpus found, each with its path."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ffpms.errors import ConfigError
from ffpms.protocol.listing import ListedVideo, listing_digest
from ffpms.protocol.recipe import Recipe
from ffpms.protocol.splits import is_safe_name
from ffpms.schema import ORIGINAL, Split
from ffpms.sources.corpus import Corpus
from ffpms.sources.listing import Listing, Request
from ffpms.sources.source_index import video_names
from ffpms.stored_paths import unsafe_part

Found = tuple[str, ListedVideo]
"""A video's path, relative to the root with forward slashes, and what is known of it."""

VAL_SHARE = 0.1
"""Share of the people, or of the original videos, that become val where a corpus has no val."""


def make_listing(corpus: Corpus, request: Request, found: Sequence[Found], kinds: Mapping[str, str]) -> Listing:
    """Makes the listing of a corpus whose videos were found; ``kinds`` are its manipulations.

    A fake whose real video is not listed stands alone.

    Raises:
        ConfigError: two videos have one name, or a name is none that a folder can have. Or a folder
            has a name that a set may not name. Or the recipe asks for a manipulation or a
            compression that the corpus has not.
    """
    if not kinds:
        raise ConfigError(f"{request.root}: there are no fakes to build; {corpus.give_root}")
    recipe = corpus.adopt(request.recipe, kinds)
    reals = {video.video_id for _, video in found if video.manipulation == ORIGINAL}
    videos = [video if video.target_id in reals else video.standing_alone() for _, video in found]
    paths = {video.name: path for (path, _), video in zip(found, videos, strict=True)}
    _check_names(request.root, [(path, video) for (path, _), video in zip(found, videos, strict=True)])
    alone = [video for _, video in found if video.target_id not in (video.name, *reals)]
    told = [*([_without_real(alone)] if alone and not request.whole else []), *not_named(videos, recipe)]
    notes = tuple(f"{request.root}: {note}" for note in told)
    return Listing(corpus, request.root, recipe, videos, paths, corpus.title, listing_digest(videos), notes=notes)


def not_named(videos: Iterable[ListedVideo], recipe: Recipe) -> Iterator[str]:
    """Says which fakes are left out, if some manipulations are named and others are there."""
    left = Counter(v.manipulation for v in videos if v.manipulation not in (ORIGINAL, *recipe.manipulations))
    if left:
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(left.items()))
        yield f"fakes are left out, for their manipulations are not named: {counts}"


def _without_real(alone: Sequence[ListedVideo]) -> str:
    """Says which fakes are taken as they are, for their real video is not listed."""
    count = f"{len(alone)} fake{'s' * (len(alone) > 1)}"
    what = f"the real video of {count} is not there (first {alone[0].target_id}, of {alone[0].name})"
    return f"{what}; {'they are' if len(alone) > 1 else 'it is'} fake in all frames"


def _check_names(root: Path, found: Iterable[Found]) -> None:
    seen: dict[str, str] = {}
    for path, video in found:
        if not is_safe_name(video.name):
            what = "a name of other characters than letters, digits, dashes and underscores, or too long a one"
            raise ConfigError(f"{root / path}: {what}; rename it, or list it in a table (--table)")
        if part := unsafe_part(path):
            raise ConfigError(f"{root / path}: has a colon or backslash in the name {part}; rename that folder")
        before = seen.setdefault(video.name.lower(), path)
        if before != path:
            raise ConfigError(f"{root / path}: has the same name as {before}; remove one")


def videos_below(root: Path, folder: str) -> list[str]:
    """Lists the videos of a folder, or of its ``videos`` folder, as paths below the root."""
    inner = f"{folder}/videos" if (root / folder / "videos").is_dir() else folder
    return [f"{inner}/{name}" for name in video_names(root / inner)]


def stem(path: str) -> str:
    """Returns the name of a file without folder and ending.

    Example:
        >>> stem("Celeb-real/videos/id0_0000.mp4")
        'id0_0000'
    """
    return path.rpartition("/")[2].rpartition(".")[0]


def carve(groups: Iterable[str], shares: Mapping[str, float], recipe: Recipe, *what: object) -> dict[str, str]:
    """Draws from the seed which groups become which split; what no share takes is train.

    A split with a share gets at least one group, where there are enough of them.

    Example:
        >>> drawn = carve("abcdefghij", {"test": 0.2, "val": 0.1}, Recipe(), "example")
        >>> [list(drawn.values()).count(split) for split in ("train", "val", "test")]
        [7, 1, 2]
    """
    order = [str(group) for group in recipe.order(sorted(set(groups)), *what, "split")]
    drawn, start = dict.fromkeys(order, Split.TRAIN.value), 0
    for split, share in shares.items():
        n = max(round(share * len(order)), int(len(order) > len(shares)))
        drawn |= dict.fromkeys(order[start : start + n], str(split))
        start += n
    return drawn


def carve_val(found: Sequence[Found], recipe: Recipe, *what: object) -> list[Found]:
    """Moves a tenth of the people of train to val, whole: all videos of one ``pair_id``."""
    train = [video.pair_id for _, video in found if video.split == Split.TRAIN]
    drawn = carve(train, {Split.VAL: VAL_SHARE}, recipe, *what)
    return [
        (path, replace(video, split=drawn[video.pair_id]) if video.split == Split.TRAIN else video)
        for path, video in found
    ]


def keep_targets_together(found: Sequence[Found]) -> tuple[list[Found], list[ListedVideo]]:
    """Gives each target one split, so that no frame of a test video is in train.

    A corpus's own test list may have a fake without its real video, and not the other fakes of that
    one. Then the real video becomes test too. Returns the videos without those other fakes, and
    these.
    """
    reals = {video.video_id for _, video in found if video.manipulation == ORIGINAL}
    shown = {video.target_id for _, video in found if video.split == Split.TEST} & reals
    kept, left_out = list[Found](), list[ListedVideo]()
    for path, video in found:
        if video.target_id not in shown or video.split == Split.TEST:
            kept.append((path, video))
        elif video.manipulation == ORIGINAL:
            kept.append((path, replace(video, split=Split.TEST.value)))
        else:
            left_out.append(video)
    return kept, left_out
