"""What may be registered, what a detector may give, and that a crash is told with its place."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import pytest
import torch
from torch import Tensor, nn

from detectors import BagDetector, Prediction, create, registry
from detectors.backbones import TINY, Backbone
from detectors.errors import BackboneError, DetectorError, describe_error
from detectors.random_bags import make_bag, make_faces
from detectors.registry import register


@pytest.fixture(autouse=True)
def _registry_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    before = dict(registry._known())
    monkeypatch.setattr(registry, "_METHODS", before)
    monkeypatch.setattr(registry._PLUGINS, "_registered", before)


class Pool(nn.Module):
    """Gives what it is told to, made of logits that are all 0."""

    def __init__(self, give: Callable[[Tensor, Tensor], object]) -> None:
        super().__init__()
        self.give = give

    def forward(self, features: Tensor, mask: Tensor) -> object:
        frame_logit = torch.zeros(mask.shape)
        return self.give(frame_logit[:, 0], frame_logit)


def factory(backbone: Backbone, *, give: Literal["nothing"] = "nothing") -> BagDetector:
    """A detector of that pool."""
    return BagDetector(backbone, None, Pool(lambda video, frame: Prediction(video, frame, None)))


def no_options(backbone): ...  # type: ignore[no-untyped-def]
def unannotated(backbone, *, filters=512): ...  # type: ignore[no-untyped-def]
def no_default(backbone: Backbone, *, filters: int): ...  # type: ignore[no-untyped-def]
def of_a_list(backbone: Backbone, *, filters: list[int] = []): ...  # type: ignore[no-untyped-def]  # noqa: B006
def of_two(backbone: Backbone, filters: int = 512): ...  # type: ignore[no-untyped-def]
def of_none(*, filters: int = 512): ...  # type: ignore[no-untyped-def]
def of_anything(backbone: Backbone, **options: int): ...  # type: ignore[no-untyped-def]
def unreadable(backbone: Backbone, *, filters: "Filters" = 512): ...  # type: ignore  # noqa: F821


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (unannotated, "option filters is annotated with nothing that can be typed"),
        (no_default, "option filters has no default"),
        (of_a_list, "option filters is annotated with nothing that can be typed"),
        (of_two, "must take the backbone, then options by keyword alone"),
        (of_none, "must take the backbone, then options by keyword alone"),
        (of_anything, "must take the backbone, then options by keyword alone"),
        (unreadable, "annotations of unreadable cannot be read .NameError"),
        (partial(no_options), "register a function or a class, not a partial"),
    ],
)
def test_a_factory_that_no_command_can_call_is_refused(wrong: Callable[..., Any], said: str) -> None:
    with pytest.raises(DetectorError, match=said) as caught:
        register("odd", source="")(wrong)
    assert "\n" not in str(caught.value)
    assert "odd" not in registry.names()


@pytest.mark.parametrize("name", ["Odd", "odd_one", "odd one", "odd.one", "odd/one", "-odd", ""])
def test_a_name_that_cannot_be_typed_is_refused(name: str) -> None:
    with pytest.raises(DetectorError, match="a method's name is lower-case letters"):
        register(name, source="")(factory)


def test_a_name_that_means_another_method_is_refused() -> None:
    """``smil`` is what users type for ``s-mil``."""
    home = r"detectors\.methods\.multiple_instance\.smil"
    with pytest.raises(DetectorError, match=rf"smil: registered twice, by {home} and .* as s-mil"):
        register("smil", source="")(factory)


def test_other_training_data_is_refused() -> None:
    with pytest.raises(DetectorError, match="training_data is 'faces'; bags or warped or blended or self-blended"):
        register("odd", source="", training_data="faces")(factory)  # type: ignore[arg-type]


def test_a_part_of_the_backbone_that_cannot_be_chosen_is_refused() -> None:
    with pytest.raises(DetectorError, match="odd: tune is 'norms'; all or norm or "):
        register("odd", source="", tune="norms")(factory)


def test_a_class_is_a_factory_too() -> None:
    class Odd(BagDetector):
        """A detector."""

        def __init__(self, backbone: Backbone, *, width: int = 3) -> None:
            super().__init__(backbone, None, Pool(lambda video, frame: Prediction(video, frame, None)))
            self.width = width

    register("odd", source="")(Odd)
    made = create("odd", TINY, options={"width": "5"})
    assert isinstance(made, Odd)
    assert made.width == 5


def test_a_factory_that_makes_no_detector_is_said() -> None:
    register("odd", source="")(no_options)
    with pytest.raises(DetectorError, match=r"odd: its factory gave a NoneType, not a detectors\.Detector"):
        create("odd", TINY)


def test_a_backbone_that_cannot_be_made_is_no_fault_of_the_method() -> None:
    with pytest.raises(BackboneError, match="timm knows no such model"):
        create("s-mil", "nothing_of_that_name")


@pytest.mark.parametrize(
    ("give", "said"),
    [
        (lambda video, frame: (video, frame, None), "gave a tuple, not a Prediction"),
        (lambda video, frame: None, "gave a NoneType, not a Prediction"),
        (lambda video, frame: Prediction(video[:, None], frame, None), r"video_logit is .2, 1., .* .B,. = .2,."),
        (lambda video, frame: Prediction(video, frame[:, :1], None), r"frame_logit is .2, 1., .* .B, M. = .2, 5."),
        (lambda video, frame: Prediction(video, frame.tolist(), None), r"frame_logit is list, where"),
        (lambda video, frame: Prediction(video, frame, video), r"weight is .2,., where the bag wants .B, M."),
    ],
)
def test_what_is_no_prediction_is_said(give: Callable[[Tensor, Tensor], object], said: str) -> None:
    detector = create("s-mil", TINY)
    detector.pool = Pool(give)
    with pytest.raises(DetectorError, match=said):
        detector(make_bag(make_faces(3), make_faces(5)))


def test_an_error_is_told_with_its_class_its_message_and_its_place() -> None:
    def fails() -> None:
        torch.zeros(2) @ torch.zeros(3)

    with pytest.raises(RuntimeError) as caught:
        fails()
    own = __name__.partition(".")[0]
    line = fails.__code__.co_firstlineno + 1
    said = describe_error(caught.value, {own})
    assert said.startswith("RuntimeError: ")
    assert said.endswith(f"test_register.py:{line})")
    assert describe_error(caught.value, {"elsewhere"}).endswith(str(caught.value))
    assert describe_error(caught.value, {"elsewhere"}, own) == said
    assert describe_error(ValueError(), set()) == "ValueError"
    assert "\n" not in describe_error(ValueError("one\ntwo" * 1000), set())
