"""Preflight: finds what keeps a trial from running, before any is trained."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmark.train_config import TrainConfig
from benchmark.trials.failures import end_all, explain, is_crash, note_failure
from benchmark.trials.requirements import check_faces, check_set
from benchmark.trials.shared_resources import Resources
from benchmark.trials.trial import Trial, make_detector
from detectors import method
from detectors.backbones import Weights
from detectors.errors import BackboneError
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError
from ffpms.schema import Split, Status


@dataclass(frozen=True, eq=False)
class _Fault:
    """Why a trial cannot run, and the other set in which that lies, if it does."""

    trial: Trial
    error: BaseException
    test: BuiltSet | None = None


def check_splits(sets: Iterable[BuiltSet], splits: Sequence[Split] = tuple(Split)) -> None:
    """Checks, before hours of training, that no split lacks a class."""
    for data in {data.sha256: data for data in sets}.values():
        for split in splits:
            bags = data.bags(split, data.manipulations)
            if {bag.label for bag in bags if bag.crops} != {0, 1}:
                why = _why_none(data, split, splits)
                raise ConfigError(f"{data.place}: no real and fake {split} bags with faces; {why}")


def _why_none(data: BuiltSet, split: str, splits: Sequence[str]) -> str:
    """Returns what keeps a split from being used, and what to do.

    Either it was not built, or its videos could not be used.
    """
    own = data.videos.loc[data.videos["split"] == split, "status"]
    bad = own[own != Status.OK]
    if bad.empty:
        return f"build with --split {','.join(reversed(splits))}"
    status = bad.value_counts().index[0]
    return f"of {len(own)} bags {len(bad)} are not ok, most often {status}; see README.md there, then build again"


def check_methods(trials: Sequence[Trial], resources: Resources, some_done: bool = False) -> dict[Trial, str]:
    """Makes each detector once, before any is trained, and checks that its set has what it needs.

    Returns why for each trial that cannot run. One whose method's own code fails is marked as
    failed. Without one that can run this is an error, unless ``some_done`` says that others of the
    grid are done.

    Raises:
        DetectorError: none can be made.
        ManifestError: the sets lack what they all learn from, or are not what was built.
        ConfigError: all see the order of faces, and the sets have several people in a frame; or
            all have an option that asks for more faces than training shows of a bag.
        StorageError: the disk takes nothing more.
    """
    found = list(_faults(trials, resources))
    faults = {fault.trial: fault.error for fault in found}
    if not some_done and faults and len(faults) == len(trials) and not any(map(is_crash, faults.values())):
        raise next(iter(faults.values()))
    reasons = {trial: explain(fault, trial.config) for trial, fault in faults.items()}
    for fault in found:
        if is_crash(fault.error) and resources.machine.ranks.first:
            note_failure(fault.trial, reasons[fault.trial], resources.machine, fault.error, fault.test)
    return reasons


def _faults(trials: Sequence[Trial], resources: Resources) -> Iterable[_Fault]:
    """Yields the reasons why a trial cannot run.

    They lie in its detector, whatever its seed and manipulations, or in its set.
    """
    made: dict[tuple[TrainConfig, int], BaseException | None] = {}
    missing: dict[tuple[object, ...], BackboneError] = {}
    left = []
    for trial in trials:
        if trial.needs_no_backbone:
            left.append(trial)
            continue
        origin = replace(trial.config, seed=0, manipulations=()), trial.data.side
        if origin not in made:
            made[origin] = _try_making(replace(trial, config=origin[0]), resources.weights, missing)
        fault = made[origin] or _try(partial(_check_needs, trial), trial.folder)
        if fault:
            yield _Fault(trial, fault)
        else:
            left.append(trial)
    opened: dict[tuple[str, int], BaseException | None] = {}
    for trial in left:
        sets = {(data.sha256, len(data.crops)): data for data in trial.shows_pixels}
        for key in sets.keys() - opened.keys():
            opened[key] = _try_opening(sets[key], trial.folder, resources)
        for key, data in sets.items():
            if fault := opened[key]:
                yield _Fault(trial, fault, None if data is trial.data else data)
                break


def _check_needs(trial: Trial) -> None:
    """Checks that a trial's set has what its method and its options need."""
    check_set(trial.config.method, trial.data)
    check_faces(trial.config, trial.data)


def _try(step: Callable[[], object], folder: Path) -> BaseException | None:
    """Returns the error of a step, if it has one and that is not one that ends all."""
    try:
        step()
    except BaseException as error:
        end_all(error, folder)
        return error
    return None


def _try_making(
    trial: Trial, weights: Mapping[str, Weights], missing: dict[tuple[object, ...], BackboneError]
) -> BaseException | None:
    """Returns why a detector cannot be made, if so; a hub out of reach is asked once."""
    config, side = trial.config, trial.data.side
    weights_of = config.backbone, config.pretrained, config.weights_sha256
    backbone = (method(config.method).stem, *weights_of, config.input_size, side)
    if backbone in missing:
        return missing[backbone]
    fault = _try(lambda: (trial.teacher, make_detector(config, weights, side)), trial.folder)
    if isinstance(fault, BackboneError):
        missing[backbone] = fault
    return fault


def _try_opening(data: BuiltSet, folder: Path, resources: Resources) -> BaseException | None:
    """Returns why the faces of a set cannot be read, if so.

    A rank of several raises it, for the others wait.
    """
    if resources.machine.ranks.world > 1:
        resources.faces(data)
        return None
    return _try(partial(resources.faces, data), folder)
