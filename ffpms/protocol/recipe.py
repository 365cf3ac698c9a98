"""Recipe: what to sample and what to replace, from which seed. Together with the split files it fixes every label."""

import hashlib
from dataclasses import dataclass
from itertools import count

from ffpms.errors import ConfigError
from ffpms.schema import FAKES, Split

PLACEMENTS = ("random", "contiguous")


@dataclass(frozen=True)
class Recipe:
    """The mix of Li 2020, Section 4.1: 20 uniform frames a video, 1 to 19 of them replaced by real ones.

    ``replaced`` (lowest, highest) holds where labels are tested (val, test), ``fraction`` in train.

    Example:
        >>> ffpms.Recipe(compression="c23", manipulations=("DF", "NT")).n_replaced_in_train
        5
    """

    compression: str = "c40"
    manipulations: tuple[str, ...] = tuple(FAKES)
    frames_per_video: int = 20
    replaced: tuple[int, int] = (1, 19)
    fraction: float = 0.25
    placement: str = "random"
    seed: int = 2020
    version: str = "v1"

    def __post_init__(self) -> None:
        low, high = self.replaced
        top = self.frames_per_video - 1
        if self.frames_per_video < 2:
            raise ConfigError(f"frames: {self.frames_per_video} is too few to mix; ask for at least 2")
        if not 1 <= low <= high <= top:
            raise ConfigError(f"replace: {low}-{high} does not lie in 1-{top}; a fake bag keeps 1 to {top} fake frames")
        if not 0 <= self.fraction < 1 or self.frames_per_video - self.n_replaced_in_train < 1:
            raise ConfigError(f"replace-fraction: {self.fraction} leaves no fake frame; give a number in [0, 1)")
        if self.placement not in PLACEMENTS:
            raise ConfigError(f"placement: {self.placement!r} is unknown; choose {' or '.join(PLACEMENTS)}")
        unknown = [m for m in self.manipulations if m not in FAKES]
        if unknown or not self.manipulations:
            raise ConfigError(f"manipulations: {', '.join(unknown) or 'none'}; choose from {','.join(FAKES)}")

    @property
    def n_replaced_in_train(self) -> int:
        """Real frames in each fake training bag: 25 % of 20 is 5."""
        return round(self.fraction * self.frames_per_video)

    def draw(self, *what: object) -> bytes:
        """A number that only the seed and the names in ``what`` decide, the same on any machine and in any language:
        SHA-256 of ``ffpms-<version>/<seed>/<what...>``. Sorting by it is a draw without replacement."""
        return hashlib.sha256("/".join(map(str, (f"ffpms-{self.version}", self.seed, *what))).encode()).digest()

    def order(self, items: list[str] | range, *what: object) -> list[str | int]:
        """The items in the order of their draws."""
        return sorted(items, key=lambda item: self.draw(*what, item))

    def n_fake(self, split: str, manipulation: str, video_ids: list[str]) -> dict[str, int]:
        """Fake frames kept in each video: stratified over the levels in val and test, the same number in train.

        With 140 videos and the 19 levels 1..19 each level is given 7 or 8 times.
        """
        if split == Split.TRAIN:
            return dict.fromkeys(video_ids, self.frames_per_video - self.n_replaced_in_train)
        low, high = self.replaced
        levels = self.order(range(low, high + 1), split, manipulation, "level")
        videos = self.order(video_ids, split, manipulation, "video")
        return {str(v): self.frames_per_video - int(levels[i % len(levels)]) for i, v in enumerate(videos)}

    def fake_order(self, *bag: object) -> tuple[int, ...]:
        """The slots in the order in which they turn fake.

        A contiguous segment grows from the first: a later draw left of the first adds the slot left of the segment, any
        other the slot right of it. So a segment of any length starts at each possible slot equally often.
        """
        first, *later = (int(slot) for slot in self.order(range(self.frames_per_video), *bag, "slot"))
        if self.placement == "random":
            return (first, *later)
        left, right = count(first - 1, -1), count(first + 1)
        return (first, *(next(left if slot < first else right) for slot in later))

    def fake_slots(self, n_fake: int, *bag: object) -> frozenset[int]:
        """Which slots stay fake. They are nested: those of a lower number are among those of a higher one."""
        return frozenset(self.fake_order(*bag)[:n_fake])
