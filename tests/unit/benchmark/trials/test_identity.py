"""Identity of a run's code: every module that a trial reaches is hashed, or excused here by name."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from benchmark.runs.folder import FAILED, name_run, read_failure
from benchmark.train_config import TrainConfig
from benchmark.training.device import Machine
from benchmark.trials.identity import CODE, code_sha256, start
from benchmark.trials.trial import Trial
from ffpms.dataset.loading import load
from ffpms.protocol.recipe import Recipe
from tests.helpers.imports import missed_by, reached_by
from tests.helpers.tiny_set import CONFIG, PAIRS, add_landmarks, make_set

EXCUSED = {
    "benchmark": "a docstring and names",
    "benchmark.runs.folder": "names of files, and reading them back",
    "benchmark.runs.other_sets": "names of files, and reading them back",
    "benchmark.runs.submissions.card": "what an entry to a board says of itself",
    "benchmark.runs.submissions.card_keys": "what an entry to a board says of itself",
    "benchmark.runs.training_set": "what a run tells of its set, which is hashed",
    "benchmark.runs.tables": "reading stored scores back",
    "data_manifests": "a path; what lies there names a set and changes no score",
    "detectors": "names",
    "detectors.errors": "what a user is told",
    "detectors.plugins": "imports modules whose own code is hashed with their methods",
    "detectors.methods": "a method's own file is hashed with it, the others do not matter",
    "ffpms": "the version, which config.toml names",
    "ffpms.checks": "refuses settings; those it lets through are in config.toml or in the set",
    "ffpms.clutter": "names of no file that a trial reads",
    **dict.fromkeys(
        ("ffpms.engine", "ffpms.engine.interface", "ffpms.engine.processes", "ffpms.engine.ray_cluster"),
        "starts processes, which draw the same in any number",
    ),
    "ffpms.errors": "what a user is told",
    "ffpms.locks": "who may write a file; it changes no byte of it",
    "ffpms.machine.allocator": "how memory is kept, whatever is in it",
    **dict.fromkeys(("ffpms.machine.cgroups", "ffpms.machine.cores"), "the machine's, as with every setting of it"),
    "ffpms.progress": "gives items back as they are",
    "ffpms.regular_files": "opens files or refuses them, whatever they hold",
    "ffpms.stored_paths": "judges paths that a table names",
    "ffpms.storage": "how files are written; it changes no byte of them",
    "ffpms.sources.advice": "what messages say of a file",
    "ffpms.sources.nearby": "advice on a folder beside a tree",
    "ffpms.sources.corpus": "which videos there are, and what a set of them is called; the set itself is hashed",
    "ffpms.sources.corpora": "a docstring",
    "ffpms.sources.corpora.ffpp": "the same of one corpus",
    "ffpms.sources.corpora.minicorpus": "the same of rendered trees",
    "ffpms.sources.listing": "the same, as files",
    "ffpms.sources.registry": "finds a corpus by its name",
}


def test_every_module_that_a_trial_reaches_is_hashed_or_excused() -> None:
    hashed = [f"{package}/{part}" for package, parts in CODE.items() for part in parts]
    missing = missed_by(hashed, "benchmark.trials.trial", EXCUSED, "detectors.methods")
    assert not missing, "changes of these would leave an old run 'done already'"
    assert reached_by("benchmark.trials.trial") >= EXCUSED.keys(), "an excuse that nobody needs"


def test_the_environment_says_how_a_run_was_computed(landmarked: Path, tmp_path: Path) -> None:
    """No run is named by it, and a compiled training must be told from another."""
    trial = Trial.below(tmp_path, TrainConfig("s-mil", ("DF",)), load(landmarked))
    start(trial.folder, trial.config, trial.data, Machine(torch.device("cpu"), compiled=True))
    about = json.loads((trial.folder / "environment.json").read_text())
    assert (about["device"], about["compiled"], about["deterministic"]) == ("cpu", True, False)
    assert about["threads"] == torch.get_num_threads()


def test_a_methods_own_file_is_part_of_its_code_and_of_no_others() -> None:
    assert len({code_sha256(name) for name in ("s-mil", "xn-avg", "lstm")}) == 3
    assert code_sha256("xn-avg") == code_sha256("xn-max"), "one file, and the same weights"


def id_of(trained: TrainConfig, root: Path, recipe: Recipe | None = None) -> str:
    """The name of a run on a set, which may have been built by another recipe with the same tables."""
    data = load(root)
    return Trial.below(root, trained, replace(data, recipe=recipe or data.recipe)).folder.name


@pytest.fixture(scope="module")
def landmarked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set with landmarks."""
    return add_landmarks(make_set(tmp_path_factory.mktemp("identity") / "set", PAIRS, CONFIG))


@pytest.mark.parametrize("name", ["d-fwa", "x-ray", "sbi"])
def test_forgeries_by_other_landmarks_are_another_run(name: str, landmarked: Path) -> None:
    """The set's own hash is the same, and so are runs of methods that see no landmark."""
    trained = [TrainConfig(one, ("DF",), "tiny") for one in (name, "s-mil")]
    about = landmarked / "build.json"
    before, text = [id_of(one, landmarked) for one in trained], about.read_text()
    built = json.loads(text)
    built["sha256"]["landmarks.parquet"] = "0" * 64
    about.write_text(json.dumps(built))
    forged, own = (id_of(one, landmarked) for one in trained)
    about.write_text(text)
    assert own == before[1] == name_run(asdict(trained[1]), load(landmarked).sha256, code_sha256("s-mil"))
    assert forged != before[0]


def test_a_mix_that_the_recipe_draws_is_another_run_by_another_recipe(landmarked: Path) -> None:
    """By its numbers alone, and only where they are in no table."""
    own = Recipe()
    drawn = {"fraction": replace(own, fraction=0.5), "replaced": replace(own, replaced=(2, 10))}
    changed = {
        mix: [what for what, recipe in drawn.items() if id_of(one, landmarked, recipe) != id_of(one, landmarked, own)]
        for mix in ("recipe", "whole", "bernoulli", "varied")
        for one in [TrainConfig("s-mil", ("DF",), "tiny", train_mix=mix)]
    }
    assert changed == {"recipe": [], "whole": [], "bernoulli": ["fraction"], "varied": ["replaced"]}


@pytest.mark.parametrize("trained", [TrainConfig("sbi", ("DF",)), TrainConfig("s-mil", ("DF",), train_mix="varied")])
def test_such_a_run_is_read_by_its_name(trained: TrainConfig, landmarked: Path, tmp_path: Path) -> None:
    trial = Trial.below(tmp_path, trained, load(landmarked))
    start(trial.folder, trial.config, trial.data, Machine(torch.device("cpu")))
    (trial.folder / FAILED).write_text("no reason")
    assert read_failure(trial.folder).run_id == trial.folder.name
