"""A row's label says in what its configuration differs from the paper's, also when the row stands alone."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import detectors
from benchmark.figures import plotting
from benchmark.leaderboards.board import make_board, tabulate
from benchmark.leaderboards.groups import group_runs
from benchmark.leaderboards.labels import RANDOM_BACKBONE, factor_out
from benchmark.leaderboards.rendering.html import render_html
from benchmark.leaderboards.rendering.latex import render_latex
from benchmark.runs.folder import Run
from benchmark.train_config import TUNES, TrainConfig
from benchmark.trials.configure import configure, own_defaults
from detectors import fine_tuning
from detectors.backbones import TINY
from tests.helpers.scores import run

FIELDS = {
    name: default
    for name, default in asdict(TrainConfig(method="")).items()
    if name not in ("method", "manipulations", "seed", "pretrained", "weights_sha256", "options", "precision")
}
"""Settings that are shown by their names; a new one of ``TrainConfig`` is among them by itself."""


def trained(method: str = "s-mil", code: str = "code", **settings: Any) -> Run:
    """A run on FFPMS as ``ffpms bench`` leaves it, of the method's own configuration but for the settings."""
    config = configure([method], {"pretrained": True}, None, {}, {})[0][0]
    about = {key: value for key, value in asdict(config).items() if key not in ("method", "manipulations", "seed")}
    made = run(method=method, dataset="FFPMS", **(about | settings))
    own = own_defaults(replace(config, options=tuple(settings.get("options", ()))))
    return replace(made, defaults=own, code_sha256=code, run_id=str((method, code, *settings.items())))


def labels(*runs: Run) -> list[str]:
    return [group.method for group in group_runs(list(runs))]


def compared(cells: pd.DataFrame) -> set[str]:
    """The rows that have a difference from the paper."""
    return set(cells[cells["minus_paper"].notna()]["method"])


@pytest.mark.parametrize("method", detectors.names())
def test_a_configuration_of_defaults_is_the_methods_name(method: str) -> None:
    assert labels(trained(method)) == [method]


def test_a_row_that_stands_alone_says_its_settings_and_is_not_compared_with_the_paper() -> None:
    cells = tabulate([trained(backbone="tiny", pretrained=False, epochs=2)])
    assert set(cells[cells["source"] == "ours"]["method"]) == {"s-mil [backbone=tiny, epochs=2]"}
    assert compared(cells) == set()
    assert compared(tabulate([trained()])) == {"s-mil"}


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_counts(name: str) -> None:
    default = FIELDS[name]
    other = {bool: True, int: 77, float: 0.5, str: "other"}[type(default)]
    label = f"s-mil [{name}={other}]"
    cells = tabulate([trained(**{name: other})])
    assert set(cells[cells["source"] == "ours"]["method"]) == {label}
    assert compared(cells) == set()


@pytest.mark.parametrize(("manipulations", "said"), [(("DF",), "train_on=each"), (("DF", "NT"), "train_on=DF+NT")])
def test_on_faceforensics_training_on_less_than_all_fakes_is_said(manipulations: tuple[str, ...], said: str) -> None:
    (group,) = group_runs([run(manipulations=manipulations, dataset="FFPMS")])
    assert group.method == f"s-mil [{said}]"
    assert not group.is_the_papers
    (elsewhere,) = group_runs([run(manipulations=manipulations)])
    assert elsewhere.method == "s-mil"


def test_training_on_less_than_all_published_videos_is_said_and_not_compared_with_the_paper() -> None:
    """A set is FFPMS by its test videos alone."""
    lacking = replace(trained(), lacks=("3590 of 3600 train videos", "1 of 700 val videos"))
    cells = tabulate([lacking])
    said = "s-mil [lacks 3590 of 3600 train videos, lacks 1 of 700 val videos]"
    assert set(cells[cells["source"] == "ours"]["method"]) == {said}
    assert compared(cells) == set()
    assert labels(replace(run(dataset="Celeb-DF-v2"), origin=lacking)) == [
        "s-mil [trained on FFPMS, lacks 3590 of 3600 train videos, lacks 1 of 700 val videos]"
    ]


def test_faces_shown_smaller_than_the_backbones_own_size_are_said() -> None:
    """``--input-size`` was not given: the crops of the set are as small."""
    cells = tabulate([replace(trained(), shown=112)])
    assert set(cells[cells["source"] == "ours"]["method"]) == {"s-mil [input_size=112]"}
    assert compared(cells) == set()
    assert labels(replace(trained(), shown=112), replace(trained(epochs=2), shown=64)) == [
        "s-mil [input_size=112]",
        "s-mil [input_size=64, epochs=2]",
    ]


@pytest.mark.parametrize("name", ["S-MIL", "smil", "face-x-ray", "XN_avg"])
def test_another_tool_under_a_name_of_the_paper_is_external(name: str) -> None:
    (group,) = group_runs([replace(run(method=name, dataset="FFPMS"), external=True)])
    assert group.method == f"{name} [external]"


def test_a_setting_that_this_version_does_not_know_counts() -> None:
    assert labels(trained(sharpness=3)) == ["s-mil [sharpness=3]"]


