"""Shared fixtures: a small FF++-shaped tree made on the fly, the set built from it, and a ffmpeg program."""

import gc
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path

import imageio_ffmpeg
import pytest
import torch
from click.testing import CliRunner, Result
from filelock import FileLock
from hypothesis import settings

from ffpms import installation
from ffpms.cli import main
from ffpms.engine import ENGINES
from tests.helpers.corpus import make_people, make_tree
from tests.helpers.warm_worker import WarmWorker

settings.register_profile("patient", deadline=None)  # processes share the cores
settings.load_profile("patient")

if not hasattr(os, "mkfifo"):
    os.mkfifo = lambda *_, **__: pytest.skip("this system has no named pipes")

SEED = 11
SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[object]:
    """What is imported and collected stays, so that no test waits until all of it is looked through again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _no_wait_for_the_disk(request: pytest.FixtureRequest) -> Iterator[None]:
    """A process that is killed loses nothing without ``fsync``; those of commands keep it, and so do timings."""
    with pytest.MonkeyPatch.context() as patch:
        if request.config.option.markexpr != "bench":
            patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """No command that runs in this process leaves more of them to the tests after it."""
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "set_num_threads", lambda _: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_forced_tables() -> None:
    """Commands print into pipes here, whatever the terminal of who tests is told."""
    os.environ.pop("FORCE_COLOR", None)


@pytest.fixture(scope="session", autouse=True)
def _versions_are_read_once() -> Iterator[None]:
    """What is installed stays so while the tests run; each build and bench of this process asks for it all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(installation, "version", cache(installation.version))
        yield


@pytest.fixture(scope="session")
def ffmpeg_on_path(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Puts imageio-ffmpeg's program on the PATH under its usual name."""
    folder = tmp_path_factory.mktemp("bin")
    if sys.platform == "win32":
        shutil.copyfile(imageio_ffmpeg.get_ffmpeg_exe(), folder / "ffmpeg.exe")
    else:
        (folder / "ffmpeg").symlink_to(imageio_ffmpeg.get_ffmpeg_exe())
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"


Once = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """``once("tree", make_tree)`` is a folder that the first of pytest's workers makes for all of them."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        made = root / f"{name}.made"
        with FileLock(root / f"{name}.lock"):
            if not made.exists():
                make(root / name)
                made.touch()
        return root / name

    return folder


@pytest.fixture(scope="session")
def tree(once: Once) -> Path:
    """A tree of 10 real videos and 40 fakes, with its own splits/."""
    return once("tree", make_tree)


@pytest.fixture(scope="session")
def people(once: Once, tree: Path) -> Path:
    """The corpus of docs/python.md and docs/tour.ipynb, to be copied: 6 real videos and 24 fakes."""
    return once("people", lambda out: make_people(out, tree))


@pytest.fixture(scope="session")
def built(tree: Path, once: Once) -> Path:
    """The set built from the tree with one worker, 64 px crops; by this seed some test bags keep one fake frame."""

    def build(out: Path) -> None:
        flags = ("--ff-root", tree, "--splits", tree / "splits", "--size", 64, "--seed", SEED)
        result = run("build", *flags, "--out", out, "--workers", 1)
        assert result.exit_code == 0, result.output

    return once("built", build)


@pytest.fixture(scope="session")
def _warm_worker() -> Iterator[WarmWorker]:
    worker = WarmWorker()
    yield worker
    worker.end()


@pytest.fixture
def warm_worker(_warm_worker: WarmWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what a build leaves, not of its workers: those with one worker share it."""
    monkeypatch.setitem(ENGINES, "local", _warm_worker)


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each engine's name; what Ray started is stopped."""
    yield request.param
    if request.param == "ray":
        import ray

        ray.shutdown()


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
        if not hasattr(signal, "SIGALRM"):  # nor has Windows the pipes that keep one waiting
            yield
            return
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
