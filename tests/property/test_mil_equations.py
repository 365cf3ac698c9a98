"""Pools against closed forms: Li 2020, Eq. 2, 4 and 6 to 9, and plain aggregates; finite where the formulas are not."""

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from detectors.pooling import (
    log_mean_exp,
    max_probability,
    mean_logit,
    mean_probability,
    noisy_or,
    sharp,
    sharp_sum,
    top_mean,
)

unhurried = settings(deadline=None)
logits = st.floats(-40, 40, width=32)
probabilities = st.lists(st.floats(0.02, 0.98), min_size=1, max_size=12)
some_logits = st.lists(logits, min_size=1, max_size=20)

Pool = Callable[[Tensor, Tensor], Tensor]

POOLS: dict[str, Pool] = {
    "mean probability": mean_probability,
    "max": max_probability,
    "mean": mean_logit,
    "noisy-or": noisy_or,
    "sum": sharp_sum,
    "top 3": lambda z, mask: top_mean(z, mask, k=3),
    "top half": lambda z, mask: top_mean(z, mask, k=3, share=0.5),
    "log mean exp": lambda z, mask: log_mean_exp(z, mask, r=5.0),
    "sharp": lambda z, mask: sharp(z, mask / mask.sum(dim=1, keepdim=True)),
}


def whole(z: Tensor) -> Tensor:
    """A mask without padding."""
    return torch.ones_like(z, dtype=torch.bool)


@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
@unhurried
@given(values=some_logits)
def test_pools_and_their_gradients_are_finite_in_float32(pool: Pool, values: list[float]) -> None:
    z = torch.tensor([values], requires_grad=True)
    pooled = pool(z, whole(z))
    (gradient,) = torch.autograd.grad(pooled.sum(), z)
    assert math.isfinite(pooled.item())
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
@unhurried
@given(values=st.lists(logits, min_size=1, max_size=20, unique=True), padding=st.lists(logits, min_size=1, max_size=5))
def test_padding_counts_for_nothing_in_value_and_gradient(
    pool: Pool, values: list[float], padding: list[float]
) -> None:
    plain = torch.tensor([values], requires_grad=True)
    padded = torch.tensor([values + padding], requires_grad=True)
    mask = torch.tensor([[True] * len(values) + [False] * len(padding)])
    alone, beside = pool(plain, whole(plain)), pool(padded, mask)
    torch.testing.assert_close(alone, beside)
    (wanted,), (got,) = torch.autograd.grad(alone.sum(), plain), torch.autograd.grad(beside.sum(), padded)
    torch.testing.assert_close(wanted, got[:, : len(values)])
    assert (got[:, len(values) :] == 0).all()


@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
@unhurried
@given(value=logits)
def test_one_face_gives_its_own_logit(pool: Pool, value: float) -> None:
    z = torch.tensor([[value]])
    torch.testing.assert_close(pool(z, whole(z)), z[0])


@unhurried
@given(some_logits)
def test_mean_probability_is_equation_2(values: list[float]) -> None:
    z = torch.tensor([values], dtype=torch.float64)
    got = mean_probability(z, torch.ones_like(z, dtype=torch.bool))
    torch.testing.assert_close(torch.sigmoid(got), torch.sigmoid(z).mean(dim=1), atol=1e-12, rtol=1e-9)


@unhurried
@given(some_logits)
def test_max_probability_is_equation_2(values: list[float]) -> None:
    z = torch.tensor([[*values, 99.0]])
    mask = torch.tensor([[True] * len(values) + [False]])
    assert max_probability(z, mask).item() == torch.tensor(values).max().item()


@unhurried
@given(st.lists(st.tuples(st.floats(0.02, 0.98), st.floats(0.01, 1)), min_size=1, max_size=12))
def test_sharp_pool_is_equation_9_with_the_weight_as_exponent(instances: list[tuple[float, float]]) -> None:
    p, a = torch.tensor(instances, dtype=torch.float64).T
    weight = a / a.sum()
    closed = 1 / (1 + torch.prod((1 / p - 1) ** weight))
    pooled = torch.sigmoid(sharp(torch.logit(p)[None], weight[None]))[0]
    torch.testing.assert_close(pooled, closed)


@unhurried
@given(some_logits)
def test_mean_logit_is_the_mean(values: list[float]) -> None:
    z = torch.tensor([values], dtype=torch.float64)
    torch.testing.assert_close(mean_logit(z, whole(z)), z.mean(dim=1))


@unhurried
@given(some_logits, st.integers(1, 25))
def test_top_k_is_the_mean_of_the_k_largest(values: list[float], k: int) -> None:
    z = torch.tensor([values], dtype=torch.float64)
    largest = sorted(values, reverse=True)[:k]
    assert top_mean(z, whole(z), k).item() == pytest.approx(sum(largest) / len(largest), abs=1e-9)


@pytest.mark.parametrize(("share", "mean"), [(0.01, 20.0), (0.1, 19.5), (0.25, 18.0), (1.0, 10.5)])
def test_top_share_counts_by_the_size_of_the_bag(share: float, mean: float) -> None:
    """The second bag has one face, which counts whatever the share."""
    z = torch.arange(1.0, 21.0).expand(2, 20)
    mask = torch.stack([torch.ones(20), torch.eye(20)[6]]).bool()
    assert top_mean(z, mask, k=3, share=share).tolist() == [mean, 7.0]


