"""``ffpms build``: builds the data set from a tree of videos, or from a table of one's own."""

import json
from typing import Any

import click

from ffpms.cli.display.terminal import show
from ffpms.cli.help import Command, option_group
from ffpms.cli.options import (
    CONFIG,
    CORPUS,
    ENGINE,
    JSON,
    PATH,
    PLAIN,
    QUIET,
    ROOT,
    TABLE,
    WORKERS,
    find_root,
    make_recipe,
    parse_names,
    progress,
    recipe_options,
)
from ffpms.errors import ConfigError


@click.command(cls=Command)
@option_group(
    "What to build",
    click.option("--ff-root", type=PATH, help="A FaceForensics++ tree."),
    ROOT,
    CORPUS,
    TABLE,
    click.option("--out", default="ffpms-data", show_default=True, type=PATH, help="Folder of the built set."),
    click.option("--split", default="test,val,train", show_default=True, callback=parse_names, help="Which to build."),
    click.option(
        "--limit", type=click.IntRange(min=2), help="Only the first N real videos of each split, with their fakes."
    ),
    click.option("--whole", is_flag=True, help="Take fakes as they are: no frame replaced, none compared."),
)
@recipe_options
@option_group(
    "Faces",
    click.option("--size", default=299, show_default=True, help="Side of a crop in px."),
    click.option(
        "--margin", default=1.3, show_default=True, help="Side of the square, in sides of the detector's box."
    ),
    click.option(
        "--faces",
        default="main",
        show_default=True,
        type=click.Choice(["main", "all"]),
        help="The manipulated face of a frame, or all of them, each an instance with its own label.",
    ),
    click.option(
        "--finder",
        default="dlib",
        show_default=True,
        type=click.Choice(["dlib", "dlib+mtcnn"]),
        help="Face detector; dlib+mtcnn tries MTCNN where dlib finds no face.",
    ),
    click.option(
        "--landmarks",
        is_flag=True,
        help="Find 68 points on real faces too; methods that make pseudo-fakes need them. Needs ffpms[landmarks]; its "
        "weights were trained on 300-W and are not for commercial use.",
    ),
)
@option_group(
    "Videos",
    click.option(
        "--decoder",
        default="pyav",
        show_default=True,
        type=click.Choice(["pyav", "ffmpeg"]),
        help="ffmpeg is the reference.",
    ),
    click.option(
        "--time-limit",
        default=600,
        show_default=True,
        type=click.IntRange(min=1),
        help="Seconds after which the build gives a file up.",
    ),
    click.option("--keep-unverified", is_flag=True, help="Also mix fakes that do not match their real video."),
    click.option("--retry-failed", is_flag=True, help="Try videos again that could not be used."),
)
@option_group(
    "Machine",
    WORKERS,
    ENGINE,
)
@option_group(
    "Output",
    CONFIG,
    JSON,
    QUIET,
    PLAIN,
)
def build(**flags: Any) -> None:
    """Build FFPMS from a FaceForensics++ tree. The same command again resumes.

    Sets like it are built from other corpora (--root) and from your own videos (--table).

    Example: ffpms build --ff-root /data/FaceForensics++ --out ffpms-data
    """
    from ffpms.builder.build import build
    from ffpms.builder.config import BuildConfig
    from ffpms.cli.display.tables import draw_counts
    from ffpms.protocol.crop_config import CropConfig

    root, corpus = find_root(flags)
    config = BuildConfig(
        recipe=make_recipe(flags, corpus),
        crop=CropConfig(**{name: flags[name] for name in ("size", "margin", "faces", "finder", "landmarks")}),
        splits=flags["split"],
        limit=flags["limit"],
        decoder=flags["decoder"],
        keep_unverified=flags["keep_unverified"],
        whole=flags["whole"],
    )
    report = build(
        root,
        flags["out"],
        corpus=corpus.name,
        table=flags["table"],
        pairs=flags["splits"],
        config=config,
        workers=flags["workers"],
        engine=flags["engine"],
        time_limit_s=flags["time_limit"],
        retry_failed=flags["retry_failed"],
        progress=progress(flags["quiet"], "target", _has_failed),
    )
    for problem in report.problems:
        click.echo(problem, err=True)
    if report.is_empty:
        raise ConfigError(f"{flags['out']}: {report.describe_emptiness()}")
    if flags["as_json"]:
        click.echo(json.dumps(report.summary, indent=2))
    elif not flags["quiet"]:
        show(report.describe(), lambda drawing: draw_counts(drawing, report))


def _has_failed(done: Any) -> bool:
    """Whether something that the bar counts is the result of a target that was not built."""
    return bool(getattr(done, "problem", "") or getattr(done, "unexpected", ""))
