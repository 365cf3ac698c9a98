"""Scoring where memory is short: smaller parts give the same scores, and nothing is trained again."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from benchmark.data.batches import BagDataset
from benchmark.runs.folder import is_done
from benchmark.training import train
from benchmark.training.memory import Parts, ScoringMemoryError, is_out_of_memory
from benchmark.training.model import Model
from benchmark.training.predict import BagScore, make_scorer, predict, predict_alike
from benchmark.trials.runner import run_here
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial
from detectors import Bag, Detector, Prediction, create
from ffpms.dataset.built_set import BuiltSet
from tests.helpers.tiny_set import make_set
from tests.helpers.trials import CONFIG, CPU

CPU_SAYS = "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to ..."
SAID = (
    "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.11 GiB of which ...",
    "HIP out of memory. Tried to allocate 2.00 GiB",
    "MPS backend out of memory (MPS allocated: 8.86 GB, other allocations: 128.00 KB, max allowed: 9.07 GB). ...",
    "XPU out of memory. Tried to allocate 2.00 GiB",
    "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
    "[enforce fail at alloc_cpu.cpp:75] data. DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes.",
    CPU_SAYS,
)


@pytest.mark.parametrize("said", SAID)
def test_torch_says_in_many_ways_that_memory_ran_out(said: str) -> None:
    assert is_out_of_memory(RuntimeError(said))
    assert is_out_of_memory(torch.OutOfMemoryError(said))


def test_what_is_no_lack_of_memory() -> None:
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("CUDA error: an illegal memory access was encountered"))
    assert not is_out_of_memory(ValueError("out of memory"))


class Small:
    """Stands for the forward of a module in which no more than so many rows have room."""

    def __init__(self, module: nn.Module, room: int) -> None:
        self.forward, self.room, self.seen = module.forward, room, list[int]()
        module.forward = self

    def __call__(self, rows: Tensor, *more: Tensor) -> object:
        self.seen.append(len(rows))
        if len(rows) > self.room:
            raise RuntimeError(CPU_SAYS)
        return self.forward(rows, *more)


class WholeBags(Detector):
    """A detector that looks at all faces of a bag at once."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.backbone = create("s-mil", "tiny").backbone
        self.mean = nn.Identity()
        self.small = Small(self.mean, room)

    def forward(self, bag: Bag) -> Prediction:
        logit = self.mean(bag.faces.float()).mean((2, 3, 4)) / 255 * bag.mask
        return Prediction(logit.sum(1), logit, None)


def model_of(detector: Detector, said: list[str] | None = None) -> Model:
    log = (lambda _: None) if said is None else said.append
    return Model(detector.eval(), CONFIG, replace(CPU, log=log))


def small(part: str, room: int) -> Detector:
    """S-MIL of which a part has room for so many rows: the backbone for faces, the pool for bags."""
    torch.manual_seed(0)
    detector = create("s-mil", "tiny")
    Small(getattr(detector, part), room)
    return detector


@pytest.fixture(scope="module")
def dataset(built_set: BuiltSet, resources: Resources) -> BagDataset:
    bags = built_set.bags("test", CONFIG.manipulations)[:7]
    shorter = bags[0].with_faces(list(bags[0].instances)[:5])
    return BagDataset(resources.faces(built_set), [shorter, *bags])


def same(one: list[BagScore], other: list[BagScore]) -> None:
    """Checks that scores are the same, up to what the size of a batch changes in the last digits."""
    assert [score.record.bag_id for score in one] == [score.record.bag_id for score in other]
    for name in ("video_logit", "frame_logits", "weights"):
        for a, b in zip(one, other, strict=True):
            torch.testing.assert_close(
                torch.tensor(getattr(a, name)), torch.tensor(getattr(b, name)), rtol=1e-5, atol=1e-6
            )


@pytest.mark.parametrize(("part", "room"), [("backbone", 70), ("backbone", 20), ("backbone", 3), ("pool", 3)])
def test_smaller_parts_give_the_same_scores(dataset: BagDataset, part: str, room: int) -> None:
    """Of bags, and of faces where not even one bag has room; in val, and in scoring from embedded faces."""
    whole = model_of(small(part, 10_000))
    said: list[str] = []
    short = model_of(small(part, room), said)
    same(predict(short, dataset), predict(whole, dataset))
    same(predict(short, dataset), predict(whole, dataset))
    assert len(said) == 1, "it is said once"
    assert "no memory to score 8 bags at a time; goes on with 4, the scores are the same" in said[0]
    for bags in ([*dataset.bags], dataset.bags[:1]):
        scores = [list(make_scorer(model, dataset.bags, dataset.read)(bags)) for model in (short, whole)]
        same(*scores)
    assert len(said) == 1


def test_what_has_room_once_is_kept(dataset: BagDataset) -> None:
    detector = WholeBags(room=2)
    model = model_of(detector)
    same(predict(model, dataset), predict(model_of(WholeBags(room=100)), dataset))
    assert detector.small.seen == [8, 4, 2, 2, 2, 2]
    predict(model, dataset)
    assert detector.small.seen[6:] == [2, 2, 2, 2]


def test_detectors_that_share_faces_share_the_smaller_parts(dataset: BagDataset) -> None:
    torch.manual_seed(0)
    average, largest = (create(name, "tiny").eval() for name in ("xn-avg", "xn-max"))
    expected = predict_alike(model_of(average), [average, largest], dataset)
    Small(average.backbone, 3)
    for one, other in zip(predict_alike(model_of(average), [average, largest], dataset), expected, strict=True):
        same(one, other)


def test_one_bag_or_face_without_room_is_one_line(dataset: BagDataset) -> None:
    with pytest.raises(ScoringMemoryError, match=r"even one of the bags .*can't allocate memory"):
        predict(model_of(WholeBags(room=0)), dataset)
    with pytest.raises(ScoringMemoryError, match="even one of the faces of a bag"):
        predict(model_of(small("backbone", 0)), dataset)


def test_another_error_is_no_reason_for_smaller_parts() -> None:
    def step(_: slice) -> None:
        raise RuntimeError("sizes do not match")

    with pytest.raises(RuntimeError, match="sizes"):
        Parts().compute("bags", 8, step, pytest.fail)


def test_scoring_without_memory_keeps_the_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same command scores the best epoch later, and trains nothing."""
    data, resources = BuiltSet.load(make_set(tmp_path / "set")), Resources(CPU)
    run = Trial.below(tmp_path, replace(CONFIG, epochs=1, manipulations=("DF", "F2F")), data)
    forward = Bag.__post_init__

    def full(bag: Bag) -> None:
        forward(bag)
        if (run.folder / "history.csv").is_file():
            raise RuntimeError(CPU_SAYS)

    with monkeypatch.context() as patch:
        patch.setattr(Bag, "__post_init__", full)
        (line,) = run_here([run], resources)
    assert "no memory to score even one of the faces" in line
    assert "the same command goes on after its last epoch where more memory is free" in line
    best = (run.folder / "best.safetensors").read_bytes()
    monkeypatch.setattr(train, "_train_epoch", lambda *_: pytest.fail("trained again"))
    assert run_here([run], resources) == []
    assert (run.folder / "best.safetensors").read_bytes() == best
    assert is_done(run.folder)
