"""The package of docs/plugins.md is found, listed, tested and benched, in processes of their own; and it may fail."""

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import Once
from tests.helpers.plugins import FILES, MODULE, POOL, ffpms, install
from tests.helpers.tiny_set import make_set
from tests.helpers.warm_process import ROOT, run_python

QUICK = ("--backbone", "tiny", "--epochs", 1, "--threads", 1)
LAWS = "tests/property/test_pool_laws.py"


@pytest.fixture(scope="module")
def data(once: Once) -> Path:
    """A set that was made without a video."""
    return once("tiny-data", make_set)


def bench(plugin: Path, data: Path, methods: str = "median", *more: object) -> tuple[int, str]:
    """Exit code and stderr of a run into the folder ``runs`` beside the plugin."""
    flags = ("--methods", methods, "--data", data, "--out", plugin / "runs", *QUICK)
    small = ("--set", "median.filters=8") if "median" in methods else ()
    result = ffpms(plugin, "bench", *flags, *small, *more)
    assert "Traceback" not in result.stderr
    return result.returncode, result.stderr


def test_the_page_shows_the_files_of_its_listing() -> None:
    assert sorted(FILES) == sorted(("pyproject.toml", MODULE, POOL, "tests/test_median.py"))


def test_the_plugin_of_the_docs_is_listed_and_benched(tmp_path: Path, data: Path) -> None:
    install(tmp_path)
    listed = json.loads(ffpms(tmp_path, "methods", "--json").stdout)
    assert ("median", "filters=512") in {(row["name"], row["options"]) for row in listed}
    assert bench(tmp_path, data)[0] == 0
    assert set(pd.read_csv(tmp_path / "runs" / "leaderboard.csv")["method"]) == {
        "median [backbone=tiny, filters=8, epochs=1]"
    }


def test_a_sign_flipped_in_its_second_file_makes_bench_train_again(tmp_path: Path, data: Path) -> None:
    install(tmp_path)
    runs = tmp_path / "runs"
    assert "done already" not in bench(tmp_path, data)[1]
    assert "done already" in bench(tmp_path, data)[1]
    assert len(list(runs.glob("*/DONE"))) == 1
    flipped = FILES[POOL].replace("frame_logit = self", "frame_logit = -self")
    assert flipped != FILES[POOL]
    install(tmp_path, {POOL: flipped})
    assert "done already" not in bench(tmp_path, data)[1]
    first, second = (pd.read_parquet(path.parent / "scores.parquet")["score"] for path in runs.glob("*/DONE"))
    assert not first.equals(second)


def test_an_installed_plugin_is_held_to_the_laws(tmp_path: Path) -> None:
    """By the tests of a checkout, and by the plugin's own test."""
    install(tmp_path)
    plain = ("-m", "pytest", "-v", "-p", "no:cacheprovider", "--import-mode=importlib", "-c", ROOT / "setup.cfg")
    chosen = ("-k", "[median] or [s-mil] or test_median")
    run = run_python(tmp_path, *plain, LAWS, tmp_path / "tests" / "test_median.py", *chosen)
    assert run.returncode == 0, run.stdout
    lines = run.stdout.splitlines()
    assert any(f"{LAWS}::test_one_face_gives_its_own_logit[median] PASSED" in line for line in lines)
    held = {name: sum(f"[{name}] PASSED" in line for line in lines) for name in ("median", "s-mil")}
    assert held["median"] == held["s-mil"] - 1, "one test names s-mil itself"
    assert any("::test_median_keeps_the_laws PASSED" in line for line in lines), "the plugin's own test"


SECOND = '''

@register("second", source="another example")
def second(backbone: Backbone) -> BagDetector:
    """Fails as it is made."""
    return BagDetector(backbone, None, MedianPool(backbone.num_features, "and more"))
'''


def test_a_plugin_that_fails_ends_its_own_trial_and_no_other(tmp_path: Path, data: Path) -> None:
    """One method in its forward, one in its factory; the third is trained."""
    broken = FILES[POOL].replace("self.classify(features).squeeze(-1)", 'self.classify(features).squeeze("x")')
    assert broken != FILES[POOL]
    install(tmp_path, {POOL: broken, MODULE: FILES[MODULE] + SECOND})
    code, said = bench(tmp_path, data, "median,second,xn-avg")
    assert code == 1
    runs = tmp_path / "runs"
    assert set(pd.read_csv(runs / "leaderboard.csv")["method"]) == {"xn-avg [backbone=tiny, epochs=1]"}
    failed = pd.read_csv(runs / "failures.csv").set_index("method")
    assert set(failed.index) == {"median", "second"}
    for method, file, line in (("median", POOL, "squeeze("), ("second", MODULE, '"and more"')):
        reason = failed.loc[method, "reason"]
        where = (broken if file == POOL else FILES[MODULE] + SECOND).splitlines()
        number = next(i for i, text in enumerate(where, 1) if line in text)
        assert reason.startswith("TypeError: ")
        assert reason.endswith(f"({file}:{number})")
        noted = (runs / failed.loc[method, "run_id"] / "FAILED").read_text()
        assert noted.startswith(f"{reason}\n\nTraceback (most recent call last):\n")
        assert f'{file}", line {number}, in ' in noted
        assert reason in said


