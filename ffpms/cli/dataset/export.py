"""``ffpms export``: writes a built set in the format of other tools."""

import json
from pathlib import Path
from typing import Any

import click

from ffpms.cli.help import Command, option_group
from ffpms.cli.options import CONFIG, DEFAULT_WORKERS, JSON, PATH, PLAIN, QUIET, parse_names, progress
from ffpms.errors import ConfigError

FORMATS = ("huggingface", "deepfakebench", "croissant", "webdataset", "video", "frames", "recipe")


@click.command(cls=Command)
@click.argument("data", default="ffpms-data", type=PATH)
@click.option("--to", type=click.Choice(FORMATS), help="The format.  [default with --recipe-only: recipe]")
@click.option("--out", required=True, type=PATH, help="Folder to write to, new or empty.")
@option_group(
    "What is exported",
    click.option("--split", default="", callback=parse_names, show_default="all", help="Of train,val,test."),
    click.option(
        "--manipulations",
        default="",
        callback=parse_names,
        show_default="all",
        help="Fakes of these, such as DF,NT; originals always.",
    ),
    click.option(
        "--size",
        type=click.IntRange(16, 4096),
        show_default="as stored; 256 for deepfakebench",
        help="Side of each face, px.",
    ),
    click.option("--recipe-only", is_flag=True, help="Leave out the pixels: what may be published."),
)
@option_group(
    "Machine",
    click.option("--workers", type=click.IntRange(min=1), show_default=DEFAULT_WORKERS, help="Threads."),
)
@option_group("Output", CONFIG, JSON, QUIET, PLAIN)
def export(data: Path, to: str | None, out: Path, **flags: Any) -> None:
    """Write a built set in the format of other tools. The same command again resumes.

    Pixels go to your own disk alone. Those of FaceForensics++ and most other corpora may not be
    passed on; --recipe-only writes what may be.

    \b
    Example: ffpms export ffpms-data --to huggingface --out ffpms-hf
    Example: ffpms export ffpms-data --recipe-only --out my-recipe
    """
    if to is None and not flags["recipe_only"]:
        raise ConfigError(f"to: no format; give --to {', '.join(FORMATS)}, or --recipe-only")
    from ffpms.export.export import export

    report = export(
        data,
        to or "recipe",
        out,
        splits=flags["split"] or None,
        manipulations=flags["manipulations"] or None,
        size=flags["size"],
        recipe_only=flags["recipe_only"],
        workers=flags["workers"],
        progress=progress(flags["quiet"], "file"),
    )
    if flags["as_json"]:
        click.echo(json.dumps(report.as_json(), indent=2))
    elif not flags["quiet"]:
        click.echo("\n".join(_describe(report)))


def _describe(report: Any) -> list[str]:
    """Says what was written, what was left out, and what may be passed on."""
    from ffpms.export.readme import README, unbuilt_lines

    what = f"{report.bags} bags and {report.faces} faces of {report.dataset}"
    lines = [f"{report.out}: {what} for {report.format}" + ("" if report.written else "; all of it was there already")]
    if n := report.faceless:
        bags = f"{n} bags have" if n > 1 else "1 bag has"
        lines.append(f"{bags} no face; {report.out / README} says how that is written.")
    lines += unbuilt_lines(report.left_out, kept=False) + unbuilt_lines(report.unbuilt, kept=True)
    return [*lines, report.terms]
