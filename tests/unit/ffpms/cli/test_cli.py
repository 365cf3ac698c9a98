"""Manners of the command line: help, one clear line, exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from detectors import names
from ffpms import cli
from tests.conftest import SEED, Command
from tests.helpers.building import program


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("build", "--ff-root", "/nowhere"), "/nowhere: not a folder"),
        (("build", "--ff-root", "."), "no FaceForensics++ tree"),
        (("build", "--ff-root", ".", "--manipulations", "XX"), "choose from DF,F2F,FS,NT"),
        (("build", "--ff-root", ".", "--replace", "0-19"), "does not lie in 1-19"),
        (("build", "--ff-root", ".", "--workers", "0"), "--workers"),
        (("build", "--nonsense"), "No such option"),
        (("nonsense",), "No such command"),
        (("--nope",), "No such option '--nope'"),
        (("--debug=1", "methods"), "Option '--debug' does not take a value"),
        (("build", "--ff-root", ".", "--replace", "x"), "is no range such as 1-19"),
        (("build", "--ff-root", ".", "--replace-fraction", "1"), "leaves no fake frame"),
        (("build", "--ff-root", ".", "--split", "dev"), "choose from train,val,test"),
        (("build", "--ff-root", ".", "--placement", "middle"), "random or contiguous or segments"),
        (("build", "--ff-root", ".", "--segments", "1-3"), "segments: --placement random takes none; add --placement"),
        (("plan", "--out", "p", "--placement", "segments", "--segments", "few"), "'few' is no range such as 1-3"),
        (("build", "--ff-root", ".", "--size", "3"), "is not in 16..4096"),
        (("build", "--ff-root", ".", "--splits", "/nowhere"), "train.json: not found"),
        (("bench", "--methods", "smil", "--data", "/nowhere"), "no built set"),
        (("bench", "--methods", "smil", "--device", "cuda:77"), "try --device cpu"),
        (("verify",), "ffpms-data: no built set"),
        (("verify", "nowhere"), "nowhere: no built set"),
        (("verify", "--ff-root", "nowhere"), "nowhere: not a folder"),
        (("verify", "--ff-root", "."), "no FaceForensics++ tree"),
        (("verify", "--ff-root", ".", "--splits", "nowhere"), "train.json: not found"),
        (("verify", "--ff-root", ".", "--manipulations", "XX"), "choose from DF,F2F,FS,NT"),
        (("verify", "nowhere", "--splits", "."), "--splits: only for a tree"),
        (("verify", "--compression", "c23"), "--compression: only for a tree"),
        (("verify", "--ff-root", ".", "--workers", "0"), "--workers"),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(
    ffpms: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = ffpms(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--methods", "smill"), "did you mean s-mil"),
        (("--methods", "smil", "--seeds", "a"), "no comma list of numbers"),
        (("--methods", "smil", "--epochs", "0"), "is not a whole number from 1 up"),
        (("--methods", "smil", "--lr", "nan"), "is not a number above 0"),
        (("--methods", ","), "methods: none given"),
        (("--methods", "smil", "--seeds", ""), "no comma list of numbers"),
        (("--methods", "smil", "--seeds", "9223372036854775807"), "no comma list of numbers"),
        (("--methods", "smil", "--workers", "-1"), "--workers"),
        (("--methods", "smil", "--threads", "100000"), "--threads"),
        (("--methods", "smil", "--backbone", "resnet"), "timm knows no such model"),
        (("--methods", "smil", "--weights", "none.pth"), "none.pth: not found"),
        (("--methods", "smil", "--freeze", "--tune", "all"), "freeze: contradicts --tune all"),
    ],
)
def test_bad_bench_flags_are_one_line_and_exit_2(
    ffpms: Command, built: Path, tmp_path: Path, flags: tuple[str, ...], said: str
) -> None:
    result = ffpms("bench", "--data", built, "--out", tmp_path / "runs", *flags)
    assert result.exit_code == 2
    assert said in result.stderr.splitlines()[-1]


def test_debug_shows_the_traceback_and_keeps_the_exit_code(ffpms: Command) -> None:
    plain = ffpms("build", "--ff-root", "/nowhere")
    result = ffpms("--debug", "build", "--ff-root", "/nowhere")
    assert (result.exit_code, plain.exit_code) == (2, 2)
    assert "Traceback (most recent call last)" in result.stderr
    assert result.stderr.endswith(plain.stderr), "the line stands below it"


def test_without_a_command_the_help_is_shown(ffpms: Command) -> None:
    assert ffpms().stderr == ffpms("--help").stdout


def test_a_config_file_gives_defaults_and_flags_win(ffpms: Command, tmp_path: Path) -> None:
    config = tmp_path / "recipe.toml"
    config.write_text('seed = 7\nplacement = "contiguous"\n')
    assert ffpms("plan", "--config", config, "--out", tmp_path / "a").exit_code == 0
    assert ffpms("plan", "--config", config, "--seed", 8, "--out", tmp_path / "b").exit_code == 0
    assert "seed = 7" in (tmp_path / "a" / "recipe.toml").read_text()
    assert 'placement = "contiguous"' in (tmp_path / "b" / "recipe.toml").read_text()
    assert "seed = 8" in (tmp_path / "b" / "recipe.toml").read_text()


_WRONG_CONFIGS = (
    *("sead = 7", "= 7", "seed = 3.7", "seed = [1, 2]", "seed = true", "seed = {a = 1}", "out = true"),
    *("out = {a = 1}", 'replace = "x"', 'compression = "c41"'),
    *("manipulations = []", "seed = []"),
)


@pytest.mark.parametrize("text", _WRONG_CONFIGS)
def test_a_wrong_key_or_value_in_a_config_file_is_an_error(ffpms: Command, tmp_path: Path, text: str) -> None:
    (tmp_path / "c.toml").write_text(text)
    result = ffpms("plan", "--config", tmp_path / "c.toml", "--out", tmp_path / "a")
    assert result.exit_code == 2
    assert f"{tmp_path / 'c.toml'}: " in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.count(" plan --help'") == 1


@pytest.mark.parametrize(
    "text",
    [
        *("quiet = 1", "quiet = 2", "quiet = 0.5", "quiet = [true]", 'quiet = "x"', "quiet = 2000-01-01"),
        *("quiet = {a = 1}", "data = []", "test_data = []"),
    ],
)
def test_a_switch_is_true_or_false_and_a_list_is_not_empty(ffpms: Command, tmp_path: Path, text: str) -> None:
    (tmp_path / "c.toml").write_text(text)
    result = ffpms("bench", "--config", tmp_path / "c.toml", "--methods", "s-mil", "--out", tmp_path / "a")
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert f"{tmp_path / 'c.toml'}: {text.partition(' ')[0]}: " in line


def test_the_plan_does_not_overwrite_something_else(ffpms: Command, tmp_path: Path) -> None:
    (tmp_path / "videos.parquet").write_text("of a built set")
    result = ffpms("plan", "--out", tmp_path)
    assert result.exit_code == 2
    assert "holds something else" in result.stderr


def test_an_interruption_is_no_error(ffpms: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_check_packages", interrupted)
    result = ffpms("build", "--ff-root", ".")
    assert result.exit_code == 130
    assert "run the same command again to go on" in result.stderr


def test_an_unexpected_error_is_one_line_too(ffpms: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ZeroDivisionError("of course\nnot")

    monkeypatch.setattr(cli, "_check_packages", broken)
    result = ffpms("build", "--ff-root", ".")
    assert result.exit_code == 2
    assert "unexpected ZeroDivisionError: of course not" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_methods_says_what_a_method_sees_of_val_deepfakes(ffpms: Command) -> None:
    for output in (ffpms("methods").output, ffpms("methods", "--markdown").output):
        said = " ".join(output.split())
        assert "d-fwa, sbi and x-ray train and choose their epoch on real faces" in said
        assert "threshold and temperature are chosen on val deepfakes, for them as for all methods." in said
    rows = json.loads(ffpms("methods", "--json").output)
    assert [row["name"] for row in rows] == names()


@pytest.mark.parametrize("name", ["methods", "verify"])
def test_a_reader_who_has_left_is_no_error(whole: Path, name: str) -> None:
    """As in ``ffpms verify ffpms-data | head``."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(program(name, *[whole][: name == "verify"]), stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize(
    ("flags", "more"),
    [
        (("--compression", "c23,raw"), " --compression c23"),
        (("--compression", "raw,c40"), ""),
        (("--split", "test,val"), " --split val,test"),
    ],
)
def test_the_corpus_says_which_build_is_next(
    ffpms: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, str], more: str
) -> None:
    monkeypatch.setattr("ffpms.minicorpus.corpus.make_corpus", lambda *_: {"train": [], "val": [], "test": []})
    result = ffpms("minicorpus", "--out", tmp_path, *flags)
    assert result.stdout.endswith(f"next: ffpms build --ff-root {tmp_path} --splits {tmp_path}/splits{more}\n")


