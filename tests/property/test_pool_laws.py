"""Laws 2 to 4 of docs/design.md, over the whole registry, plugins too: a new detector is tested by being registered.

The laws are those of detectors/testing.py. Closed forms are next door.
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import detectors
from detectors import testing as laws
from detectors.backbones import TINY
from detectors.bag import Bag, pack, unpack
from detectors.temporal_encoders import KernelEncoder

few = settings(max_examples=25, deadline=None)


WEIGHTED = (
    "s-mil-t.eq12=scores",
    "s-mil-t.eq12=instances",
    "s-mil-t.kernels=2,5",
    "sm-abmil.where=mid",
    "sm-abmil.where=late",
    "sm-abmil.exact=true",
    "dtfd.distill=maxs",
    "dtfd.distill=maxmins",
    "dtfd.distill=mas",
)
VARIANTS = (*WEIGHTED, "top-k.share=0.5")
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


@few
@given(count=st.integers(1, 6), padding=st.integers(0, 4), filler=st.floats(-9, 9), others=st.integers(0, 3))
def test_padding_its_content_and_batch_mates_change_nothing(
    detector: detectors.Detector, count: int, padding: int, filler: float, others: int
) -> None:
    laws.padding_changes_nothing(detector, count, padding, filler, others)


@few
@given(order=st.permutations(range(5)))
def test_order_changes_nothing_unless_the_encoder_sees_it(
    name: str, detector: detectors.Detector, order: list[int]
) -> None:
    if detectors.method(name).ordered:
        pytest.skip("sees the order")
    laws.order_changes_nothing(detector, order)


def test_one_face_gives_its_own_logit(detector: detectors.Detector) -> None:
    laws.one_face_gives_its_own_logit(detector)


def test_batch_norm_never_sees_padding(detector: detectors.Detector) -> None:
    laws.training_does_not_see_padding(detector)


def test_a_step_lowers_the_loss(detector: detectors.Detector) -> None:
    laws.a_step_lowers_the_loss(detector)


def test_saved_and_loaded_scores_are_equal(asked: str, detector: detectors.Detector) -> None:
    laws.saved_weights_score_the_same(detector, new(asked))


def test_weights_sum_to_one(detector: detectors.Detector) -> None:
    laws.weights_sum_to_one(detector)


@few
@given(seed=st.integers(0, 99))
def test_the_pool_does_not_look_at_padding(detector: detectors.Detector, seed: int) -> None:
    """Whatever an encoder leaves there; in the law above the embeddings there are zero."""
    if not isinstance(detector, detectors.BagDetector):
        pytest.skip("has no pool")
    laws.the_pool_does_not_see_padding(detector, seed)


def test_no_gradient_is_lost_to_padding(detector: detectors.Detector) -> None:
    """A -inf that masks padding must not come back as nan."""
    laws.gradients_are_finite_beside_padding(detector)


@pytest.mark.parametrize("scale", [1e2, 1e4])
def test_sure_faces_stay_finite(detector: detectors.Detector, scale: float) -> None:
    laws.sure_faces_stay_finite(detector, scale)


def test_uint8_faces_score_as_floats_do(detector: detectors.Detector) -> None:
    laws.bytes_score_as_floats_do(detector)


def test_autocast_changes_the_backbone_alone(detector: detectors.Detector) -> None:
    laws.autocast_changes_the_backbone_alone(detector)


@pytest.mark.parametrize("asked", ["s-mil", "abmil", "abmil-gated", "s-mil-t", "sm-abmil", "clam", "dtfd", *WEIGHTED])
def test_the_video_is_the_weighted_sum_of_its_faces(asked: str) -> None:
    prediction = new(asked)(laws.make_bag(laws.make_faces(6)))
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
