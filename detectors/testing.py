"""Laws of detectors, to test a method with: ``check_laws("median")``. Needs no test library.

A law is a function of a detector in eval mode, on the backbone ``tiny`` or another small one. It
raises AssertionError where the detector breaks it. tests/property/test_pool_laws.py runs the same
functions with drawn arguments.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor
from torch.testing import assert_close
from torch.utils.hooks import RemovableHandle

from detectors.autocast import to_float32
from detectors.backbones import TINY
from detectors.bag import Bag, Prediction
from detectors.detector import BagDetector, Detector, Embedder
from detectors.errors import on_one_line
from detectors.random_bags import make_bag, make_faces, make_training_batch
from detectors.registry import create, method

_ORDERS = ((4, 3, 2, 1, 0), (1, 0, 2, 3, 4), (2, 0, 4, 1, 3))
_PADDINGS = tuple(product((1, 3, 6), (0, 4), (-9.0, 7.0), (0, 2)))
"""Faces of a bag, padding, its content, and other bags in the batch."""


def padding_changes_nothing(
    detector: Detector, count: int = 3, padding: int = 2, filler: float = 7.0, others: int = 2
) -> None:
    """Checks that padding, its content and other bags do not change a bag's prediction."""
    own, mates = make_faces(count), [make_faces(2 + i, seed=9 + i) for i in range(others)]
    with torch.no_grad():
        plain = detector(make_bag(own))
        _assert_same(plain, detector(make_bag(own, *mates, padding=padding, filler=filler)), count)


def order_changes_nothing(detector: Detector, order: Sequence[int] = _ORDERS[0]) -> None:
    """Checks that the order of the faces does not change the video's logit.

    A method registered with ``ordered=True`` is exempt.
    """
    own, moved = make_faces(len(order)), list(order)
    with torch.no_grad():
        plain, other = detector(make_bag(own)), detector(make_bag(own[moved]))
    _assert_close(plain.video_logit, other.video_logit)
    _assert_close(plain.frame_logit[:, moved], other.frame_logit)


def one_face_gives_its_own_logit(detector: Detector) -> None:
    """Checks that the logit of a video with one face is the logit of that face."""
    with torch.no_grad():
        prediction = detector(make_bag(make_faces(1)))
    assert_close(prediction.video_logit, prediction.frame_logit[:, 0])


def training_does_not_see_padding(detector: Detector) -> None:
    """Checks that padding changes nothing in training mode, where BatchNorm sees the batch."""
    bags = make_faces(3), make_faces(2, seed=1)
    detector.train()
    try:
        plain, padded = (_seeded(detector, bag) for bag in (make_bag(*bags), make_bag(*bags, padding=3, filler=7.0)))
    finally:
        detector.eval()
    _assert_same(plain, padded, 3)


def a_step_lowers_the_loss(detector: Detector) -> None:
    """Checks that a step of gradient descent on two bags lowers their loss.

    It changes the detector's weights.
    """
    lesson = make_training_batch()
    optimizer = torch.optim.SGD(detector.parameters(), lr=1e-2)
    optimizer.zero_grad()
    _, before = detector.learn(*lesson)
    before.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    with torch.no_grad():
        after = detector.learn(*lesson)[1]
    assert after < before, f"the loss went from {before.item():.6f} to {after.item():.6f}"


def autocast_changes_the_backbone_alone(detector: Detector) -> None:
    """Checks that under autocast all that follows the backbone computes in float32.

    Its gradients are those that the backbone's bfloat16 features give in float32.
    """
    seen: list[Any] = []
    with torch.autocast("cpu", torch.bfloat16), _hook(detector, lambda *call: seen.append(call[-1])):
        _, under_autocast = detector.learn(*make_training_batch())
    with _hook(detector, lambda *_: to_float32(seen.pop(0))):
        _, without = detector.learn(*make_training_batch())
    mixed, plain = (_gradients_after_backbone(detector, loss) for loss in (under_autocast, without))
    assert_close(mixed, plain, atol=1e-7, rtol=1e-4)


def weights_sum_to_one(detector: Detector) -> None:
    """Checks that a pool's weights, if any, sum to 1 in each bag and are 0 at padding."""
    with torch.no_grad():
        weight = detector(make_bag(make_faces(3), make_faces(5, seed=1))).weight
    if weight is not None:
        assert_close(weight.sum(dim=1), torch.ones(2))
        assert (weight[0, 3:] == 0).all(), "a weight at padding is not 0"


def the_pool_does_not_see_padding(detector: Detector, seed: int = 0) -> None:
    """Checks that a ``BagDetector``'s pool ignores what the encoder leaves at padding."""
    if not isinstance(detector, BagDetector):
        return
    padded = make_bag(make_faces(3), make_faces(5, seed=1), padding=2)
    with torch.no_grad():
        encoded = detector.encode(detector.embed(padded), padded.mask)
        plain = detector.pool(encoded, padded.mask)
        noise = 50 * torch.randn(encoded.shape, generator=torch.Generator().manual_seed(seed))
        padding = ~padded.mask.view(*padded.mask.shape, *[1] * (encoded.ndim - 2))
        _assert_same(plain, detector.pool(torch.where(padding, noise, encoded), padded.mask), 3)


