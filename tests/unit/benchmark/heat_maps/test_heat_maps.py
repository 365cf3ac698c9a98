"""Heat maps: they lie where the detector looks, compare within a bag, and exist for every method and backbone."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import detectors
from benchmark.heat_maps import heat_maps
from detectors.backbones import Backbone, Stem
from detectors.bag import Bag, Prediction, pack, unpack
from detectors.detector import BagDetector, Detector
from detectors.errors import DetectorError
from detectors.pooling import FrameHead, mean_probability
from ffpms.errors import ConfigError
from tests.helpers.shown_models import SIDE, Shown, shown, some_faces


def of(detector: Detector, faces: np.ndarray, **flags: Any) -> np.ndarray:
    model: Any = Shown(detector.eval())
    return heat_maps(model, faces, **flags)


class Corner(nn.Module):
    """Maps of 8 x 8 places, of which the head sees the top left quarter alone."""

    def __init__(self, pool: nn.Module) -> None:
        super().__init__()
        self.look, self.pool = nn.Conv2d(3, 4, 8, stride=8, bias=False), pool
        nn.init.constant_(self.look.weight, 1 / 192)

    def forward(self, faces: Tensor) -> Tensor:
        maps: Tensor = self.look(faces)
        return self.pool(maps)


class TopLeft(nn.Module):
    def forward(self, maps: Tensor) -> Tensor:
        return maps[:, :, :4, :4].mean(dim=(2, 3))


class TakesAll(nn.Module):
    def forward(self, maps: Tensor) -> Tensor:
        return maps.mean(dim=(2, 3))


def averaging(network: nn.Module) -> BagDetector:
    """Scores a face by the mean of its embedding."""
    backbone = Backbone(network, (0.0,) * 3, (1.0,) * 3)
    head = FrameHead(backbone.num_features, mean_probability, bias=False)
    with torch.no_grad():
        head.classify.weight.fill_(1.0)
    return BagDetector(backbone, None, head)


@pytest.mark.parametrize("logit", ["frame", "video"])
def test_the_heat_lies_in_the_corner_on_which_the_detector_depends(logit: str) -> None:
    """Grad-CAM proper would spread it over the whole face."""
    heat = of(averaging(Corner(TopLeft())), some_faces(), logit=logit)
    half = SIDE // 2
    assert heat[:, : half - 4, : half - 4].min() > 0.1
    assert heat[:, half + 4 :].max() == heat[:, :, half + 4 :].max() == 0


def test_the_heat_lies_where_the_fake_region_is() -> None:
    """The detector finds brightness anywhere; the last face alone is bright, at the bottom right."""
    faces = np.zeros((3, SIDE, SIDE, 3), np.uint8)
    faces[2, 40:56, 32:48] = 255
    heat = of(averaging(Corner(TakesAll())), faces)
    assert heat[:2].max() == 0
    assert heat[2, 36:60, 28:52].sum() == heat[2].sum() > 0
    assert np.unravel_index(heat[2].argmax(), (SIDE, SIDE)) == pytest.approx((47, 39), abs=8)


def test_faces_of_a_bag_compare_for_all_are_divided_by_the_largest_value() -> None:
    faces = np.stack([np.full((SIDE, SIDE, 3), value, np.uint8) for value in (50, 100, 200)])
    heat = of(averaging(Corner(TakesAll())), faces)
    np.testing.assert_allclose(heat.max(axis=(1, 2)), [0.25, 0.5, 1.0], atol=1e-6)


def test_a_constant_detector_has_no_heat() -> None:
    detector = averaging(Corner(TakesAll()))
    with torch.no_grad():
        detector.pool.classify.weight.zero_()
    assert not of(detector, some_faces()).any()

    class Deaf(Detector):
        """Calls its backbone, and does not listen."""

        def __init__(self) -> None:
            super().__init__()
            self.backbone = detector.backbone

        def forward(self, bag: Bag) -> Prediction:
            self.backbone(pack(bag.faces, bag.mask))
            return Prediction(torch.ones(len(bag.mask)), torch.ones(bag.mask.shape), None)

    assert not of(Deaf(), some_faces()).any()


@pytest.mark.parametrize("logit", ["frame", "video"])
@pytest.mark.parametrize("name", detectors.names())
def test_every_method_has_maps_of_its_faces(name: str, logit: str) -> None:
    model, faces = shown(name), some_faces(5)
    before = {key: value.clone() for key, value in model.detector.state_dict().items()}
    wanted = [weight.requires_grad for weight in model.detector.parameters()]
    heat = heat_maps(model, faces, logit=logit)
    assert heat.shape == (5, SIDE, SIDE)
    assert heat.dtype == np.float32
    assert np.isfinite(heat).all()
    assert heat.min() >= 0
    assert heat.max() in (0, 1)
    assert all(torch.equal(value, before[key]) for key, value in model.detector.state_dict().items())
    assert [weight.requires_grad for weight in model.detector.parameters()] == wanted
    assert all(weight.grad is None for weight in model.detector.parameters())
    np.testing.assert_array_equal(heat_maps(model, faces, logit=logit), heat)


@pytest.mark.parametrize("logit", ["frame", "video"])
@pytest.mark.parametrize("name", [name for name in detectors.names() if not detectors.method(name).ordered])
def test_the_order_of_faces_changes_nothing_for_pools(name: str, logit: str) -> None:
    model, faces, order = shown(name), some_faces(4), [2, 0, 3, 1]
    np.testing.assert_allclose(
        heat_maps(model, faces[order], logit=logit), heat_maps(model, faces, logit=logit)[order], atol=2e-4
    )


def test_of_the_maximum_one_face_counts_for_the_video_and_each_for_itself() -> None:
    model, faces = shown("xn-max"), some_faces(4)
    assert (heat_maps(model, faces, logit="video").max(axis=(1, 2)) > 0).sum() == 1
    assert (heat_maps(model, faces).max(axis=(1, 2)) > 0).all()


def test_a_face_of_i3d_has_the_heat_of_its_time() -> None:
    """Sixteen faces are two steps of time: those between them have something of both."""
    model = shown("i3d")
    with torch.no_grad():
        model.detector.classify[1].weight.abs_()
    heat = heat_maps(model, some_faces(16))
    np.testing.assert_allclose(heat[0], heat[3], atol=1e-6)
    np.testing.assert_allclose(heat[7] + heat[8], heat[0] + heat[15], atol=1e-5)
    assert np.abs(heat[0] - heat[15]).max() > 0.01


class Vectors(nn.Module):
    """A network of a face as a vector."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.LazyLinear(4))

    def forward(self, faces: Tensor) -> Tensor:
        made: Tensor = self.layers(nn.functional.adaptive_avg_pool2d(faces, 8))
        return made


