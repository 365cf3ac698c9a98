"""Shared fixtures: a small FF++-shaped tree made on the fly, the set built from it, and a ffmpeg program."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import imageio_ffmpeg
import pytest
import torch
from click.testing import CliRunner, Result

from ffpms.cli import main
from tests.corpus import make_tree

SEED = 11
SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """No command that runs in this process leaves more of them to the tests after it."""
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "set_num_threads", lambda _: None)
        yield


@pytest.fixture(scope="session")
def ffmpeg_on_path(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Puts imageio-ffmpeg's program on the PATH under its usual name."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "ffmpeg").symlink_to(imageio_ffmpeg.get_ffmpeg_exe())
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree of 10 real videos and 40 fakes, with its own splits/."""
    return make_tree(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="session")
def built(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The set built from the tree with one worker, 64 px crops; by this seed some test bags keep one fake frame."""
    out = tmp_path_factory.mktemp("built") / "data"
    flags = ("--ff-root", tree, "--splits", tree / "splits", "--size", 64, "--seed", SEED)
    result = run("build", *flags, "--out", out, "--workers", 1)
    assert result.exit_code == 0, result.output
    return out


@pytest.fixture(scope="session")
def grid_ff() -> Path:
    """Real faces in FF++'s layout; only where the shared data lie beside the project."""
    root = SHARED / "grid_ff"
    if not root.is_dir():
        pytest.skip("needs shared/data/grid_ff")
    return root


@pytest.fixture(scope="session")
def grid_ff_bad() -> Path:
    """Broken and awkward videos; only where the shared data lie beside the project."""
    root = SHARED / "grid_ff_bad"
    if not root.is_dir():
        pytest.skip("needs shared/data/grid_ff_bad")
    return root


def run(*arguments: object) -> Result:
    """The command line, in this process."""
    return CliRunner().invoke(main, [str(a) for a in arguments])


Patience = Callable[[int], AbstractContextManager[None]]


@pytest.fixture
def patience() -> Patience:
    """``with patience(5):`` fails what has not ended after so many seconds, where a pipe would keep it waiting."""

    @contextmanager
    def within(seconds: int) -> Iterator[None]:
        waited = []

        def give_up(*_: object) -> None:
            waited.append(seconds)  # a library may swallow what is raised here
            pytest.fail(f"still waiting after {seconds} s")

        before = signal.signal(signal.SIGALRM, give_up)
        signal.alarm(seconds)
        try:
            yield
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
        assert not waited, f"still waiting after {seconds} s"

    return within


Command = Callable[..., Result]


@pytest.fixture(scope="session")
def ffpms() -> Command:
    """``ffpms("build", ...)``."""
    return run
