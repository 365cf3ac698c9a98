"""Laws of detectors.testing fail for a detector that breaks them, and say which it was."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from detectors import BagDetector, Prediction, registry
from detectors.backbones import Backbone
from detectors.registry import register
from detectors.testing import check_laws

Judge = Callable[[Tensor, Tensor], Tensor]


class Pool(nn.Module):
    """A linear classifier, and any way from the logits of the faces to the video's."""

    def __init__(self, num_features: int, judge: Judge) -> None:
        super().__init__()
        self.classify, self.judge = nn.Linear(num_features, 1), judge

    def forward(self, features: Tensor, mask: Tensor) -> Prediction:
        frame_logit = self.classify(features).squeeze(-1)
        return Prediction(self.judge(frame_logit, mask), frame_logit, None)


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Callable[[Judge], None]:
    """Registers the method ``odd`` for a moment, and checks its laws."""
    before = dict(registry._known())
    monkeypatch.setattr(registry, "_METHODS", before)

    def run(judge: Judge) -> None:
        @register("odd", source="")
        def odd(backbone: Backbone) -> BagDetector:
            return BagDetector(backbone, None, Pool(backbone.num_features, judge))

        check_laws("odd")

    return run


def mean(z: Tensor, mask: Tensor) -> Tensor:
    return (z * mask).sum(dim=1) / mask.sum(dim=1)


def first(z: Tensor, mask: Tensor) -> Tensor:
    return z[:, 0]


def entropy(z: Tensor, mask: Tensor) -> Tensor:
    """Finite, but the slope of p log p at a padding's p = 0 is not."""
    p = z.masked_fill(~mask, -torch.inf).softmax(dim=1)
    return (p * p.log()).masked_fill(~mask, 0).sum(dim=1)


BREAKERS: dict[str, Judge] = {
    "padding changes nothing": lambda z, mask: z.mean(dim=1),
    "order changes nothing": first,
    "one face gives its own logit": lambda z, mask: mean(z, mask) + 1,
    "sure faces stay finite": lambda z, mask: torch.logit(mean(torch.sigmoid(z), mask)),
    "gradients are finite beside padding": lambda z, mask: mean(z, mask) + 0 * entropy(z, mask),
    "a step lowers the loss": lambda z, mask: 2 * mean(z, mask).detach() - mean(z, mask),
}


def test_a_plain_mean_keeps_them(check: Callable[[Judge], None]) -> None:
    check(mean)


@pytest.mark.parametrize("law", BREAKERS)
def test_a_broken_law_is_named(check: Callable[[Judge], None], law: str) -> None:
    with pytest.raises(AssertionError, match=f"^odd: not true that {law}: "):
        check(BREAKERS[law])


def test_a_check_draws_nothing_from_the_random_numbers_of_others() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    check_laws("s-mil", options={"filters": "16"})
    assert torch.equal(torch.get_rng_state(), before)