class OwnNetwork(Detector):
    """A plugin that leaves its backbone unused."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Stem(nn.Identity(), (0.5,) * 3, (0.5,) * 3, None)
        self.own = nn.Conv2d(3, 1, 3)

    def forward(self, bag: Bag) -> Prediction:
        logit = unpack(self.own(pack(bag.faces, bag.mask).float()).mean(dim=(2, 3)), bag.mask).squeeze(-1)
        return Prediction(logit.mean(dim=1), logit, None)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: averaging(Vectors()), "no heat map, for its backbone has no feature maps of a face"),
        (OwnNetwork, "OwnNetwork: no heat map, for it does not call its backbone"),
    ],
)
def test_a_detector_without_feature_maps_is_refused_in_one_line(make: Callable[[], Detector], said: str) -> None:
    with pytest.raises(DetectorError, match=said) as raised:
        of(make(), some_faces())
    assert "\n" not in str(raised.value)


def test_a_bag_without_faces_and_a_wrong_logit_are_refused() -> None:
    model = shown("s-mil")
    with pytest.raises(ConfigError, match="the bag has none"):
        heat_maps(model, some_faces(0))
    wrong: Any = "face"
    with pytest.raises(ConfigError, match="logit"):
        heat_maps(model, some_faces(), logit=wrong)
