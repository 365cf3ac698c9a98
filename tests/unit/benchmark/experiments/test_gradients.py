"""The gradients of MIL and sharp MIL: the pools give what the equations say, and the picture shows it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from benchmark.experiments.gradients import RULES, Rule, gradient, make_figure, report, square
from detectors.pooling import noisy_or
from tests.conftest import Command

MIL, SHARP, S_MIL = RULES


def at(p_1: float, p_2: float) -> torch.Tensor:
    return torch.tensor([[p_1, p_2]], dtype=torch.float64)


def slope(p: np.ndarray, bag: str) -> np.ndarray:
    """|dL/dp_1| of -log p by central differences, the bag's probability written out."""

    def loss(p_1: np.ndarray) -> np.ndarray:
        p_2 = p[:, 1]
        ratio = (1 / p_1 - 1) * (1 / p_2 - 1)
        values = {"mil": 1 - (1 - p_1) * (1 - p_2), "sharp": 1 / (1 + ratio), "s-mil": 1 / (1 + np.sqrt(ratio))}
        return -np.log(values[bag])

    step = 1e-6
    return np.abs(loss(p[:, 0] + step) - loss(p[:, 0] - step)) / (2 * step)


@pytest.mark.parametrize(("rule", "bag"), list(zip(RULES, ("mil", "sharp", "s-mil"), strict=True)))
def test_pools_equations_and_differences_agree(rule: Rule, bag: str) -> None:
    points = square(20)
    found = gradient(rule, points).numpy()
    np.testing.assert_allclose(found, rule.equation(*points.T).numpy(), rtol=1e-9)
    np.testing.assert_allclose(found, slope(points.numpy(), bag), rtol=1e-4)


def test_a_face_beside_a_fake_looking_one_learns_under_sharp_mil_alone() -> None:
    """By hand: (1 - 0.9) / 0.91; p = 1/2, so 0.5 / 0.09 and half of it."""
    found = [float(gradient(rule, at(0.1, 0.9))) for rule in RULES]
    assert found == pytest.approx([0.1 / 0.91, 0.5 / 0.09, 0.25 / 0.09])
    beside = torch.tensor([0.5, 0.9, 0.99, 0.999], dtype=torch.float64)
    mil = gradient(MIL, torch.stack([torch.full_like(beside, 0.1), beside], dim=1))
    torch.testing.assert_close(mil, (1 - beside) / (0.1 + 0.9 * beside))


def test_sharp_mil_forgets_no_face_that_looks_real_enough() -> None:
    """p_1 -> 0 at p_2 = 0.99: MIL's gradient stays at 0.01, the others' grow."""
    steps = [at(p_1, 0.99) for p_1 in (0.1, 0.01, 0.001)]
    assert all(float(gradient(MIL, p)) < 0.011 for p in steps)
    for rule in (SHARP, S_MIL):
        first, second, third = (float(gradient(rule, p)) for p in steps)
        assert 0.5 < first < second < third


def test_noisy_or_of_a_padded_bag_is_equation_4() -> None:
    z, mask = torch.tensor([[0.3, -1.2, 5.0]]), torch.tensor([[True, True, False]])
    expected = 1 - (1 - torch.sigmoid(z[:, :2])).prod(dim=1)
    torch.testing.assert_close(torch.sigmoid(noisy_or(z, mask)), expected)


@pytest.mark.parametrize("value", [-1e4, -120.0, -88.0, 88.0, 120.0, 1e4])
def test_noisy_or_is_finite_and_so_is_its_gradient(value: float) -> None:
    z = torch.full((1, 20), value, requires_grad=True)
    pooled = noisy_or(z, torch.ones_like(z, dtype=torch.bool))
    (slopes,) = torch.autograd.grad(pooled.sum(), z)
    assert torch.isfinite(pooled).all()
    assert torch.isfinite(slopes).all()


def test_the_report_tells_the_difference_and_the_corners() -> None:
    rules = report()
    assert all(rule["max_difference"] < 1e-9 for rule in rules.values())
    corners = {(row["p_1"], row["p_2"]): row["value"] for row in rules["MIL"]["gradient"]}
    assert len(corners) == 5
    assert corners[0.01, 0.99] == pytest.approx(0.01 / (1 - 0.99 * 0.01))


def test_mils_panel_is_dark_beside_a_fake_looking_face_the_others_only_if_both_look_fake() -> None:
    canvas = FigureCanvasAgg(make_figure())
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[::-1, :, :3].mean(axis=2)

    def brightness(panel: int, p_1: float, p_2: float) -> float:
        x, y = canvas.figure.axes[panel].transData.transform((p_1, p_2)).round().astype(int)
        return float(pixels[y, x])

    assert max(brightness(0, p_1, 0.97) for p_1 in (0.03, 0.5, 0.97)) < 10
    assert brightness(0, 0.03, 0.03) > 200
    assert min(brightness(panel, 0.03, 0.97) for panel in (1, 2)) > 200
    assert brightness(1, 0.97, 0.97) < 10


def test_the_command_writes_a_png_and_prints_the_report(ffpms: Command, tmp_path: Path) -> None:
    result = ffpms("explain", "gradients", "--out", tmp_path / "g.png", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == report()
    picture = Image.open(tmp_path / "g.png")
    assert picture.format == "PNG"
    assert picture.size[0] > 1000


def test_the_summary_is_one_line_and_quiet_is_none(ffpms: Command, tmp_path: Path) -> None:
    said = ffpms("explain", "gradients", "--out", tmp_path / "g.svg").stdout
    assert "MIL 0.11, sharp MIL 5.6, S-MIL with equal weights 2.8" in said
    assert len(said.splitlines()) == 1
    assert ffpms("explain", "gradients", "--out", tmp_path / "g.svg", "--quiet").output == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("gradients", "--out", "g.txt"), "g.txt is no figure; name it .png, .pdf, .svg"),
        (("gradients", "--out", "nowhere/g.png"), "nowhere/g.png: No such file"),
        (("gradients",), "--out"),
        ((), "Missing command"),
        (("nonsense",), "Missing option '--bag'"),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(
    ffpms: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = ffpms("explain", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_help_has_an_example(ffpms: Command) -> None:
    assert "Example: ffpms explain gradients --out" in ffpms("explain", "gradients", "--help").output


def test_without_matplotlib_it_says_what_to_install(tmp_path: Path) -> None:
    """In a fresh process that cannot find it."""
    code = (
        "import sys; from importlib.machinery import PathFinder\n"
        "find = PathFinder.find_spec\n"
        "PathFinder.find_spec = lambda name, *rest: None if name == 'matplotlib' else find(name, *rest)\n"
        "from ffpms.cli import main; main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "explain", "gradients", "--out", str(tmp_path / "g.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "Error: matplotlib: not installed; pip install 'ffpms[demo]'\n"