def gradients_are_finite_beside_padding(detector: Detector) -> None:
    """Checks that a -inf that masks padding does not come back as nan in a gradient."""
    detector.zero_grad()
    prediction = detector(make_bag(make_faces(1), make_faces(4, seed=1), padding=2, filler=3.0))
    (prediction.video_logit.sum() + prediction.frame_logit[:, 0].sum()).backward()  # type: ignore[no-untyped-call]
    gradients = [p.grad for p in detector.parameters() if p.grad is not None]
    assert gradients, "no weight has a gradient"
    assert all(torch.isfinite(g).all() for g in gradients), "a gradient is not finite"


def sure_faces_stay_finite(detector: Detector, scale: float = 1e4) -> None:
    """Checks that logits and gradients are finite for faces past a logit of 40, either way.

    Embeddings are made ``scale`` times as large for it. A detector without embeddings is exempt.
    """
    if not isinstance(detector, Embedder):
        return
    bag = make_bag(make_faces(3), make_faces(5, seed=1), padding=1)
    with torch.no_grad():
        features = detector.embed(bag)
    for sign in (scale, -scale):
        given = (sign * features).requires_grad_()
        prediction = detector.head(given, bag.mask)
        (gradient,) = torch.autograd.grad(prediction.video_logit.sum(), given)
        assert torch.isfinite(prediction.video_logit).all(), "a video's logit is not finite"
        assert torch.isfinite(prediction.frame_logit[bag.mask]).all(), "a face's logit is not finite"
        assert torch.isfinite(gradient[bag.mask]).all(), "a gradient is not finite"


def bytes_score_as_floats_do(detector: Detector) -> None:
    """Checks that faces in 0..255 score as the same faces in 0..1."""
    whole = (make_faces(3) * 255).to(torch.uint8)
    with torch.no_grad():
        as_bytes = detector(Bag(whole[None], torch.ones(1, 3, dtype=torch.bool)))
        _assert_same(detector(make_bag(whole / 255)), as_bytes, 3)


def saved_weights_score_the_same(detector: Detector, other: Detector) -> None:
    """Checks that another detector of the method scores alike with this one's weights.

    They are handed over in a safetensors file.
    """
    other.load_state_dict(load(save({name: value.contiguous() for name, value in detector.state_dict().items()})))
    with torch.no_grad():
        given = make_bag(make_faces(3))
        assert torch.equal(other.eval()(given).video_logit, detector(given).video_logit), "its scores differ"


def check_laws(name: str, backbone: str = TINY, options: Mapping[str, str] | None = None) -> None:
    """Checks all laws on a registered method, with its options as text.

    >>> check_laws("s-mil", options={"filters": "16"})

    Raises:
        AssertionError: the method breaks a law; says which, and how.
        DetectorError: it cannot be made.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        detector, other = (create(name, backbone, pretrained=False, options=options).eval() for _ in range(2))
        for law in _laws(detector, other, method(name).ordered):
            try:
                law()
            except AssertionError as error:
                broken, how = law.func.__name__.replace("_", " "), on_one_line(error)
                raise AssertionError(f"{name}: not true that {broken}: {how}") from error


_PLAIN: tuple[Callable[[Detector], None], ...] = (
    one_face_gives_its_own_logit,
    training_does_not_see_padding,
    weights_sum_to_one,
    the_pool_does_not_see_padding,
    gradients_are_finite_beside_padding,
    sure_faces_stay_finite,
    bytes_score_as_floats_do,
    autocast_changes_the_backbone_alone,
)


def _laws(detector: Detector, other: Detector, ordered: bool) -> Iterator["partial[None]"]:
    """Yields every law with its arguments; the last changes the weights."""
    for drawn in _PADDINGS:
        yield partial(padding_changes_nothing, detector, *drawn)
    for order in () if ordered else _ORDERS:
        yield partial(order_changes_nothing, detector, order)
    for law in _PLAIN:
        yield partial(law, detector)
    yield partial(saved_weights_score_the_same, detector, other)
    yield partial(a_step_lowers_the_loss, detector)


def _hook(detector: Detector, hook: Callable[..., Any]) -> RemovableHandle:
    """Calls ``hook`` with what the backbone gives; what it returns takes that one's place."""
    return detector.backbone.register_forward_hook(hook)


def _gradients_after_backbone(detector: Detector, loss: Tensor) -> dict[str, Tensor]:
    """Returns the loss's gradients of all weights but the backbone's."""
    own = {name: p for name, p in detector.named_parameters() if not name.startswith("backbone.")}
    found = torch.autograd.grad(loss, list(own.values()), retain_graph=True, allow_unused=True)
    return {name: g for name, g in zip(own, found, strict=True) if g is not None}


def _seeded(detector: Detector, bag: Bag) -> Prediction:
    """Predicts with the same draws of dropout each time."""
    torch.manual_seed(0)
    return detector(bag)


def _assert_same(plain: Prediction, other: Prediction, count: int) -> None:
    """Asserts that the first bag, of ``count`` faces, has the same prediction in both."""
    _assert_close(plain.video_logit[0], other.video_logit[0])
    _assert_close(plain.frame_logit[0, :count], other.frame_logit[0, :count])
    if plain.weight is not None and other.weight is not None:
        _assert_close(plain.weight[0, :count], other.weight[0, :count])


def _assert_close(a: Tensor, b: Tensor) -> None:
    assert_close(a, b, atol=1e-5, rtol=1e-4)