@unhurried
@given(some_logits)
def test_log_mean_exp_goes_from_mean_to_maximum(values: list[float]) -> None:
    z = torch.tensor([values], dtype=torch.float64)
    soft = [log_mean_exp(z, whole(z), r).item() for r in (1e-6, 0.1, 1.0, 10.0, 1e4)]
    assert soft[0] == pytest.approx(sum(values) / len(values), abs=1e-2)
    assert soft[-1] == pytest.approx(max(values), abs=1e-2)
    assert all(low <= high + 1e-6 for low, high in pairwise(soft))


def test_log_mean_exp_is_its_formula() -> None:
    z = torch.tensor([[0.5, -1.0, 2.0]], dtype=torch.float64)
    expected = math.log((math.exp(1.5) + math.exp(-3.0) + math.exp(6.0)) / 3) / 3
    assert log_mean_exp(z, whole(z), r=3.0).item() == pytest.approx(expected, rel=1e-12)


def union(values: list[float]) -> float:
    """Logit of 1 - prod(1 - p_j) another way, never leaving logs: the odds of two are a + b + ab."""
    total = -math.inf
    for z in values:
        terms = (total, z, total + z)
        highest = max(terms)
        total = highest + math.log(sum(math.exp(t - highest) for t in terms))
    return total


@unhurried
@given(some_logits)
def test_noisy_or_is_equation_4(values: list[float]) -> None:
    z = torch.tensor([values])
    assert noisy_or(z, whole(z)).item() == pytest.approx(union(values), rel=1e-5, abs=2e-5)
    assert noisy_or(z.double(), whole(z)).item() == pytest.approx(union(values), rel=1e-9, abs=1e-9)


@unhurried
@given(probabilities)
def test_gradient_of_mil_is_equation_6(values: list[float]) -> None:
    """dL/dp_j = -(1/p) prod_{k != j} (1 - p_k) for y = 1: it vanishes for all others once one p_j is near 1."""
    p = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    logit = noisy_or(torch.logit(p)[None], whole(p[None]))
    (gradient,) = torch.autograd.grad(bce(logit, torch.ones(1, dtype=torch.float64)), p)
    video = 1 - math.prod(1 - v for v in values)
    others = [math.prod(1 - v for k, v in enumerate(values) if k != j) for j in range(len(values))]
    torch.testing.assert_close(gradient, torch.tensor([-o / video for o in others], dtype=torch.float64))


@unhurried
@given(probabilities)
def test_gradient_of_unweighted_sharp_mil(values: list[float]) -> None:
    """dL/dp_j = -(1 - p) / (p_j (1 - p_j)) for y = 1: other faces count through p alone."""
    p = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    logit = sharp_sum(torch.logit(p)[None], whole(p[None]))
    (gradient,) = torch.autograd.grad(bce(logit, torch.ones(1, dtype=torch.float64)), p)
    torch.testing.assert_close(gradient, (-(1 - torch.sigmoid(logit)) / (p * (1 - p))).detach())


@unhurried
@given(probabilities)
def test_sharp_sum_is_equation_7(values: list[float]) -> None:
    p = torch.tensor([values], dtype=torch.float64)
    pooled = torch.sigmoid(sharp_sum(torch.logit(p), whole(p)))
    torch.testing.assert_close(pooled, 1 / (1 + torch.prod(1 / p - 1, dim=1)))


def test_the_papers_example_of_equation_8() -> None:
    z = torch.logit(torch.tensor([[0.1, 0.1, 0.9]], dtype=torch.float64))
    assert torch.sigmoid(sharp_sum(z, whole(z))).item() == pytest.approx(0.1, rel=1e-15)


@pytest.mark.parametrize(("value", "label"), [(-40.0, 1.0), (40.0, 0.0)])
def test_noisy_or_learns_where_the_product_cannot(value: float, label: float) -> None:
    """20 faces, all surely wrong: the product gives an infinite loss and no usable gradient in float32."""
    z, y = torch.full((1, 20), value, requires_grad=True), torch.tensor([label])
    p = 1 - torch.prod(1 - torch.sigmoid(z), dim=1)
    naive = -(y * torch.log(p) + (1 - y) * torch.log(1 - p))
    (broken,) = torch.autograd.grad(naive.sum(), z)
    assert not torch.isfinite(naive).all()
    assert not torch.isfinite(broken).all() or (broken == 0).all()

    pooled = noisy_or(z, whole(z))
    (gradient,) = torch.autograd.grad(bce(pooled, y), z)
    assert pooled.item() == pytest.approx(union([value] * 20), rel=1e-6)
    wanted = -1 / 20 if label else 1.0  # who shares an odds of 20 e^z; each 1 - p_j by itself
    torch.testing.assert_close(gradient, torch.full_like(z, wanted))


@pytest.mark.parametrize("value", [-1000.0, -104.0, -90.0, -16.0, -15.9, 1000.0])
def test_noisy_or_stays_finite_beyond_all_reason(value: float) -> None:
    z = torch.full((1, 20), value, requires_grad=True)
    pooled = noisy_or(z, whole(z))
    (gradient,) = torch.autograd.grad(pooled.sum(), z)
    assert pooled.item() == pytest.approx(value + math.log(20) if value < 0 else 20 * value, rel=1e-6)
    torch.testing.assert_close(gradient, torch.full_like(z, 1 / 20 if value < 0 else 1.0))
