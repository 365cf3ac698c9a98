"""``ffpms explain``: draws what a trained model sees in a bag, and figures that explain methods."""

import json
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from ffpms.cli.completion import complete_runs
from ffpms.cli.options import JSON, PATH, QUIET, need
from ffpms.errors import ConfigError, writing

_OF_A_RUN = "run"


class _Explain(click.Group):
    """A group whose first word may be a run.

    ``explain RUN --bag ID`` is ``explain run RUN --bag ID``.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            self._check_figure(ctx, args[0])
            args = [_OF_A_RUN, *args]
        return super().parse_args(ctx, args)

    def _check_figure(self, ctx: click.Context, word: str) -> None:
        """Fails if a word is no folder, but nearly the name of a figure."""
        figures = [name for name in self.commands if name != _OF_A_RUN]
        if not Path(word).exists() and (near := get_close_matches(word, figures)):
            ctx.fail(f"There is no figure and no run {word!r}. Did you mean {near[0]!r}?")

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "RUN --bag ID [OPTIONS]")
        formatter.write_usage(ctx.command_path, "gradients --out FILE [OPTIONS]")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Shows the flags of a run in place of its hidden name, then the other figures."""
        own = self.commands[_OF_A_RUN]
        with formatter.section("Options of RUN"):
            formatter.write_dl(
                [record for p in own.params if isinstance(p, click.Option) and (record := p.get_help_record(ctx))]
            )
        super().format_commands(ctx, formatter)


@click.group(cls=_Explain, no_args_is_help=False)
def explain() -> None:
    """Draw where a trained model looks in a bag: faces, heat maps, scores, weights and labels.

    It is the paper's Fig. 5 of one bag. RUN is the folder of a run, a packed model, or
    hf://user/name.

    \b
    Example: ffpms explain runs/s-mil-75d02caf0dba --bag DF_953_974 --out DF_953_974.png
    Example: ffpms explain gradients --out gradients.png
    """


@explain.command(_OF_A_RUN, hidden=True)
@click.argument("run", shell_complete=complete_runs)
@click.option("--bag", required=True, help="The bag, such as DF_953_974; 'ffpms show DATA' shows some.")
@click.option("--data", default="ffpms-data", show_default=True, type=PATH, help="The built set of the bag.")
@click.option("--out", default="explain.png", show_default=True, type=PATH, help="The picture: .png, .pdf or .svg.")
@click.option(
    "--logit",
    default="frame",
    show_default=True,
    type=click.Choice(["frame", "video"]),
    help="What the heat explains: frame, each face's own score; video, the video's, where a face that hardly "
    "counts is dark.",
)
@click.option("--device", default="auto", show_default=True, help="Where to compute: auto, cpu, cuda.")
@JSON
@QUIET
def of_run(run: str, bag: str, data: Path, out: Path, **flags: Any) -> None:
    """Draw the faces of one bag with the model's heat maps, scores and weights, and the truth.

    Example: ffpms explain runs/s-mil-75d02caf0dba --bag DF_953_974 --out DF_953_974.png
    """
    need("captum", "matplotlib", extra="explain")
    _check_format(out)
    from benchmark.heat_maps.explained_bag import explain_bag, note_other_set
    from benchmark.heat_maps.picture import draw_bag, summarise
    from benchmark.models.loading import open_model
    from ffpms.dataset.loading import load

    built = load(data)
    model = open_model(run, flags["device"], data)
    explained = explain_bag(model, built, bag, flags["logit"])
    note = note_other_set(model, built, Path(run))
    with writing(out):
        draw_bag(explained, out)
    summary = summarise(explained) | {"note": note}
    if note and not flags["quiet"]:
        click.echo(f"Note: {note}", err=True)
    if flags["as_json"]:
        click.echo(json.dumps(summary, indent=2))
    elif not flags["quiet"]:
        says = f"{summary['model']} gives {bag} {summary['video_prob']:.2f}; it is {explained.bag.about}"
        click.echo(f"{out}: {says}")


@explain.command()
@click.option("--out", required=True, type=PATH, help="The figure: .png, .pdf or .svg.")
@JSON
@QUIET
def gradients(**flags: Any) -> None:
    """Draw the gradient that a face of a fake video gets under MIL, sharp MIL and S-MIL.

    It depends on what the video's other face looks like (Li 2020, supplement).

    Example: ffpms explain gradients --out gradients.png
    """
    need("matplotlib")
    from benchmark.experiments.gradients import EXAMPLE_BAG, draw_gradients, report

    _check_format(flags["out"])
    draw_gradients(flags["out"])
    rules = report()
    if flags["as_json"]:
        click.echo(json.dumps(rules, indent=2))
    elif not flags["quiet"]:
        pulls = ", ".join(f"{name} {rule['gradient'][0]['value']:.2g}" for name, rule in rules.items())
        click.echo(f"{flags['out']}: |dL/dp_1| at p_1 = {EXAMPLE_BAG[0]}, p_2 = {EXAMPLE_BAG[1]}: {pulls}")


def _check_format(out: Path) -> None:
    """Raises ConfigError if a figure has another ending."""
    from benchmark.figures.plotting import PICTURES

    if out.suffix.lower() not in PICTURES:
        raise ConfigError(f"out: {out} is no figure; name it {', '.join(PICTURES)}")
