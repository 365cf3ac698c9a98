"""What a user asks for, as one configuration a method."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmark.train_config import TrainConfig
from benchmark.training.distributed import Ranks
from benchmark.training.weights import load_given
from benchmark.trials.configure import choose_methods, configure, settle, split_mixes, split_options, split_weights
from detectors import create, method, names
from detectors.errors import DetectorError
from ffpms.errors import ConfigError
from tests.helpers.trials import CPU

SETTINGS = {"pretrained": True}


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "a=b.pth"
    torch.save({"w": torch.ones(1)}, path)
    return path


def test_methods_are_known_as_typed_and_each_is_taken_once() -> None:
    assert choose_methods(["smil", "XN-avg", "s-mil"]) == ["s-mil", "xn-avg"]
    assert choose_methods(["all"]) == names()
    with pytest.raises(ConfigError, match="methods: none given"):
        choose_methods([])


def test_weights_are_for_a_method_or_for_all_that_take_any_backbone(weights: Path) -> None:
    assert split_weights([str(weights), f"smil={weights}"]) == {"": weights, "s-mil": weights}
    configs, given = configure(["s-mil", "xn-avg"], SETTINGS, None, {"s-mil": weights}, {})
    by_method = {c.method: c for c in configs}
    assert by_method["s-mil"].weights_sha256 in given
    assert not by_method["s-mil"].pretrained
    assert by_method["xn-avg"].pretrained
    assert not by_method["xn-avg"].weights_sha256


def test_weights_and_options_that_no_method_takes_are_refused(weights: Path) -> None:
    with pytest.raises(ConfigError, match=r"weights: all methods: both a\.pth and b\.pth are given"):
        split_weights(["a.pth", "b.pth"])
    with pytest.raises(ConfigError, match="weights: s-mil: both "):
        split_weights(["smil=a.pth", "s-mil=b.pth"])
    with pytest.raises(ConfigError, match="weights: lstm is not among the methods to train"):
        configure(["s-mil"], SETTINGS, None, {"lstm": weights}, {})
    with pytest.raises(ConfigError, match="weights: i3d has a network of its own; give --weights i3d=PATH"):
        configure(["i3d"], SETTINGS, None, {"": weights}, {})
    with pytest.raises(ConfigError, match="set: s-mil is not among the methods to train"):
        configure(["xn-avg"], SETTINGS, None, {}, {"s-mil": {"filters": "8"}})


def test_packaged_weights_are_those_of_the_package() -> None:
    (config,), given = configure(["s-mil"], SETTINGS, "tf_efficientnet_lite0", split_weights(["packaged"]), {})
    assert config.weights_sha256 == "packaged"
    assert "conv_stem.weight" in load_given(given)["packaged"]


def test_a_method_trained_as_another_has_its_weights(weights: Path) -> None:
    average, largest = configure(["xn-avg", "xn-max"], SETTINGS, None, {"xn-avg": weights}, {})[0]
    assert average.weights_sha256 == largest.weights_sha256 != ""


def test_each_method_has_its_own_backbone_unless_one_is_named() -> None:
    chosen = [configure(["s-mil", "d-fwa"], SETTINGS, b, {}, {})[0] for b in (None, "resnet18", "tiny")]
    assert [[c.backbone for c in configs] for configs in chosen] == [
        [method("s-mil").backbone, method("d-fwa").backbone],
        ["resnet18"] * 2,
        ["tiny"] * 2,
    ]
    assert not any(c.pretrained for c in chosen[2])


def test_each_method_trains_of_its_backbone_what_is_its_own_unless_it_is_said() -> None:
    methods = ["s-mil", "probe", "gend", "sbi"]
    chosen = [configure(methods, SETTINGS | {"tune": given}, "tiny", {}, {})[0] for given in (None, "norm")]
    assert [config.tune for config in chosen[0]] == ["all", "none", "norm", "all"]
    assert {config.tune for config in chosen[1]} == {"norm"}


def test_options_are_part_of_the_configuration() -> None:
    options = split_options(["smil.filters=64", "d-fwa.pooling=spp"])
    first, second, third = configure(["s-mil", "d-fwa", "xn-avg"], SETTINGS, "tiny", {}, options)[0]
    assert (first.options, second.options, third.options) == (("filters=64",), ("pooling=spp",), ())


def test_a_method_with_a_network_of_its_own_takes_no_other() -> None:
    first, second = configure(["i3d", "s-mil"], SETTINGS, "resnet18", {}, {})[0]
    assert (first.backbone, second.backbone) == ("inception-i3d", "resnet18")
    with pytest.raises(ConfigError, match="i3d has a network of its own"):
        configure(["i3d"], SETTINGS, "resnet18", {}, {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("s-mil", "METHOD.OPTION=VALUE"),
        ("s-mil.filters", "METHOD.OPTION=VALUE"),
        ("s-mill.filters=3", "did you mean s-mil"),
        ("s-mil.filter=3", "no option 'filter'; it has filters"),
        ("s-mil.filters=many", "^s-mil: filters = many is no whole number; take 1 or more$"),
        ("d-fwa.pooling=max", "^d-fwa: pooling = max is not known; take mean or spp$"),
        ("xn-avg.filters=3", "it has no options"),
    ],
)
def test_an_option_that_is_not_there_is_named(text: str, said: str) -> None:
    with pytest.raises((ConfigError, DetectorError), match=said):
        split_options([text])


@pytest.mark.parametrize("typed", [("clam.k=1", "clam.k=2"), ("clam.k=2", "CLAM.k=2")])
def test_an_option_that_is_given_twice_is_refused(typed: tuple[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"^set: clam\.k: both \d and 2 are given$"):
        split_options(typed)


def test_an_option_is_one_run_however_it_is_typed() -> None:
    typed = ["clam.bag_weight=0.70", "clam.k=03", "lse.r=1e1", "s-mil-t.kernels=1, 02", "dtfd.joint=true"]
    assert split_options(typed) == {
        "clam": {"bag_weight": "0.7", "k": "3"},
        "lse": {"r": "10"},
        "s-mil-t": {"kernels": "1,2"},
        "dtfd": {"joint": "true"},
    }


@pytest.mark.parametrize(
    ("idle", "beside"),
    [
        ("sm-abmil.steps=3", "sm-abmil.exact=true"),
        ("sm-abmil.spectral_norm=false", "sm-abmil.where=late"),
        ("clam.k=3", "clam.bag_weight=1"),
        ("clam.instance_loss=ce", "clam.bag_weight=1"),
        ("top-k.k=3", "top-k.share=0.5"),
        ("s-mil-t.eq12=scores", "s-mil-t.kernels=3"),
    ],
)
def test_an_option_without_effect_beside_another_is_refused(idle: str, beside: str) -> None:
    name, key, value = re.split("[.=]", idle)
    _, other, _ = re.split("[.=]", beside, maxsplit=2)
    todo = f"leave {name}.{key} away, or change {name}.{other}"
    said = f"^{name}: {key} = {value} has no effect beside {other} = .*; {todo}$"
    for typed in ([idle, beside], [beside, idle]):
        with pytest.raises(DetectorError, match=said):
            split_options(typed)
    assert len(split_options([idle])[name]) == len(split_options([beside])[name]) == 1


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not found"):
        configure(["s-mil"], SETTINGS, None, split_weights([f"s-mil={tmp_path / 'w.pth'}"]), {})


def test_weights_that_are_a_folder_are_not_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r": a folder, no file; give --weights a \.safetensors or \.pth file$"):
        configure(["s-mil"], SETTINGS, None, split_weights([str(tmp_path)]), {})


@pytest.mark.parametrize("name", ["s-mil", "i3d", "x-ray"])
def test_the_tiny_backbone_takes_no_weights(name: str) -> None:
    with pytest.raises(DetectorError, match=r"^tiny: begins at random and takes no weights; leave --weights away"):
        create(name, "tiny", weights={"x": torch.zeros(1)})


def test_a_training_mix_is_for_a_method_or_for_all() -> None:
    mixes = split_mixes(["whole", "smil=recipe"])
    configs, _ = configure(["s-mil", "xn-avg", "lstm"], SETTINGS, "tiny", {}, {}, mixes)
    assert [config.train_mix for config in configs] == ["recipe", "whole", "whole"]
    average, largest = configure(["xn-avg", "xn-max"], SETTINGS, "tiny", {}, {}, {"xn-avg": "whole"})[0]
    assert average.train_mix == largest.train_mix == "whole", "they share one training"
    with pytest.raises(ConfigError, match="train-mix: s-mil: both whole and recipe are given"):
        split_mixes(["smil=whole", "s-mil=recipe"])
    with pytest.raises(ConfigError, match="train-mix: lstm is not among the methods to train"):
        configure(["s-mil"], SETTINGS, "tiny", {}, {}, {"lstm": "whole"})
    with pytest.raises(ConfigError, match="train-mix: 'half' is unknown; choose recipe"):
        configure(["s-mil"], SETTINGS, "tiny", {}, {}, {"": "half"})


def test_a_method_of_forgeries_takes_no_training_mix_by_its_name() -> None:
    """One for all methods is no claim of it, and its run stays the same."""
    with pytest.raises(ConfigError, match="train-mix: d-fwa learns from forgeries of real faces, and a mix is of the"):
        configure(["d-fwa", "xn-avg"], SETTINGS, "tiny", {}, {}, {"d-fwa": "whole"})
    configs, _ = configure(["d-fwa", "xn-avg"], SETTINGS, "tiny", {}, {}, {"": "whole"})
    assert [settle(config, CPU).train_mix for config in configs] == ["recipe", "whole"]


@pytest.mark.parametrize("name", names())
def test_settings_that_a_method_does_not_use_tell_no_runs_apart(name: str) -> None:
    asked = TrainConfig(name, batch_size=8, train_frames=5, frame_batch_size=16, train_mix="whole")
    settled = settle(asked, replace(CPU, ranks=Ranks(0, 2)))
    frames, bags = method(name).unit == "frame", method(name).training_data == "bags"
    assert (settled.batch_size, settled.train_frames, settled.frame_batch_size) == (
        (32, 8, 16) if frames else (8, 5, 32)
    )
    assert settled.train_mix == ("whole" if bags else "recipe"), "it sees no fake of the set"
    assert (settled.ranks, settled.precision) == (2, "fp32")
    whole = settle(replace(asked, micro_batch=8), CPU)
    assert (whole.micro_batch, settle(replace(asked, micro_batch=1), CPU).micro_batch) == (0, 1)
    assert settle(replace(asked, method=name.upper()), CPU).method == name
    assert settle(asked, CPU, unmixed=True).train_mix == "recipe", "whole is what an unmixed set is"
    drawn = settle(replace(asked, frame_faces="drawn"), CPU)
    assert (drawn.frame_faces, drawn.batch_size, drawn.frame_batch_size) == ("drawn" if frames else "all", 8, 32)
