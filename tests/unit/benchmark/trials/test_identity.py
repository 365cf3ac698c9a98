"""Identity of a run's code: every module that a trial reaches is hashed, or excused here by name."""

from benchmark.trials.identity import CODE, code_sha256
from tests.helpers.imports import missed_by

EXCUSED = {
    "benchmark": "a docstring and names",
    "benchmark.runs": "a docstring",
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
    "ffpms.allocator": "how memory is kept, whatever is in it",
    "ffpms.cgroups": "the machine's, as with every setting of it",
    "ffpms.checks": "refuses settings; those it lets through are in config.toml or in the set",
    "ffpms.clutter": "names of no file that a trial reads",
    "ffpms.cores": "the machine's, as with every setting of it",
    **dict.fromkeys(
        ("ffpms.engine", "ffpms.engine.interface", "ffpms.engine.processes", "ffpms.engine.ray_cluster"),
        "starts processes, which draw the same in any number",
    ),
    "ffpms.errors": "what a user is told",
    "ffpms.regular_files": "opens files or refuses them, whatever they hold",
    "ffpms.storage": "how files are written and locked; it changes no byte of them",
    "ffpms.sources": "a docstring",
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


def test_a_methods_own_file_is_part_of_its_code_and_of_no_others() -> None:
    assert len({code_sha256(name) for name in ("s-mil", "xn-avg", "lstm")}) == 3
    assert code_sha256("xn-avg") == code_sha256("xn-max"), "one file, and the same weights"
