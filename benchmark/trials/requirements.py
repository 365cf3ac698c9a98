"""Requirements: refuses bags that a method cannot be trained on or score."""

from collections.abc import Sequence

from detectors import method
from ffpms.dataset.built_set import BuiltSet
from ffpms.errors import ConfigError


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
