"""Options of ``ffpms bench``, in the groups of its help."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ffpms.cli.completion import complete_methods
from ffpms.cli.help import option_group
from ffpms.cli.options import (
    CONFIG,
    DEVICE,
    ENGINE,
    JSON,
    PATH,
    PLAIN,
    PRECISION,
    QUIET,
    THREADS,
    parse_names,
)

F = TypeVar("F", bound=Callable[..., Any])

_WHAT = option_group(
    "What to run",
    click.option(
        "--methods",
        default="",
        callback=parse_names,
        shell_complete=complete_methods,
        help="Comma list of methods, or all.  [default: the experiment's]",
    ),
    click.option(
        "--data",
        multiple=True,
        default=("ffpms-data",),
        show_default=True,
        type=PATH,
        help="A built set; may be repeated.",
    ),
    click.option(
        "--test-data",
        multiple=True,
        type=PATH,
        help="Another set, whose test bags are scored too; may be repeated. May be added to finished runs.",
    ),
    click.option("--unmixed", is_flag=True, help="Take fakes as they are, no frame replaced: FaceForensics++ itself."),
    click.option(
        "--experiment",
        type=click.Choice(["table1", "table2", "table3", "fig6", "fig7", "localisation"]),
        help="One of the paper's with its methods, or localisation of segments; into a folder of its name.",
    ),
    click.option(
        "--train-on",
        default="joint",
        show_default=True,
        type=click.Choice(["joint", "each"]),
        help="One detector for all manipulations, or one for each.",
    ),
    click.option("--seeds", default="0", show_default=True, callback=parse_names, help="Comma list of numbers."),
    click.option(
        "--perturb",
        is_flag=False,
        flag_value="all",
        metavar="[KINDS]",
        help="Also score perturbed test faces, of finished runs too: all, or a comma list of saturation, contrast, "
        "blocks, noise, blur, jpeg, video, resize.",
    ),
    click.option("--out", default="runs", show_default=True, type=PATH, help="Folder of runs and leaderboard."),
)
_BACKBONE = option_group(
    "Backbone",
    click.option("--backbone", help="Any timm model, or tiny.  [default: the method's own, see 'ffpms methods']"),
    click.option(
        "--weights",
        multiple=True,
        metavar="[METHOD=]PATH",
        help="Backbone weights: .safetensors, a state dict, or 'packaged': those of "
        "tf_efficientnet_lite0 in ffpms[demo].",
    ),
    click.option("--pretrained/--no-pretrained", default=True, show_default=True, help="Fetch timm's weights."),
    click.option("--input-size", default=0, help="Side of the faces shown, px.  [default: the backbone's own]"),
    click.option(
        "--tune",
        type=click.Choice(["all", "norm", "none", "cached"]),
        help="What of the backbone to train; cached: nothing, and each face is embedded once for all runs.  "
        "[default: the method's own, see 'ffpms methods']",
    ),
    click.option("--freeze", is_flag=True, help="The same as --tune none."),
)
_TRAINING = option_group(
    "Training",
    click.option("--epochs", default=30, show_default=True, help="Passes over the training bags."),
    click.option("--batch-size", default=32, show_default=True, help="Videos in a batch."),
    click.option("--micro-batch", default=0, help="Videos of a batch computed at a time.  [default: all]"),
    click.option("--train-frames", default=8, show_default=True, help="Frames of a video drawn each epoch."),
    click.option(
        "--frame-faces",
        type=click.Choice(["all", "drawn"]),
        help="What frame-based methods see of a video each epoch: all its faces, or "
        "--train-frames drawn.  [default: all]",
    ),
    click.option("--frame-batch-size", default=32, show_default=True, help="Faces in a batch of frame-based methods."),
    click.option(
        "--train-mix",
        multiple=True,
        metavar="[METHOD=]MIX",
        help="Real frames in fake train videos: recipe, whole, bernoulli or varied "
        "(docs/protocol.md).  [default: recipe]",
    ),
    click.option(
        "--select",
        type=click.Choice(["val-accuracy", "val-auc", "val-loss", "last"]),
        help="What chooses the epoch.  [default: val-accuracy]",
    ),
    click.option("--lr", default=2e-4, show_default=True, help="Learning rate of Adam."),
    click.option("--lr-halved-every", default=5, show_default=True, help="Epochs between halvings of the rate."),
    click.option(
        "--set",
        "options",
        multiple=True,
        metavar="METHOD.OPTION=VALUE",
        help="A method's own options, see 'ffpms methods'.",
    ),
)
_MACHINE = option_group(
    "Machine",
    DEVICE,
    PRECISION,
    click.option(
        "--workers",
        type=click.IntRange(min=0),
        help="Processes that load crops.  [default: for forgeries on a GPU one a core, else 0]",
    ),
    THREADS,
    ENGINE,
    click.option("--compile", is_flag=True, help="Compile the backbone (torch.compile)."),
    click.option(
        "--deterministic", is_flag=True, help="Only algorithms that give the same bits again; slower on a GPU."
    ),
)
_OUTPUT = option_group(
    "Files and output",
    click.option("--store/--no-store", default=True, show_default=True, help="Keep the decoded faces below --out."),
    click.option("--tensorboard", is_flag=True, help="Write the history for TensorBoard too."),
    click.option("--resume/--no-resume", default=True, show_default=True, help="Go on where a run was stopped."),
    CONFIG,
    JSON,
    QUIET,
    PLAIN,
)


def bench_options(function: F) -> F:
    """Adds the flags of ``ffpms bench`` to a command."""
    for group in (_OUTPUT, _MACHINE, _TRAINING, _BACKBONE, _WHAT):
        function = group(function)
    return function
