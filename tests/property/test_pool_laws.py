"""Laws 2 to 4 of docs/design.md, over the whole registry: a new detector is tested by being registered."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import detectors
from detectors.backbones import TINY
from detectors.bag import Bag, Prediction, pack, unpack
from detectors.encoders import KernelEncoder

few = settings(max_examples=25, deadline=None)


VARIANTS = ("s-mil-t.eq12=scores", "s-mil-t.eq12=instances", "s-mil-t.kernels=2,5", "top-k.share=0.5")
"""Options that make another pool."""


@pytest.fixture(scope="module", params=[*detectors.names(), *VARIANTS])
def asked(request: pytest.FixtureRequest) -> str:
    """A method, or one of its variants."""
    return str(request.param)


@pytest.fixture(scope="module")
def name(asked: str) -> str:
    return asked.partition(".")[0]


@pytest.fixture(scope="module")
def detector(asked: str) -> detectors.Detector:
    torch.manual_seed(0)
    return new(asked)


def new(asked: str) -> detectors.Detector:
    name, _, option = asked.partition(".")
    return detectors.create(name, TINY, options=dict([option.split("=")]) if option else {}).eval()


def faces(count: int, seed: int = 0) -> Tensor:
    return torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def bag(*members: Tensor, padding: int = 0, filler: float = 0.0) -> Bag:
    longest = max(map(len, members)) + padding
    stacked = torch.full((len(members), longest, 3, 32, 32), filler)
    mask = torch.zeros(len(members), longest, dtype=torch.bool)
    for row, member in enumerate(members):
        stacked[row, : len(member)], mask[row, : len(member)] = member, True
    return Bag(stacked, mask)


def same(a: Prediction, b: Prediction, count: int) -> None:
    torch.testing.assert_close(a.video_logit[0], b.video_logit[0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(a.frame_logit[0, :count], b.frame_logit[0, :count], atol=1e-5, rtol=1e-4)
    if a.weight is not None and b.weight is not None:
        torch.testing.assert_close(a.weight[0, :count], b.weight[0, :count], atol=1e-5, rtol=1e-4)


@few
@given(count=st.integers(1, 6), padding=st.integers(0, 4), filler=st.floats(-9, 9), others=st.integers(0, 3))
def test_padding_its_content_and_batch_mates_change_nothing(
    detector: detectors.Detector, count: int, padding: int, filler: float, others: int
) -> None:
    own = faces(count)
    mates = [faces(2 + i, seed=9 + i) for i in range(others)]
    with torch.no_grad():
        same(detector(bag(own)), detector(bag(own, *mates, padding=padding, filler=filler)), count)


@few
@given(order=st.permutations(range(5)))
def test_order_changes_nothing_unless_the_encoder_sees_it(
    name: str, detector: detectors.Detector, order: list[int]
) -> None:
    if detectors.method(name).ordered:
        pytest.skip("sees the order")
    own = faces(5)
    with torch.no_grad():
        plain, moved = detector(bag(own)), detector(bag(own[order]))
    torch.testing.assert_close(plain.video_logit, moved.video_logit, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(plain.frame_logit[:, order], moved.frame_logit, atol=1e-5, rtol=1e-4)


def test_one_face_gives_its_own_logit(detector: detectors.Detector) -> None:
    with torch.no_grad():
        prediction = detector(bag(faces(1)))
    torch.testing.assert_close(prediction.video_logit, prediction.frame_logit[:, 0])


def test_batch_norm_never_sees_padding(detector: detectors.Detector) -> None:
    detector.train()
    try:
        torch.manual_seed(0)  # of dropout
        plain = detector(bag(faces(3), faces(2, seed=1)))
        torch.manual_seed(0)
        padded = detector(bag(faces(3), faces(2, seed=1), padding=3, filler=7.0))
    finally:
        detector.eval()
    same(plain, padded, 3)


def test_a_step_lowers_the_loss(detector: detectors.Detector) -> None:
    batch, label = bag(faces(4), faces(3, seed=1)), torch.tensor([0.0, 1.0])
    optimizer = torch.optim.SGD(detector.parameters(), lr=1e-2)
    boundary = torch.rand(2, 4, 32, 32, generator=torch.Generator().manual_seed(2)) * label[:, None, None, None]
    _, before = detector.learn(batch, label, boundary)
    before.backward()
    optimizer.step()
    with torch.no_grad():
        assert detector.learn(batch, label, boundary)[1] < before


def test_saved_and_loaded_scores_are_equal(asked: str, detector: detectors.Detector) -> None:
    other = new(asked)
    other.load_state_dict(detector.state_dict())
    with torch.no_grad():
        assert torch.equal(other(bag(faces(3))).video_logit, detector(bag(faces(3))).video_logit)


def test_weights_sum_to_one(detector: detectors.Detector) -> None:
    with torch.no_grad():
        prediction = detector(bag(faces(3), faces(5, seed=1)))
    if prediction.weight is not None:
        torch.testing.assert_close(prediction.weight.sum(dim=1), torch.ones(2))
        assert (prediction.weight[0, 3:] == 0).all()


@few
@given(seed=st.integers(0, 99))
def test_the_pool_does_not_look_at_padding(detector: detectors.Detector, seed: int) -> None:
    """Whatever an encoder leaves there; in the law above the embeddings there are zero."""
    if not isinstance(detector, detectors.BagDetector):
        pytest.skip("has no pool")
    padded = bag(faces(3), faces(5, seed=1), padding=2)
    with torch.no_grad():
        encoded = detector.encode(detector.embed(padded), padded.mask)
        plain = detector.pool(encoded, padded.mask)
        noise = 50 * torch.randn(encoded.shape, generator=torch.Generator().manual_seed(seed))
        padding = ~padded.mask.view(*padded.mask.shape, *[1] * (encoded.ndim - 2))
        same(plain, detector.pool(torch.where(padding, noise, encoded), padded.mask), 3)


def test_no_gradient_is_lost_to_padding(detector: detectors.Detector) -> None:
    """A -inf that masks padding must not come back as nan."""
    detector.zero_grad()
    prediction = detector(bag(faces(1), faces(4, seed=1), padding=2, filler=3.0))
    (prediction.video_logit.sum() + prediction.frame_logit[:, 0].sum()).backward()
    gradients = [p.grad for p in detector.parameters() if p.grad is not None]
    assert gradients
    assert all(torch.isfinite(g).all() for g in gradients)


def test_uint8_faces_score_as_floats_do(detector: detectors.Detector) -> None:
    whole = (faces(3) * 255).to(torch.uint8)
    with torch.no_grad():
        same(detector(bag(whole / 255)), detector(Bag(whole[None], torch.ones(1, 3, dtype=torch.bool))), 3)


@pytest.mark.parametrize("asked", ["s-mil", "abmil", "abmil-gated", "s-mil-t", *VARIANTS[:3]])
def test_the_video_is_the_weighted_sum_of_its_faces(asked: str) -> None:
    prediction = new(asked)(bag(faces(6)))
    assert prediction.weight is not None
    torch.testing.assert_close(prediction.video_logit, (prediction.weight * prediction.frame_logit).sum(dim=1))


@pytest.mark.parametrize("kernel", [1, 2, 3])
def test_kernel_encoder_keeps_length_and_ignores_padding(kernel: int) -> None:
    torch.manual_seed(0)
    encoder = KernelEncoder(8, filters=5, kernel=kernel)
    own = torch.rand(1, 4, 8)
    longer = torch.cat([own, torch.full((1, 3, 8), 9.0)], dim=1)
    mask = torch.tensor([[True] * 4 + [False] * 3])
    plain, padded = encoder(own, mask[:, :4]), encoder(longer, mask)
    assert plain.shape == (1, 4, 5)
    torch.testing.assert_close(plain, padded[:, :4])


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=4))
def test_unpack_inverts_pack(rows: list[list[bool]]) -> None:
    mask = torch.tensor(rows)
    values = torch.rand(*mask.shape, 2)
    restored = unpack(pack(values, mask), mask)
    assert torch.equal(restored[mask], values[mask])
    assert (restored[~mask] == 0).all()


def test_a_bag_without_a_face_is_refused() -> None:
    with pytest.raises(ValueError, match="no face"):
        Bag(torch.rand(1, 2, 3, 8, 8), torch.zeros(1, 2, dtype=torch.bool))
