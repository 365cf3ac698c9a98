"""Planning: finds which parts of an experiment the given sets allow, and notes the others."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.experiments.catalogue import ANY, Experiment
from benchmark.leaderboards.paper import read_paper
from benchmark.train_config import TrainConfig
from benchmark.trials.requirements import check_set
from detectors import method
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.loading import load
from ffpms.errors import ConfigError, ManifestError
from ffpms.protocol.listing import mixable
from ffpms.protocol.v1_manifest import paper_compression


@dataclass(frozen=True)
class Part:
    """A set of an experiment, and the methods on it."""

    data: BuiltSet
    methods: tuple[str, ...]


def plan_experiment(
    experiment: Experiment, roots: Sequence[Path], chosen: Sequence[str] = (), tests: Sequence[BuiltSet] = ()
) -> tuple[list[Part], list[str]]:
    """Plans the parts that the sets allow; returns them, and one note for each part they do not.

    ``chosen`` methods replace the paper's. ``tests`` are the other sets that will be scored.

    Raises:
        ConfigError: two sets of a paper's experiment have the same compression, or nothing of the
            experiment is possible. Or it is of segments, and a set has none.
        ManifestError: a set cannot be read.
    """
    sets = _load_sets(experiment, roots)
    if experiment.segments:
        for data in (*sets, *tests):
            _check_segments(data)
    notes = [note for corpus in experiment.corpora for note in _note_corpus(experiment, corpus, tests)]
    parts = []
    for data in sets:
        known = experiment.methods.get(data.recipe.compression) or next(iter(experiment.methods.values()))
        methods, lacking = _split_by_needs(data, tuple(chosen) or known)
        parts += [Part(data, methods)] if methods else []
        notes += _note_data(experiment, data, lacking)
    there = {ANY, *(data.recipe.compression for data in sets)}
    notes += [_note_missing(experiment, compression) for compression in experiment.methods if compression not in there]
    if not parts:
        raise ConfigError(f"experiment: nothing of it is possible; {'; '.join(notes)}")
    return parts, notes


def read_otherwise(experiment: Experiment, configs: Sequence[TrainConfig], given: Collection[str]) -> list[TrainConfig]:
    """Returns the configurations, then those of the other readings, a setting at a time.

    A setting that the user has ``given`` has no other reading.
    """
    others = [
        replace(config, **reading.settings)
        for reading in experiment.readings
        for config in configs
        if not reading.settings.keys() & set(given) and reading.concerns(config.method)
    ]
    return [*configs, *others]


def _load_sets(experiment: Experiment, roots: Sequence[Path]) -> list[BuiltSet]:
    """Loads the sets; a paper's experiment has one of each compression."""
    sets: list[BuiltSet] = []
    for root in roots:
        data = load(root, experiment.unmixed)
        compression = data.recipe.compression
        before = next((other for other in sets if other.recipe.compression == compression), None)
        if before and experiment.is_of_the_paper:
            raise ConfigError(f"data: {before.root} and {root} are both at {compression}; give one of them")
        sets.append(data)
    return sets


def _check_segments(data: BuiltSet) -> None:
    """Checks that fake frames of a set lie in segments: by its placement, or in its videos.

    Raises:
        ConfigError: they lie at random, or every frame of its fakes is fake.
    """
    fakes = data.videos[data.videos["label"] == 1]
    partial = fakes[fakes["fake_rate"] < 1]
    at_random = data.recipe.placement == "random" and mixable(partial).any()
    if at_random or partial.empty:
        what = "lie at random" if at_random else "are whole videos"
        todo = "build one with --placement segments --segments 1-3 --frames 64"
        raise ConfigError(f"data: {data.place}: its fake frames {what}, and localisation is of segments; {todo}")


def _split_by_needs(data: BuiltSet, methods: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, list[str]]]:
    """Splits methods into those that can be trained on the set, and the others by what it lacks."""
    lacking: dict[str, list[str]] = {}
    for name in methods:
        try:
            check_set(name, data)
        except ManifestError:
            lacking.setdefault("built without --landmarks", []).append(name)
        except ConfigError:
            lacking.setdefault("which has several people in a frame; build it with --faces main", []).append(name)
    left_out = {name for names in lacking.values() for name in names}
    return tuple(name for name in methods if name not in left_out), lacking


def _note_data(experiment: Experiment, data: BuiltSet, lacking: Mapping[str, list[str]]) -> list[str]:
    """Notes where a set differs from the paper's."""
    notes = [f"left out: {', '.join(names)} on {data.place}, {why}" for why, names in lacking.items()]
    if not experiment.is_of_the_paper:
        return notes
    if data.recipe.compression not in experiment.methods:
        others = ", ".join(map(paper_compression, experiment.methods))
        notes.append(f"{data.place} is at {paper_compression(data.recipe.compression)}, the experiment is of {others}")
    if data.reasons:
        which = f"{data.name} {data.sha256[:8]} at {paper_compression(data.recipe.compression)}"
        notes.append(f"{data.place} is {which}, not the paper's test set, so the paper's numbers are left out")
    return notes


def _note_corpus(experiment: Experiment, corpus: str, tests: Sequence[BuiltSet]) -> Iterator[str]:
    """Notes what the paper has of another corpus, beside the sets of it that will be scored."""
    own = [test for test in tests if test.name.startswith(corpus)]
    if not own:
        part = "curve" if experiment.curves else "column"
        yield f"not here: the paper's {part} of {corpus}; give a set of it with --test-data"
    elif not experiment.curves:
        paper = read_paper()
        column = paper[(paper["dataset"] == corpus) & (paper["metric"] == "accuracy")]
        numbers = ", ".join(
            f"{name} {100 * value:.2f}" for name, value in zip(column["method"], column["value"], strict=True)
        )
        why = "no difference is printed, since the paper's exact set and its training are not known"
        yield f"the paper's column of {corpus}, beside {', '.join(test.name for test in own)}: {numbers}; {why}"


def _note_missing(experiment: Experiment, compression: str) -> str:
    name = paper_compression(compression)
    marked = " --landmarks" if any(method(m).training_data != "bags" for m in experiment.methods[compression]) else ""
    hint = f"ffpms build --ff-root DIR --compression {name}{marked} --out ffpms-{name}"
    return f"left out: {name}, of which no set is given; '{hint}', then --data ffpms-{name} too"
