"""One model of each family of timm, without weights: it gives vectors and maps as they are, or is refused in a line.

Noise in one corner of a picture shows whether a map's axes are what they are taken for: its finest map changes most
in that corner, which lies off the diagonal, so that swapped axes show too.
"""

import re
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from detectors.backbones import create_backbone, create_pyramid
from detectors.backbones._torchvision import import_timm
from detectors.backbones.stems import MeasuredStem
from detectors.errors import BackboneError

QUICK = {
    "byoanet": "halonet26t",
    "byobnet": "test_byobnet",
    "convnext": "test_convnext",
    "dla": "dla34",
    "efficientnet": "test_efficientnet",
    "hieradet_sam2": "sam2_hiera_tiny",
    "hrnet": "hrnet_w18",
    "mambaout": "test_mambaout",
    "maxxvit": "test_coatnet",
    "mobilenetv3": "lcnet_035",
    "mobilevit": "mobilevit_xxs",
    "nfnet": "test_nfnet",
    "resnet": "test_resnet",
    "sequencer": "sequencer2d_s",
    "starnet": "starnet_s050",
    "swin_transformer": "swin_tiny_patch4_window7_224",
    "swin_transformer_v2": "swinv2_tiny_window8_256",
    "vision_transformer": "test_vit",
}
"""By timm's module: those that were taken for what they are not, and ten small ones."""
SLOW = {
    "beit": "beit_base_patch16_224",
    "cait": "cait_xxs24_224",
    "coat": "coat_tiny",
    "convit": "convit_tiny",
    "convmixer": "convmixer_768_32",
    "cpubone": "cpubone_nano",
    "crossvit": "crossvit_tiny_240",
    "csatv2": "csatv2",
    "cspnet": "cs3darknet_focus_s",
    "cspnext": "cspnext_tiny",
    "davit": "davit_tiny",
    "deepseek_vit": "deepseek_vit_412m",
    "deit": "deit_tiny_patch16_224",
    "densenet": "densenet121",
    "dpn": "dpn48b",
    "edgenext": "edgenext_xx_small",
    "efficientformer": "efficientformer_l1",
    "efficientformer_v2": "efficientformerv2_s0",
    "efficientvim": "efficientvim_m1",
    "efficientvit_mit": "efficientvit_b0",
    "efficientvit_msra": "efficientvit_m0",
    "eva": "vit_tiny_patch16_dinov3_qkvb",
    "fasternet": "fasternet_t0",
    "fastvit": "fastvit_t8",
    "focalnet": "focalnet_tiny_srf",
    "gcvit": "gcvit_xxtiny",
    "gemma4_vit": "gemma4_vit_167m",
    "ghostnet": "ghostnet_050",
    "hardcorenas": "hardcorenas_b",
    "hgnet": "hgnetv2_b0",
    "hiera": "hiera_tiny_224",
    "iformer": "iformer_t",
    "inception_next": "inception_next_atto",
    "inception_resnet_v2": "inception_resnet_v2",
    "inception_v3": "inception_v3",
    "inception_v4": "inception_v4",
    "lcnetv2": "lcnetv2_small",
    "levit": "levit_128s",
    "lowformer": "lowformer_b0",
    "metaformer": "poolformerv2_s12",
    "mlp_mixer": "gmlp_ti16_224",
    "mobilenetv5": "mobilenetv5_base",
    "mvitv2": "mvitv2_tiny",
    "naflexvit": "naflexvit_base_patch16_parfac_gap",
    "nasnet": "nasnetalarge",
    "nest": "nest_tiny",
    "nextvit": "nextvit_small",
    "pit": "pit_ti_224",
    "pnasnet": "pnasnet5large",
    "pvt_v2": "pvt_v2_b0",
    "qwen3_vit": "qwen3_vit_88m",
    "rdnet": "rdnet_tiny",
    "regnet": "regnetx_002",
    "repghost": "repghostnet_050",
    "repvit": "repvit_m1",
    "res2net": "res2next50",
    "resnest": "resnest14d",
    "resnetv2": "resnetv2_18",
    "rexnet": "rexnet_100",
    "selecsls": "selecsls42",
    "senet": "legacy_seresnet18",
    "shvit": "shvit_s1",
    "sknet": "skresnet18",
    "swiftformer": "swiftformer_xs",
    "swin_transformer_v2_cr": "swinv2_cr_tiny_224",
    "tiny_vit": "tiny_vit_5m_224",
    "tnt": "tnt_s_legacy_patch16_224",
    "tresnet": "tresnet_m",
    "twins": "twins_svt_small",
    "vgg": "vgg11",
    "visformer": "visformer_tiny",
    "vision_transformer_hybrid": "vit_tiny_r_s16_p8_224",
    "vision_transformer_relpos": "test_vit_relpos",
    "vision_transformer_sam": "samvit_base_patch16_224",
    "vitamin": "vitamin_small_224",
    "volo": "volo_d1_224",
    "vovnet": "ese_vovnet19b_slim_dw",
    "xception": "legacy_xception",
    "xception_aligned": "xception41p",
    "xcit": "xcit_nano_12_p8_224",
}
"""The smallest model of each other module."""

