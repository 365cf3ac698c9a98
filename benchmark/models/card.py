"""Model card: README.md of a packed model, with the head that a hub reads."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from benchmark.leaderboards.board import make_board
from benchmark.leaderboards.cells import own_cells
from benchmark.leaderboards.labels import format_setting
from benchmark.metrics.catalogue import METRICS
from benchmark.models.card_results import explain_interval, explain_metrics, tabulate_bags, tabulate_results
from benchmark.models.packed import PackedModel
from benchmark.runs.folder import Run
from benchmark.train_config import TrainConfig
from detectors import method
from detectors.backbones import TINY
from ffpms import __version__
from ffpms.protocol.naming import explain_name
from ffpms.protocol.rendered import TITLE
from ffpms.protocol.v1_manifest import DATASET, OFFICIAL, UNMIXED

UNKNOWN_LICENCE = "unknown"
"""Stands for a licence that nobody stated."""
_TYPES = {"accuracy": "balanced_accuracy", "auc": "roc_auc", "frame_auc": "roc_auc"}
"""What a hub calls metrics of the head. Our accuracy is the mean of both classes."""
_WHOSE = {"main": "of one person, the one whom its fakes change", "all": "of everybody in a frame"}
_FEW = 30
"""Fewer real val videos than this are called few: one of them is over 3 %."""

_FACE_FORENSICS = (
    "FaceForensics++ is given for research and education that are not commercial. Its videos and crops may not be "
    "passed on, and none are in this folder. Its terms bind whoever trained this model; read them before you use or "
    "publish weights that were trained on it."
)

_TEMPLATE = """# {name}

Scores whether faces of a video are fake, also where **only some frames** are. Method: {method}
({source}). {about}

Packed by ffpms {version} from the run `{run_id}`.

## Use it

```
ffpms predict video.mp4 --run PATH_OR_HF_ADDRESS
```

```python
import benchmark

model = benchmark.open_model("PATH_OR_HF_ADDRESS")  # a folder, or hf://user/name
scored = model.score([faces])  # uint8 (M, {size}, {size}, 3), RGB, one person in the order of time
```

{plugin}The folder has no code and nothing that is unpickled: tensors in `model.safetensors`, all else in
`config.json`.

## How faces are cut and shown

| | |
|---|---|
| face finder | {finder} |
| crop | a square of {margin:g} times the finder's box, {size} x {size} px |
| shown to the backbone | {side} x {side} px, mean {mean}, standard deviation {std} |
| frames of a video | {frames}, uniform |
| faces of its set | {faces} |

Faces that are cut in another way get other scores.

## What it was trained on

{trained_on}

Hash of the set's tables: `{sha256}`.

{bags}

## How well it does

Test videos of that same set, which took no part in training or in choosing anything. {interval}

{results}

{metrics}

These are of **one training**: another seed gives other numbers. On other data, other
manipulations, another compression or another face finder it may be as good as a guess; nothing
here says otherwise.

## What a score means

A video's probability is calibrated on the val videos alone: sigmoid(logit / {temperature:.4g}). {calibrated}
{thresholds}

A high score is no proof that a video is fake, and a low one no proof that it is real.

## Intended use, and limits

For research on the detection of partially fake videos, and to compare methods. Do not decide about
a person by its scores. It has seen {kinds} alone, of the people and cameras of its training set.
People who look otherwise may get other error rates; that was not measured.

## Licence

{licence}