def test_a_factory_that_fails_alone_leaves_a_row_too(tmp_path: Path, data: Path) -> None:
    install(tmp_path, {MODULE: FILES[MODULE] + SECOND})
    code, said = bench(tmp_path, data, "second", "--quiet")
    assert (code, len(said.splitlines())) == (1, 1)
    (row,) = pd.read_csv(tmp_path / "runs" / "failures.csv").to_dict("records")
    assert row["method"] == "second"
    assert row["reason"] in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("frame_logit", "the detector gave a Tensor, not a Prediction"),
        ("Prediction(video_logit, frame_logit * float('nan'), None)", "frame_logit is not a finite number"),
    ],
)
def test_rubbish_from_a_forward_is_one_line(tmp_path: Path, data: Path, given: str, said: str) -> None:
    install(tmp_path, {POOL: FILES[POOL].replace("Prediction(video_logit, frame_logit, None)", given)})
    code, lines = bench(tmp_path, data, "median", "--quiet")
    assert (code, len(lines.splitlines())) == (1, 1)
    assert said in lines
    assert said in pd.read_csv(tmp_path / "runs" / "failures.csv")["reason"][0]


UNUSABLE = {
    "import nothing_of_that_name": "ModuleNotFoundError: No module named 'nothing_of_that_name'",
    "import sys\n\nsys.exit(3)": "SystemExit: 3 (ffpms_median/__init__.py:3)",
    "raise BaseException": "BaseException (ffpms_median/__init__.py:1)",
    "def (": "SyntaxError",
    FILES[MODULE].replace('"median"', '"s-mil"'): (
        "s-mil: registered twice, by detectors.methods.multiple_instance.smil and ffpms_median"
    ),
}


@pytest.mark.parametrize("code", UNUSABLE)
def test_a_plugin_that_cannot_be_used_is_one_line_and_costs_no_other_method(tmp_path: Path, code: str) -> None:
    install(tmp_path, {MODULE: code})
    result = ffpms(tmp_path, "methods")
    assert result.returncode == 0
    assert "s-mil" in result.stdout
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("Warning: plugin median (ffpms_median)")
    assert UNUSABLE[code] in result.stderr


def test_a_broken_plugin_costs_bench_only_itself(tmp_path: Path, data: Path) -> None:
    """Others train beside it; who asks for its method is told why it is not there."""
    install(tmp_path, {MODULE: FILES[MODULE] + "\nraise GeneratorExit\n"})
    flags = [str(flag) for flag in ("--data", data, "--out", tmp_path / "runs", *QUICK, "--quiet")]
    code = f"""
from ffpms.cli import main
for methods in ("xn-avg,median", "xn-avg"):
    try:
        main(["bench", "--methods", methods, *{flags}])
    except SystemExit as ended:
        print(ended.code)
"""
    result = run_python(tmp_path, "-c", code)
    fault = "plugin median (ffpms_median): cannot be imported: GeneratorExit"
    warned, refused, again = result.stderr.splitlines()
    assert result.stdout.split() == ["2", "0"], result.stderr
    assert warned == again
    assert warned.startswith(f"Warning: {fault}")
    assert refused.startswith("Error: 'median': no such method")
    assert fault in refused


def test_a_broken_plugin_leaves_the_other_methods_to_python(tmp_path: Path) -> None:
    """It is warned of once; a call that asks for it says what is wrong with it."""
    install(tmp_path, {MODULE: FILES[MODULE] + "\nimport nothing_of_that_name\n"})
    code = """
import warnings
import detectors
with warnings.catch_warnings(record=True) as caught:
    assert "median" not in detectors.names()
    detectors.create("s-mil", "tiny")
    detectors.method("xn-avg")
assert [str(w.message)[:29] for w in caught] == ["plugin median (ffpms_median):"], caught
for call in (lambda: detectors.method("median"), detectors.load_plugins, detectors.load_plugins):
    try:
        call()
    except Exception as error:
        assert type(error).__name__ == "DetectorError" and "nothing_of_that_name" in str(error), error
    else:
        raise AssertionError(call)
"""
    result = run_python(tmp_path, "-c", code)
    assert result.returncode == 0, result.stderr


def test_plugins_are_known_without_a_call_and_not_before_it(tmp_path: Path) -> None:
    install(tmp_path)
    code = """
import sys
import detectors
assert "ffpms_median" not in sys.modules
assert type(detectors.create("Median", "tiny", options={"filters": "4"}).pool).__name__ == "MedianPool"
detectors.load_plugins()
detectors.load_plugins()
assert detectors.names().count("median") == 1
"""
    result = run_python(tmp_path, "-c", code)
    assert result.returncode == 0, result.stderr
