"""Recipe: what to sample, what to replace and from which seed.

Together with the split files it fixes every label.
"""

import hashlib
import re
from dataclasses import dataclass

from ffpms.checks import check_choice, check_type, number, settle, shown, texts, whole
from ffpms.errors import ConfigError
from ffpms.protocol.placement import PLACEMENTS, fitting_segments, grow_segments
from ffpms.schema import ORIGINAL, Split

SEGMENTS = (1, 3)
"""Default numbers of segments of a fake bag, where they are placed in segments."""

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,15}", re.ASCII)


class NotNamed(tuple[str, ...]):
    """Manipulations that nobody named: a corpus takes its own in their place."""

    __slots__ = ()


PAPER = NotNamed(("DF", "F2F", "FS", "NT"))
"""The manipulations of the paper, which a recipe has if none are named."""


@dataclass(frozen=True)
class Recipe:
    """The mix of Li 2020, Section 4.1: 20 uniform frames a video, 1 to 19 of them replaced by real
    ones.

    ``manipulations`` are codes of the corpus's fakes, in the order of every table. If none are
    named, they are those of the paper, and a corpus that has others takes its own. ``replaced``
    (lowest, highest) applies to val and test. ``fraction`` applies to train. ``segments`` (lowest,
    highest) goes with the placement ``segments``, and is None with any other.

    Raises:
        ConfigError: a value is out of range or unknown.

    Example:
        >>> Recipe().n_replaced_in_train
        5
        >>> sorted(Recipe().fake_slots(2, "test", "DF", "953_974"))
        [5, 16]
        >>> recipe = Recipe(placement="segments", segments=(2, 2))
        >>> sorted(recipe.fake_slots(6, "test", "DF", "953_974"))
        [2, 13, 14, 15, 16, 17]
    """

    compression: str = "c40"
    manipulations: tuple[str, ...] = PAPER
    frames_per_video: int = 20
    replaced: tuple[int, int] = (1, 19)
    fraction: float = 0.25
    placement: str = "random"
    segments: tuple[int, int] | None = None
    seed: int = 2020
    version: str = "v1"

    def __post_init__(self) -> None:
        self._check_types()
        low, high = self.replaced
        top = self.frames_per_video - 1
        if self.frames_per_video < 2:
            raise ConfigError(f"frames: {self.frames_per_video} is too few to mix; ask for at least 2")
        if self.frames_per_video > 32_767:  # slots are int16
            raise ConfigError(f"frames: {shown(self.frames_per_video)} is too many; ask for at most 32767")
        if not 1 <= low <= high <= top:
            raise ConfigError(f"replace: {low}-{high} does not lie in 1-{top}; a fake bag keeps 1 to {top} fake frames")
        if not 0 <= self.fraction < 1 or self.frames_per_video - self.n_replaced_in_train < 1:
            raise ConfigError(f"replace-fraction: {self.fraction} leaves no fake frame; give a number in [0, 1)")
        check_choice("placement", self.placement, PLACEMENTS)
        self._check_segments()
        self._check_manipulations()

    def _check_types(self) -> None:
        """Makes tuples of lists, and plain numbers of those of numpy."""
        check_type("compression", self.compression, str)
        check_type("version", self.version, str)
        settle(
            self,
            manipulations=self.manipulations if self.names_none else texts("manipulations", self.manipulations),
            frames_per_video=whole("frames", self.frames_per_video),
            replaced=_as_range("replace", self.replaced, (1, 19)),
            segments=None if self.segments is None else _as_range("segments", self.segments, SEGMENTS),
            fraction=number("replace-fraction", self.fraction),
            seed=whole("seed", self.seed, low=0),
        )

    def _check_segments(self) -> None:
        """They go with their placement alone, and fit into a bag."""
        if self.placement != "segments":
            if self.segments is not None:
                todo = "add --placement segments, or leave --segments away"
                raise ConfigError(f"segments: --placement {self.placement} takes none; {todo}")
            return
        low, high = self.segments or SEGMENTS
        most = fitting_segments(self.frames_per_video)
        if not 1 <= low <= high <= most:
            what = f"does not lie in 1-{most}, which fit into {self.frames_per_video} frames"
            raise ConfigError(f"segments: {low}-{high} {what}; give --segments within, or more --frames")
        settle(self, segments=(low, high))

    def _check_manipulations(self) -> None:
        """They are codes, each once; whether there are such fakes is for their corpus to say."""
        codes = self.manipulations
        wrong = [code for code in codes if code == ORIGINAL or not _CODE.fullmatch(code) or codes.count(code) > 1]
        if wrong or not codes:
            what = ", ".join(dict.fromkeys(wrong)) or "none"
            raise ConfigError(f"manipulations: {what}; give short codes of a corpus's fakes, each once")

    @property
    def names_none(self) -> bool:
        """Whether nobody named its manipulations."""
        return isinstance(self.manipulations, NotNamed)

    @property
    def n_replaced_in_train(self) -> int:
        """Number of real frames in each fake training bag: 25 % of 20 is 5."""
        return round(self.fraction * self.frames_per_video)

    def draw(self, *what: object) -> bytes:
        """Returns SHA-256 of ``ffpms-<version>/<seed>/<what...>``, a pseudo-random number.

        Only the seed and the names in ``what`` decide it. It is the same on any machine and in any
        language. Sorting by it is a draw without replacement.
        """
        return hashlib.sha256("/".join(map(str, (f"ffpms-{self.version}", self.seed, *what))).encode()).digest()

    def order(self, items: list[str] | range, *what: object) -> list[str | int]:
        """Sorts the items by their draws."""
        return sorted(items, key=lambda item: self.draw(*what, item))

    def n_fake(self, split: str, manipulation: str, video_ids: list[str]) -> dict[str, int]:
        """Number of fake frames kept in each video.

        In val and test the number is stratified over the levels. In train it is the same for all.
        With 140 videos and the 19 levels 1..19, each level is given 7 or 8 times.
        """
        if split == Split.TRAIN:
            return dict.fromkeys(video_ids, self.frames_per_video - self.n_replaced_in_train)
        return self.n_fake_varied(split, manipulation, video_ids)

    def n_fake_varied(self, split: str, manipulation: str, video_ids: list[str]) -> dict[str, int]:
        """Number of fake frames kept in each video, stratified over the levels in any split."""
        low, high = self.replaced
        levels = self.order(range(low, high + 1), split, manipulation, "level")
        videos = self.order(video_ids, split, manipulation, "video")
        return {str(v): self.frames_per_video - int(levels[i % len(levels)]) for i, v in enumerate(videos)}

    def n_fake_by_chance(self, *bag: object) -> int:
        """Number of fake frames kept if chance replaces each with probability ``fraction``.

        At least one is kept.
        """
        coins = (int.from_bytes(self.draw(*bag, "coin", slot)[:8]) for slot in range(self.frames_per_video))
        return max(1, sum(coin >= self.fraction * 2**64 for coin in coins))

    def n_segments(self, *bag: object) -> int:
        """Number of segments drawn for a bag, each number alike often.

        As many are there only if its fake and its real frames suffice: of n fake slots among K,
        min(drawn, n, K - n + 1). A contiguous bag has one.
        """
        if self.segments is None:
            return 1
        low, high = self.segments
        return int(self.order(range(low, high + 1), *bag, "segments")[0])

    def fake_order(self, *bag: object) -> tuple[int, ...]:
        """Returns the slots in the order in which they turn fake.

        It is that of their draws, or of segments that grow
        (:func:`~ffpms.protocol.placement.grow_segments`). One segment of any length starts at each
        possible slot equally often.
        """
        drawn = [int(slot) for slot in self.order(range(self.frames_per_video), *bag, "slot")]
        return tuple(drawn) if self.placement == "random" else grow_segments(drawn, self.n_segments(*bag))

    def fake_slots(self, n_fake: int, *bag: object) -> frozenset[int]:
        """Returns the slots that stay fake.

        They are nested: the fake slots of a lower number are among those of a higher one.
        """
        return frozenset(self.fake_order(*bag)[:n_fake])


def _as_range(name: str, value: object, example: tuple[int, int]) -> tuple[int, int]:
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise ConfigError(f"{name}: {shown(value)} is no lowest and highest number, such as {example}")
    return whole(name, value[0]), whole(name, value[1])