{terms}
"""


def write_card(packed: PackedModel, run: Run, licence: str) -> str:
    """Writes the card of a model: its head, its results with intervals, intended use and limits.

    The results are those of a leaderboard of its run alone.
    """
    mixed = bool(run.scores["fake_rate"].between(0, 1, inclusive="neither").any())
    own = packed.preprocessing
    whole = own_cells(make_board(run).cells)
    about = method(packed.detector.method)
    text = _TEMPLATE.format(
        name=packed.name,
        method=f"`{about.name}`",
        source=about.source,
        about=about.about,
        version=__version__,
        run_id=packed.run_id,
        plugin=_describe_plugin(packed),
        **{key: getattr(own, key) for key in ("finder", "margin", "size", "frames")},
        faces=_WHOSE[own.faces],
        side=packed.input.side,
        mean=_numbers(packed.input.mean),
        std=_numbers(packed.input.std),
        trained_on=_describe_set(packed),
        sha256=packed.trained_on.sha256,
        bags=tabulate_bags(packed.trained_on.bags),
        interval=explain_interval(whole),
        results=tabulate_results(whole),
        metrics=" ".join(explain_metrics(whole, mixed)),
        temperature=packed.calibration.temperature,
        calibrated=_describe_calibration(packed),
        thresholds=_describe_thresholds(packed.calibration.thresholds),
        kinds=", ".join(packed.trained_on.manipulations),
        licence=_describe_licence(licence),
        terms=" ".join(_describe_terms(packed)),
    )
    return f"---\n{_make_head(packed, whole, licence)}\n---\n\n{text}"


def _make_head(packed: PackedModel, whole: pd.DataFrame, licence: str) -> str:
    """Makes the YAML head, by the fields of Hugging Face's model cards."""
    from huggingface_hub import EvalResult, ModelCardData

    known = licence != UNKNOWN_LICENCE
    rows = whole[whole["metric"].isin(_TYPES) & whole["value"].notna()]
    data = packed.trained_on.dataset
    results = [
        EvalResult(
            task_type="video-classification",
            dataset_type=data,
            dataset_name=f"{data}, {row['manipulation']}, {row['n_videos']} test videos",
            dataset_config=row["manipulation"],
            dataset_split="test",
            dataset_args={"sha256": packed.trained_on.sha256},
            metric_type=_TYPES[row["metric"]],
            metric_name=METRICS[row["metric"]].title,
            metric_value=round(row["value"], 4),
            metric_args={"interval_95": [round(row["ci_low"], 4), round(row["ci_high"], 4)]}
            if np.isfinite(row["ci_low"])
            else None,
        )
        for row in rows.to_dict("records")
    ]
    head = ModelCardData(
        library_name="ffpms",
        license=licence if known else "other",
        license_name=None if known else UNKNOWN_LICENCE,
        pipeline_tag="video-classification",
        tags=["deepfake-detection", "partially-fake-video", "ffpms", packed.detector.method],
        datasets=[data],
        metrics=sorted({result.metric_type for result in results}),
        model_name=packed.name,
        eval_results=results or None,
    )
    return str(head.to_yaml())


def _describe_plugin(packed: PackedModel) -> str:
    if not packed.plugin:
        return ""
    return f"Its method comes from the plugin **{packed.plugin}**, which has to be installed beside ffpms.\n\n"


def _describe_set(packed: PackedModel) -> str:
    own = packed.trained_on
    name = explain_name(own.dataset, own.reasons) if own.reasons else own.dataset
    settings = packed.detector
    start = f"pretrained weights of timm's `{settings.backbone}`" if _is_pretrained(settings) else "random weights"
    if settings.weights_sha256:
        start = f"weights of a file (SHA-256 `{settings.weights_sha256}`)"
    chosen = {"epochs": settings.epochs, "lr": settings.lr, "seed": settings.seed}
    said = ", ".join(f"{key} {format_setting(value)}" for key, value in chosen.items())
    return f"{name}. Manipulations: {', '.join(own.manipulations)}. It began from {start} ({said})."


def _describe_calibration(packed: PackedModel) -> str:
    own = packed.calibration
    few = " That is few: the calibration is rough." if min(own.n_real, own.n_fake) < _FEW else ""
    fitted = f"They are {own.n_real} real and {own.n_fake} fake videos.{few}"
    if not (own.n_real and own.n_fake):
        fitted = f"Val has {own.n_real} real and {own.n_fake} fake videos, so nothing could be fitted."
    return f"{fitted} `config.json` has the probabilities of the real ones."


def _describe_thresholds(thresholds: Mapping[str, float]) -> str:
    if "val" not in thresholds:
        return "Thresholds: 0.5."
    return f"Thresholds: 0.5, and {thresholds['val']:.3f}, the one with the highest accuracy on val."


def _describe_licence(licence: str) -> str:
    if licence == UNKNOWN_LICENCE:
        return "Whoever packed this model stated no licence for the weights. Ask before you use them."
    return f"Whoever packed this model put the weights under: **{licence}**."


def _describe_terms(packed: PackedModel) -> Iterator[str]:
    """Says what follows from the terms of the videos that it was trained on, as far as we know."""
    name, official = packed.trained_on.dataset, packed.trained_on.dataset in OFFICIAL
    if official:
        yield f"It was trained on videos of FaceForensics++. {_FACE_FORENSICS}"
    elif name.startswith((DATASET, UNMIXED)):
        either = f"{name} is of FaceForensics++, or of other videos in its layout."
        yield f"{either} If it is of the former: {_FACE_FORENSICS}"
    elif name.startswith(TITLE):
        yield f"It was trained on {name}, whose people are rendered, so the videos set no terms."
    else:
        yield f"It was trained on videos of {name}, whose terms apply; ffpms does not know them."
    if _is_pretrained(packed.detector) or packed.detector.weights_sha256:
        yield "The weights that it began from have a licence of their own."


def _is_pretrained(settings: TrainConfig) -> bool:
    return settings.pretrained and settings.backbone != TINY


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.4g}" for value in values)
