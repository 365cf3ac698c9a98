"""Other sets that a trained detector is scored on: their test part, and which are refused."""

from collections.abc import Sequence
from dataclasses import replace

from benchmark.trials.requirements import check_order
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.set_files import read_finished, stored_settings
from ffpms.errors import ConfigError
from ffpms.protocol.flags import with_flag
from ffpms.schema import Split

_SEEN = ("size", "margin", "finder")
"""Settings of a build that decide what a detector sees of a face."""


def take_test_part(data: BuiltSet) -> BuiltSet:
    """Returns a set without its train and val bags, so that no code can look at them."""
    videos = data.videos[data.videos["split"] == Split.TEST]
    frames = data.frames[data.frames["bag_id"].isin(videos["bag_id"])]
    sources = data.sources[data.sources["split"] == Split.TEST]
    shown = data.crops["source_video"].isin(sources["source_video"]) | data.crops["crop"].isin(frames["crop"])
    grid = data.grid[data.grid["bag_id"].isin(videos["bag_id"])]
    return replace(data, videos=videos, frames=frames, sources=sources, crops=data.crops[shown], grid=grid)


def check_other_sets(sets: Sequence[BuiltSet], tests: Sequence[BuiltSet]) -> None:
    """Checks that test sets are others, cut as those trained on, and share no video with training.

    Raises:
        ConfigError: one is not.
        ManifestError: the settings of a set cannot be read.
    """
    for number, test in enumerate(tests):
        if test.sha256 in {other.sha256 for other in tests[:number]}:
            raise ConfigError(f"test-data: {test.place} is given twice, or is a copy; give it once")
        others = [data for data in sets if data.sha256 != test.sha256]
        if not others:
            raise ConfigError(f"test-data: {test.place} is the set of --data, whose test bags are scored anyway")
        for data in others:
            _check_crops(data, test)
            _check_leaks(data, test)


def _check_crops(data: BuiltSet, test: BuiltSet) -> None:
    """Checks that faces were cut alike, for the detector would see other pixels.

    Raises:
        ConfigError: they were not.
    """
    own, other = (stored_settings(read_finished(one.root), str(one.place))[1] for one in (data, test))
    for name in _SEEN:
        ours, theirs = (with_flag(name, getattr(crop, name)) for crop in (own, other))
        if ours != theirs:
            raise ConfigError(
                f"test-data: the faces of {test.place} are cut with {theirs}, those of {data.place} with {ours}, so"
                f" that a detector would see other pixels; build it with {ours}"
            )


def _check_leaks(data: BuiltSet, test: BuiltSet) -> None:
    """Checks that no video of a test is one of train or val, by the hashes of the files.

    Raises:
        ConfigError: one is.
    """
    learned = data.sources[data.sources["split"].isin([Split.TRAIN, Split.VAL])]
    asked = test.sources[(test.sources["split"] == Split.TEST) & (test.sources["sha256"] != "")]
    if not (shared := asked[asked["sha256"].isin(learned["sha256"])]).empty:
        raise ConfigError(
            f"test-data: {len(shared)} test videos of {test.place} are train or val videos of {data.place}"
            f" (first {shared['path'].iloc[0]}), which a detector has seen; give a set of other videos"
        )


def choose_tests(method: str, data: BuiltSet, tests: Sequence[BuiltSet]) -> tuple[tuple[BuiltSet, ...], list[str]]:
    """Returns the other sets that a method can score, and a line for each that it cannot."""
    chosen, lines = [], []
    for test in tests:
        if test.sha256 == data.sha256:
            continue
        try:
            check_order(method, test.crowded, str(test.place))
            chosen.append(test)
        except ConfigError as error:
            lines.append(str(error))
    return tuple(chosen), lines