ALL = [
    *(pytest.param(name, id=name) for name in QUICK.values()),
    *(pytest.param(name, id=name, marks=pytest.mark.slow) for name in SLOW.values()),
]
YOUNG = ("test_coatnet", "starnet_s050")
"""The oldest timm allowed lacks them."""
WITHOUT_TRACE = ("convmixer_768_32",)
"""After 30 layers of random weights nothing but rounding is left of a change."""


def skip_unknown(name: str) -> None:
    if name in YOUNG and not import_timm().is_model(name):
        pytest.skip(f"this timm has no {name}")


def make(create: Callable[..., MeasuredStem], name: str) -> tuple[MeasuredStem, list[int]]:
    """A stem, and the sides that it takes of 96, 112 and 160 px; or the one that the refusal of 112 px names."""
    torch.manual_seed(0)  # where a map changes most hangs on its random weights
    try:
        stem, sides = create(name, False, None, 112), [112]
    except BackboneError as error:
        side = advised(str(error), name, 112)
        stem = create(name, False, None, side)
        sides = [side or stem.input_size or 0]
    for other in () if stem.fixed else (96, 160):
        try:
            stem.check(other)
            sides.append(other)
        except BackboneError as error:
            stem.check(advised(str(error), name, other) or 0)
    return stem, sides


def advised(line: str, name: str, side: int) -> int | None:
    """The side to try that a refusal names, None for the model's own."""
    form = rf"{name}: .*\b{side} px.*; (give --input-size (?P<side>\d+)|leave --input-size away.*)"
    found = re.fullmatch(form, line)
    assert found, line
    return int(found["side"]) if found["side"] else None


def run(stem: MeasuredStem, faces: Tensor) -> list[Tensor]:
    with torch.no_grad():
        made = stem.eval()(faces)
    return list(made) if isinstance(made, list) else [made]


def noise(count: int, side: int) -> Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", ALL)
def test_a_model_gives_a_vector_of_a_face_or_is_refused(name: str) -> None:
    skip_unknown(name)
    stem, sides = make(create_backbone, name)
    for side in sides:
        (vectors,) = run(stem, noise(2, side))
        assert vectors.shape == (2, stem.widths[0])
        assert torch.isfinite(vectors).all()
        assert not torch.equal(vectors[0], vectors[1])


@pytest.mark.parametrize("name", ALL)
def test_a_model_gives_maps_that_lie_as_the_face_does_or_is_refused(name: str) -> None:
    skip_unknown(name)
    stem, sides = make(create_pyramid, name)
    for side in sides:
        plain, drawn = noise(2, side)
        changed = plain.clone()
        changed[:, : side // 4, -side // 4 :] = drawn[:, : side // 4, -side // 4 :]
        maps = run(stem, torch.stack([plain, changed]))
        assert [level.shape[1] for level in maps] == stem.widths
        assert all(level.shape[2] == level.shape[3] and torch.isfinite(level).all() for level in maps)
        change = (maps[0][0] - maps[0][1]).abs().sum(dim=0)
        row, column = divmod(int(change.argmax()), len(change))
        if name not in WITHOUT_TRACE:
            assert row < len(change) / 2 <= column + 0.5, (
                f"a change at the upper right is at row {row}, column {column}"
            )


def test_every_family_of_the_installed_timm_is_here() -> None:
    import_timm()
    from timm.models._registry import _module_to_models

    families = {module: sorted(set(names)) for module, names in _module_to_models.items() if names}
    tested = QUICK | SLOW
    assert {module: names[:2] for module, names in families.items() if module not in tested} == {}
