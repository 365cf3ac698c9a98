"""The registry, the backbones and their weights, and the one place that knows timm."""

import builtins
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from sklearn.datasets import load_sample_images

from benchmark.data.inputs import face_side, fit_faces
from benchmark.training.weights import PACKAGED_BACKBONE, packaged_weights, read_weights
from detectors import create, names, resolve, tune
from detectors.backbones import TINY, Backbone, create_backbone, create_pyramid, tiny
from detectors.backbones._torchvision import import_timm
from detectors.bag import Bag
from detectors.errors import DetectorError
from detectors.registry import register
from ffpms.errors import ConfigError

SMALL = "lcnet_050"


@pytest.fixture(scope="module")
def small() -> Backbone:
    torch.manual_seed(0)
    return create_backbone(SMALL, pretrained=False).eval()


@pytest.mark.parametrize("typed", ["s-mil", "smil", "S-MIL", "s_mil", " smil "])
def test_a_method_is_known_as_users_type_it(typed: str) -> None:
    assert resolve(typed) == "s-mil"


def test_every_name_is_known_without_its_first_dash() -> None:
    assert [resolve(name.replace("-", "", 1)) for name in names()] == names()


def test_an_unknown_method_names_the_near_ones() -> None:
    with pytest.raises(DetectorError, match="did you mean s-mil"):
        create("smill", TINY)


def test_a_name_is_registered_once() -> None:
    with pytest.raises(DetectorError, match="registered twice"):
        register("s-mil", source="")(lambda backbone: create("s-mil", TINY))


def test_num_features_is_what_comes_out_not_what_the_model_claims(small: Backbone) -> None:
    with torch.no_grad():
        assert small(torch.rand(2, 3, 64, 64)).shape == (2, small.num_features)
    assert small.num_features == 1280  # its own num_features says 256


def test_the_default_backbone_is_the_papers() -> None:
    backbone = create_backbone("legacy_xception", pretrained=False)
    assert backbone.num_features == 2048
    assert sum(p.numel() for p in backbone.parameters()) == 20_806_952
    assert backbone.mean.flatten().tolist() == backbone.std.flatten().tolist() == [0.5] * 3


def test_offline_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise ConnectionError("no route to host\nand more")

    monkeypatch.setattr(import_timm(), "create_model", offline)
    with pytest.raises(
        DetectorError, match=r"could not be fetched .*no route.*--weights PATH.*--no-pretrained"
    ) as caught:
        create_backbone(SMALL)
    assert "\n" not in str(caught.value)


def test_an_unknown_model_names_the_near_ones() -> None:
    with pytest.raises(DetectorError, match="did you mean legacy_xception"):
        create_backbone("legacy_xceptio")


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", "wrapped.pth"])
def test_weights_by_path(small: Backbone, tmp_path: Path, suffix: str) -> None:
    """A file with a classifier in it, as published checkpoints have; in three forms."""
    state = {k: v.clone() for k, v in small.network.state_dict().items()} | {
        "classifier.weight": torch.rand(1000, 1280)
    }
    path = tmp_path / f"weights{suffix}"
    if suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save({"state_dict": {f"module.{k}": v for k, v in state.items()}} if "wrapped" in suffix else state, path)
    loaded = create_backbone(SMALL, weights=read_weights(path)).eval()
    with torch.no_grad():
        assert torch.equal(loaded(torch.ones(1, 3, 64, 64)), small(torch.ones(1, 3, 64, 64)))


def test_weights_of_another_model_are_refused(small: Backbone) -> None:
    state = dict(small.network.state_dict())
    state.pop(next(iter(state)))
    with pytest.raises(DetectorError, match="the weights lack"):
        create_backbone(SMALL, weights=state)


def test_packaged_weights_are_imagenets() -> None:
    """Real features are told apart from random ones by how unlike two photographs come out."""
    backbone = create_backbone(PACKAGED_BACKBONE, weights=packaged_weights()).eval()
    random = create_backbone(PACKAGED_BACKBONE, pretrained=False).eval()
    images = torch.stack(
        [torch.from_numpy(i).permute(2, 0, 1) for i in [i.copy() for i in load_sample_images().images]]
    )[..., :320, :320]
    with torch.no_grad():
        alike, alike_at_random = (torch.cosine_similarity(*net(images), dim=0) for net in (backbone, random))
    assert alike < 0.5 < alike_at_random


@pytest.mark.parametrize("content", [None, b"junk"])
def test_an_unreadable_weight_file_is_one_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "w.pth"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match="not found" if content is None else "no readable weights"):
        read_weights(path)


@pytest.mark.parametrize(
    ("own", "fixed", "stored", "asked", "side"),
    [
        (None, False, 112, 0, 112),
        (299, False, 299, 0, 299),
        (224, False, 299, 0, 224),
        (224, False, 112, 0, 112),
        (224, True, 112, 0, 224),
        (224, False, 299, 128, 128),
    ],
)
def test_faces_are_shown_at_the_backbones_own_size_and_never_enlarged_for_nothing(
    own: int | None, fixed: bool, stored: int, asked: int, side: int
) -> None:
    backbone = tiny()
    backbone.input_size, backbone.fixed = own, fixed
    assert face_side(backbone, stored, asked) == side


