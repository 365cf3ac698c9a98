"""Schema: splits, statuses, and the columns of every table."""

from enum import StrEnum

import pyarrow as pa

SCHEMA_VERSION = "1"
UNKNOWN = -1
"""Stands for an unknown integer: the video could not be read or has no face."""

ORIGINAL = "original"
"""A real video, in the column ``manipulation``; codes of fakes belong to their corpus."""


class Split(StrEnum):
    """The official division of FaceForensics++."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class Status(StrEnum):
    """State of a video, a bag or a slot; those in WITH_PIXELS have pixels."""

    OK = "ok"
    INTERPOLATED = "interpolated"
    NO_FACE = "no_face"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    TRUNCATED = "truncated"
    TOO_SHORT = "too_short"
    WRONG_COMPRESSION = "wrong_compression"
    MISALIGNED = "misaligned"
    UNVERIFIED = "unverified"
    DUPLICATE = "duplicate"
    NO_COUNTERPART = "no_counterpart"
    FAILED = "failed"


WITH_PIXELS = frozenset({Status.OK, Status.INTERPOLATED, Status.UNVERIFIED})
PRESENT = frozenset({*WITH_PIXELS, Status.NO_FACE})
"""Statuses of a bag that counts: one without a face is scored 0.5."""
CONFIDENT = 0.95
"""Least ``align_certainty`` with which an offset in time means something."""

_BOX = [(f"box_{side}", pa.float32()) for side in "xywh"]
_IDENTITY = [("target_id", pa.string()), ("source_id", pa.string())]

SOURCE = pa.schema(
    [
        ("source_video", pa.string()),
        ("path", pa.string()),
        ("manipulation", pa.string()),
        ("video_id", pa.string()),
        *_IDENTITY,
        ("compression", pa.string()),
        ("split", pa.string()),
        ("n_frames", pa.int32()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("fps", pa.float64()),
        ("pix_fmt", pa.string()),
        ("profile", pa.string()),
        ("crf", pa.float32()),
        ("sha256", pa.string()),
        ("align_offset", pa.int16()),
        ("align_certainty", pa.float32()),
        ("align_score", pa.float32()),
        ("geometry", pa.string()),
        ("scale_x", pa.float32()),
        ("scale_y", pa.float32()),
        ("shift_x", pa.float32()),
        ("shift_y", pa.float32()),
        *[(f"lift_{channel}", pa.float32()) for channel in "rgb"],
        ("track_id", pa.int16()),
        ("status", pa.string()),
        ("error", pa.string()),
    ]
)

VIDEO = pa.schema(
    [
        ("bag_id", pa.string()),
        ("split", pa.string()),
        ("manipulation", pa.string()),
        ("video_id", pa.string()),
        *_IDENTITY,
        ("pair_id", pa.string()),
        ("label", pa.int16()),
        ("n_frames", pa.int32()),
        ("n_fake", pa.int32()),
        ("fake_rate", pa.float64()),
        ("segment_start", pa.int16()),
        ("segment_length", pa.int16()),
        ("status", pa.string()),
        ("error", pa.string()),
    ]
)

SLOT = pa.schema(
    [
        ("bag_id", pa.string()),
        ("split", pa.string()),
        ("manipulation", pa.string()),
        ("video_id", pa.string()),
        *_IDENTITY,
        ("pair_id", pa.string()),
        ("slot", pa.int16()),
        ("label", pa.int16()),
        ("replaced", pa.bool_()),
    ]
)

PLANNED_FRAME = pa.schema([*SLOT, ("frame_index", pa.int32()), ("n_frames", pa.int32())])
"""A SLOT with its frame. ``n_frames`` is the length that its bag is sampled from: the shorter of
the fake and its real counterpart. Both are -1 if the lengths are not known beforehand."""

PUBLISHED_VIDEO = pa.schema(
    [
        ("video_id", pa.string()),
        ("manipulation", pa.string()),
        ("split", pa.string()),
        ("n_frames", pa.int32()),
        ("width", pa.int16()),
        ("height", pa.int16()),
    ]
)
"""Length and size of a published video of FaceForensics++."""

CROP = pa.schema(
    [
        ("source_video", pa.string()),
        ("frame_index", pa.int32()),
        ("status", pa.string()),
        ("error", pa.string()),
        ("track_id", pa.int16()),
        ("altered", pa.bool_()),
        *_BOX,
        ("crop", pa.string()),
        ("sha256", pa.string()),
        ("n_bytes", pa.int32()),
        ("rim_luma", pa.float32()),
        ("rim_sharpness", pa.float32()),
    ]
)

FRAME = pa.schema(
    [
        ("bag_id", pa.string()),
        ("slot", pa.int16()),
        ("source_video", pa.string()),
        ("frame_index", pa.int32()),
        ("label", pa.int16()),
        ("replaced", pa.bool_()),
        *[CROP.field(name) for name in CROP.names[2:]],
    ]
)

LANDMARK = pa.schema(
    [
        ("source_video", pa.string()),
        ("frame_index", pa.int32()),
        ("track_id", pa.int16()),
        ("points", pa.list_(pa.float32(), 2 * 68)),
    ]
)
"""``points`` are x0, y0, x1, y1, ... in px of the crop as it is shown, at the set's size.

