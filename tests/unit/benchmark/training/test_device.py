"""Devices: which one is taken, and that nothing is asked of a GPU that only some have."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from benchmark.data.batches import BagDataset, Batch
from benchmark.data.inputs import make_input
from benchmark.train_config import TrainConfig
from benchmark.training import checkpoint
from benchmark.training.device import Machine, choose_device, choose_precision, name_device
from benchmark.training.model import Model
from benchmark.training.predict import predict_alike
from benchmark.training.train import accumulate_gradients
from benchmark.trials.configure import settle
from detectors import create, names
from detectors.bag import Bag
from ffpms.dataset.bag import BagRecord
from ffpms.errors import ConfigError
from tests.helpers.trials import CPU

SIDE = 64


@pytest.mark.parametrize(
    ("there", "taken"),
    [((), "cpu"), (("mps",), "mps"), (("xpu", "mps"), "xpu"), (("cuda", "xpu", "mps"), "cuda")],
)
def test_auto_is_the_first_kind_of_gpu_that_is_there(
    monkeypatch: pytest.MonkeyPatch, there: tuple[str, ...], taken: str
) -> None:
    for kind, place in (("cuda", torch.cuda), ("xpu", torch.xpu), ("mps", torch.backends.mps)):
        monkeypatch.setattr(place, "is_available", lambda kind=kind: kind in there)
    assert choose_device("auto").type == taken


def test_single_precision_is_not_rounded_in_convolutions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    choose_device("cpu")
    assert not torch.backends.cudnn.allow_tf32


@pytest.mark.parametrize("name", ["mps", "xpu", "cuda:77"])
def test_a_device_that_is_not_there_is_one_short_line(name: str) -> None:
    with pytest.raises(ConfigError, match="try --device cpu") as caught:
        choose_device(name)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("kind", ["xpu", "mps"])
def test_other_gpus_compute_in_float32_unless_told(kind: str) -> None:
    assert choose_precision("auto", torch.device(kind)) == "fp32"
    assert choose_precision("bf16", torch.device(kind)) == "bf16"


def test_auto_for_a_gpu_of_another_machine_asks_for_the_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a Ray cluster has GPUs, and the machine that starts its trials has none."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    cluster = Machine(torch.device("cuda"))
    with pytest.raises(ConfigError, match=r"^precision: auto asks the GPU, .*; give --precision bf16 or fp32$"):
        settle(TrainConfig("s-mil"), cluster)
    assert settle(TrainConfig("s-mil", precision="bf16"), cluster).precision == "bf16"


def test_a_run_says_on_what_it_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.xpu, "get_device_name", lambda _: "Max 1550")
    assert [name_device(torch.device(kind)) for kind in ("cpu", "mps", "xpu")] == ["cpu", "mps", "Max 1550"]


@pytest.mark.parametrize(
    ("given", "device", "slow", "threads", "expected"),
    [
        (None, "cuda", True, 8, 7),
        (None, "cuda", True, 64, 16),
        (None, "cuda", True, 1, 0),
        (None, "cuda", False, 8, 0),
        (None, "cpu", True, 8, 0),
        (3, "cpu", False, 8, 3),
        (0, "cuda", True, 8, 0),
    ],
)
def test_slow_faces_for_a_gpu_are_made_by_processes(
    given: int | None, device: str, slow: bool, threads: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert Machine(torch.device(device), given).count_workers(slow) == expected


class NoDoubles(TorchDispatchMode):
    """Refuses float64, which Apple's GPUs do not have."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else [result]:
            assert not (isinstance(tensor, torch.Tensor) and tensor.dtype == torch.float64), f"{func} gives float64"
        return result


