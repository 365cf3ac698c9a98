"""Naming: what a built set may be called, ``FFPMS`` or ``Celeb-DF-v2-custom``, and why.

A name follows from the set's settings and tables alone. So it is computed anew wherever a set is
built, opened or verified, and never taken from a file that only claims it.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from ffpms.protocol.flags import value_text, with_flag
from ffpms.protocol.listing import mixable
from ffpms.protocol.published import has_crf_of, measured_files, other_than_published, published_names
from ffpms.protocol.rendered import CAVEAT, TITLE, RenderedTree
from ffpms.protocol.set_settings import Edition, SetSettings
from ffpms.protocol.splits import pairs_digest
from ffpms.protocol.v1_manifest import CUSTOM, DATASET, UNMIXED, V1_RECIPE, paper_compression
from ffpms.schema import ORIGINAL, PRESENT, Split, Status

_N_SHOWN = 3
"""Number of reasons that one line gives; the others are counted."""
_OF_THE_MIX = ("compression", "seed", "placement", "segments", "replaced", "fraction")
"""Settings that do not matter for a set without any mix."""
OF_THE_LABELS = ("placement", "segments", "replaced", "fraction", "frames_per_video")
"""Settings that decide how many frames of a bag are fake and where: their reasons come first."""
_OF_THE_CORPUS = ("compression", "manipulations")
"""Settings that another corpus than FaceForensics++ has of its own."""
PARTIAL = "-partial"
"""End of the name of a test set of another corpus in whose fakes real frames are swapped in."""
WHOLE = "-whole"
"""End of the name of a rendered set in whose fakes every frame is fake."""


@dataclass(frozen=True)
class SetName:
    """The name of a set, and each reason why it is not the official one."""

    name: str
    reasons: tuple[str, ...] = ()


def name_mixed(settings: SetSettings, videos: pd.DataFrame, sources: pd.DataFrame) -> SetName:
    """Names a built set: ``FFPMS`` if it is v1 of the published videos, else ``FFPMS-custom``.

    All settings must be v1's, each of the 700 test bags usable, and each test video of the
    published length, size and crf. No video may be unverified.
    At another compression the name is ``FFPMS-c23-custom``. Sets of other corpora are named by
    :func:`name_of_corpus`, those of rendered trees by :func:`name_of_rendered`.
    """
    if settings.rendered:
        return name_of_rendered(settings, videos, sources, settings.rendered)
    if settings.title:
        return name_of_corpus(settings, videos, sources, settings.whole)
    compression = settings.recipe.compression
    other = "" if compression == V1_RECIPE.compression else f"-{paper_compression(compression)}"
    return _name(DATASET + other, [*_other_settings(settings), *_other_videos(settings, videos, sources)])


def name_unmixed(settings: SetSettings, videos: pd.DataFrame, sources: pd.DataFrame) -> SetName:
    """Names a set with all frames of its fakes fake: ``FF++-c23``, else ``FF++-c23-custom``.

    As for :func:`name_mixed`, but how the set was mixed does not matter.
    """
    if settings.rendered:
        return name_of_rendered(settings, videos, sources, settings.rendered, WHOLE)
    if settings.title:
        return name_of_corpus(settings, videos, sources, True)
    reasons = [*_other_settings(settings, _OF_THE_MIX), *_other_videos(settings, videos, sources)]
    return _name(f"{UNMIXED}-{paper_compression(settings.recipe.compression)}", reasons)


def name_of_corpus(settings: SetSettings, videos: pd.DataFrame, sources: pd.DataFrame, whole: bool) -> SetName:
    """Names a set of another corpus: ``Celeb-DF-v2``, or ``-partial``, ``-custom`` behind it.

    The name is that of the published test set with as many videos. It holds if each of them can be
    used, and all settings are the defaults. Where real frames are swapped into its fakes it is
    ``-partial``; then ``whole`` is False, and real videos from beyond the list may be in it.
    Somebody's own videos are called as their table is.
    """
    test = videos[videos["split"] == Split.TEST]
    fake = test["manipulation"] != ORIGINAL
    edition = next((e for e in settings.editions or () if _fits(e, fake, whole)), None)
    partial = PARTIAL if not whole and mixable(test).any() else ""
    if settings.editions is None:
        return SetName(f"{settings.title}{partial}")
    ignored = (*_OF_THE_CORPUS, "whole", *(_OF_THE_MIX if whole else ()))
    reasons = [*_other_labels(settings, ignored), *_other_defaults(settings, ignored), *_count_unverified(sources)]
    if edition is None and not test.empty:
        reasons.append(f"{int((~fake).sum())} real and {int(fake.sum())} fake test videos are no published test set")
    reasons += _test_faults(test)
    return _name((edition.name if edition else settings.title) + partial, reasons)


def name_of_rendered(
    settings: SetSettings, videos: pd.DataFrame, sources: pd.DataFrame, tree: RenderedTree, mode: str = ""
) -> SetName:
    """Names a set of a rendered tree by its number of people: ``Minicorpus-40``, or ``-custom``.

    Another compression than c40 follows, then ``-whole`` where all frames of the fakes are fake.
    The name holds if tree and build have the default settings, the pairs are the tree's own, and
    each test bag can be used. Only ``size`` is free: it changes no bag, no frame and no box.
    The first reason of any such set is that it is rendered. The next ones are the settings that
    decide the labels.
    """
    level = settings.recipe.compression
    other = "" if level == V1_RECIPE.compression else f"-{paper_compression(level)}"
    ignored = ("compression", "size", *(_OF_THE_MIX if mode else ()))
    reasons = [*_other_labels(settings, ignored), *tree.other_settings()]
    if settings.pairs_sha256 != pairs_digest(tree.pairs):
        reasons.append("its split files are not those of its tree")
    reasons += [*_other_defaults(settings, ignored), *_count_unverified(sources)]
    reasons += _test_faults(videos[videos["split"] == Split.TEST])
    name = _name(f"{TITLE}-{tree.identities}{other}{mode}", reasons).name
    return SetName(name, (CAVEAT, *reasons))


def _test_faults(test: pd.DataFrame) -> Iterator[str]:
    """Yields that a set has no test bags, or how many of them cannot be used."""
    if test.empty:
        yield "it has no test split"
    lost = [(bag, status) for bag, status in zip(test["bag_id"], test["status"], strict=True) if status not in PRESENT]
    yield from _count(lost, len(test), "test bags cannot be used")


def _fits(edition: Edition, fake: pd.Series, whole: bool) -> bool:
    n_real, n_fake = int((~fake).sum()), int(fake.sum())
    return n_fake == edition.n_fake and (n_real == edition.n_real or (not whole and n_real > edition.n_real))


def explain_name(name: str, reasons: Sequence[str]) -> str:
    """Writes a name and its first reasons in one line.

    Example:
        >>> explain_name("FFPMS-custom", ["--seed 7 is not v1's 2020", "it has no test split"])
        "FFPMS-custom: --seed 7 is not v1's 2020; it has no test split"
    """
    more = len(reasons) - _N_SHOWN
    rest = [f"and {more} more reason{'s' * (more > 1)}"] if more > 0 else []
    return f"{name}: " + "; ".join([*reasons[:_N_SHOWN], *rest])


def _name(official: str, reasons: Sequence[str]) -> SetName:
    return SetName(official + CUSTOM, tuple(reasons)) if reasons else SetName(official)


def _other_settings(settings: SetSettings, ignored: Collection[str] = ()) -> Iterator[str]:
    """Yields each setting that is not v1's; those that decide the labels come first."""
    yield from _other_labels(settings, ignored)
    if not settings.has_official_pairs:
        yield "its split files are not those of FaceForensics++"
    yield from _other_defaults(settings, ignored)