def test_faces_are_resized_only_where_they_have_another_size() -> None:
    bag = Bag(torch.randint(0, 256, (1, 2, 3, 40, 40), dtype=torch.uint8), torch.ones(1, 2, dtype=torch.bool))
    assert fit_faces(bag, 40) is bag
    fitted = fit_faces(bag, 32)
    assert fitted.faces.shape == (1, 2, 3, 32, 32)
    assert 0 <= fitted.faces.min() <= fitted.faces.max() <= 1


def test_timm_is_imported_beside_a_torchvision_that_lacks_its_operators() -> None:
    """In a fresh process the operators are hidden, as PyPI's torchvision beside a CPU-only torch has it."""
    code = (
        "from detectors.backbones._torchvision import import_timm\n"
        "print(import_timm().create_model('lcnet_050') is not None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_another_error_of_torchvision_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def broken(name: str, *arguments: object) -> object:
        if name == "timm":
            raise RuntimeError("something else")
        return real_import(name, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", broken)
    with pytest.raises(RuntimeError, match="something else"):
        import_timm()


@pytest.mark.parametrize("name", ["legacy_xception", "resnet18"])
def test_a_pyramid_takes_the_weights_that_a_backbone_has(name: str) -> None:
    """timm's feature extractors may wrap the network and rename what is in it."""
    torch.manual_seed(0)
    whole = create_backbone(name, pretrained=False)
    pyramid = create_pyramid(name, weights=whole.network.state_dict()).eval()
    faces = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        expected = whole.eval().network.forward_features(whole.scale(faces))
        torch.testing.assert_close(pyramid(faces)[-1], expected, check_stride=False)
    assert [level.shape[1] for level in pyramid(faces)] == pyramid.channels


def test_a_vision_transformer_is_shown_its_own_size_or_the_one_asked_for() -> None:
    own, asked = (create_backbone("vit_tiny_patch16_224", pretrained=False, size=size) for size in (None, 96))
    assert (own.input_size, own.fixed, asked.input_size) == (224, True, 96)
    with torch.no_grad():
        assert asked(torch.rand(1, 3, 96, 96)).shape == (1, asked.num_features)


@pytest.mark.parametrize(("what", "share"), [("all", 1.0), ("norm", None), ("none", 0.0)])
def test_tuning_trains_what_it_says(what: str, share: float | None) -> None:
    detector = create("s-mil", TINY)
    tune(detector, what)
    backbone, head = list(detector.backbone.parameters()), list(detector.pool.parameters())
    assert all(p.requires_grad for p in head)
    trained = sum(p.requires_grad for p in backbone) / len(backbone)
    assert trained == share if share is not None else 0 < trained < 1


def test_tuning_knows_timms_own_normalisation() -> None:
    layers = import_timm().layers
    detector = create("s-mil", TINY)
    detector.backbone.network = torch.nn.Sequential(layers.RmsNorm(3), torch.nn.RMSNorm(3), torch.nn.Linear(3, 3))
    tune(detector, "norm")
    assert [p.requires_grad for p in detector.backbone.parameters()] == [True, True, False, False]


@pytest.mark.parametrize("what", ["norm", "none"])
def test_a_step_changes_nothing_but_what_is_tuned(what: str) -> None:
    torch.manual_seed(0)
    detector = create("s-mil", TINY)
    tune(detector, what)
    before = {name: value.clone() for name, value in detector.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in detector.parameters() if p.requires_grad], lr=1.0)
    bag = Bag(torch.rand(2, 3, 3, 32, 32), torch.ones(2, 3, dtype=torch.bool))
    _, loss = detector.train().learn(bag, torch.tensor([0.0, 1.0]), None)
    loss.backward()
    optimizer.step()
    changed = {name for name, value in detector.state_dict().items() if not torch.equal(value, before[name])}
    touched = {name for name in changed if name.startswith("backbone")}
    assert "pool.classify.weight" in changed
    norms = {f"backbone.network.{i}.1" for i in range(3)}
    assert touched == set() if what == "none" else {name.rpartition(".")[0] for name in touched} == norms


def test_a_backbone_without_normalisation_cannot_tune_it() -> None:
    detector = create("s-mil", TINY)
    detector.backbone.network = torch.nn.Sequential(torch.nn.Flatten())
    with pytest.raises(DetectorError, match="no normalisation layer"):
        tune(detector, "norm")


def test_x_ray_learns_the_boundary_it_is_shown() -> None:
    """A black face with a white frame inside: after some steps it is found in a face not seen."""
    torch.manual_seed(0)

    def framed(low: int, high: int) -> torch.Tensor:
        drawn = torch.zeros(32, 32)
        drawn[low : high + 1, low : high + 1] = 1
        drawn[low + 3 : high - 2, low + 3 : high - 2] = 0
        return drawn

    detector = create("x-ray", TINY).train()
    seen = torch.stack([framed(4, 27), framed(6, 20), framed(10, 30), torch.zeros(32, 32)])
    bag = Bag(seen[:, None, None].expand(4, 1, 3, 32, 32), torch.ones(4, 1, dtype=torch.bool))
    optimizer = torch.optim.Adam(detector.parameters(), lr=1e-2)
    for _ in range(120):
        _, loss = detector.learn(bag, torch.tensor([1.0, 1.0, 1.0, 0.0]), seen[:, None])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    new = framed(8, 24)
    with torch.no_grad():
        found = torch.sigmoid(detector.eval().boundary(new.expand(1, 3, 32, 32)))[0, 0]
    shown = torch.nn.functional.adaptive_avg_pool2d(new[None], found.shape[-1])[0]
    assert found[shown > 0.7].mean() > 3 * found[shown == 0].mean()
