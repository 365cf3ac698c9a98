"""``ffpms methods``: lists the registered detectors."""

import json
import textwrap

import click

from ffpms.cli.display.terminal import show
from ffpms.cli.help import Command
from ffpms.cli.options import JSON, PLAIN, warn_of_plugins


@click.command(cls=Command)
@click.option("--markdown", is_flag=True, help="As a Markdown table.")
@JSON
@PLAIN
def methods(markdown: bool, as_json: bool) -> None:
    """List the detectors: what each computes, its paper, what it judges and what it trains on.

    Example: ffpms methods --json
    """
    from detectors.describe import describe_methods, render_markdown, render_text
    from ffpms.cli.display.tables import draw_methods

    warn_of_plugins()
    rows = describe_methods()
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif markdown:
        click.echo(f"{render_markdown(rows)}\n{_note_val()}")
    else:
        text = f"{render_text(rows)}\n\n{_note_val()}"
        show(text, lambda drawing: draw_methods(drawing, rows, _note_val()))


def _note_val() -> str:
    """Notes what methods that learn from no deepfake see of those in val."""
    from detectors import method, names

    *own, last = (name for name in names() if method(name).training_data != "bags")
    text = (
        f"{', '.join(own)} and {last} train and choose their epoch on real faces and forgeries made of them, without"
        " a deepfake."
        " The leaderboard's val threshold and temperature are chosen on val deepfakes, for them as for all methods."
    )
    return textwrap.fill(text, width=98, break_on_hyphens=False)
