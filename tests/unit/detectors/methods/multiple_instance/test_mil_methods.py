"""What single MIL methods promise beyond the laws of the registry."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from detectors import create
from detectors.backbones import TINY
from detectors.bag import Bag
from detectors.errors import DetectorError
from detectors.methods.multiple_instance.dsmil import DualStreamDetector
from detectors.methods.multiple_instance.smil import BagOfBags, OneBag, SumOfBags
from detectors.random_bags import make_bag, make_faces
from detectors.temporal_encoders import KernelEncoder


@pytest.fixture
def bags() -> Tensor:
    """Two videos of five faces, three kernels, eight features."""
    return torch.randn(2, 5, 3, 8, generator=torch.Generator().manual_seed(0))


WHOLE = torch.ones(2, 5, dtype=torch.bool)


def s_mil(instances: Tensor, attend: Tensor) -> Tensor:
    """The mean embedding of one bag by its attention.

    Shape: (M, F), (F,) -> (F,).
    """
    return torch.softmax(instances @ attend, dim=0) @ instances


def test_equation_12_on_embeddings(bags: Tensor) -> None:
    """A second S-MIL pools what three S-MILs made of their bags."""
    pool = BagOfBags(8, 3)
    got = pool(bags, WHOLE).video_logit
    for video, logit in zip(bags, got, strict=True):
        embeddings = torch.stack([s_mil(video[:, k], pool.attend.weight[k]) for k in range(3)])
        wanted = s_mil(embeddings, pool.attend_bags.weight[0]) @ pool.classify.weight[0]
        torch.testing.assert_close(logit, wanted)


def test_equation_12_on_scores(bags: Tensor) -> None:
    """The probabilities of three S-MILs by Eq. 7."""
    pool = SumOfBags(8, 3)
    got = torch.sigmoid(pool(bags, WHOLE).video_logit)
    for video, fake in zip(bags, got, strict=True):
        p = torch.stack(
            [torch.sigmoid(s_mil(video[:, k], pool.attend.weight[k]) @ pool.classify.weight[k]) for k in range(3)]
        )
        torch.testing.assert_close(fake, 1 / (1 + torch.prod(1 / p - 1)))


def test_equation_12_on_instances(bags: Tensor) -> None:
    """One S-MIL on all fifteen."""
    pool = OneBag(8, 3)
    got = pool(bags, WHOLE).video_logit
    for video, logit in zip(bags, got, strict=True):
        torch.testing.assert_close(logit, s_mil(video.flatten(0, 1), pool.attend.weight[0]) @ pool.classify.weight[0])


@pytest.mark.parametrize("pool", [BagOfBags, SumOfBags, OneBag])
def test_a_face_that_counts_for_nothing_still_has_a_logit(pool: type, bags: Tensor) -> None:
    """Attention as peaked as float32 can hold: a weight of 0 must not make 0 / 0."""
    sharp = pool(8, 3)
    torch.nn.init.constant_(sharp.attend.weight, 1e4)
    prediction = sharp(bags, WHOLE)
    assert (prediction.weight == 0).any()
    assert torch.isfinite(prediction.frame_logit).all()
    prediction.video_logit.sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in sharp.parameters())


def test_an_even_kernel_looks_ahead_and_ends_on_a_zero() -> None:
    encoder = KernelEncoder(1, filters=1, kernel=2)
    torch.nn.init.constant_(encoder.convolve.weight, 1.0)
    torch.nn.init.zeros_(encoder.convolve.bias)
    faces = torch.tensor([[[1.0], [10.0], [100.0]]])
    assert encoder(faces, torch.ones(1, 3, dtype=torch.bool)).flatten().tolist() == [11.0, 110.0, 100.0]
    shorter = torch.tensor([[True, True, False]])
    assert encoder(faces, shorter).flatten().tolist()[:2] == [11.0, 10.0]


@pytest.mark.parametrize("name", ["s-mil-t", "transmil"])
def test_order_is_seen_where_it_is_said_to_be(name: str) -> None:
    torch.manual_seed(0)
    detector = create(name, TINY).eval()
    faces = torch.rand(1, 6, 3, 32, 32)
    mask = torch.ones(1, 6, dtype=torch.bool)
    with torch.no_grad():
        forth, back = detector(Bag(faces, mask)), detector(Bag(faces.flip(1), mask))
    assert not torch.allclose(forth.video_logit, back.video_logit, atol=1e-5, rtol=0)


def test_dsmil_teaches_both_streams() -> None:
    torch.manual_seed(0)
    detector = create("dsmil", TINY).eval()
    assert isinstance(detector, DualStreamDetector)
    torch.nn.init.constant_(detector.pool.classify.bias, -5.0)  # both far apart, or one loss on their mean is the same
    torch.nn.init.constant_(detector.pool.classify_bag.bias, 5.0)
    bag, label = Bag(torch.rand(2, 3, 3, 32, 32), torch.ones(2, 3, dtype=torch.bool)), torch.tensor([0.0, 1.0])
    prediction, loss = detector.learn(bag, label, None)
    critical, attended = detector.pool.streams(detector.encode(detector.embed(bag), bag.mask), bag.mask)
    torch.testing.assert_close(loss, (bce(critical.video_logit, label) + bce(attended.video_logit, label)) / 2)
    torch.testing.assert_close(prediction.video_logit, detector(bag).video_logit)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("top-k", {"k": "0"}),
        ("top-k", {"share": "1.5"}),
        ("lse", {"r": "0"}),
        ("lse", {"r": "inf"}),
        ("s-mil-t", {"kernels": "1,0"}),
        ("transmil", {"heads": "7"}),
        ("transmil", {"heads": "0"}),
        ("sm-abmil", {"alpha": "1"}),
        ("sm-abmil", {"alpha": "0"}),
        ("sm-abmil", {"steps": "0"}),
        ("clam", {"k": "0"}),
        ("clam", {"bag_weight": "0"}),
        ("clam", {"bag_weight": "1.1"}),
        ("dtfd", {"groups": "0"}),
    ],
)
def test_an_option_without_sense_is_refused(name: str, options: dict[str, str]) -> None:
    with pytest.raises(DetectorError, match=name):
        create(name, TINY, options=options)


def test_a_mistyped_name_brings_the_nearest_first() -> None:
    with pytest.raises(DetectorError, match="did you mean s-mil-t, s-mil"):
        create("s-mil-v", TINY)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", ["dsmil", "clam", "dtfd"])
def test_a_loss_of_its_own_does_not_see_padding(name: str, training: bool) -> None:
    """The laws are of predictions; these methods learn from more than those."""
    torch.manual_seed(0)
    detector, label = create(name, TINY).train(training), torch.tensor([1.0, 0.0])
    losses = []
    for padding, filler in ((0, 0.0), (3, 7.0)):
        torch.manual_seed(1)
        bag = make_bag(make_faces(5), make_faces(7, seed=1), padding=padding, filler=filler)
        losses.append(detector.learn(bag, label, None)[1])
    torch.testing.assert_close(*losses)
