"""``ffpms bench --perturb``: which kinds it takes, and what it refuses before anything is read."""

from pathlib import Path

import pytest

from benchmark.perturbation.kinds import KINDS
from ffpms.cli.benchmark.bench import bench
from tests.conftest import Command


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--perturb", "jpg"), "perturb: no such kind: jpg; choose from all, saturation"),
        (("--perturb", ","), "perturb: no kind is named"),
        (("--perturb", "--engine", "ray"), "perturb: does not run on Ray"),
    ],
)
def test_what_it_cannot_do_is_said_in_one_line(
    ffpms: Command, tmp_path: Path, flags: tuple[str, ...], message: str
) -> None:
    done = ffpms("bench", "--data", tmp_path, *flags)
    assert done.exit_code == 2
    assert message in done.output


def test_without_a_value_it_takes_all_kinds_and_help_names_them(ffpms: Command, tmp_path: Path) -> None:
    with bench.make_context("bench", ["--perturb", "--out", str(tmp_path)]) as context:
        assert context.params["perturb"] == "all"
    (option,) = (p for p in bench.params if p.name == "perturb")
    assert all(kind in str(getattr(option, "help", "")) for kind in KINDS)


def test_a_config_file_may_name_the_kinds(ffpms: Command, tmp_path: Path) -> None:
    (tmp_path / "flags.toml").write_text('perturb = ["jpeg", "nope"]\n')
    done = ffpms("bench", "--data", tmp_path, "--config", tmp_path / "flags.toml")
    assert "perturb: no such kind: nope" in done.output
