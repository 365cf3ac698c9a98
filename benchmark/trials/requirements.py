"""Requirements: refuses bags that a method cannot be trained on or score."""

from collections.abc import Sequence

from benchmark.train_config import TrainConfig
from detectors import method
from detectors.options import faces_asked
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError
from ffpms.schema import Split


def check_set(name: str, data: BuiltSet) -> None:
    """Checks that a set has what a method learns from.

    Raises:
        ManifestError: the method makes forgeries by landmarks, and the set has none.
        ConfigError: see :func:`check_order`.
    """
    if method(name).training_data != "bags":
        data.landmarks()
    check_order(name, data.crowded, str(data.place))


def check_order(name: str, crowded: Sequence[str], where: str) -> None:
    """Checks that faces have one order in time, if the method sees their order.

    ``crowded`` are the bags of ``where`` with several people in a frame. Faces of the same frame
    have no order, and one person's sequence would be cut by another's.

    Raises:
        ConfigError: the method sees the order, and a bag is crowded.
    """
    if crowded and method(name).ordered:
        raise ConfigError(
            f"{name}: sees the order of faces, and {where} has several people in a frame (in {len(crowded)} of its"
            f" bags, such as {crowded[0]}); build it with --faces main, or choose methods whatever the order of faces"
        )


def check_faces(config: TrainConfig, data: BuiltSet) -> None:
    """Checks that training shows as many faces of a bag as each given option asks for.

    With fewer, other values of the option would train the same detector.

    Raises:
        ConfigError: training shows fewer, or no train bag has as many.
    """
    known, given = method(config.method), config.option_values
    for key, asked in faces_asked(known.name, known.factory, given).items():
        most = max((len(bag.crops) for bag in data.bags(Split.TRAIN, config.manipulations)), default=0)
        if asked > min(config.train_frames, most):
            raise ConfigError(
                f"{known.name}: {key} = {given[key]} takes {asked} faces of a bag, {_why_fewer(config, asked, most)}"
            )


def _why_fewer(config: TrainConfig, asked: int, most: int) -> str:
    """Returns why training shows fewer faces of a bag than are asked for, and what to do."""
    if asked > most:
        return f"and no train bag has more than {most}; take less"
    return f"and training shows {config.train_frames}; take less, or --train-frames {asked}"
