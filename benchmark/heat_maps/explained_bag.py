"""Explains a bag of a built set with a trained model: its scores, its weights, its heat maps."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmark.heat_maps.grad_cam import HeatMaps, Logit, explain_faces
from benchmark.runs.other_sets import scored_sets
from benchmark.trials.requirements import check_order
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError
from ffpms.gallery.bags import ShownBag, ShownFace, show_bags
from ffpms.gallery.choice import find_bags

if TYPE_CHECKING:
    from benchmark.models.trained_model import TrainedModel


@dataclass(frozen=True, eq=False)
class ExplainedBag:
    """A bag with what a model makes of it, face by face in the order in which it was scored.

    ``video_prob`` is calibrated. ``model`` is what the leaderboard calls the model.

    Shape: faces (M, S, S, 3) uint8; frame_prob (M,) and weight (M,) or None.
    """

    bag: ShownBag
    slots: tuple[ShownFace, ...]
    faces: np.ndarray
    heat: HeatMaps
    video_prob: float
    frame_prob: np.ndarray
    weight: np.ndarray | None
    model: str


def note_other_set(model: "TrainedModel", data: BuiltSet, run: Path) -> str:
    """Says if a bag's set is neither the one of a model's training nor one that its run scored.

    ``run`` is the folder of the model, which may be a packed one. Returns '' if the set is known.
    """
    trained = model.trained_on
    if data.sha256 == trained.sha256 or data.sha256 in scored_sets(run):
        return ""
    other, own = f"{data.name} {data.sha256[:8]}", f"{trained.dataset} {trained.sha256[:8]}"
    return f"the bag is of another set ({other}) than {model.name} was trained on ({own}) or scored with --test-data"


def explain_bag(model: "TrainedModel", data: BuiltSet, bag_id: str, logit: Logit = "frame") -> ExplainedBag:
    """Scores a bag of a set, and makes the heat maps of its faces.

    Raises:
        ConfigError: the set has no such bag, or the bag no face; its crops are not of the size that
            the model knows. Or the method sees the order of faces, and a frame shows several.
        DetectorError: the model's backbone has no feature maps.
        ManifestError: a crop is lost or damaged.
    """
    find_bags(data, [bag_id])
    if data.side != model.preprocessing.size:
        what = f"its crops have {data.side} px, and {model.name} was trained on {model.preprocessing.size} px"
        raise ConfigError(f"{data.place}: {what}; give --data of that size")
    (shown,) = show_bags(data, [bag_id])
    (record,) = data.make_records(data.videos[data.videos["bag_id"] == bag_id], data.frames)
    if not record.crops:
        why = f" ({shown.error})" if shown.error else ""
        raise ConfigError(f"bag: {bag_id} has no face, for its status is {shown.status}{why}; choose another")
    check_order(model.method, [bag_id] if record.crowded else [], "the bag to explain")
    faces = record.faces()
    ((video_prob, frame_prob, weight),) = model.score([faces])
    by_place = {(face.slot, face.track_id): face for _, own in shown.people for face in own}
    slots = tuple(by_place[place] for place in zip(record.slots, record.tracks, strict=True))
    return ExplainedBag(
        shown, slots, faces, explain_faces(model, faces, logit), video_prob, frame_prob, weight, model.name
    )
