"""Verdicts: what a model says of a file, of each person in it and of each frame looked at."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Self

FRAME_THRESHOLD = 0.5
"""Probability of a frame from which on it looks fake."""


@dataclass(frozen=True)
class FrameScore:
    """The score of one person's face in one frame.

    ``seconds`` count from the beginning of the file. ``probability`` is not calibrated. ``weight``
    is its share in the score of its bag, None if the method has none. ``box`` is the square that
    the model saw: x, y, width and height in px of the upright frame. ``decided`` says whether that
    bag's score is the person's: a person with many faces has several bags.
    """

    index: int
    seconds: float
    probability: float
    weight: float | None
    box: tuple[float, float, float, float]
    decided: bool = True


@dataclass(frozen=True)
class Track:
    """One person of a video: the calibrated probability that the face is fake, and its frames."""

    track_id: int
    probability: float
    frames: tuple[FrameScore, ...]

    def fake_spans(
        self, sampled: Sequence[float] = (), threshold: float = FRAME_THRESHOLD
    ) -> list[tuple[float, float]]:
        """Returns the seconds of the first and last frame of each run of frames that look fake.

        A run ends where the person is not seen in a frame that was looked at; ``sampled`` are the
        seconds of these, as a verdict has them.

        Example:
            >>> probs, box = [0.9, 0.8, 0.1, 0.7], (0, 0, 9, 9)
            >>> frames = [FrameScore(i, i / 2, p, None, box) for i, p in enumerate(probs)]
            >>> Track(0, 0.9, tuple(frames)).fake_spans()
            [(0.0, 0.5), (1.5, 1.5)]
            >>> Track(0, 0.9, tuple(frames)).fake_spans(sampled=(0.0, 0.25, 0.5, 1.0, 1.5))
            [(0.0, 0.0), (0.5, 0.5), (1.5, 1.5)]
        """
        return list(_spans(self.frames, threshold, {seconds: i for i, seconds in enumerate(sampled)}))


def _spans(
    frames: tuple[FrameScore, ...], threshold: float, places: Mapping[float, int]
) -> Iterator[tuple[float, float]]:
    """Yields the spans; ``places`` are those of the frames among all that were looked at."""
    fake = [(i, frame.seconds) for i, frame in enumerate(frames) if frame.probability >= threshold]
    ends = [(a, b) for (i, a), (j, b) in pairwise(fake) if j - i > 1 or places.get(b, 0) - places.get(a, 0) > 1]
    starts = [seconds for _, seconds in fake[:1]] + [b for _, b in ends]
    yield from zip(starts, [a for a, _ in ends] + [seconds for _, seconds in fake[-1:]], strict=True)


@dataclass(frozen=True)
class FileVerdict:
    """What a model says of a file; ``probability`` is None without a verdict.

    ``status`` is ``ok``, ``no_face``, ``no_video``, ``too_short`` or ``unreadable``. ``error`` says
    why there is no verdict, or what of the file could not be used. ``probability`` is the highest
    of its tracks'. From ``threshold`` on, which was chosen on val, a video looks fake.
    ``real_val_as_high`` of the ``n_real_val`` real val videos score as high. ``width`` and
    ``height`` are the upright frame's, in px. ``sampled`` are the seconds of the frames looked at.
    """

    path: str
    status: str
    error: str
    probability: float | None
    tracks: tuple[Track, ...]
    run: str
    trained_on: str
    threshold: float
    n_real_val: int
    real_val_as_high: int | None = None
    width: int = 0
    height: int = 0
    sampled: tuple[float, ...] = ()

    @property
    def looks_fake(self) -> bool | None:
        """Whether the probability reaches the threshold; None without a verdict."""
        return None if self.probability is None else self.probability >= self.threshold

    @property
    def fake_tracks(self) -> tuple[Track, ...]:
        """The people who look fake, the most fake first."""
        fake = [track for track in self.tracks if track.probability >= self.threshold]
        return tuple(sorted(fake, key=lambda track: -track.probability))

    def as_json(self) -> dict[str, Any]:
        """Returns the object that ``ffpms predict --json`` prints (docs/predict.md)."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Makes a verdict of the object that :meth:`as_json` returned, read from JSON again."""
        tracks = tuple(_track(track) for track in value["tracks"])
        return cls(**{**value, "tracks": tracks, "sampled": tuple(value["sampled"])})


def _track(value: Mapping[str, Any]) -> Track:
    frames = tuple(FrameScore(**{**frame, "box": tuple(frame["box"])}) for frame in value["frames"])
    return Track(**{**value, "frames": frames})
