"""Tables for a terminal: the methods, the findings of a check, and the counts of a build."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ffpms.cli.display.terminal import Drawing
from ffpms.verify.findings import Report

if TYPE_CHECKING:  # a list of methods waits for no pandas
    from rich.console import RenderableType

    from ffpms.builder.build_result import BuildReport

_WIDE = 110
"""Width from which a table has a column for what else stands below."""
_ASIDE = 24
"""Columns of the terminal for what is short."""


def draw_methods(drawing: Drawing, rows: Sequence[dict[str, str]], note: str) -> "Iterator[RenderableType]":
    """Draws a row a method: what it computes and who says so, what it judges and learns from."""
    from detectors.describe import TUNED

    wide = drawing.width >= _WIDE
    table = drawing.table(spaced=True)
    table.add_column("method", no_wrap=True)
    table.add_column("what it computes", overflow="fold")
    table.add_column("judges", overflow="fold", max_width=_ASIDE)
    for name in ("learns from", "backbone") if wide else ():
        table.add_column(name, overflow="fold", max_width=_ASIDE)
    for row in rows:
        judges = f"{row['unit']}{', in order' if row['ordered'] == 'yes' else ''}"
        options = f"--set {row['name']}.OPTION=VALUE: {row['options']}" if row["options"] else ""
        about = drawing.lines(row["about"], row["source"], options)
        rest = [row["learns from"], row["backbone"] + TUNED[row["tune"]]]
        cells = [judges, *rest] if wide else [drawing.lines(judges, f"learns from {rest[0]}", f"on {rest[1]}")]
        table.add_row(drawing.text(row["name"], "bold"), about, *cells)
    yield table
    yield ""
    yield drawing.text(" ".join(note.split()))


def draw_findings(drawing: Drawing, report: Report) -> "Iterator[RenderableType]":
    """Draws a row a finding: its kind, the file, what is wrong and what to do."""
    wide = drawing.width >= _WIDE
    entries, rest = report.entries()
    table = drawing.table()
    table.add_column("finding", no_wrap=True)
    for name in ("file", "what is wrong; what to do") if wide else ("file: what is wrong; what to do",):
        table.add_column(name, overflow="fold")
    for entry in entries:
        cells = [drawing.text(entry.file), drawing.text(entry.reason)]
        table.add_row(drawing.text(entry.kind, "bold"), *(cells if wide else [drawing.lines(*cells)]))
    yield table
    if rest:
        yield drawing.text(rest)


def draw_counts(drawing: Drawing, report: "BuildReport") -> "Iterator[RenderableType]":
    """Draws what a build counted, a status a column; other text stays as it is."""
    first, *_, last = text = report.describe().splitlines()
    counts = report.summary["counts"]
    if report.rewritten or report.already_done:
        yield drawing.lines(*text)
        return
    statuses = list(dict.fromkeys(status for own in counts.values() for status in own))
    table = drawing.table()
    table.add_column("")
    for status in statuses:
        table.add_column(status, justify="right", no_wrap=True)
    for what, own in counts.items():
        table.add_row(what, *(str(own.get(status, "")) for status in statuses))
    yield from (drawing.text(first, "bold"), table)
    if report.summary["reasons"]:
        yield from ("", drawing.text(last))
