"""Bags with one odd instance, where it is known what a pool should do.

``python -m tests.helpers.synthetic_bags`` prints the table of docs/pools.md.

An instance is 48 numbers from a standard normal, shaped as a face so that it takes the detectors' own way in. A bag has
20; in a positive one, one of them is moved by 6 standard deviations in a direction drawn from the seed.
"""

from dataclasses import dataclass
from statistics import mean

import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

from detectors import Detector, Prediction, method, names
from detectors.backbones import Backbone
from detectors.bag import Bag
from detectors.options import options_of

FACES, SHIFT = 20, 6.0
TRAIN_BAGS, TEST_BAGS = 512, 500
EPOCHS, BATCH, RATE, WIDTH = 20, 32, 2e-3, 128
SEEDS = range(5)


@dataclass(frozen=True)
class Bags:
    """Shape: faces (B, M, 3, 4, 4), label (B,), odd (B, M) bool."""

    faces: Tensor
    label: Tensor
    odd: Tensor


@dataclass(frozen=True)
class Score:
    """What a method made of the test bags; accuracy is balanced and at 0.5. ``found``: the part of positive bags whose
    highest face is the odd one. ``weight``: the mean weight of the odd face, None without weights."""

    accuracy: float
    auc: float
    found: float
    weight: float | None


def draw(count: int, direction: Tensor, generator: torch.Generator) -> Bags:
    """Half of the bags are positive."""
    faces = torch.randn(count, FACES, 3, 4, 4, generator=generator)
    label = torch.arange(count) % 2
    place = torch.randint(FACES, (count, 1), generator=generator)
    odd = (torch.arange(FACES) == place) & (label[:, None] == 1)
    return Bags(faces + SHIFT * odd[..., None, None, None] * direction, label.float(), odd)


def trial(name: str, seed: int, epochs: int = EPOCHS) -> Score:
    """A method's encoder and pool, trained on embeddings: the same rate and number of steps for all."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    direction = nn.functional.normalize(torch.randn(48, generator=generator), dim=0).view(3, 4, 4)
    train, test = (draw(count, direction, generator) for count in (TRAIN_BAGS, TEST_BAGS))
    embeddings = Backbone(nn.Flatten(), (0.0,) * 3, (1.0,) * 3, input_size=4, fixed=True)
    factory = method(name).factory
    detector = factory(embeddings, **{width: WIDTH for width in ("filters", "hidden") if width in options_of(factory)})
    _fit(detector, train, generator, epochs)
    with torch.no_grad():
        return _judge(detector.eval()(_bag(test.faces)), test)


def _fit(detector: Detector, bags: Bags, generator: torch.Generator, epochs: int) -> None:
    optimizer = torch.optim.Adam(detector.parameters(), lr=RATE)
    for _ in range(epochs):
        for rows in torch.randperm(len(bags.label), generator=generator).split(BATCH):
            _, loss = detector.learn(_bag(bags.faces[rows]), bags.label[rows], None)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def _bag(faces: Tensor) -> Bag:
    return Bag(faces, torch.ones(faces.shape[:2], dtype=torch.bool))


def _judge(prediction: Prediction, bags: Bags) -> Score:
    called, positive = prediction.video_logit > 0, bags.label == 1
    accuracy = (called[positive].float().mean() + (~called[~positive]).float().mean()) / 2
    highest = prediction.frame_logit[positive].argmax(dim=1) == bags.odd[positive].int().argmax(dim=1)
    weight = None if prediction.weight is None else prediction.weight[bags.odd].mean().item()
    auc = float(roc_auc_score(bags.label, prediction.video_logit))
    return Score(accuracy.item(), auc, highest.float().mean().item(), weight)


def _row(name: str) -> str:
    scores = [trial(name, seed) for seed in SEEDS]
    accuracies = [100 * s.accuracy for s in scores]
    weights = [s.weight for s in scores if s.weight is not None]
    cells = [
        f"`{name}`",
        f"{mean(accuracies):.1f} ({min(accuracies):.1f} to {max(accuracies):.1f})",
        f"{mean(s.auc for s in scores):.3f}",
        f"{100 * mean(s.found for s in scores):.1f}",
        f"{mean(weights):.2f}" if weights else "",
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    torch.set_num_threads(1)
    print("| method | accuracy, % | AUC | odd face highest, % | its weight |\n|---|---|---|---|---|")
    for each in names():
        if method(each).training_data == "bags" and method(each).any_backbone:
            print(_row(each), flush=True)
