"""Tracking: links the face boxes of successive frames to people."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ffpms.extraction.boxes import MIN_IOU, Box
from ffpms.schema import UNKNOWN, Status


@dataclass(frozen=True)
class FaceTrack:
    """One face through a video: the boxes where it was found, by frame index.

    Example:
        >>> track = FaceTrack(0, {0: Box(0, 0, 40, 40), 10: Box(20, 0, 40, 40)})
        >>> track.at(5)
        (Box(x=10.0, y=0.0, w=40.0, h=40.0), <Status.INTERPOLATED: 'interpolated'>)
    """

    track_id: int
    boxes: dict[int, Box]

    def at(self, index: int) -> tuple[Box | None, Status]:
        """Returns the box in a frame: found, or interpolated, or None in an empty track.

        Before the first and after the last found box, that box is used.
        """
        if index in self.boxes:
            return self.boxes[index], Status.OK
        if not self.boxes:
            return None, Status.NO_FACE
        known = sorted(self.boxes)
        sides = np.array([[b.x, b.y, b.w, b.h] for b in (self.boxes[k] for k in known)])
        x, y, w, h = (float(np.interp(index, known, side)) for side in sides.T)
        return Box(x, y, w, h), Status.INTERPOLATED

    def spans(self, index: int) -> bool:
        """Whether the frame lies between the first and the last in which the face was found."""
        return bool(self.boxes) and min(self.boxes) <= index <= max(self.boxes)


NO_TRACK = FaceTrack(UNKNOWN, {})
"""The track of a video without a face."""


def find_people(found: Iterable[tuple[int, list[Box]]]) -> list[FaceTrack]:
    """Makes one track per person, the longest and largest first, with id 0.

    Without a face the result is an empty track.
    """
    people: list[dict[int, Box]] = []
    for track in sorted(_link(found), key=_extent, reverse=True):
        known = [person for person in people if _may_be_same_person(person, track)]
        if known:
            min(known, key=lambda person: _distance(person, track)).update(track)
        else:
            people.append(track)
    people.sort(key=_extent, reverse=True)
    return [FaceTrack(i, boxes) for i, boxes in enumerate(people)] or [NO_TRACK]


def _link(found: Iterable[tuple[int, list[Box]]]) -> list[dict[int, Box]]:
    """Links the boxes of successive frames, each to the track it overlaps most."""
    tracks: list[dict[int, Box]] = []
    for index, boxes in found:
        open_tracks = list(tracks)
        for box in sorted(boxes, key=lambda b: -b.area):
            best = max(open_tracks, key=lambda t: box.iou(_last(t)), default=None)
            if best is not None and box.iou(_last(best)) >= MIN_IOU:
                best[index] = box
                open_tracks.remove(best)
            else:
                tracks.append({index: box})
    return tracks


def _last(track: dict[int, Box]) -> Box:
    return track[max(track)]


def _extent(track: dict[int, Box]) -> float:
    return sum(box.area for box in track.values())


def _may_be_same_person(person: dict[int, Box], track: dict[int, Box]) -> bool:
    """Whether a track may continue a person after a cut or a quick move.

    That needs that no frame shows both, and that the sizes are alike.
    """
    widths = [float(np.median([box.w for box in boxes.values()])) for boxes in (person, track)]
    return not person.keys() & track.keys() and 0.5 < widths[0] / widths[1] < 2.0


def _distance(person: dict[int, Box], track: dict[int, Box]) -> float:
    """Distance in px of two tracks where they come closest in time."""
    i, j = min(((i, j) for i in person for j in track), key=lambda ij: abs(ij[0] - ij[1]))
    a, b = person[i], track[j]
    return float(np.hypot(a.x + a.w / 2 - b.x - b.w / 2, a.y + a.h / 2 - b.y - b.h / 2))
