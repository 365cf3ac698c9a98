"""Weights of others: a state dict under other names and shapes loads, and what does not fit is named."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from detectors import method, names
from detectors.backbones import create_backbone, create_pyramid, creation
from detectors.backbones._torchvision import import_timm
from detectors.backbones.initial_weights import load_weights
from detectors.errors import BackboneError

SMALL = "test_resnet"
BLOCKS = (
    *((64, 128, 2), (128, 256, 2), (256, 728, 2)),
    *((728, 728, 3),) * 8,
    (728, 1024, 2),
)
"""Channels in and out and number of convolutions of Xception's blocks (Chollet, CVPR 2017, Figure 5)."""


def xception() -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes as FaceForensics++'s code has them, but for its prefix and classifier.

    Its pointwise convolutions are matrices, as in the ImageNet file that it begins with.
    """

    def norm(name: str, channels: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield from ((f"{name}.{part}", (channels,)) for part in ("weight", "bias", "running_mean", "running_var"))

    def separable(name: str, inside: int, outside: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield from ((f"{name}.conv1.weight", (inside, 1, 3, 3)), (f"{name}.pointwise.weight", (outside, inside)))

    yield "conv1.weight", (32, 3, 3, 3)
    yield "conv2.weight", (64, 32, 3, 3)
    for name, channels in (("bn1", 32), ("bn2", 64), ("bn3", 1536), ("bn4", 2048)):
        yield from norm(name, channels)
    for number, (inside, outside, count) in enumerate(BLOCKS, 1):
        block, first = f"block{number}", 0 if number == 1 else 1  # the first has no ReLU before it
        widths = (inside, inside, outside) if number == 12 else (inside, *(outside,) * count)
        for i in range(count):
            yield from separable(f"{block}.rep.{first + 3 * i}", widths[i], widths[i + 1])
            yield from norm(f"{block}.rep.{first + 3 * i + 1}", widths[i + 1])
        if inside != outside:
            yield f"{block}.skip.weight", (outside, inside, 1, 1)
            yield from norm(f"{block}.skipbn", outside)
    yield from separable("conv3", 1024, 1536)
    yield from separable("conv4", 1536, 2048)


def _draw(shapes: Iterator[tuple[str, tuple[int, ...]]]) -> dict[str, Tensor]:
    return {name: torch.full(shape, 1 / (2 + i)) for i, (name, shape) in enumerate(shapes)}


@pytest.mark.parametrize(
    ("prefix", "head"),
    [
        ("model.", "model.last_linear.1"),  # FaceForensics++, full_c40.p, with dropout
        ("backbone.", "backbone.last_linear"),  # DeepfakeBench, xception_best.pth
        ("module.encoder.net.", "module.fc"),
        ("", "fc"),  # xception-b5690688.pth
    ],
)
def test_published_xceptions_load(prefix: str, head: str) -> None:
    given = _draw(xception())
    named = {f"{prefix}{name}": value for name, value in given.items()}
    others = {f"{head}.weight": torch.zeros(2, 2048), "backbone.adjust_channel.0.weight": torch.zeros(512, 2048, 1, 1)}
    backbone = create_backbone("legacy_xception", weights=named | others)
    loaded = {name: value for name, value in backbone.network.state_dict().items() if "num_batches" not in name}
    assert loaded.keys() == given.keys()
    assert all(torch.equal(value.flatten(), given[name].flatten()) for name, value in loaded.items())
    assert backbone.note == ""


@pytest.fixture(scope="module")
def small() -> dict[str, Tensor]:
    return dict(create_backbone(SMALL, False).network.state_dict())


def test_feature_maps_take_the_same_file(small: dict[str, Tensor]) -> None:
    pyramid = create_pyramid(SMALL, weights={f"backbone.{name}": value for name, value in small.items()})
    assert torch.equal(pyramid.network["conv1"][0].weight, small["conv1.0.weight"])  # type: ignore[index]


def test_last_layers_that_are_not_there_stay_random_and_are_named(small: dict[str, Tensor]) -> None:
    *_, last = (name for name in small if not name.endswith("num_batches_tracked"))
    state = {name: value for name, value in small.items() if name != last} | {"my_stem.weight": torch.zeros(1)}
    backbone = create_backbone(SMALL, weights=state)
    count = sum(1 for name in small if not name.endswith("num_batches_tracked"))
    assert backbone.note == (
        f"{SMALL}: the weights lack {last} (1 of {count} begin at random; 1 of the file are not used: my_stem.weight)"
    )


def test_weights_of_another_model_are_refused(small: dict[str, Tensor]) -> None:
    names = list(small)
    most = {name: small[name] for name in names[: len(names) * 8 // 10]}
    for state in (most, {"a": torch.zeros(1)}, {}):
        with pytest.raises(BackboneError, match=rf"^{SMALL}: the weights lack .* and \d+ more \(\d+ of \d+ do not fit"):
            create_backbone(SMALL, weights=state)


def test_no_learnt_layer_comes_after_a_random_one(small: dict[str, Tensor]) -> None:
    state = {name: value for name, value in small.items() if name != "conv1.0.weight"} | {"stem.weight": torch.zeros(1)}
    with pytest.raises(BackboneError, match=r"the weights lack conv1.0.weight \(1 of .*not used: stem.weight\)"):
        create_backbone(SMALL, weights=state)


def test_another_shape_is_told_with_its_layer(small: dict[str, Tensor]) -> None:
    state = small | {"conv1.0.weight": torch.zeros(8, 3, 7, 7)}
    size = "x".join(map(str, small["conv1.0.weight"].shape))
    with pytest.raises(BackboneError, match=rf"have another shape of conv1.0.weight: 8x3x7x7, not {size} \(1 of"):
        create_backbone(SMALL, weights=state)


def test_of_two_networks_in_a_file_none_is_taken(small: dict[str, Tensor]) -> None:
    both = {f"{prefix}.{name}": value for prefix in ("rgb", "noise") for name, value in small.items()}
    with pytest.raises(BackboneError, match=r"the file holds two networks, under rgb \(\d+\) and noise \(\d+\)"):
        create_backbone(SMALL, weights=both)


def test_a_prefix_is_found_for_a_network_of_one_layer() -> None:

    network = nn.Linear(2, 2)
    assert load_weights(network, {"net.weight": torch.eye(2), "net.bias": torch.ones(2)}, "one") == ""
    assert torch.equal(network.weight, torch.eye(2))


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Models have neither weights nor memory, whatever their size."""
    fetch = creation._fetch
    monkeypatch.setattr(creation, "_fetch", lambda timm, name, _, *rest: fetch(timm, name, False, *rest))
    with torch.device("meta"):
        yield


