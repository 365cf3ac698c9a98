"""Heat maps of faces: which places of a face speak for a fake, by Grad-CAM at each place.

h = ReLU(sum_c dz/dA_c * A_c) of the feature maps A_c (HiResCAM; Draelos and Carin 2020, Eq. 2).
Grad-CAM (Selvaraju et al., ICCV 2017) takes the mean of dz/dA_c over the places first. Where a
network averages its maps, as Xception does, the two are equal but for a factor. Elsewhere only
the first is 0 where the detector does not look.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from benchmark.heat_maps.places import Place, Tap, find_place
from detectors.bag import Bag
from detectors.detector import Detector
from detectors.errors import DetectorError
from ffpms.checks import check_choice
from ffpms.errors import ConfigError

if TYPE_CHECKING:
    from benchmark.models.trained_model import TrainedModel

Logit = Literal["frame", "video"]
"""Which logit z is explained: of the faces, summed, or of the video."""


@dataclass(frozen=True, eq=False)
class HeatMaps:
    """Heat maps of the faces of a bag, and what they were made of.

    ``layer`` is the name of the layer in the detector, and ``places`` the side of its maps.
    ``steps`` is the number of its maps: one a face, or of a clip's network one a step of time.
    ``logit`` is the logit that was explained.

    Shape: maps (M, S, S) float32 in 0..1; the largest value of the bag is 1.
    """

    maps: np.ndarray
    layer: str
    places: int
    steps: int
    logit: Logit


def heat_maps(model: "TrainedModel", faces: np.ndarray, logit: Logit = "frame") -> np.ndarray:
    """Shows which places of each face of a bag raise its fake score, by Grad-CAM at each place.

    h = ReLU(sum_c dz/dA_c * A_c), with the last feature maps A_c of the backbone (HiResCAM; Draelos
    and Carin 2020, Eq. 2). With ``frame``, z is the sum of the faces' logits. Where the order of
    faces does not count, that is each face's own logit. With ``video``, z is the video's logit, so
    that a face that hardly counts is dark. All maps of the bag are divided by its largest value:
    faces compare, bags do not. A place whose removal would raise the score is 0.

    Shape: faces (M, S, S, 3) uint8 -> (M, S, S) float32 in 0..1, all 0 if nothing speaks for fake.

    Raises:
        ConfigError: there is no face, or they are no faces of this model.
        DetectorError: the backbone has no feature maps.
    """
    return explain_faces(model, faces, logit).maps


def explain_faces(model: "TrainedModel", faces: np.ndarray, logit: Logit = "frame") -> HeatMaps:
    """Makes the heat maps of :func:`heat_maps`, and says of which layer they are.

    Raises:
        ConfigError: there is no face, or they are no faces of this model.
        DetectorError: the backbone has no feature maps.
    """
    check_choice("logit", logit, get_args(Logit))
    if not len(faces):
        raise ConfigError("faces: the bag has none, so there is no heat map")
    bag = model.as_bag(faces)
    place = find_place(model.detector, bag)
    heat = attribute(model.detector, bag, place, logit)
    steps = len(heat)
    if steps != len(faces) and place.layout.kind == "NCTHW":
        in_time = interpolate(heat.flatten(1).T[None], size=len(faces), mode="linear")[0].T  # (M, h w)
        heat = in_time.reshape(-1, *heat.shape[1:])
    if len(heat) != len(faces):
        what = f"its backbone gives {steps} maps for {len(faces)} faces"
        raise DetectorError(f"{type(model.detector).__name__}: no heat map, for {what}")
    return HeatMaps(_enlarge(heat, faces.shape[1]), place.name, heat.shape[-1], steps, logit)


def attribute(detector: Detector, bag: Bag, place: Place, logit: Logit) -> Tensor:
    """Returns ReLU(sum_c dz/dA_c * A_c) at every place of the maps of ``place``.

    Shape: bag of (1, M) -> (P, h, w), P faces or steps of time.

    Raises:
        DetectorError: it is no finite number.
    """
    from captum.attr import LayerGradientXActivation

    tap = Tap()

    def judge(faces: Tensor) -> Tensor:
        prediction = detector(Bag(faces, bag.mask))
        own = prediction.frame_logit[0] if logit == "frame" else prediction.video_logit
        return own + 0 * tap.maps.sum()  # a constant logit has a gradient too, of 0

    with place.tapped(tap), _weights_fixed(detector):
        slopes: Tensor = LayerGradientXActivation(judge, tap).attribute(bag.faces)
    heat = slopes.detach().float().sum(dim=1).relu()
    if not bool(heat.isfinite().all()):
        raise DetectorError(f"{type(detector).__name__}: no heat map, for its gradients are not finite")
    return heat


@contextmanager
def _weights_fixed(module: nn.Module) -> Iterator[None]:
    """Asks for no gradient of the weights, so that none of the backbone's activations are kept.

    cuDNN has no gradient of an LSTM in eval mode; torch's own code has.
    """
    wanted = [weight for weight in module.parameters() if weight.requires_grad]
    for weight in wanted:
        weight.requires_grad_(False)
    try:
        with torch.backends.cudnn.flags(enabled=False):
            yield
    finally:
        for weight in wanted:
            weight.requires_grad_(True)


def _enlarge(heat: Tensor, side: int) -> np.ndarray:
    """Scales the maps of a bag to the size of its faces, and to a largest value of 1.

    Shape: (M, h, w) -> (M, side, side).
    """
    large = interpolate(heat[:, None], size=(side, side), mode="bilinear")[:, 0]
    scaled: np.ndarray = (large / large.amax().clamp(min=torch.finfo(large.dtype).tiny)).cpu().numpy()
    return scaled
