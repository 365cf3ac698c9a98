"""``ffpms show``: crops of bags to look at, as a picture or a page."""

import json
from pathlib import Path
from typing import Any

import click

from ffpms.cli.options import JSON, PATH, QUIET, parse_names
from ffpms.errors import ConfigError, writing

_PICTURES = (".png", ".jpg", ".jpeg", ".webp")
_PAGES = (".html", ".htm")


@click.command()
@click.argument("data", default="ffpms-data", type=PATH)
@click.option("--bag", "bags", multiple=True, help="A bag, such as DF_953_974; may be given again.")
@click.option("--split", help="Only bags of train, val or test.")
@click.option(
    "--manipulations",
    default="",
    callback=parse_names,
    show_default="all",
    help="Only bags of these, such as DF,original.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    show_default="3 in a picture, all in a page",
    help="Bags of each manipulation, from the lowest to the highest fake rate.",
)
@click.option(
    "--out",
    default="bags.png",
    show_default=True,
    type=PATH,
    help="A picture (.png), or a page (.html) that shows the crops where they lie.",
)
@JSON
@QUIET
def show(data: Path, bags: tuple[str, ...], out: Path, limit: int | None, **flags: Any) -> None:
    """Show the crops of bags in order; fake and swapped-in frames are marked.

    Below a fake bag's faces are those of its real video, at the same frames.

    \b
    Example: ffpms show ffpms-data --bag DF_953_974 --out DF_953_974.png
    Example: ffpms show ffpms-data --out bags.html
    """
    kind = out.suffix.lower()
    if kind not in (*_PICTURES, *_PAGES):
        raise ConfigError(f"out: {out} is neither a picture nor a page; name it .png or .html")
    from ffpms.dataset.loading import load
    from ffpms.gallery.bags import show_bags
    from ffpms.gallery.choice import FEW, choose_few, find_bags, select

    built = load(data)
    if bags:
        chosen = find_bags(built, bags)
    else:
        videos = select(built, flags["split"], flags["manipulations"])
        whole = kind in _PAGES and limit is None
        chosen = videos["bag_id"].tolist() if whole else choose_few(videos, limit or FEW)
    shown = show_bags(built, chosen)
    note = f"{len(shown)} of the {len(built.videos)} bags of {built.name} in {built.place}"
    with writing(out):
        (_write_page if kind in _PAGES else _write_picture)(out, built, shown, note)
    if flags["as_json"]:
        click.echo(json.dumps({"out": str(out), "bags": chosen, "n_bags": len(built.videos)}, indent=2))
    elif not flags["quiet"]:
        more = "" if bags else "; '--bag ID' shows one, '--out bags.html' all"
        click.echo(f"{out}: {note}{more if kind in _PICTURES else ''}")


def _write_picture(out: Path, built: Any, shown: Any, note: str) -> None:
    from ffpms.gallery.sheet import draw_crops

    draw_crops(built, shown, note).save(out)


def _write_page(out: Path, built: Any, shown: Any, _: str) -> None:
    from benchmark.metrics.score_arrays import bucket_of
    from ffpms.gallery.page import write_page

    bucket = dict(zip(built.videos["bag_id"], bucket_of(built.videos["fake_rate"]), strict=True))
    write_page(out, built, shown, bucket)