def test_a_run_from_before_a_setting_was_there_has_its_default() -> None:
    assert labels(run(epochs=30)) == ["s-mil"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"pretrained": False}, "no-pretrained"),
        ({"pretrained": False, "weights_sha256": "0123456789ab"}, "weights=01234567"),
        ({"pretrained": True, "weights_sha256": "packaged"}, "weights=packaged"),
        ({"options": ["filters=256"]}, "filters=256"),
        ({"options": ["filters=0512"]}, ""),
        ({"precision": "bf16"}, ""),
        ({"precision": "fp32"}, ""),
        ({"backbone": "resnet50"}, "backbone=resnet50"),
    ],
)
def test_weights_options_and_precision(settings: dict[str, Any], said: str) -> None:
    """The paper names no precision, and ``auto`` may be either."""
    assert labels(trained(**settings)) == [f"s-mil [{said}]" if said else "s-mil"]


def test_a_methods_own_backbone_is_its_default() -> None:
    assert labels(trained("d-fwa"), trained("d-fwa", backbone="legacy_xception")) == [
        "d-fwa",
        "d-fwa [backbone=legacy_xception]",
    ]


def test_what_of_the_backbone_is_trained_is_said_where_it_is_not_the_methods_own() -> None:
    assert labels(trained("gend"), trained("gend", tune="all"), trained("probe"), trained("probe", tune="all")) == [
        *("gend", "gend [tune=all]"),
        *("probe", "probe [tune=all]"),
    ]
    assert labels(trained(tune="norm")) == ["s-mil [tune=norm]"]
    of_an_older_version = replace(trained(tune="none"), defaults={"backbone": "legacy_xception", "options": []})
    assert labels(of_an_older_version) == ["s-mil [tune=none]"]


def test_rows_that_say_the_same_are_told_apart_by_what_differs() -> None:
    two = labels(trained(code="11111111aa"), trained(code="22222222bb"), trained(epochs=2))
    assert two == ["s-mil [code=11111111]", "s-mil [code=22222222]", "s-mil [epochs=2]"]
    assert labels(trained(precision="bf16"), trained(precision="fp32")) == [
        "s-mil [precision=bf16]",
        "s-mil [precision=fp32]",
    ]
    same_weights = (trained(pretrained=pretrained, weights_sha256="packaged") for pretrained in (False, True))
    assert len(set(labels(*same_weights))) == 2


def test_another_tools_scores_are_never_compared_with_the_paper() -> None:
    """Under the name of one of its methods they are called external."""
    cells = tabulate([replace(trained(), external=True), replace(trained("abmil"), external=True)])
    assert set(cells[cells["source"] == "ours"]["method"]) == {"s-mil [external]", "abmil"}
    assert compared(cells) == set()


def test_tables_say_once_what_all_rows_share_and_the_csv_says_it_in_each() -> None:
    shared, method = "epochs=2, batch_size=8", "xn-avg [epochs=2, batch_size=8, train_frames=5]"
    board = make_board([trained(epochs=2, batch_size=8), trained("xn-avg", epochs=2, batch_size=8, train_frames=5)])
    assert set(board.cells[board.cells["source"] == "ours"]["method"]) == {f"s-mil [{shared}]", method}
    html, latex = render_html(board.tables, board.failures), render_latex(board.tables)
    for text, row in ((board.markdown(), "| s-mil  "), (html, ">s-mil<"), (latex.replace("\\_", "_"), "s-mil &")):
        assert text.count(shared) == 3, "once a table"
        assert row in text
        assert "train_frames=5" in text


def test_pictures_say_once_what_all_lines_share(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    methods = ["s-mil [backbone=tiny]", "lstm [backbone=tiny, epochs=2]"]
    points = [
        {"method": m, "low": rate, "high": rate, "metric": "auc", "value": 0.9, "ci_low": 0.8, "ci_high": 1.0}
        for m in methods
        for rate in (0.5, 1.0)
    ]
    curve = pd.DataFrame(points).assign(n_fakes=8)
    drawn: list[str] = []
    monkeypatch.setattr(plotting, "_draw_panel", lambda _, own: drawn.extend(dict.fromkeys(own["method"])))
    plotting.write_curve(curve, tmp_path / "curve.svg", "Curve")
    assert drawn == ["s-mil", "lstm [epochs=2]"]
    assert list(pd.read_csv(tmp_path / "curve.csv")["method"].unique()) == methods
    bars = plotting.draw_bars(curve)
    assert bars.startswith("all lines: backbone=tiny\ns-mil: ")


def test_a_label_keeps_what_follows_its_settings() -> None:
    short, shared = factor_out(["xn-avg [epochs=2] [DF]", "xn-avg [epochs=2] [NT]"])
    assert list(short.values()) == ["xn-avg [DF]", "xn-avg [NT]"]
    assert shared == "epochs=2"
    assert factor_out(["s-mil [epochs=2]"]) == ({"s-mil [epochs=2]": "s-mil [epochs=2]"}, "")
    assert factor_out([]) == ({}, "")


def test_what_is_named_twice_since_boards_need_no_torch_is_the_same() -> None:
    assert RANDOM_BACKBONE == TINY
    assert TUNES == fine_tuning.TUNES
