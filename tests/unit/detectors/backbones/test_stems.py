"""What a backbone gives is known before training: how its maps lie, at which sides it works, and what to do if not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmark.trials.trial import make_detector
from detectors import create
from detectors.backbones import Backbone, Pyramid, create_backbone, create_pyramid
from detectors.backbones._torchvision import import_timm
from detectors.errors import BackboneError
from tests.helpers.trials import CONFIG

PICKY = "dla46x_c"
"""A small model that takes faces of 96 px and of 128, but not of 112."""


class Patches(nn.Module):
    """Seven channels of patches of 16 px: 7x7x7 for a face of 112 px, in which no axis can be told by its length."""

    def __init__(self, **_: object) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 7, 16, stride=16)
        self.feature_info = [{"num_chs": 7, "reduction": 16, "module": "patches"}]

    def forward(self, faces: Tensor) -> Tensor:
        made: Tensor = self.patches(faces)
        return made.permute(0, 2, 3, 1)


class Rows(nn.ModuleDict):
    """What timm makes of it with ``features_only``."""

    def __init__(self, model: Patches, output_fmt: str) -> None:
        super().__init__({"body": model})
        features = import_timm().models._features
        self.feature_info = features.FeatureInfo(model.feature_info, (0,))
        self.output_fmt = import_timm().layers.Format(output_fmt)

    def forward(self, faces: Tensor) -> list[Tensor]:
        return [self["body"](faces)]


Register = Callable[[Callable[..., nn.Module]], str]


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Register:
    """Registers a model with timm, for one test, under the name ``made_up``."""
    registry: Any = import_timm().models._registry

    def add(make: Callable[..., nn.Module]) -> str:
        monkeypatch.setitem(registry._model_entrypoints, "made_up", lambda pretrained=False, **form: make(**form))
        return "made_up"

    return add


def corner(pyramid: Pyramid, side: int) -> tuple[int, int]:
    """Row and column at which the finest map sees a change in the upper right corner."""
    plain = torch.zeros(3, side, side)
    changed = plain.clone()
    changed[:, :16, -16:] = 1
    with torch.no_grad():
        before, after = pyramid.eval()(torch.stack([plain, changed]))[0]
    row, column = divmod(int((before - after).abs().sum(dim=0).argmax()), before.shape[-1])
    return row, column


@pytest.mark.parametrize(("declared", "place"), [("NHWC", (0, 6)), ("NCHW", None)])
def test_maps_lie_as_timm_declares_where_their_lengths_tell_nothing(
    register: Register, declared: str, place: tuple[int, int] | None
) -> None:
    name = register(lambda **form: Rows(Patches(**form), declared))
    pyramid = create_pyramid(name, False, size=112)
    assert pyramid.channels == [7]
    assert place in (None, corner(pyramid, 112))


def test_maps_of_other_channels_than_timm_declares_are_refused(register: Register) -> None:
    name = register(lambda **form: Rows(Patches(**form), "NCHW"))
    with pytest.raises(
        BackboneError, match=r"^made_up: gives no square feature maps but 14x14x7; choose another backbone"
    ):
        create_pyramid(name, False)


def test_tokens_are_no_maps_and_maps_no_vector(register: Register) -> None:
    name = register(lambda **form: Rows(Patches(**form), "NLC"))
    with pytest.raises(
        BackboneError, match=r"^made_up: gives no feature maps, for it lays them out as NLC; choose another backbone"
    ):
        create_pyramid(name, False)
    name = register(lambda num_classes, **form: Patches(**form))
    with pytest.raises(BackboneError, match=r"^made_up: gives no vector of a face but 14x14x7; choose another"):
        create_backbone(name, False)


@pytest.mark.parametrize("create_stem", [create_backbone, create_pyramid])
def test_a_side_that_fails_is_refused_with_one_that_works(create_stem: Callable[..., Backbone | Pyramid]) -> None:
    stem = create_stem(PICKY, False).train()
    stem.check(96)
    with pytest.raises(BackboneError, match=rf"^{PICKY}: fails at 112 px \(.*\); give --input-size 128$"):
        stem.check(112)
    stem.check(128)
    assert stem.training
    with pytest.raises(BackboneError, match="fails at 112 px"):
        create_stem(PICKY, False, None, 112)


def test_an_error_without_a_message_is_told_by_its_place(register: Register) -> None:
    class Silent(nn.Module):
        def forward(self, faces: Tensor) -> Tensor:
            assert faces.shape[-1] == 1000, ""
            return faces.mean(dim=(2, 3))

    name = register(lambda **_: Silent())
    with pytest.raises(BackboneError, match=r"made_up: fails at 112 px \(AssertionError.*\); choose another backbone"):
        create("xn-avg", name, False, size=112)


def test_a_detector_is_tried_at_the_side_at_which_a_set_is_shown() -> None:
    config = replace(CONFIG, backbone=PICKY, pretrained=False)
    make_detector(config, {}, 96)
    make_detector(replace(config, input_size=128), {}, 112)
    with pytest.raises(BackboneError, match="fails at 112 px"):
        make_detector(config, {}, 112)


def test_a_model_that_takes_one_size_names_it() -> None:
    with pytest.raises(BackboneError, match=r"^efficientformerv2_s0: fails at 112 px \(.*\); leave --input-size away"):
        create_backbone("efficientformerv2_s0", False, size=112)


@pytest.mark.parametrize("pretrained", [True, False])
def test_a_model_that_cannot_be_made_is_no_trouble_of_the_network(register: Register, pretrained: bool) -> None:
    def make(**_: object) -> nn.Module:
        raise RuntimeError("features_only not implemented for this model.\nAnd more")

    with pytest.raises(BackboneError) as caught:
        create_pyramid(register(make), pretrained)
    assert str(caught.value) == (
        "made_up: timm cannot make the feature maps of it (RuntimeError: features_only not implemented for this model.)"
        "; choose another backbone"
    )


def test_weights_that_timm_does_not_have_are_named() -> None:
    with pytest.raises(BackboneError, match=r"resnet18.nope: timm has no such weights; it has .*resnet18.a1_in1k"):
        create_backbone("resnet18.nope")


def test_a_vector_of_dinov3_is_its_class_token() -> None:
    name = "vit_tiny_patch16_dinov3_qkvb"
    if not import_timm().is_model(name):
        pytest.skip(f"this timm has no {name}")
    backbone = create_backbone(name, False, size=64).eval()
    faces = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        tokens = backbone.network.forward_features(backbone.scale(faces))  # type: ignore[operator]
        assert torch.allclose(backbone(faces), tokens[:, 0], atol=1e-5)
