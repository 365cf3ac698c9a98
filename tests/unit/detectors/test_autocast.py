"""Under autocast a detector's backbone computes in bfloat16, and all else in float32 (law 3)."""

from contextlib import nullcontext
from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

import detectors
from benchmark.training.device import choose_precision
from detectors import testing as laws
from detectors.autocast import to_float32, without_autocast
from detectors.backbones import TINY, Backbone

BF16 = torch.bfloat16
WEIGHTED = ("s-mil", "s-mil-t", "abmil", "abmil-gated", "dsmil", "clam", "dtfd")
"""Methods whose weights are a softmax over the faces."""
BAG = laws.make_bag(laws.make_faces(4), laws.make_faces(3, seed=1), padding=1)


def new(name: str, **options: str) -> detectors.Detector:
    torch.manual_seed(0)
    return detectors.create(name, TINY, options=options).eval()


@pytest.mark.parametrize("name", detectors.names())
def test_the_backbone_takes_part_in_autocast_and_the_prediction_is_float32(name: str) -> None:
    detector, seen = new(name), list[Any]()
    detector.backbone.register_forward_hook(lambda *call: seen.append(call[-1]))
    with torch.autocast("cpu", BF16):
        prediction = detector(BAG)
        assert torch.is_autocast_enabled("cpu"), "the surroundings are as they were"
    made = [part for output in seen for part in (output if isinstance(output, list) else [output])]
    assert {part.dtype for part in made} == {BF16}
    assert {part.dtype for part in prediction if part is not None} == {torch.float32}


@pytest.mark.parametrize("name", detectors.names())
def test_features_computed_once_are_float32_and_score_as_the_whole_detector(name: str) -> None:
    """So does benchmark.training.predict.FaceFeatures."""
    detector = new(name)
    if not isinstance(detector, detectors.Embedder):
        pytest.skip("has no embedding")
    with torch.autocast("cpu", BF16), torch.no_grad():
        features = detector.embed(BAG)
        given = detector.head(features, BAG.mask)
        whole = detector(BAG)
    assert features.dtype == torch.float32
    assert torch.equal(given.video_logit, whole.video_logit)


def judge(detector: detectors.Embedder, features: Tensor) -> Tensor:
    return detector.head(features, torch.ones(features.shape[:2], dtype=torch.bool)).video_logit.sum()


def direction(detector: detectors.Embedder, loss: Tensor) -> Tensor:
    """Gradient of the weights that attend to faces."""
    own = [p for name, p in detector.named_parameters() if "attend." in name or "query." in name]
    return torch.cat([g.flatten().double() for g in torch.autograd.grad(loss, own)])


@pytest.mark.parametrize("name", WEIGHTED)
def test_faces_that_hardly_differ_keep_the_direction_of_the_gradient(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The faces' features differ in the last bits of bfloat16; in ten bags, since a bag may be lucky."""
    detector = new(name, filters="16")
    assert isinstance(detector, detectors.Embedder)
    draw = torch.Generator().manual_seed(0)
    width = 32 if name == "s-mil-t" else 16  # its encoder is not part of embed
    bags = torch.rand(10, 1, width, generator=draw) + torch.randn(10, 20, width, generator=draw) / 256
    features = bags.to(BF16).float()
    with torch.autocast("cpu", BF16):
        losses = [judge(detector, bag[None]) for bag in features]
    mixed = [direction(detector, loss) for loss in losses]
    monkeypatch.setattr(Tensor, "float", Tensor.double)
    double = deepcopy(detector).double()
    exact = [direction(double, judge(double, bag[None])) for bag in features.double()]
    assert cosine_similarity(torch.stack(mixed), torch.stack(exact)).min() > 0.99


def test_an_lstm_is_given_float32_under_autocast() -> None:
    detector, seen = new("lstm", hidden="8"), list[torch.dtype]()
    recur = detector.get_submodule("encoder.recur")
    recur.register_forward_pre_hook(lambda _, given: seen.append(given[0].dtype))
    recur.register_forward_hook(lambda *call: seen.append(call[-1][0].dtype))
    with torch.autocast("cpu", BF16):
        detector.learn(BAG, torch.tensor([0.0, 1.0]), None)
    assert seen == [torch.float32, torch.float32]


def test_a_detector_of_any_form_computes_in_float32_beside_its_backbone() -> None:
    """What a plugin mixes in, overrides and calls by ``super()`` is covered too."""
    seen: list[torch.dtype] = []

    class Noted:
        def learn(self, *given: Any) -> Any:
            seen.append((torch.ones(2, 2) @ torch.ones(2, 2)).dtype)
            return super().learn(*given)  # type: ignore[misc]

    class Own(Noted, detectors.Detector):
        def __init__(self, backbone: Backbone) -> None:
            super().__init__()
            self.backbone, self.classify = backbone, nn.Linear(backbone.num_features, 1)

        def forward(self, bag: detectors.Bag) -> detectors.Prediction:
            features = self.backbone(bag.faces.flatten(0, 1))
            seen.extend((features.dtype, (logit := self.classify(features).view(bag.mask.shape)).dtype))
            return detectors.Prediction(logit.mean(dim=1), logit, None)

    with torch.autocast("cpu", BF16):
        Own(detectors.backbones.tiny()).learn(BAG, torch.tensor([0.0, 1.0]), None)
    assert seen == [torch.float32] * 3


def test_the_law_notices_a_head_that_takes_part_in_autocast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda _: False)
    with pytest.raises(AssertionError, match="not true that autocast changes the backbone alone"):
        laws.check_laws("s-mil")


def test_only_half_precision_outputs_of_a_backbone_are_converted() -> None:
    made = {"maps": (torch.zeros(1, dtype=BF16), torch.zeros(1).double()), "count": 3}
    plain = to_float32(made)
    assert [part.dtype for part in plain["maps"]] == [torch.float32, torch.float64]
    assert plain["count"] == 3


@pytest.mark.parametrize(("native", "precision"), [(True, "bf16"), (False, "fp32")])
def test_auto_is_bf16_only_where_the_card_has_it(native: bool, precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A T4 emulates bf16, slower than it computes in fp32."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device", nullcontext)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation or native)
    gpu = torch.device("cuda", 0)
    assert choose_precision("auto", gpu) == precision
    assert choose_precision("bf16", gpu) == "bf16", "asked for by name"
    assert choose_precision("auto", torch.device("cpu")) == "fp32"


def test_a_device_without_autocast_will_do() -> None:
    assert without_autocast(lambda module: module.in_features)(nn.Linear(3, 1, device="meta")) == 3


def test_a_backbone_takes_its_faces_by_keyword_too() -> None:
    backbone, faces = detectors.create("s-mil", "tiny").eval().backbone, torch.rand(2, 3, 32, 32)
    assert torch.equal(backbone(faces=faces), backbone(faces))
