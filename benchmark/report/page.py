"""Renders the report: all sections, what failed, and how the page was made, as one HTML file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import ffpms
from benchmark.leaderboards.board import Board, make_board
from benchmark.leaderboards.groups import by_table
from benchmark.metrics.catalogue import METRICS
from benchmark.report.numbers import CALIBRATION
from benchmark.report.section import FaceOptions, Section, make_section
from benchmark.runs.collection import Collection
from ffpms.errors import not_installed
from ffpms.html import render
from ffpms.progress import Progress

PARTS = (
    ("rates", "Fake rate", "How well methods do where few frames of a video are fake, as in the paper's Fig. 6."),
    ("frames", "Frames", "How well they do on fewer frames of a video, as in the paper's Fig. 7."),
    ("roc", "ROC and calibration", "Which errors a threshold trades, and whether scores are probabilities."),
    ("robustness", "Perturbed faces", "How well they do as test faces get worse, from level 1 to level 5."),
    ("manipulations", "Manipulations", "Each method on each manipulation, with its 95 % interval over the test pairs."),
    ("training", "Training", "What training did, epoch by epoch. The epoch of the scores was chosen on val."),
)
"""The parts of a section that have figures: key, name, and what they show."""
IN_BUCKETS = [name for name, about in METRICS.items() if about.level == "video" and (about.compared or about.curve)]
"""Metrics that the report has for each bucket of the fake rate; ``leaderboard.csv`` has all.

They are accuracy, and what one walk along the ROC curve gives. Others would take several times as
long.
"""
_CALIBRATED = "roc"
"""The part that the table of calibration stands in."""


@dataclass(frozen=True)
class Report:
    """All that the page shows, computed from the runs of one folder.

    ``rows`` of what failed have the run, its set and the reason.
    """

    root: Path
    sections: list[Section]
    failures: list[list[str]] = field(default_factory=list)

    @classmethod
    def compute(cls, root: Path, found: Collection, faces: FaceOptions, progress: Progress) -> "Report":
        """Computes the report; ``progress`` sees the rows of its board pass.

        Raises:
            ManifestError: there is neither a finished run nor a failed one.
        """
        board = make_board(found.runs, found.failures, in_buckets=IN_BUCKETS, progress=progress)
        tables = by_table(found.runs) if found.runs else []
        sections = [make_section(n, name, runs, board, root, faces) for n, (name, runs, _) in enumerate(tables, 1)]
        return cls(root, sections, list(_list_failures(board, found)))


def _list_failures(board: Board, found: Collection) -> Iterator[list[str]]:
    yield from board.failures[["run_id", "dataset", "reason"]].to_numpy().tolist()
    for name, line in found.left_out.items():
        yield [name, "", line]
    for name in found.unfinished:
        yield [name, "", "not finished; the same 'ffpms bench' goes on with it"]


def render_report(report: Report, faces_line: str, command: str) -> str:
    """Renders a report; ``faces_line`` says whose faces it shows, ``command`` made it.

    Raises:
        ConfigError: the package of the charts is not installed.
    """
    values: dict[str, Any] = {
        "title": _title(report.sections),
        "root": str(report.root),
        "version": ffpms.__version__,
        "sections": report.sections,
        "failures": report.failures,
        "figure_parts": PARTS,
        "calibrated": _CALIBRATED,
        "calibration_head": [*CALIBRATION.values(), "T"],
        "parts": list_parts,
        "faces_line": faces_line,
        "command": command,
        "vega": read_vega(),
    }
    return render("benchmark.report/report.html", **values)


def _title(sections: Sequence[Section]) -> str:
    names = ", ".join(section.name for section in sections)
    return f"Report on {names}" if names else "Report"


def list_parts(section: Section) -> list[tuple[str, str]]:
    """Lists the parts of a section, in the order of the page: key and name."""
    figures = [(key, name) for key, name, _ in PARTS if section.figures_of(key)]
    entries = [("submissions", "Submissions")] if section.submissions else []
    return [("leaderboard", "Leaderboard"), *entries, *figures, ("bags", "Bags"), ("origins", "How each row was made")]


@cache
def read_vega() -> str:
    """Reads Vega-Lite with all that it needs, as one script of 0.9 MB.

    Raises:
        ConfigError: the package that has it is not installed.
    """
    try:
        import vl_convert
    except ImportError:
        raise not_installed("vl-convert-python", "report") from None
    text: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return text
