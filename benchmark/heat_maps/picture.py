"""Draws Fig. 5 of Li et al. (ACM MM 2020) for a bag: crops, heat maps, scores, weights, labels."""

from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np

from benchmark.heat_maps.explained_bag import ExplainedBag
from ffpms.gallery.bags import Mark
from ffpms.gallery.sheet import FAKE, REAL, REPLACED

COLUMNS = 10
"""Faces side by side."""
CELL, SIDES, HEAD = 1.25, 1.15, 0.95
"""Lengths in inches: of a cell, of the margin with the names of the rows, above and below all."""
ROWS = {"crop": 1.0, "heat": 1.0, "score": 0.34, "weight": 0.34, "label": 0.36}
"""Heights of a face's rows, in cells."""
FRAMES: dict[Mark, dict[str, Any]] = {
    Mark.FAKE: {"edgecolor": FAKE, "linewidth": 4.0, "linestyle": "-"},
    Mark.REPLACED: {"edgecolor": REPLACED, "linewidth": 3.0, "linestyle": (0, (2.5, 1.5))},
    Mark.REAL: {"edgecolor": REAL, "linewidth": 0.8, "linestyle": "-"},
}
"""Frames of the crops; the words below say the same."""
COLOURS = "inferno"
"""Colours of the heat: each is lighter than the last, so that all eyes see the order."""
_LINE = 180
"""Letters of a line of the foot."""
SCORE, WEIGHT, TRACK = "#4b5058", "#8a6fb0", "#eceef1"


def draw_bag(explained: ExplainedBag, path: Path) -> None:
    """Draws a bag into a picture; the ending of ``path`` says of which kind."""
    make_figure(explained).savefig(path)


def make_figure(explained: ExplainedBag) -> Any:
    """Draws the faces of a bag in order, ten side by side."""
    from matplotlib.figure import Figure

    names = [name for name in ROWS if name != "weight" or explained.weight is not None]
    blocks = _blocks(explained)
    below = caption(explained)
    foot = 0.45 + 0.2 * len(below.splitlines())
    width = SIDES + COLUMNS * CELL + 0.25
    height = HEAD + foot + len(blocks) * CELL * (sum(ROWS[name] for name in names) + 0.18)
    figure = Figure(figsize=(width, height), dpi=120, facecolor="white")
    top = height - HEAD
    for block in blocks:
        for name in names:
            tall = ROWS[name] * CELL
            top -= tall
            figure.text((SIDES - 0.15) / width, (top + tall / 2) / height, _NAMES[name], ha="right", va="center")
            for column, face in enumerate(block):
                box = (SIDES + column * CELL, top, CELL, tall)
                _PAINTERS[name](_axes(figure, box, 0.06 if name in ("crop", "heat") else 0.0), explained, face)
        top -= 0.18 * CELL
    _words(figure, explained, below, foot)
    return figure


def _blocks(explained: ExplainedBag) -> list[list[int]]:
    """Returns the faces of each line: person by person, each in the order of time."""
    by_person = [[i for i, slot in enumerate(explained.slots) if slot.track_id == t] for t, _ in explained.bag.people]
    return [own[start : start + COLUMNS] for own in by_person for start in range(0, len(own), COLUMNS)]


def _axes(figure: Any, box: tuple[float, float, float, float], inset: float) -> Any:
    """Makes axes without lines, at a place in inches."""
    width, height = figure.get_size_inches()
    x, y, w, h = box
    axes = figure.add_axes(
        ((x + inset) / width, (y + inset) / height, (w - 2 * inset) / width, (h - 2 * inset) / height)
    )
    axes.set_axis_off()
    return axes


def _crop(axes: Any, explained: ExplainedBag, face: int) -> None:
    axes.imshow(explained.faces[face], extent=(0, 1, 0, 1))
    _frame(axes, explained.slots[face].mark)


def _heat(axes: Any, explained: ExplainedBag, face: int) -> None:
    axes.imshow(overlay(explained.faces[face], explained.heat.maps[face]), extent=(0, 1, 0, 1))
    _frame(axes, Mark.REAL)


def _frame(axes: Any, mark: Mark) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((0, 0), 1, 1, fill=False, clip_on=False, **FRAMES[mark]))


def _score(axes: Any, explained: ExplainedBag, face: int) -> None:
    _bar(axes, float(explained.frame_prob[face]), 1.0, SCORE)


def _weight(axes: Any, explained: ExplainedBag, face: int) -> None:
    weight = np.zeros(1) if explained.weight is None else explained.weight
    _bar(axes, float(weight[face]), float(weight.max()), WEIGHT)


def _bar(axes: Any, value: float, full: float, colour: str) -> None:
    """Draws a number and a bar, whose length is the share of ``full``."""
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.barh([0.24], [0.84], height=0.22, left=0.08, color=TRACK)
    axes.barh([0.24], [0.84 * value / full if full else 0.0], height=0.22, left=0.08, color=colour)
    axes.text(0.5, 0.68, f"{value:.2f}", ha="center", va="center", fontsize=10)


