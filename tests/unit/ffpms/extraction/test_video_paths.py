"""Paths of videos: what is not there, and what is an address."""

from pathlib import Path

import pytest

from ffpms.errors import ConfigError
from ffpms.extraction.video_paths import list_videos


@pytest.mark.parametrize("address", ["https://example.org/a.mp4", "rtsp://camera/1", "file:///a.mp4"])
def test_an_address_is_called_one(address: str) -> None:
    with pytest.raises(ConfigError, match="is an address, and none is opened; give a video file"):
        list_videos([Path(address)])


@pytest.mark.parametrize("name", ["gone.mp4", "a:b.mp4", "C:/gone.mp4"])
def test_what_is_not_there_is_not_found(name: str) -> None:
    with pytest.raises(ConfigError, match="not found; give a video file or a folder of them"):
        list_videos([Path(name)])
