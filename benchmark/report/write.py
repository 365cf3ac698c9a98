"""Writes the report: the HTML file whole or not at all, and the pictures beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark.figures.trainings import HISTORY, lack_history
from benchmark.report.faces import find_sets
from benchmark.report.page import Report, render_report
from benchmark.report.pictures import draw_pictures
from benchmark.report.section import Explain, FaceOptions
from benchmark.runs.collection import Collection
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import writing
from ffpms.progress import Progress, not_shown
from ffpms.storage import write_whole

_NONE = "It shows no face."


@dataclass(frozen=True)
class ReportPlan:
    """What to write: the runs' folder, the file, and the faces of how many bags from which sets.

    Without ``data`` the sets are looked for. ``n_bags`` 0 means no face at all. ``explain`` draws
    heat maps of ``n_heat_maps`` bags.
    """

    root: Path
    out: Path
    data: tuple[Path, ...] = ()
    n_bags: int = 24
    pictures: bool = True
    command: str = ""
    n_heat_maps: int = 0
    explain: Explain | None = None


@dataclass(frozen=True)
class Written:
    """The files of a report, the page first, and lines on what is not in it."""

    files: list[Path]
    notes: list[str]


def write_report(plan: ReportPlan, found: Collection, progress: Progress = not_shown) -> Written:
    """Writes the report of a folder's runs; ``progress`` sees the rows of its board pass.

    Raises:
        ConfigError: a set was given that the runs were not scored on, or a package is missing.
        ManifestError: there is no run, or a set that was given is damaged.
        StorageError: the disk does not take the files.
    """
    wanted = {run.data_sha256 for run in found.runs} if plan.n_bags else set()
    sets = find_sets(plan.root, wanted, plan.data) if plan.n_bags else {}
    faces = FaceOptions(plan.n_bags, sets, plan.n_heat_maps, plan.explain)
    report = Report.compute(plan.root, found, faces, progress)
    page = render_report(report, _describe_faces(report), plan.command)
    with writing(plan.out.parent):
        plan.out.parent.mkdir(parents=True, exist_ok=True)
        pictures = _draw_all(report, plan.out) if plan.pictures else []
    write_whole(plan.out, page)
    lacking = lack_history(found.runs, plan.root)
    notes = [f"no training curve of {name}: its {HISTORY} is missing or damaged" for name in lacking]
    return Written([plan.out, *pictures], [*notes, *_note(report, sets, wanted)])


def _draw_all(report: Report, out: Path) -> list[Path]:
    """Draws the pictures of every set, in a folder with the page's name."""
    several = len(report.sections) > 1
    files = []
    for section in report.sections:
        end = f"-{section.name.replace(' ', '-').replace('/', '-')}" if several else ""
        files += draw_pictures(section.curves, out.with_name(f"{out.stem}-figures"), section.name, end)
    return files


def _describe_faces(report: Report) -> str:
    number = sum(len(section.album.faces) for section in report.sections)
    if not number:
        return _NONE
    places = ", ".join(dict.fromkeys(section.name for section in report.sections if section.album.faces))
    return (
        f"It shows the faces of the {number} hardest bags of {places}: by turns of the highest error and disagreement."
        " Do not publish it if those may not be published; --no-faces writes a file without."
    )


def _note(report: Report, sets: Mapping[str, BuiltSet], wanted: set[str]) -> list[str]:
    """Says what is not in the report that a user may expect."""
    notes = [line for section in report.sections for line in section.album.lost]
    notes += [section.heat_line for section in report.sections if section.heat_line and not section.album.heat]
    if lacking := wanted - set(sets):
        hashes = ", ".join(sorted(sha256[:8] for sha256 in lacking))
        notes.append(f"no faces of {hashes}: the built set was not found; give it with --data")
    return notes
