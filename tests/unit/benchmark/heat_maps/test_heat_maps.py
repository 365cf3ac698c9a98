"""Heat maps: they lie where the detector looks, compare within a bag, and exist for every method and backbone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from torch import Tensor, nn

import detectors
from benchmark.data.inputs import face_side, fit_faces
from benchmark.heat_maps import explain_faces, heat_maps
from benchmark.heat_maps.grad_cam import attribute
from benchmark.heat_maps.layouts import Layout
from benchmark.heat_maps.places import Tap, find_place
from detectors.backbones import Backbone, Stem
from detectors.bag import Bag, Prediction, pack, unpack
from detectors.detector import BagDetector, Detector
from detectors.errors import DetectorError
from detectors.pooling import FrameHead, mean_probability
from ffpms.errors import ConfigError

SIDE = 64


@dataclass
class Shown:
    """What heat maps ask of a trained model."""

    detector: Detector
    size: int = 0

    def as_bag(self, faces: np.ndarray) -> Bag:
        pixels = torch.from_numpy(faces)[None].permute(0, 1, 4, 2, 3)
        bag = Bag(pixels, torch.ones(pixels.shape[:2], dtype=torch.bool))
        return fit_faces(bag, face_side(self.detector.backbone, faces.shape[1], self.size))


def shown(name: str, backbone: str = "tiny", size: int = 0, **options: str) -> Any:
    torch.manual_seed(0)
    detector = detectors.create(name, backbone, pretrained=False, size=size or None, options=options)
    return Shown(detector.eval(), size)


def some_faces(count: int = 3, side: int = SIDE) -> np.ndarray:
    draw = np.random.default_rng(0)
    return draw.integers(0, 256, (count, side, side, 3), dtype=np.uint8)


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


CNNS = ["legacy_xception", "efficientnet_lite0", "resnet10t"]


@pytest.mark.parametrize("backbone", CNNS)
def test_it_is_grad_cam_where_a_network_averages_its_maps(backbone: str) -> None:
    model = shown("xn-avg", backbone)
    with torch.no_grad():
        model.detector.pool.classify.weight.abs_()
    bag, tap = model.as_bag(some_faces(2)), Tap()
    place = find_place(model.detector, bag)
    with place.tapped(tap):
        cam = LayerGradCam(lambda x: model.detector(Bag(x, bag.mask)).frame_logit[0], tap).attribute(
            bag.faces, relu_attributions=True
        )
    assert cam.max() > 0
    torch.testing.assert_close(attribute(model.detector, bag, place, "frame"), cam.detach()[:, 0])


@pytest.mark.parametrize(
    ("backbone", "size", "layer", "places"),
    [
        ("tiny", 0, "backbone.network.2", 8),
        ("vit_tiny_patch16_224", 64, "backbone.network.blocks.11.norm1", 4),
        ("deit_tiny_distilled_patch16_224", 64, "backbone.network.blocks.11.norm1", 4),
        ("eva02_tiny_patch14_224", 56, "backbone.network.forward_features", 4),
        ("swin_tiny_patch4_window7_224", 64, "backbone.network.forward_features", 2),
        ("mambaout_femto", 0, "backbone.network.forward_features", 2),
    ],
)
def test_the_maps_are_the_last_before_pooling_and_lie_as_the_face_does(
    backbone: str, size: int, layer: str, places: int
) -> None:
    """A patch at the top right changes the maps there most, however a network lays them out."""
    model = shown("s-mil", backbone, size)
    faces = np.full((2, SIDE, SIDE, 3), 128, np.uint8)
    faces[1, : SIDE // 4, -SIDE // 4 :] = some_faces(1, SIDE // 4)[0]
    explained = explain_faces(model, faces)
    assert (explained.layer, explained.places) == (layer, places)
    bag = model.as_bag(faces)
    place, tap = find_place(model.detector, bag), Tap()
    with place.tapped(tap), torch.no_grad():
        model.detector(bag)
    change = (tap.maps[1] - tap.maps[0]).detach().abs().sum(dim=0)
    half = places // 2
    quarters = {(r, c): float(change[r : r + half, c : c + half].sum()) for r in (0, half) for c in (0, half)}
    assert max(quarters, key=quarters.__getitem__) == (0, half), quarters


@pytest.mark.parametrize(
    ("values", "declared", "layout"),
    [
        (torch.zeros(2, 5, 3, 3), None, Layout("NCHW")),
        (torch.zeros(2, 3, 3, 5), None, Layout("NHWC")),
        (torch.zeros(2, 3, 3, 3), "NHWC", Layout("NHWC")),
        (torch.zeros(2, 3, 3, 3), None, Layout("NCHW")),
        (torch.zeros(2, 16, 5), None, Layout("tokens")),
        (torch.zeros(2, 18, 5), None, Layout("tokens", 2)),
        (torch.zeros(1, 5, 2, 3, 3), None, Layout("NCTHW")),
        (torch.zeros(2, 5, 1, 1), None, None),
        (torch.zeros(2, 5, 3, 4), None, None),
        (torch.zeros(2, 5), None, None),
        ("no tensor", None, None),
    ],
)
def test_a_layout_takes_maps_out_and_puts_them_back(values: Any, declared: str | None, layout: Layout | None) -> None:
    assert Layout.of(values, declared) == layout
    if layout:
        values = torch.randn(values.shape)
        maps = layout.maps(values)
        assert maps.shape[2:] == ((4, 4) if layout.kind == "tokens" else (3, 3))
        assert torch.equal(layout.restore(maps, values), values)


def test_tokens_come_row_by_row_after_the_class_token() -> None:
    tokens = torch.arange(10.0).view(1, 10, 1)
    assert Layout("tokens", 1).maps(tokens)[0, 0].tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


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