ONLY_ATOMIC = {
    *("adaptive_max_pool2d_backward", "adaptive_max_pool3d_backward", "_adaptive_avg_pool2d_backward"),
    *("_adaptive_avg_pool3d_backward", "avg_pool3d_backward", "fractional_max_pool2d_backward"),
    *(
        "upsample_linear1d_backward",
        "upsample_bicubic2d_backward",
        "upsample_trilinear3d_backward",
        "_upsample_bilinear2d_aa_backward",
    ),
    *("reflection_pad1d_backward", "reflection_pad2d_backward", "reflection_pad3d_backward"),
    *("nll_loss2d_forward", "_ctc_loss_backward", "put", "histc", "median.dim", "grid_sampler_2d_backward"),
}
"""Operators without a deterministic CUDA kernel (``torch.use_deterministic_algorithms``)."""


class Deterministic(TorchDispatchMode):
    """Refuses what ``--deterministic`` cannot have on a CUDA GPU."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = str(func).removeprefix("aten.").removesuffix(".default")
        assert name not in ONLY_ATOMIC, f"{func} has no deterministic CUDA kernel"
        if name.startswith("cumsum"):
            assert not args[0].is_floating_point(), f"{func} of floats has no deterministic CUDA kernel"
        return func(*args, **(kwargs or {}))


class NoPromises(TorchFunctionMode):
    """Refuses copies that are not waited for, of memory that is not pinned: on MPS they may read what has gone."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") == "to" and (kwargs or {}).get("non_blocking"):
            assert args[0].is_pinned()
        return func(*args, **(kwargs or {}))


def batch() -> Batch:
    draw = torch.Generator().manual_seed(1)
    faces = torch.randint(0, 256, (2, 3, SIDE, SIDE, 4), dtype=torch.uint8, generator=draw)
    mask = torch.tensor([[True, True, True], [True, True, False]])
    return Batch(faces, mask, torch.arange(2) % 2.0, torch.full((2, 3), 0.02), [0, 1])


@contextmanager
def limits(*modes: Any) -> Iterator[None]:
    for mode in modes:
        mode.__enter__()
    try:
        yield
    finally:
        for mode in reversed(modes):
            mode.__exit__(None, None, None)


METHODS = [(name, ()) for name in names()] + [("d-fwa", ("pooling=spp",))]


@pytest.mark.parametrize(("name", "options"), METHODS)
def test_training_and_scoring_ask_nothing_of_a_gpu_that_only_some_have(name: str, options: tuple[str, ...]) -> None:
    """No float64 (Apple), no operator without a deterministic kernel (CUDA), no copy of what may have gone."""
    config = TrainConfig(name, backbone="tiny", precision="fp32", batch_size=2)
    given = dict(option.split("=") for option in options)
    model = Model(create(name, None if name == "i3d" else "tiny", False, options=given), config, CPU)
    optimizer = torch.optim.Adam(model.detector.parameters(), lr=1e-4)
    record = BagRecord.of_one("crop.png")
    with limits(NoPromises(), NoDoubles(), Deterministic()):
        model.detector.train()
        accumulate_gradients(model, batch(), 2)
        optimizer.step()
        dataset = BagDataset(lambda _: batch().faces[0, 0, :, :, :3].numpy(), [record])
        predict_alike(model, [model.detector], dataset)


def test_a_copy_to_the_device_is_waited_for() -> None:
    stem = create("s-mil", "tiny").backbone
    with NoPromises():
        given = make_input(batch(), stem, 0, torch.device("cpu"))
        Bag(given.bag.faces, given.bag.mask).to(torch.device("cpu"))


def test_a_resumed_optimizer_counts_its_steps_on_the_cpu(tmp_path: Path) -> None:
    """On a GPU, Adam would wait for each parameter's counter at each step."""
    layer = torch.nn.Linear(2, 1)
    state = {"optimizer": torch.optim.Adam(layer.parameters())}
    layer(torch.ones(1, 2)).sum().backward()
    state["optimizer"].step()
    checkpoint.save(tmp_path, state, checkpoint.TrainingState(epoch=1))
    there = torch.nn.Linear(2, 1, device="meta")
    again = torch.optim.Adam(there.parameters())
    assert checkpoint.resume(tmp_path, {"optimizer": again}).epoch == 1
    for kept in again.state.values():
        assert (kept["step"].device.type, kept["exp_avg"].device.type) == ("cpu", "meta")
