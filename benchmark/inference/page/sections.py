"""Sections of a page: what is shown of each video, as words, numbers and paths of an SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.inference.page.media import Pictures, Video
from benchmark.inference.places import Places
from benchmark.inference.sayings import headline, label_person, name_person, percent, percents, say_looks, write_time
from benchmark.inference.verdict import FRAME_THRESHOLD, FileVerdict, FrameScore, Track
from benchmark.inference.wording import compare, seconds_of
from ffpms.checks import printable

MOST_FACES = 8
"""Number of faces that are shown of each person."""

MOST_ROWS = 1000
"""Number of frames in the table of a video."""

WIDTH, BARS, WEIGHTS = 1000, 60, 24
"""Size of a timeline in the units of its picture: its width, and the heights of its two lanes."""


@dataclass(frozen=True)
class Face:
    """A face that decided: its picture, its time, its score and its weight."""

    uri: str
    seconds: float
    time: str
    score: str
    weight: str
    is_fake: bool


@dataclass(frozen=True)
class Person:
    """A person: the words, the bars of the timeline as paths, and the faces that decided."""

    name: str
    label: str
    looks: str
    is_fake: bool
    when: str
    bars: tuple[str, str]
    weights: str
    faces: list[Face]
    track: Track

    def say_score(self, frame: FrameScore) -> str:
        """Says the score of a frame, and its weight."""
        weight = "" if frame.weight is None else f", weight {percent(frame.weight)}"
        return f"{percents(frame.probability, FRAME_THRESHOLD)[0]} fake{weight}"


@dataclass(frozen=True)
class Section:
    """One video of a page."""

    key: str
    verdict: FileVerdict
    duration: float
    people: list[Person]
    video: Video | None
    pictures: Pictures

    @property
    def name(self) -> str:
        """The path, in one line."""
        return printable(self.verdict.path)

    @property
    def headline(self) -> str:
        """The verdict in a line."""
        return headline(self.verdict)

    @property
    def comparison(self) -> str:
        """What the probability means, as a sentence."""
        text = compare(self.verdict)
        limit = percents(self.verdict.probability or 0.0, self.verdict.threshold)[1]
        return f"{text[0].upper()}{text[1:]}. From {limit} on a video looks fake."

    @property
    def rows(self) -> list[tuple[float, str, list[FrameScore | None]]]:
        """The frames looked at, each with its score of every person."""
        by_person = [{frame.seconds: frame for frame in person.track.frames} for person in self.people]
        shown = self.verdict.sampled[:MOST_ROWS]
        return [(time, write_time(time), [scores.get(time) for scores in by_person]) for time in shown]

    @property
    def data(self) -> dict[str, Any]:
        """What the script needs: times and boxes of each person, and the frames that are shown."""
        return {
            "duration": self.duration,
            "size": [self.verdict.width, self.verdict.height],
            "frames": [[time, uri] for time, uri in sorted(self.pictures.frames.items())],
            "people": [_as_data(person, self.verdict) for person in self.people],
        }


def _as_data(person: Person, verdict: FileVerdict) -> dict[str, Any]:
    frames = person.track.frames
    return {
        "label": person.label,
        "fake": person.is_fake,
        "times": [frame.seconds for frame in frames],
        "says": [f"{write_time(frame.seconds)}: {person.say_score(frame)}" for frame in frames],
        "boxes": [[round(value, 1) for value in frame.box] for frame in frames],
        "stretches": [[round(s.start, 3), round(s.end, 3), s.first, s.second] for s in _stretches(person, verdict)],
    }


def _stretches(person: Person, verdict: FileVerdict) -> Sequence[Any]:
    return Places(person.track, verdict.sampled).stretches


def decisive(track: Track) -> list[FrameScore]:
    """Chooses the frames that decided: of the bag that did, the highest weight times probability.

    Example:
        >>> scores = [(0.9, 0.1), (0.6, 0.7), (0.1, 0.2)]
        >>> frames = [FrameScore(i, i / 2, p, w, (0, 0, 9, 9)) for i, (p, w) in enumerate(scores)]
        >>> [frame.index for frame in decisive(Track(0, 0.9, tuple(frames)))]
        [1, 0, 2]
    """

    def share(frame: FrameScore) -> float:
        return frame.probability * (1.0 if frame.weight is None else frame.weight)

    decided = [frame for frame in track.frames if frame.decided]
    return sorted(decided, key=share, reverse=True)[:MOST_FACES]


def make_person(track: Track, verdict: FileVerdict, pictures: Pictures, duration: float) -> Person:
    """Makes what is shown of a person."""
    is_fake = track.probability >= verdict.threshold
    return Person(
        name=name_person(track),
        label=label_person(track, verdict.threshold),
        looks=say_looks(is_fake),
        is_fake=is_fake,
        when=seconds_of(track, verdict.sampled) if is_fake else "",
        bars=(_draw_bars(track, verdict, duration, False), _draw_bars(track, verdict, duration, True)),
        weights=_draw_weights(track, verdict, duration),
        faces=[_make_face(frame, pictures) for frame in decisive(track) if (frame.index, frame.box) in pictures.faces],
        track=track,
    )


def _make_face(frame: FrameScore, pictures: Pictures) -> Face:
    weight = "" if frame.weight is None else percent(frame.weight)
    uri, is_fake = pictures.faces[frame.index, frame.box], frame.probability >= FRAME_THRESHOLD
    score = percents(frame.probability, FRAME_THRESHOLD)[0]
    return Face(uri, frame.seconds, write_time(frame.seconds), score, weight, is_fake)


def _draw_bars(track: Track, verdict: FileVerdict, duration: float, fake: bool) -> str:
    """Draws the bars of the frames that look fake, or of the others, upwards, as a path."""
    half = _half_bar(verdict, duration)
    frames = [frame for frame in track.frames if (frame.probability >= FRAME_THRESHOLD) == fake]
    heights = [max(1.0, BARS * frame.probability) for frame in frames]
    bars = zip(frames, heights, strict=True)
    return "".join(_bar(frame.seconds / duration * WIDTH, half, BARS, -height) for frame, height in bars)


def _draw_weights(track: Track, verdict: FileVerdict, duration: float) -> str:
    """Draws the weights downwards; the longest is the highest weight of the person."""
    half, most = _half_bar(verdict, duration), max((frame.weight or 0.0 for frame in track.frames), default=0.0)
    if not most:
        return ""
    depths = [WEIGHTS * (frame.weight or 0.0) / most for frame in track.frames]
    bars = zip(track.frames, depths, strict=True)
    return "".join(_bar(frame.seconds / duration * WIDTH, half, BARS + 2, depth) for frame, depth in bars)


def _bar(x: float, half: float, y: float, height: float) -> str:
    return f"M{x - half:.1f} {y}h{2 * half:.1f}v{height:.1f}h{-2 * half:.1f}z"


def _half_bar(verdict: FileVerdict, duration: float) -> float:
    step = WIDTH / max(len(verdict.sampled), 1)
    steps = [(b - a) / duration * WIDTH for a, b in zip(verdict.sampled, verdict.sampled[1:], strict=False)]
    return max(0.4, min([step, *steps]) / 3)
