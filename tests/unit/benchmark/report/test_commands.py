"""The command of a row gives its configuration again."""

import shlex
from dataclasses import asdict, replace
from typing import Any

import pytest

from benchmark.report.commands import write_command
from benchmark.train_config import TrainConfig
from ffpms import cli
from ffpms.cli.benchmark.bench import _configs
from tests.helpers.scores import run

CONFIGS = {
    "the paper's": {},
    "small": {"backbone": "tiny", "pretrained": False, "epochs": 2, "batch_size": 8, "lr": 0.001},
    "random": {"pretrained": False, "tune": "norm", "select": "last", "train_mix": "whole"},
    "packaged": {"backbone": "tf_efficientnet_lite0", "weights_sha256": "packaged", "pretrained": False},
    "options": {"options": ("filters=64",), "micro_batch": 4, "precision": "fp32"},
}


def as_run(seed: int = 0, **settings: Any) -> Any:
    about = asdict(TrainConfig(method="s-mil", manipulations=("DF", "F2F"), seed=seed, **settings))
    return replace(run(seed), settings=about, defaults={"backbone": "legacy_xception"})


def parse(words: list[str]) -> dict[str, Any]:
    """The flags of ``ffpms bench``, parsed but not run."""
    return dict(cli.main.commands["bench"].make_context("bench", words).params)


@pytest.mark.parametrize("kind", CONFIGS)
def test_the_command_gives_the_configuration_again(kind: str) -> None:
    one = as_run(**CONFIGS[kind])
    words = shlex.split(write_command([one, as_run(seed=1, **CONFIGS[kind])], "my data"))
    assert words[:2] == ["ffpms", "bench"]
    flags = parse(words[2:])
    assert (flags["seeds"], [str(path) for path in flags["data"]], flags["train_on"]) == (
        ("0", "1"),
        ["my data"],
        "joint",
    )
    (config,), _ = _configs(flags, ["s-mil"])
    assert asdict(config) | {"manipulations": one.manipulations} == one.settings


def test_what_a_command_cannot_say_is_said_beside_it() -> None:
    one = as_run()
    assert write_command([replace(one, manipulations=("DF",))]).endswith("--seeds 0 --train-on each")
    assert "--unmixed" in write_command([replace(one, dataset="FF++-c23-custom")])
    assert "--unmixed" in write_command([replace(one, dataset="Minicorpus-40-whole")])
    assert "--unmixed" not in write_command([replace(one, dataset="Minicorpus-40")])
    of_weights = as_run(weights_sha256="ab12", pretrained=False)
    assert "--weights WEIGHTS" in write_command([of_weights])
    assert write_command([as_run(ranks=4)]).startswith("torchrun --nproc-per-node 4 $(which ffpms) bench ")
    older = replace(one, settings={**one.settings, "unit": "bag\nrm -r /"})
    assert write_command([older]).endswith("  # not in this version: unit=bag rm -r /")


def test_another_tools_scores_come_again_by_evaluate() -> None:
    one = replace(run(method="my tool; rm"), external=True, settings={"method": "my tool; rm", "val_scores": "ab"})
    command = write_command([one], "set")
    assert command == "ffpms evaluate --scores SCORES --val-scores VAL_SCORES --name 'my tool; rm' --data set"
    assert "--data" not in write_command([replace(one, dataset="FFPMS")])