@pytest.mark.usefixtures("no_hub")
@pytest.mark.parametrize("name", ["probe", "gend"])
def test_clip_computes_the_activation_that_it_was_trained_with(name: str) -> None:
    backbone = create_backbone(method(name).backbone)
    assert backbone.note == ""
    assert {type(block.mlp.act).__name__ for block in backbone.network.blocks} == {"QuickGELU"}  # type: ignore[union-attr]


@pytest.mark.usefixtures("no_hub")
@pytest.mark.parametrize("tag", ["openai", "metaclip_400m"])
def test_weights_of_another_activation_are_told_with_the_model_that_has_it(tag: str) -> None:
    name = f"vit_base_patch32_clip_224.{tag}"
    told = (
        f"{name}: trained with QuickGELU, and computes GELU; give --backbone vit_base_patch32_clip_quickgelu_224.{tag}"
    )
    assert create_backbone(name).note == told
    state = dict(create_backbone(name, False).network.state_dict())
    assert create_backbone(name, weights=state).note == told
    assert create_backbone(name, pretrained=False).note == ""
    assert create_backbone("vit_base_patch32_clip_224.laion2b").note == ""


def test_no_method_begins_with_an_activation_that_its_weights_do_not_know() -> None:
    timm = import_timm()
    assert not [name for name in names() if creation._advise_activation(timm, method(name).backbone)]
