"""Rendered corpora: the settings, pairs and lengths of what ``ffpms minicorpus`` renders."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from ffpms.checks import number, settle, whole
from ffpms.errors import ConfigError
from ffpms.protocol.flags import value_text
from ffpms.protocol.published import read_published
from ffpms.protocol.splits import Pairs, read_pairs
from ffpms.schema import ORIGINAL, Split

OFFICIAL_SIZE = 1000
"""Number of people of FaceForensics++: a corpus of as many has its ids, pairs and lengths."""
SHARES = (3, 1, 1)
"""Proportion of the pairs of train, val and test in a corpus of any other size."""
TITLE = "Minicorpus"
"""Begins the name of each set that was built of a rendered tree."""
CAVEAT = "it is rendered, so its numbers say nothing about deepfakes"
"""Stands beside each number that was measured on a rendered set."""


@dataclass(frozen=True)
class RenderedTree:
    """The settings that decide the videos of a rendered tree; the defaults are the command's.

    Lengths are between ``shortest`` and ``longest``. ``shares`` is None where the pairs are the
    official ones.

    Raises:
        ConfigError: a value is out of range.

    Example:
        >>> {split: len(members) for split, members in RenderedTree(40).pairs.items()}
        {'train': 12, 'val': 4, 'test': 4}
    """

    identities: int = 40
    shortest: int = 60
    longest: int = 90
    difficulty: float = 0.4
    seed: int = 0
    shares: tuple[int, ...] | None = SHARES

    def __post_init__(self) -> None:
        settle(
            self,
            identities=whole("identities", self.identities),
            shortest=whole("frames", self.shortest),
            longest=whole("frames", self.longest),
            difficulty=number("difficulty", self.difficulty),
            seed=whole("seed", self.seed, low=0),
            shares=None if self.shares is None else tuple(whole("shares", share) for share in self.shares),
        )
        if self.identities < 6 or self.identities % 2:
            raise ConfigError(f"identities: {self.identities} is not an even number from 6 up (a pair for each split)")
        if not 2 <= self.shortest <= self.longest:
            raise ConfigError(f"frames: {self.shortest}-{self.longest} is no range of lengths")
        if self.shares is not None and (len(self.shares) != len(Split) or min(self.shares) < 1):
            raise ConfigError(f"shares: {self.shares} are not three numbers from 1 up, such as 3,1,1")

    @property
    def pairs(self) -> Pairs:
        """The pairs that were rendered."""
        return read_pairs() if self.shares is None else share_pairs(self.identities, self.shares)

    def other_settings(self) -> Iterator[str]:
        """Yields each setting that is not the command's default, as a reason for another name."""
        usual = RenderedTree(self.identities, shares=settle_shares(self.identities, None))
        if (self.shortest, self.longest) != (usual.shortest, usual.longest):
            own_range, usual_range = (f"{tree.shortest}-{tree.longest}" for tree in (self, usual))
            yield f"videos of {own_range} frames are not the corpus's {usual_range}"
        if self.shares and not usual.shares:
            yield "it has not the pairs and lengths of FaceForensics++, as an older ffpms rendered it"
        kinds = ("difficulty", "seed", *(("shares",) if usual.shares else ()))
        own, other = asdict(self), asdict(usual)
        for key in kinds:
            if own[key] != other[key]:
                value, default = value_text(key, own[key]), value_text(key, other[key])
                yield f"videos of --{key} {value} are not the corpus's {default}"


def settle_shares(identities: int, shares: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """Returns the shares of a corpus where none are given: None stands for the official pairs."""
    return SHARES if shares is None and identities != OFFICIAL_SIZE else shares


def share_pairs(identities: int, shares: tuple[int, ...]) -> Pairs:
    """Pairs neighbours, and shares the pairs out to train, val and test, at least one to each.

    Example:
        >>> share_pairs(6, (3, 1, 1))
        {'train': [('000', '001')], 'val': [('002', '003')], 'test': [('004', '005')]}
    """
    digits = max(3, len(str(identities - 1)))
    ids = [f"{i:0{digits}d}" for i in range(identities)]
    pairs = list(zip(ids[::2], ids[1::2], strict=True))
    val, test = (max(1, len(pairs) * share // sum(shares)) for share in shares[1:])
    first = len(pairs) - val - test
    return {"train": pairs[:first], "val": pairs[first : first + val], "test": pairs[first + val :]}


def scaled_lengths(shortest: int, longest: int) -> dict[str, int]:
    """Scales the published lengths of the 1,000 real videos of FaceForensics++ into a range.

    n = shortest + round((N - 287) / (1814 - 287) * (longest - shortest)), where N is the published
    number of frames, 287 the least and 1814 the greatest of them.

    Example:
        >>> lengths = scaled_lengths(60, 90)
        >>> lengths["000"], min(lengths.values()), max(lengths.values())
        (62, 60, 90)
    """
    rows = read_published()
    rows = rows[rows["manipulation"] == ORIGINAL]
    frames = rows["n_frames"].to_numpy()
    share = (frames - frames.min()) / np.ptp(frames)
    return dict(
        zip(rows["video_id"], (shortest + np.rint(share * (longest - shortest))).astype(int).tolist(), strict=True)
    )
