"""One target's journey: a real video and its fakes are probed, decoded, aligned and cropped into one shard.

The face is searched once, on the real video; a fake is cropped by the same boxes, mapped through the pair's geometry,
so that nothing about a crop but its content can tell real from fake.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ffpms.align import MIN_SCORE, OFFSETS, Geometry, best_offset, grey, register
from ffpms.audit import rim
from ffpms.errors import ConfigError, MediaError, StorageError
from ffpms.faces import Box, DlibFinder, FaceFinder, crop_face, main_track, shared_region, square_box, track_faces
from ffpms.plan import frame_index
from ffpms.schema import UNKNOWN, Manipulation, Status, bag_key
from ffpms.shards import Shard, crop_path, digest, encode, note_path, write_shard
from ffpms.sources.ffpp import COMPRESSIONS, Source
from ffpms.video import DECODERS, probe
from ffpms.watch import watch

Boxes = dict[int, tuple[Box | None, Status]]
"""Frame index -> the square to cut out, or none, and how it was found."""


@dataclass(frozen=True)
class CropConfig:
    """How a face is cut out: a square of ``margin`` times the detector's box, stored at ``size`` px."""

    size: int = 299
    margin: float = 1.3

    def __post_init__(self) -> None:
        if not 16 <= self.size <= 4096:
            raise ConfigError(f"size: {self.size} px is not in 16..4096")
        if not 1.0 <= self.margin <= 4.0:
            raise ConfigError(f"margin: {self.margin} is not in 1..4 times the detector's box")


@dataclass(frozen=True)
class TargetJob:
    """What a worker needs to build one shard; ``sources`` has the real video first, ``given_up`` the path of each that
    is not to be touched, and why."""

    root: Path
    out: Path
    target_id: str
    sources: tuple[Source, ...]
    frames_per_video: int
    crop: CropConfig
    decoder: str = "pyav"
    time_limit_s: float = 600.0
    given_up: Mapping[str, str] = field(default_factory=dict)


@cache
def _finder() -> FaceFinder:
    return DlibFinder()


def run_job(job: TargetJob) -> str:
    """Builds and writes one shard; whatever goes wrong in it is a status in its rows. Returns the target's id."""
    try:
        with watch(note_path(job.out, job.target_id), job.time_limit_s) as at:
            shard = build_target(job, _finder(), at)
    except (ConfigError, StorageError):
        raise
    except Exception as error:  # one video must never stop a build of thousands
        shard = Shard(job.target_id, [_source_row(s) for s in job.sources])
        reason = f"unexpected {type(error).__name__}: {error}; please report it"
        for row in shard.sources:
            row |= {"status": Status.FAILED.value, "error": reason}
    write_shard(job.out, shard)
    return job.target_id


def build_target(job: TargetJob, finder: FaceFinder, at: Callable[[str], None]) -> Shard:
    """Steps 1 and 3 to 6 of a video's journey for a real video and its fakes; ``at`` is told of each file before it is
    touched."""
    shard = Shard(job.target_id)
    for source in job.sources:
        at(source.path)
        shard.sources.append(_probe(job, source))
    real = shard.sources[0]
    usable = [row for row in shard.sources if row["status"] == Status.OK]
    if real["status"] != Status.OK:
        return shard
    indices = {row["source_video"]: _shared_indices(row, real, job.frames_per_video) for row in usable}
    wanted = sorted(set().union(*indices.values()))
    own = indices[real["source_video"]]
    at(real["path"])
    try:
        reals, greys = _read_real(job, real, wanted)
    except MediaError as error:
        _fail(real, error.status, error.reason)
        return shard
    boxes = _face_boxes(reals, own, job.crop, finder)
    _add_crops(shard, real, reals, boxes, Geometry(), job.crop.size)
    for fake in usable[1:]:
        at(fake["path"])
        _add_fake(job, shard, fake, greys, {i: boxes[i] for i in indices[fake["source_video"]]})
    return shard


def _source_row(source: Source) -> dict[str, Any]:
    """A SOURCE row of which nothing is known yet."""
    unknown: dict[str, Any] = {"n_frames": 0, "width": 0, "height": 0, "fps": None, "crf": None, "track_id": UNKNOWN}
    unknown |= dict.fromkeys(("pix_fmt", "profile", "sha256", "status", "error"), "")
    unknown |= dict.fromkeys(("align_certainty", "lift_r", "lift_g", "lift_b"))
    return asdict(source) | unknown | _geometry_columns(Geometry(kind=""), 0, None)