def _other_labels(settings: SetSettings, ignored: Collection[str]) -> Iterator[str]:
    """Yields each setting that decides the labels and is not v1's."""
    return _others(settings, [key for key in OF_THE_LABELS if key not in ignored])


def _other_defaults(settings: SetSettings, ignored: Collection[str]) -> Iterator[str]:
    """Yields each other setting that is not v1's."""
    return _others(settings, [key for key in settings.as_flags() if key not in (*ignored, *OF_THE_LABELS)])


def _others(settings: SetSettings, keys: Iterable[str]) -> Iterator[str]:
    own, official = settings.as_flags(), SetSettings().as_flags()
    for key in keys:
        if own[key] != (v1 := official[key]):
            yield f"{with_flag(key, own[key])} is not v1's" + (f" {value_text(key, v1)}" if v1 else "")


def _other_videos(settings: SetSettings, videos: pd.DataFrame, sources: pd.DataFrame) -> Iterator[str]:
    """Yields in what the files are not those of FaceForensics++."""
    yield from _count_unverified(sources)
    test = videos[videos["split"] == Split.TEST]
    if test.empty:
        yield "it has no test split"
    elif settings.has_official_pairs:
        status = dict(zip(test["bag_id"], test["status"], strict=True))
        names = published_names(Split.TEST, settings.recipe.manipulations)
        yield from _lost_bags(names, status)
        yield from _other_files([name for name in names if name in status], sources, settings.recipe.compression)


def _count_unverified(sources: pd.DataFrame) -> Iterator[str]:
    unverified = sources.loc[sources["status"] == Status.UNVERIFIED, "source_video"]
    if len(unverified):
        yield f"{len(unverified)} of {len(sources)} videos are unverified (first {unverified.iloc[0]})"


def _lost_bags(names: list[str], status: dict[str, str]) -> Iterator[str]:
    absent = [(name, "") for name in names if name not in status]
    unusable = [(name, status[name]) for name in names if name in status and status[name] not in PRESENT]
    yield from _count(absent, len(names), "test bags are not in it")
    yield from _count(unusable, len(names), "test bags cannot be used")


def _other_files(names: list[str], sources: pd.DataFrame, compression: str) -> Iterator[str]:
    """Yields how many test files have not the published length or size, or not the crf.

    What cannot be read is reported as a bag that cannot be used.
    """
    files = measured_files(sources)
    read = {name: files[name] for name in names if name in files and files[name]["n_frames"] > 0}
    lacking = [(name, "") for name in names if name not in files]
    other = [(name, other_than_published(name, file)) for name, file in read.items()]
    yield from _count(lacking, len(names), "test videos are not in sources.parquet")
    yield from _count([o for o in other if o[1]], len(names), "test videos have not the published length or size")
    odd = [(name, _crf_text(file["crf"])) for name, file in read.items() if not has_crf_of(compression, file)]
    yield from _count(odd, len(names), f"test videos have not the crf of {compression}")


def _crf_text(crf: float) -> str:
    return "it names none" if pd.isna(crf) else f"{crf:g}"


def _count(found: list[tuple[str, str]], total: int, what: str) -> Iterator[str]:
    """Counts what was found, and names the first with its fault."""
    if found:
        name, said = found[0]
        yield f"{len(found)} of {total} {what} (first {name}{': ' * bool(said)}{said})"
