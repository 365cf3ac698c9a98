"""Gradients of MIL and sharp MIL on a bag of two faces (Li 2020, supplement, M = 2).

They show why sharp MIL learns from a face where MIL does not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import softplus

from detectors.pooling import noisy_or, sharp

N_POINTS = 200
"""Points on a side of a surface."""

CORNERS = (0.01, 0.99)
"""Probabilities near 0 and 1, where the gradients have no value."""

COLOURS = (0.1, 10.0)
"""Gradients at which the colour scale ends."""

EXAMPLE_BAG = (0.1, 0.9)
"""A bag of one face that looks real and one that looks fake."""


@dataclass(frozen=True)
class Rule:
    """A rule from face probabilities to a bag's, and the gradient of its loss -log p.

    Shape: pool: logits (B, 2), mask (B, 2) -> (B,); equation: p_1 (B,), p_2 (B,) -> (B,).
    """

    name: str
    formula: str
    pool: Callable[[Tensor, Tensor], Tensor]
    equation: Callable[[Tensor, Tensor], Tensor]


def _sharp(share: float) -> Callable[[Tensor, Tensor], Tensor]:
    """dL/dp_1 = -a (1 - p) / (p_1 (1 - p_1)) (Li 2020, Eq. 8 and 9).

    a = 1 gives Eq. 8; a = 1/2 gives Eq. 9 with equal weights.
    """

    def gradient(p_1: Tensor, p_2: Tensor) -> Tensor:
        p = 1 / (1 + ((1 / p_1 - 1) * (1 / p_2 - 1)) ** share)
        return share * (1 - p) / (p_1 * (1 - p_1))

    return gradient


def _mil(p_1: Tensor, p_2: Tensor) -> Tensor:
    """dL/dp_1 = -(1 - p_2) / p (Li 2020, Eq. 6)."""
    return (1 - p_2) / (1 - (1 - p_1) * (1 - p_2))


RULES = (
    Rule("MIL", "Eq. 4: $p = 1 - \\prod\\, (1 - p_j)$", noisy_or, _mil),
    Rule("sharp MIL", "Eq. 8: logit $p = \\sum$ logit $p_j$", lambda z, mask: sharp(z, mask.to(z.dtype)), _sharp(1.0)),
    Rule(
        "S-MIL with equal weights",
        "Eq. 9: logit $p = \\sum\\, \\frac{1}{2}$ logit $p_j$",
        lambda z, mask: sharp(z, mask / mask.sum(1, keepdim=True)),
        _sharp(0.5),
    ),
)


def gradient(rule: Rule, p: Tensor) -> Tensor:
    """Returns |dL/dp_1| of a fake bag of two faces, L = -log p, by automatic differentiation.

    It differentiates through the pool itself.

    Shape: p (N, 2) -> (N,).
    """
    leaf = p.detach().clone().requires_grad_()
    bag_logit = rule.pool(torch.logit(leaf), torch.ones_like(leaf, dtype=torch.bool))
    (slope,) = torch.autograd.grad(softplus(-bag_logit).sum(), leaf)
    return slope[:, 0].abs()


def square(n_points: int = N_POINTS) -> Tensor:
    """Pairs of probabilities at the middles of a grid's cells; p_1 runs first.

    Shape: -> (n_points ** 2, 2), float64.
    """
    side = (torch.arange(n_points, dtype=torch.float64) + 0.5) / n_points
    return torch.cartesian_prod(side, side).flip(1)


def report() -> dict[str, dict[str, Any]]:
    """Compares the gradients of each rule with the paper's equation, and tabulates some.

    ``max_difference`` is the largest difference relative to the equation. Gradients are given at
    the example bag and at the corners of the square.
    """
    points = square()
    probed = torch.tensor([EXAMPLE_BAG, *((x, y) for x in CORNERS for y in CORNERS)], dtype=torch.float64)
    rows: dict[str, dict[str, Any]] = {}
    for rule in RULES:
        expected = rule.equation(*points.T)
        values = zip(probed.tolist(), gradient(rule, probed).tolist(), strict=True)
        rows[rule.name] = {
            "max_difference": float(((gradient(rule, points) - expected).abs() / expected).max()),
            "gradient": [{"p_1": p_1, "p_2": p_2, "value": value} for (p_1, p_2), value in values],
        }
    return rows


def draw_gradients(path: Path) -> None:
    """Draws the surfaces into an image file."""
    make_figure().savefig(path)


def make_figure() -> Any:
    """Draws the surfaces side by side in one colour scale."""
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4.9), dpi=110, layout="constrained")
    panels = figure.subplots(1, len(RULES), sharey=True)
    images = [_draw_panel(axes, rule, LogNorm(*COLOURS, clip=True)) for axes, rule in zip(panels, RULES, strict=True)]
    panels[0].set_ylabel("$p_2$: how fake the other face looks")
    bar = figure.colorbar(images[0], ax=panels, extend="both", shrink=0.8, pad=0.02, ticks=[0.1, 1, 10])
    bar.ax.set_yticklabels(["0.1 and\nless", "1", "10 and\nmore"])
    bar.set_label("how hard face 1 is pulled: $|\\partial L / \\partial p_1|$")
    figure.suptitle(
        "Two faces of a fake video: once one looks fake, MIL lets go of the other; "
        "sharp MIL pulls it while it looks real\n"
        f"(dot: face 1 looks real, $p_1$ = {EXAMPLE_BAG[0]}, the other fake, $p_2$ = {EXAMPLE_BAG[1]})"
    )
    return figure


def _draw_panel(axes: Any, rule: Rule, norm: Any) -> Any:
    surface = gradient(rule, square()).view(N_POINTS, N_POINTS)
    image = axes.imshow(surface.numpy(), origin="lower", extent=(0, 1, 0, 1), norm=norm, cmap="magma")
    value = float(gradient(rule, torch.tensor([EXAMPLE_BAG], dtype=torch.float64)))
    ink = "black" if value > 3 else "white"
    axes.plot(*EXAMPLE_BAG, "o", color="white", markeredgecolor="black", markersize=8)
    axes.annotate(f"{value:.2g}", EXAMPLE_BAG, (9, -5), textcoords="offset points", color=ink, fontsize=14)
    axes.set_title(f"{rule.name}\n{rule.formula}", pad=12)
    axes.set(xlabel="$p_1$: how fake face 1 looks", xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    return image
