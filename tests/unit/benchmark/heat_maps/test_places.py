"""The maps that heat is made of: the last before pooling, however a network lays them out."""

from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam

from benchmark.heat_maps import explain_faces
from benchmark.heat_maps.grad_cam import attribute
from benchmark.heat_maps.layouts import Layout
from benchmark.heat_maps.places import Tap, find_place
from detectors.bag import Bag
from tests.helpers.shown_models import SIDE, shown, some_faces

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
