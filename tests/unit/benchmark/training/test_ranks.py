"""Ranks of one training: what they share, and that they leave in order."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import distributed

from benchmark.data.batches import BagDataset
from benchmark.training import distributed as ranks_module
from benchmark.training.distributed import SINGLE, RankError, Ranks, join_ranks, leave_ranks
from benchmark.training.model import Model
from benchmark.training.train import _train_epoch, score_shared
from benchmark.trials.failures import explain
from benchmark.trials.shared_resources import Resources
from detectors import create
from ffpms.cli.benchmark import bench_runtime
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError
from tests.conftest import Command
from tests.helpers.trials import CONFIG, CPU


@dataclass(frozen=True)
class Alone(Ranks):
    """A rank without the others: it is told what they found before."""

    told: list[Any] = field(default_factory=list)

    def broadcast(self, module: torch.nn.Module) -> None:
        """The others are this process too."""

    def gather(self, found: Any) -> list[Any]:
        self.told.insert(0, found)
        return self.told if self.first else []

    def add_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Nothing is trained."""

    def add_up(self, values: torch.Tensor) -> torch.Tensor:
        self.told.append(values)
        return torch.stack(self.told).sum(dim=0)


@dataclass(frozen=True)
class One(Ranks):
    """A single rank that leaves out what several leave out."""

    least: int = 1

    def share(self, batches: list[list[Any]]) -> list[list[Any]]:
        return [batch for batch in batches if len(batch) >= self.least]


@pytest.mark.parametrize("world", [2, 3, 50])
def test_ranks_share_the_val_bags_and_find_what_one_finds(
    built_set: BuiltSet, resources: Resources, world: int
) -> None:
    val = BagDataset(resources.faces(built_set), built_set.bags("val", ("DF", "F2F")))
    model = Model(create("s-mil", "tiny"), replace(CONFIG, batch_size=3), CPU)
    detectors = [model.detector, create("s-mil", "tiny")]
    whole = score_shared(model, detectors, val)
    told: list[Any] = []
    for rank in reversed(range(world)):
        machine = replace(CPU, ranks=Alone(rank, world, told))
        found = score_shared(replace(model, machine=machine), detectors, val)
    assert found == whole
    assert [score.record for score in found[0]] == [bag for bag in val.bags if bag.crops]
    assert max(len(own[0]) for own in told) <= 3 * -(-len(val) // (3 * world))


def epoch_of(data: BuiltSet, resources: Resources, ranks: list[Ranks]) -> dict[str, float]:
    """What an epoch that changes no weight tells, after several ranks in turn have computed it."""
    torch.manual_seed(0)
    detector = create("s-mil", "tiny").eval()
    detector.train = lambda mode=True: detector  # type: ignore[assignment,method-assign,misc]
    config = replace(CONFIG, batch_size=5)
    train = BagDataset(resources.faces(data), data.bags("train", ("DF", "F2F")), n_frames=2)
    optimizer = torch.optim.SGD(detector.parameters(), lr=0)
    for own in ranks:
        row = _train_epoch(Model(detector, config, replace(CPU, ranks=own)), train, optimizer, 0)
    return row


@pytest.mark.parametrize("world", [2, 3])
def test_the_loss_of_an_epoch_is_the_mean_of_all_ranks(built_set: BuiltSet, resources: Resources, world: int) -> None:
    """Though batches of 5 give the first rank more than the others, and the last batch is too small."""
    told: list[Any] = []
    shared = epoch_of(built_set, resources, [Alone(rank, world, told) for rank in range(world)])
    assert shared == pytest.approx(epoch_of(built_set, resources, [One(least=world)]), rel=1e-5)
    assert shared != pytest.approx(epoch_of(built_set, resources, [SINGLE]), rel=1e-5)


def test_batches_that_are_too_small_for_the_ranks_are_refused(built_set: BuiltSet, resources: Resources) -> None:
    with pytest.raises(ConfigError, match=r"^torchrun: no batch has one for each of 6 processes; start fewer$"):
        epoch_of(built_set, resources, [Alone(0, 6)])


@pytest.fixture
def group(tmp_path: Path) -> None:
    """A process group of this process alone."""
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1)


@pytest.mark.usefixtures("group")
def test_one_process_gathers_by_torch_too() -> None:
    ranks = Ranks(0, 1)
    assert ranks.gather("found") == ["found"]
    leave_ranks()
    assert not distributed.is_initialized()
    leave_ranks()


@pytest.mark.usefixtures("group")
def test_a_command_that_fails_leaves_no_process_group(
    ffpms: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_runtime, "join_ranks", lambda device: (SINGLE, device))
    result = ffpms("bench", "--methods", "smil", "--data", tmp_path / "nowhere", "--device", "cpu")
    assert result.exit_code == 2
    assert not distributed.is_initialized()


@pytest.mark.usefixtures("group")
def test_after_an_error_nccl_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would wait for ranks that wait for this one."""
    with monkeypatch.context() as patch:
        patch.setattr(ranks_module.distributed, "get_backend", lambda: "nccl")
        try:
            raise ConfigError("the loss is no number")
        except ConfigError:
            leave_ranks()
        assert distributed.is_initialized()
    leave_ranks()


GONE = "[../gloo/transport/tcp/pair.cc:553] Connection closed by peer [127.0.0.1]:20876. Check the logs. GLHF! 🏖️"


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (RuntimeError(GONE), RankError, r"^torchrun: .* has ended \(Connection closed\); .* says why; "),
        (distributed.DistBackendError("NCCL: remote exited"), RankError, r"has ended \(NCCL: remote exited\)"),
        (RuntimeError("CUDA out of memory"), RuntimeError, r"^CUDA out of memory$"),
    ],
)
@pytest.mark.parametrize("step", ["wait", "agree", "gather", "broadcast", "add_gradients", "add_up"])
def test_a_rank_that_was_killed_is_what_the_others_tell_of(
    monkeypatch: pytest.MonkeyPatch, step: str, error: RuntimeError, kind: type[Exception], said: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    for name in ("barrier", "broadcast_object_list", "gather_object", "broadcast", "all_reduce"):
        monkeypatch.setattr(distributed, name, fail)
    network = torch.nn.Linear(1, 1)
    given = {"wait": [], "agree": [True], "gather": [True], "broadcast": [network], "add_up": [torch.ones(1)]}
    with pytest.raises(kind, match=said) as caught:
        getattr(Ranks(0, 2), step)(*given.get(step, [network.parameters()]))
    assert "report it" not in explain(caught.value, CONFIG)


def test_ranks_on_a_device_that_cannot_share_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="cannot share a batch on mps; give --device cpu"):
        join_ranks(torch.device("mps"))
