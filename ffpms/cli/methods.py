"""``ffpms methods``: lists the registered detectors."""

import json

import click

from ffpms.cli.options import JSON


@click.command()
@click.option("--markdown", is_flag=True, help="As a Markdown table.")
@JSON
def methods(markdown: bool, as_json: bool) -> None:
    """List the detectors: what each computes, its paper, what it judges and what it trains on.

    Example: ffpms methods --json
    """
    from detectors import load_plugins
    from detectors.describe import describe_methods, render_markdown, render_text

    load_plugins()
    rows = describe_methods()
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        click.echo(render_markdown(rows).rstrip() if markdown else render_text(rows))
