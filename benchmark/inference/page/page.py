"""Page of verdicts: one HTML file that asks for nothing else."""

from collections.abc import Sequence
from pathlib import Path

from benchmark.inference.page.media import read_video, take_pictures
from benchmark.inference.page.sections import BARS, MOST_ROWS, WEIGHTS, WIDTH, Section, decisive, make_person
from benchmark.inference.sayings import name_person, percent, say_looks
from benchmark.inference.verdict import FRAME_THRESHOLD, FileVerdict
from benchmark.inference.wording import NO_VERDICT
from benchmark.models.trained_model import TrainedModel
from ffpms import __version__
from ffpms.checks import printable
from ffpms.extraction.decoding.any_video import FileStatus
from ffpms.extraction.sampling import Sampling
from ffpms.html.page import render

MOST_SECTIONS = 30
"""Number of videos that are shown with pictures, those of the highest probability."""

PAGE_BYTES = 40_000_000
"""Bytes of videos that a page takes at most; of the others it has frames."""


def render_page(verdicts: Sequence[FileVerdict], model: TrainedModel, sampling: Sampling) -> str:
    """Renders the page of verdicts, in their order.

    Of many videos the most fake have a section, and all have a row in a table. Pixels are decoded
    here once more. A video of up to 8 MB that browsers play is in the page; of another its frames.
    """
    sections = list(_make_sections(verdicts, sampling))
    return render(
        "benchmark.inference.page/page.html",
        title=f"Verdict on {printable(Path(verdicts[0].path).name)}" if len(verdicts) == 1 else "Verdicts on videos",
        verdicts=[_as_row(verdict, sections) for verdict in verdicts],
        sections=sections,
        n_left_out=len(verdicts) - len(sections),
        model=model,
        frame_threshold=percent(FRAME_THRESHOLD),
        sampling=sampling,
        most_rows=MOST_ROWS,
        sizes={"width": WIDTH, "bars": BARS, "weights": WEIGHTS},
        version=__version__,
    )


def _make_sections(verdicts: Sequence[FileVerdict], sampling: Sampling) -> "Sequence[Section]":
    """Makes the sections, in the order of the verdicts."""
    ranked = sorted(range(len(verdicts)), key=lambda i: -1.0 if (p := verdicts[i].probability) is None else p)
    sections, room = [], PAGE_BYTES
    for place in sorted(ranked[-MOST_SECTIONS:]):
        section = _make_section(f"video-{place}", verdicts[place], sampling, room)
        room -= len(section.video.base64) * 3 // 4 if section.video else 0
        sections.append(section)
    return sections


def _make_section(key: str, verdict: FileVerdict, sampling: Sampling, room: int) -> Section:
    has_frames = verdict.status not in (FileStatus.NO_VIDEO, FileStatus.UNREADABLE)
    video = read_video(Path(verdict.path), room) if has_frames else None
    faces = [frame for track in verdict.tracks for frame in decisive(track)]
    pictures = take_pictures(verdict, sampling, faces, video is None)
    duration = max([*verdict.sampled, 1e-3]) + _last_step(verdict)
    tracks = sorted(verdict.tracks, key=lambda track: -track.probability)
    people = [make_person(track, verdict, pictures, duration) for track in tracks]
    return Section(key, verdict, duration, people, video, pictures)


def _last_step(verdict: FileVerdict) -> float:
    """Returns half the time between frames looked at: about what follows the last."""
    return (verdict.sampled[-1] - verdict.sampled[0]) / (len(verdict.sampled) - 1) / 2 if verdict.sampled[1:] else 0.0


def _as_row(verdict: FileVerdict, sections: Sequence[Section]) -> dict[str, object]:
    looks = verdict.looks_fake
    key = next((section.key for section in sections if section.verdict is verdict), "")
    return {
        "key": key,
        "path": printable(verdict.path),
        "probability": verdict.probability,
        "people": len(verdict.tracks),
        "fake": ", ".join(name_person(track) for track in verdict.fake_tracks),
        "verdict": f"none ({NO_VERDICT[verdict.status]})" if looks is None else say_looks(looks),
    }