def test_the_package_can_be_run() -> None:
    done = subprocess.run([sys.executable, "-m", "ffpms", "build", "--nonsense"], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: No such option")
    assert done.stderr.endswith("(see 'ffpms build --help')\n")


def test_8_frames_need_no_other_flag(ffpms: Command, tmp_path: Path) -> None:
    assert ffpms("plan", "--frames", 8, "--out", tmp_path / "a").exit_code == 0
    assert "7,\n" in (tmp_path / "a" / "recipe.toml").read_text()


def test_a_package_of_the_same_name_is_noticed(ffpms: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    class Elsewhere:
        origin = "/elsewhere/detectors/__init__.py"

    monkeypatch.setattr(cli, "find_spec", lambda name: Elsewhere())
    result = ffpms("build", "--ff-root", ".")
    assert result.exit_code == 2
    assert "another package named 'detectors'" in result.stderr


def test_json_is_json(ffpms: Command, tree: Path, built: Path) -> None:
    flags = ("--ff-root", tree, "--splits", tree / "splits", "--out", built, "--size", 64, "--seed", SEED)
    assert json.loads(ffpms("build", *flags, "--json").stdout)["complete"] is True


def test_a_broken_torch_is_one_line_too() -> None:
    """To say so, nothing is imported that needs it."""
    code = "import sys; sys.modules['torch'] = None; from ffpms.cli import main; main(['methods'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: torch: cannot be imported (import of torch halted")
    assert len(done.stderr.splitlines()) == 1