def _label(axes: Any, explained: ExplainedBag, face: int) -> None:
    slot = explained.slots[face]
    who = f", person {slot.track_id}" if len(explained.bag.people) > 1 else ""
    axes.set(xlim=(0, 1), ylim=(0, 1))
    ink = FRAMES[slot.mark]["edgecolor"] if slot.mark != Mark.REAL else SCORE
    weight = "bold" if slot.mark == Mark.FAKE else "normal"
    truth = f"real, {slot.mark}" if slot.mark == Mark.REPLACED else slot.mark
    axes.text(0.5, 0.72, truth, ha="center", va="center", fontsize=9, color=ink, fontweight=weight)
    remark = f" ({slot.remark})" if slot.remark else ""
    axes.text(0.5, 0.28, f"frame {slot.frame_index}{who}{remark}", ha="center", va="center", fontsize=8, color=SCORE)


_NAMES = {
    "crop": "face",
    "heat": "heat map",
    "score": "score of\nthe face",
    "weight": "weight of\nthe face",
    "label": "truth",
}
_PAINTERS = {"crop": _crop, "heat": _heat, "score": _score, "weight": _weight, "label": _label}


def overlay(face: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lays a heat map over a face in grey: the hotter a place, the less of the face is seen.

    Shape: (S, S, 3) uint8, (S, S) in 0..1 -> (S, S, 3) uint8.
    """
    from matplotlib import colormaps

    grey = face.mean(axis=2, keepdims=True).repeat(3, axis=2)
    colour = colormaps[COLOURS](0.25 + 0.75 * heat)[..., :3] * 255
    share = 0.75 * np.sqrt(heat)[..., None]
    return np.asarray((1 - share) * grey + share * colour).round().astype(np.uint8)


def _words(figure: Any, explained: ExplainedBag, below: str, foot: float) -> None:
    """Writes the title above, and the caption from ``foot`` inches above the lower end."""
    bag, (width, height) = explained.bag, figure.get_size_inches()
    title = f"{bag.bag_id} ({bag.split}): {bag.about}"
    figure.text(0.25 / width, 1 - 0.32 / height, title, fontsize=15, fontweight="bold", va="center")
    method = explained.model.partition(" [")[0]
    says = f"{method} gives the video {explained.video_prob:.2f} (0 real, 1 fake; calibrated)"
    figure.text(0.25 / width, 1 - 0.64 / height, says, fontsize=12, va="center", color=SCORE)
    figure.text(0.25 / width, (foot - 0.1) / height, below, fontsize=9, va="top", linespacing=1.5)
    scale = _axes(figure, (width - 2.75, height - 0.52, 2.5, 0.16), 0.0)
    scale.imshow(overlay(np.full((8, 128, 3), 170, np.uint8), np.linspace(0, 1, 128)[None].repeat(8, 0)), aspect="auto")
    for x, text, side in ((0, "no heat", "left"), (1, "most of this bag", "right")):
        scale.text(x, -0.35, text, ha=side, va="top", fontsize=9, color=SCORE, transform=scale.transAxes)


def caption(explained: ExplainedBag) -> str:
    """Says what the picture shows: of which logit, of which layer, and how it is scaled."""
    heat = explained.heat
    what = "the faces' own logits, summed" if heat.logit == "frame" else "the video's logit"
    steps = "" if heat.steps == len(heat.maps) else f" in {heat.steps} step{'s' * (heat.steps > 1)} of time"
    dark = "" if heat.maps.any() else " Here nothing does."
    none, some = " The method gives its faces no weights.", " The longest bar is the largest weight."
    weights = none if explained.weight is None else some
    return (
        f"Heat: what raises the fake score. Grad-CAM at each place, ReLU(sum dz/dA * A): z is {what}, A the output of "
        f"{heat.layer} ({heat.places} x {heat.places} places{steps}).{dark}\n"
        "All maps are divided by the largest value of this bag: its faces compare, other bags do not. "
        f"A map says where the detector looks, not that it is right.{weights}\n"
        f"{fill(f'Detector: {explained.model}', _LINE)}"
    )


def summarise(explained: ExplainedBag) -> dict[str, Any]:
    """Returns what the picture says as values for JSON; ``heat`` is the mean of a face's map."""
    heat, weights = explained.heat, explained.weight
    faces = [
        {
            "slot": slot.slot,
            "frame_index": slot.frame_index,
            "track_id": slot.track_id,
            "truth": str(slot.mark),
            "status": slot.status,
            "frame_prob": float(explained.frame_prob[i]),
            "weight": None if weights is None else float(weights[i]),
            "heat": float(heat.maps[i].mean()),
        }
        for i, slot in enumerate(explained.slots)
    ]
    about = {"bag_id": explained.bag.bag_id, "model": explained.model, "video_prob": explained.video_prob}
    return about | {"logit": heat.logit, "layer": heat.layer, "places": heat.places, "faces": faces}
