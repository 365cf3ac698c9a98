"""Decoded frame: converts a frame to RGB or luma, and no more of it than is asked for."""

from dataclasses import dataclass

import av
import numpy as np
from av.video.plane import VideoPlane

from ffpms.extraction.boxes import Box

_PLANAR = frozenset({"yuv444p", "yuv422p", "yuv420p", "yuvj444p", "yuvj422p", "yuvj420p"})
"""Pixel formats whose first plane is luma of 8 bits; H.264 has few others."""


@dataclass(frozen=True)
class DecodedFrame:
    """A decoded frame, upright; pixels are converted only when asked for."""

    av_frame: av.VideoFrame

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        return self.av_frame.width, self.av_frame.height

    def rgb(self) -> np.ndarray:
        """Returns the pixels as RGB.

        Shape: (H, W, 3) uint8.
        """
        return _as_rgb(self.av_frame)

    def luma(self) -> np.ndarray:
        """Returns the luma as coded, or as it would be coded.

        To compare frames this is quicker than a conversion to RGB.

        Shape: (H, W) uint8.
        """
        return np.array(self._luma_plane())  # a view would keep all of the frame in memory

    def _luma_plane(self) -> np.ndarray:
        frame = self.av_frame
        if frame.format.name not in _PLANAR:
            frame = frame.reformat(format="yuv444p", threads=1)
        return _pixels(frame.planes[0])

    def luma_of(self, part: Box, step: int = 1) -> np.ndarray:
        """Returns the luma in a box on whole pixels; every ``step``-th row and column.

        Shape: (h, w) uint8.
        """
        return self._luma_plane()[part.rows, part.columns][::step, ::step]

    def rgb_of(self, part: Box, step: int = 1) -> np.ndarray:
        """Returns the pixels of :meth:`rgb` in a box on whole pixels; every ``step``-th row and
        column.

        Where every pixel has its own colours, as in FaceForensics++, no other pixel is converted.

        Shape: (h, w, 3) uint8.
        """
        frame = self.av_frame
        if frame.format.name != "yuv444p":
            return self.rgb()[part.rows, part.columns][::step, ::step]
        small = av.VideoFrame(-(-int(part.w) // step), -(-int(part.h) // step), "yuv444p")
        for cut, whole in zip(small.planes, frame.planes, strict=True):
            _pixels(cut)[:] = _pixels(whole)[part.rows, part.columns][::step, ::step]
        small.colorspace, small.color_range = frame.colorspace, frame.color_range
        return _as_rgb(small)


def _as_rgb(frame: av.VideoFrame) -> np.ndarray:
    """Converts a frame to RGB; where each pixel has its own colours by way of three planes.

    The bytes are the same: ffmpeg has quick code for the planes, and none for yuv444p to rgb24.
    """
    planes = frame.reformat(format="gbrp", threads=1) if frame.format.name == "yuv444p" else frame
    return np.asarray(planes.to_ndarray(format="rgb24", threads=1), np.uint8)


def _pixels(plane: VideoPlane) -> np.ndarray:
    return np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
