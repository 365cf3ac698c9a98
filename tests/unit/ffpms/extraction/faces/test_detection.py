"""A face detector is tried before it is used: libraries that do not fit are one line."""

import pytest

from ffpms.errors import ConfigError
from ffpms.extraction.decoded_frame import DecodedFrame
from ffpms.extraction.faces import detection


class Unfit:
    """A detector as dlib-bin 19.24.2 is under numpy 2."""

    def everywhere(self, _: DecodedFrame) -> None:
        raise RuntimeError("Unsupported image type, must be 8bit gray or RGB image.")


def test_libraries_that_do_not_fit_are_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(detection.FINDERS, "dlib", Unfit)  # type: ignore[arg-type]
    said = r"--finder dlib fails on a black picture \(RuntimeError: .*dlib-bin \d.*numpy \d.*upgrade"
    with pytest.raises(ConfigError, match=said):
        detection.make_finder("dlib")


def test_those_installed_here_fit() -> None:
    assert isinstance(detection.make_finder("dlib"), detection.DlibFinder)