Those of a real crop also hold for the crops of its fakes.
"""

GRID = pa.schema([("bag_id", pa.string()), ("draw", pa.int16()), ("slot", pa.int16()), ("rank", pa.int16())])
"""At n fake frames of the bag, the slots with ``rank < n`` are fake."""

SCORE = pa.schema(
    [
        ("run_id", pa.string()),
        ("method", pa.string()),
        ("dataset", pa.string()),
        ("manipulation", pa.string()),
        ("bag_id", pa.string()),
        ("pair_id", pa.string()),
        ("fake_rate", pa.float64()),
        ("level", pa.string()),
        ("slot", pa.int16()),
        ("track_id", pa.int16()),
        ("y_true", pa.int16()),
        ("score", pa.float64()),
        ("weight", pa.float64()),
        ("status", pa.string()),
    ]
)

SEGMENT = pa.schema([("bag_id", pa.string()), ("start", pa.int16()), ("end", pa.int16())])
"""A run of fake slots of a bag, those without a face included.

``end`` is the slot after the last.
"""

PROPOSAL = pa.schema(
    [("bag_id", pa.string()), ("start", pa.float64()), ("end", pa.float64()), ("confidence", pa.float64())]
)
"""A segment that another tool proposes, in slots from the start of its bag.

It may begin or end within a slot.
"""

GRID_SCORE = pa.schema(
    [
        *[SCORE.field(name) for name in ("run_id", "method", "dataset", "manipulation", "bag_id", "pair_id")],
        ("draw", pa.int16()),
        ("n_fake", pa.int16()),
        ("fake_rate", pa.float64()),
        ("score", pa.float64()),
    ]
)
"""The video scores of every fake bag at every number of fake frames, by draw of the rate grid."""

FEWER_SCORE = pa.schema(
    [
        *[SCORE.field(name) for name in ("run_id", "method", "dataset", "manipulation", "bag_id", "pair_id")],
        *[SCORE.field(name) for name in ("y_true", "fake_rate")],
        ("n_frames", pa.int16()),
        ("score", pa.float64()),
    ]
)
"""The video scores of every bag when only ``n_frames`` of its frames are used."""

PERTURBED_SCORE = pa.schema(
    [
        *[SCORE.field(name) for name in ("run_id", "method", "dataset", "manipulation", "bag_id", "pair_id")],
        *[SCORE.field(name) for name in ("y_true", "fake_rate")],
        ("kind", pa.string()),
        ("level", pa.int16()),
        ("amount", pa.float64()),
        ("score", pa.float64()),
    ]
)
"""The video scores of every test bag with perturbed faces.

``amount`` is what the level stands for.
"""

PERTURBED_LEVELS = (1, 2, 3, 4, 5)
"""Levels of every kind of perturbation, from weak to strong; level 0 is the face as it is."""

NO_FACE_SCORE = 0.5
"""Score of a video in which no face was found: it counts as undecided."""


def bag_key(manipulation: str, video_id: str) -> str:
    """Names a video among all manipulations, e.g. ``DF_953_974``.

    The name is safe for files and unique, unlike ``953_974``.

    Example:
        >>> bag_key("DF", "953_974")
        'DF_953_974'
    """
    return f"{manipulation}_{video_id}"