def _probe(job: TargetJob, source: Source) -> dict[str, Any]:
    row = _source_row(source)
    if source.path in job.given_up:
        _fail(row, Status.FAILED, job.given_up[source.path])
        return row
    try:
        row |= asdict(probe(job.root / source.path)) | {"status": Status.OK.value}
    except MediaError as error:
        _fail(row, error.status, error.reason)
        return row
    expected = COMPRESSIONS[source.compression]
    if expected is not None and row["crf"] not in (None, expected):
        reason = f"encoded at crf {row['crf']:g} in a {source.compression} folder; download it again"
        _fail(row, Status.WRONG_COMPRESSION, reason)
    elif row["n_frames"] < job.frames_per_video:
        reason = f"{row['n_frames']} frames, fewer than the {job.frames_per_video} to sample; ask for fewer --frames"
        _fail(row, Status.TOO_SHORT, reason)
    return row


def _fail(row: dict[str, Any], status: str, reason: str) -> None:
    row |= {"status": str(status), "error": reason}


def _shared_indices(fake: dict[str, Any], real: dict[str, Any], count: int) -> list[int]:
    shared = min(fake["n_frames"], real["n_frames"])
    return [int(i) for i in frame_index(np.arange(count), shared, count)]


def _read_real(
    job: TargetJob, row: dict[str, Any], wanted: list[int]
) -> tuple[dict[int, np.ndarray], dict[int, Image.Image]]:
    """The wanted frames in colour, and in grey with those around them, to check the fakes' timing by."""
    around = {i + k for i in wanted for k in OFFSETS if 0 <= i + k < row["n_frames"]}
    colour, greys = {}, {}
    for index, frame in DECODERS[job.decoder](job.root / row["path"], sorted(around)):
        greys[index] = grey(frame)
        if index in wanted:
            colour[index] = frame
    return colour, greys


def _face_boxes(reals: dict[int, np.ndarray], own: list[int], config: CropConfig, finder: FaceFinder) -> Boxes:
    """The square to cut in each frame of the real video, or none. The face is followed through the real video's own
    sample, so that no box depends on which fakes lie beside it."""
    faces = {i: finder(frame) for i, frame in reals.items()}
    track = main_track(track_faces((i, faces[i]) for i in own))
    height, width = next(iter(reals.values())).shape[:2]
    region = shared_region(width, height)
    found = {i: track.at(i) if i in own else track.refine(i, faces[i]) for i in reals}
    return {i: (face and square_box(face, config.margin, region), status) for i, (face, status) in found.items()}


def _add_fake(job: TargetJob, shard: Shard, fake: dict[str, Any], reals: dict[int, Image.Image], boxes: Boxes) -> None:
    """Holds a fake against its real counterpart and adds its crops, or says why not."""
    real = bag_key(Manipulation.ORIGINAL, shard.target_id)
    if fake["sha256"] == shard.sources[0]["sha256"]:
        _fail(fake, Status.DUPLICATE, f"is {real} itself, byte for byte; download it again")
        return
    try:
        frames = dict(DECODERS[job.decoder](job.root / fake["path"], list(boxes)))
    except MediaError as error:
        _fail(fake, error.status, error.reason)
        return
    found = {i: box for i, (box, _) in boxes.items() if box}
    if not found:
        _add_crops(shard, fake, frames, boxes, Geometry(), job.crop.size)
        return
    greys = {i: grey(frame) for i, frame in frames.items()}
    geometry, score = register([(reals[i], greys[i]) for i in list(boxes)[:: len(boxes) // 2]])
    offset = best_offset(greys, reals, geometry, found)
    fake |= _geometry_columns(geometry, offset, score)
    if score < MIN_SCORE:
        reason = f"does not show what {real} shows (correlation {score:.2f}); check that the files belong together"
        _fail(fake, Status.MISALIGNED, reason)
        return
    _add_crops(shard, fake, frames, boxes, geometry, job.crop.size)


def _geometry_columns(geometry: Geometry, offset: int, score: float | None) -> dict[str, Any]:
    columns = asdict(geometry)
    return {"geometry": columns.pop("kind"), "align_offset": offset, "align_score": score} | columns


def _add_crops(
    shard: Shard,
    source: dict[str, Any],
    frames: dict[int, np.ndarray],
    boxes: Boxes,
    geometry: Geometry,
    size: int,
) -> None:
    """Adds a CROP row for each frame, and its pixels where there is a face."""
    name = source["source_video"]
    for index, (box, status) in boxes.items():
        row: dict[str, Any] = {"source_video": name, "frame_index": index, "status": status.value, "error": ""}
        if box is None:
            nothing = {"track_id": UNKNOWN, "crop": "", "sha256": "", "n_bytes": 0}
            row |= nothing | _box_columns(Box(0, 0, 0, 0)) | dict.fromkeys(("rim_luma", "rim_sharpness"))
        else:
            mapped = geometry.map(box)
            crop = crop_face(frames[index], mapped, size)
            path, data = crop_path(shard.target_id, name, index), encode(crop)
            row |= {"track_id": 0, "crop": path, "sha256": digest(data), "n_bytes": len(data)}
            row |= _box_columns(mapped) | rim(crop)
            shard.files[path] = data
        shard.crops.append(row)


def _box_columns(box: Box) -> dict[str, float]:
    return {f"box_{side}": float(value) for side, value in asdict(box).items()}
