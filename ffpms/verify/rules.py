"""What FaceForensics++ is like: rules that a fake's file keeps, given the real videos of its target and its source."""

from collections.abc import Iterator

from ffpms.extraction.probe import VideoInfo
from ffpms.schema import Manipulation
from ffpms.sources.ffpp import Source, broken_promise
from ffpms.verify.findings import Finding, Kind

_AGAIN = "download it again"
_NARROWED = (Manipulation.F2F, Manipulation.NT)
_SAME_RATE = 0.01
"""Rates closer than this share are the same: 29.97 and 30 are."""


def check_compression(source: Source, about: VideoInfo) -> Iterator[Finding]:
    """The crf in the stream is the one that the folder promises."""
    if what := broken_promise(source.compression, about.crf):
        yield Finding(source.path, Kind.WRONG_COMPRESSION, what, _AGAIN)


def check_fake(source: Source, fake: VideoInfo, target: VideoInfo | None, donor: VideoInfo | None) -> Iterator[Finding]:
    """Length, size and rate of a fake; ``target`` and ``donor`` are the real videos of its two ids, None if they cannot
    be read."""
    yield from _check_length(source, fake, target, donor)
    if target:
        yield from _check_size(source, fake, target)
    if donor and abs(fake.fps - donor.fps) > _SAME_RATE * donor.fps:
        what = f"{fake.fps:g} frames a second, but its source {source.source_id} has {donor.fps:g}"
        yield Finding(source.path, Kind.FRAME_RATE, what, _AGAIN)


def _check_length(
    source: Source, fake: VideoInfo, target: VideoInfo | None, donor: VideoInfo | None
) -> Iterator[Finding]:
    """Deepfakes has its target's length, Face2Face its source's, FaceSwap and NeuralTextures the shorter."""
    real = {f"its target {source.target_id}": target, f"its source {source.source_id}": donor}
    if source.manipulation == Manipulation.DF:
        del real[f"its source {source.source_id}"]
    elif source.manipulation == Manipulation.F2F:
        del real[f"its target {source.target_id}"]
    lengths = {name: about.n_frames for name, about in real.items() if about}
    if len(lengths) == len(real) and fake.n_frames != min(lengths.values()):
        said = " and ".join(f"{name} has {n}" for name, n in lengths.items())
        what = f"{fake.n_frames} frames, not {min(lengths.values())} ({said})"
        yield Finding(source.path, Kind.LENGTH, what, f"{_AGAIN}, or those it is made from")


def _check_size(source: Source, fake: VideoInfo, target: VideoInfo) -> Iterator[Finding]:
    """A fake has its target's size; the width of Face2Face and NeuralTextures may be floored to a multiple of 64."""
    widths = [target.width]
    if source.manipulation in _NARROWED and target.width % 64:
        widths.append(target.width // 64 * 64)
    if fake.width not in widths or fake.height != target.height:
        allowed = " or ".join(f"{width}x{target.height}" for width in widths)
        what = f"{fake.width}x{fake.height} px, not the {allowed} of its target {source.target_id}"
        yield Finding(source.path, Kind.SIZE, what, _AGAIN)
