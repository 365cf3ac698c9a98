"""``ffpms predict``: scores any video with a trained model."""

import json
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ffpms.cli.completion import complete_runs
from ffpms.cli.help import Command, option_group
from ffpms.cli.options import CONFIG, JSON, PATH, QUIET, WORKERS, progress
from ffpms.errors import ConfigError

if TYPE_CHECKING:
    from benchmark.inference.verdict import FileVerdict


_VIDEO = click.Path(path_type=Path, readable=False)
"""A path that click does not check: a file that may not be read has a row as any other."""


@click.command(cls=Command)
@click.argument("videos", metavar="VIDEO...", nargs=-1, required=True, type=_VIDEO)
@option_group(
    "Model",
    click.option(
        "--run",
        "where",
        required=True,
        shell_complete=complete_runs,
        help="Folder of a run of 'ffpms bench', a packed model, or hf://user/name.",
    ),
    click.option("--data", type=PATH, help="The set it was trained on, for a run of an older version."),
)
@option_group(
    "Frames",
    click.option("--frames", type=click.IntRange(min=3), help="Look at that many frames.  [default: as in training]"),
    click.option("--every", type=float, metavar="S", help="Instead, look at a frame each S seconds."),
)
@option_group(
    "Output",
    click.option("--csv", "table", type=PATH, help="Table with a row a file; what is done in it is not done again."),
    click.option("--annotate", type=PATH, metavar="OUT", help="Draw it into a copy: .mp4, .mkv or .webm, or a folder."),
    click.option("--html", type=PATH, metavar="FILE", help="One page: videos, timelines and faces that decided."),
    JSON,
    QUIET,
)
@option_group(
    "Machine", click.option("--device", default="auto", show_default=True, help="auto: the first GPU."), WORKERS
)
@option_group("Flags from a file", CONFIG)
def predict(videos: tuple[Path, ...], where: str, **flags: Any) -> None:
    """Score videos, person by person, with a trained model.

    VIDEO is any local file that ffmpeg reads, or a folder of them. Each person is tracked and gets
    a probability of being fake; the video's is the highest. A file without a face or a video in it
    gets a line too, and no verdict.

    Example: ffpms predict talk.mp4 --run runs/s-mil-75d02caf0dba --every 0.5 --html talk.html
    """
    from benchmark.inference.outputs import Outputs
    from benchmark.inference.predict import make_sampling, predict_files
    from benchmark.inference.wording import introduce
    from benchmark.models.loading import open_model
    from ffpms.extraction.video_paths import list_videos

    if flags["every"] is not None and flags["frames"] is not None:
        raise ConfigError("--frames, --every: give one of them")
    _end_in_order()
    log = partial(click.echo, err=True) if not flags["quiet"] else lambda _: None
    bar = progress(flags["quiet"], "frame")
    outputs = Outputs.plan(videos, list_videos(videos), flags["annotate"], flags["html"], log, bar)
    files = outputs.files
    model = open_model(where, flags["device"], flags["data"])
    sampling = make_sampling(model, flags["frames"], flags["every"])
    if not flags["quiet"]:
        click.echo(introduce(model.name, model.trained_on), err=True)
    found = predict_files(files, model, sampling, flags["workers"], flags["table"])
    shown = progress(flags["quiet"], "file")(outputs.follow(found), len(files))
    _print(shown, [str(file) for file in files], flags["as_json"])
    outputs.finish(model, sampling)


def _end_in_order() -> None:
    """Lets SIGTERM and SIGHUP end the command as Ctrl-C does, so that no crop of a face stays."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):  # Windows has no SIGHUP
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores SIGHUP
            signal.signal(number, _exit)
            click.get_current_context().call_on_close(partial(signal.signal, number, signal.SIG_DFL))


def _exit(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)


def _print(found: "Iterable[FileVerdict]", paths: Sequence[str], as_json: bool) -> None:
    """Prints verdicts in the order of the files, each as soon as those before it are known."""
    from benchmark.inference.wording import describe

    ordered = _in_order(found, paths)
    if as_json:
        click.echo(json.dumps([verdict.as_json() for verdict in ordered], indent=2))
        return
    for verdict in ordered:
        click.echo(describe(verdict))


def _in_order(found: "Iterable[FileVerdict]", paths: Sequence[str]) -> "Iterator[FileVerdict]":
    known, waiting = {}, iter(paths)
    due = next(waiting, None)
    for verdict in found:
        known[verdict.path] = verdict
        while due in known:
            yield known.pop(due)
            due = next(waiting, None)
