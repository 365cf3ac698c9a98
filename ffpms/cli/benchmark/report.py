"""``ffpms report``: runs as one HTML file."""

import json
import shlex
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from ffpms.cli.options import CONFIG, JSON, PATH, PLAIN, QUIET, need, progress
from ffpms.errors import ConfigError
from ffpms.progress import Progress


@click.command()
@click.argument("runs", type=PATH)
@click.option(
    "--out", default="report.html", show_default=True, type=PATH, help="The file; its pictures lie beside it."
)
@click.option(
    "--data",
    multiple=True,
    type=PATH,
    help="The built set that was scored, for its faces; may be repeated."
    "  [default: looked for beside RUNS and in ffpms-data, by its hash]",
)
@click.option(
    "--bags", default=24, show_default=True, type=click.IntRange(min=0), help="Hardest bags whose faces are shown."
)
@click.option(
    "--heatmaps",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="Of these bags, also where the best method looks (Grad-CAM; needs ffpms[explain]).",
)
@click.option("--no-faces", is_flag=True, help="No pixel of a face in the file, so that it may be published.")
@click.option("--pictures/--no-pictures", default=True, show_default=True, help="Also draw PDF and PNG files.")
@CONFIG
@JSON
@QUIET
@PLAIN
def report(runs: Path, **flags: Any) -> None:
    """Write one HTML file of all that RUNS says: tables, curves, and a viewer of bags.

    The file needs no server and asks for nothing. Faces of FaceForensics++ may not be published:
    write a file for others with --no-faces.

    Example: ffpms report runs --no-faces --out report.html
    """
    from benchmark.report.page import read_vega
    from benchmark.report.write import ReportPlan, write_report
    from benchmark.runs.collection import read_some

    log = partial(click.echo, err=True)
    if flags["no_faces"] and flags["data"]:
        raise ConfigError("no-faces: contradicts --data, which is read for its faces; leave one of them away")
    if flags["no_faces"] and flags["heatmaps"]:
        raise ConfigError("no-faces: contradicts --heatmaps, which lie over faces; leave one of them away")
    if flags["pictures"]:
        need("matplotlib", extra="report")
    if flags["heatmaps"]:
        need("captum", "matplotlib", extra="explain")
    read_vega()
    started, found = time.monotonic(), read_some(runs, log)
    plan = ReportPlan(
        root=runs,
        out=flags["out"],
        data=flags["data"],
        n_bags=0 if flags["no_faces"] else max(flags["bags"], flags["heatmaps"]),
        n_heat_maps=flags["heatmaps"],
        explain=partial(_explain, runs, progress(flags["quiet"], "bag")) if flags["heatmaps"] else None,
        pictures=flags["pictures"],
        command=_write_command(runs, flags),
    )
    written = write_report(plan, found, progress(flags["quiet"], "row"))
    for line in written.notes:
        log(line)
    if flags["as_json"]:
        about = {"files": [*map(str, written.files)], "runs": len(found.runs), "failures": len(found.failures)}
        about |= {"notes": written.notes, "seconds": round(time.monotonic() - started, 1)}
        click.echo(json.dumps(about, indent=2))
    elif not flags["quiet"]:
        click.echo(f"Here: {', '.join(map(str, written.files))}")


def _explain(runs: Path, bars: Progress, run: Any, bags: Sequence[Any]) -> dict[str, Any]:
    """Draws heat maps over the faces of bags, as a run's detector sees them."""
    import numpy as np

    from benchmark.heat_maps import heat_maps
    from benchmark.heat_maps.picture import overlay
    from benchmark.models.loading import open_model
    from detectors.errors import DetectorError

    model, drawn = open_model(runs / run.run_id, data=bags[0].root), {}
    for bag in bars(bags, len(bags)):
        faces = bag.faces()
        try:
            maps = heat_maps(model, faces)
        except DetectorError as error:
            raise ConfigError(str(error)) from error
        drawn[bag.bag_id] = np.stack([overlay(face, heat) for face, heat in zip(faces, maps, strict=True)])
    return drawn


def _write_command(runs: Path, flags: dict[str, Any]) -> str:
    """Writes the command that made the page, for its foot."""
    words = ["ffpms", "report", str(runs), "--out", str(flags["out"])]
    words += [word for root in flags["data"] for word in ("--data", str(root))]
    words += ["--heatmaps", str(flags["heatmaps"])] if flags["heatmaps"] else []
    words += ["--no-faces"] if flags["no_faces"] else ["--bags", str(flags["bags"])]
    return shlex.join([*words, *([] if flags["pictures"] else ["--no-pictures"])])
