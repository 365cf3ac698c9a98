"""``ffpms minicorpus``: renders the embedded corpus."""

import json
import time
from pathlib import Path
from typing import Any

import click

from ffpms.cli.help import Command, option_group
from ffpms.cli.options import CONFIG, JSON, PATH, PLAIN, QUIET, WORKERS, parse_names, parse_range, progress
from ffpms.errors import ConfigError

_PICTURES = (".jpg", ".jpeg", ".png")


def _parse_shares(_: click.Context, __: click.Parameter, text: str | None) -> tuple[Any, ...] | None:
    """Returns the shares as numbers; :class:`CorpusConfig` says what is wrong with others."""
    return None if text is None else tuple(int(part) if part.isdecimal() else part for part in text.split(","))


@click.command(cls=Command)
@option_group(
    "The corpus",
    click.option(
        "--identities", default=40, show_default=True, help="People: an even number from 6; 1000 are as FF++."
    ),
    click.option("--frames", default="60-90", show_default=True, callback=parse_range, help="Length of the videos."),
    click.option("--difficulty", default=0.4, show_default=True, help="How well the fakes are made, 0 to 1."),
    click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Another one: other people."),
    click.option("--shares", show_default="3,1,1", callback=_parse_shares, help="Of pairs: train,val,test."),
)
@option_group(
    "What of it is rendered",
    click.option("--out", required=True, type=PATH, help="Folder of the tree."),
    click.option("--compression", default="c40", show_default=True, callback=parse_names, help="Of raw,c23,c40."),
    click.option("--split", default="train,val,test", show_default=True, callback=parse_names, help="Pairs of these."),
    click.option("--sheet", type=PATH, help="Also draw a contact sheet of some originals and fakes (JPEG or PNG)."),
)
@option_group("Machine", WORKERS)
@option_group("Output", CONFIG, JSON, QUIET, PLAIN)
def minicorpus(**flags: Any) -> None:
    """Render the embedded corpus: talking heads and four manipulations, laid out like FF++.

    Example: ffpms minicorpus --out minicorpus
    """
    from ffpms.minicorpus.contact_sheet import draw_sheet
    from ffpms.minicorpus.corpus import CorpusConfig, make_corpus

    if flags["sheet"] and flags["sheet"].suffix.lower() not in _PICTURES:
        raise ConfigError(f"sheet: {flags['sheet']} is no picture; name it {' or '.join(_PICTURES)}")
    shortest, longest = flags["frames"]
    settings = (flags["identities"], shortest, longest, flags["compression"], flags["difficulty"], flags["seed"])
    config, started = CorpusConfig(*settings, flags["shares"], flags["split"]), time.monotonic()
    if not flags["quiet"]:
        click.echo(f"choosing {config.identities} people who do not look alike", err=True)
    units = iter(("person", "pair"))
    every = make_corpus(
        flags["out"], config, flags["workers"], lambda items, n: progress(flags["quiet"], next(units))(items, n)
    )
    pairs = {split: every[split] for split in config.splits}
    if flags["sheet"]:
        draw_sheet(flags["out"], pairs, config.compressions[0], flags["sheet"])
    counts = {split: len(members) for split, members in pairs.items()}
    if flags["as_json"]:
        about = {"out": str(flags["out"]), "people": config.identities, "pairs": counts}
        sheet = str(flags["sheet"]) if flags["sheet"] else None
        click.echo(json.dumps(about | {"sheet": sheet, "seconds": round(time.monotonic() - started, 1)}, indent=2))
    elif not flags["quiet"]:
        _tell(flags["out"], config, counts, part="" if len(pairs) == len(every) else f" --split {','.join(pairs)}")


def _tell(out: Path, config: Any, counts: dict[str, int], part: str) -> None:
    """Prints what there is, and the command that builds a set of it."""
    said = ", ".join(f"{n} {split}" for split, n in counts.items())
    click.echo(f"{out}: {config.identities} people; pairs: {said}")
    level = "" if "c40" in config.compressions else f" --compression {config.compressions[0]}"
    click.echo(f"next: ffpms build --ff-root {out} --splits {out / 'splits'}{level}{part}")
