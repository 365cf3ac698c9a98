"""Loading: reads a built set, as it is or with all frames of its fakes fake."""

from pathlib import Path

from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.unmixed import unmix


def load(root: str | Path, unmixed: bool = False) -> BuiltSet:
    """Reads a built set.

    Args:
        root: folder of the set, as ``ffpms build`` or :func:`ffpms.build` made it.
        unmixed: takes all frames of its fakes as fake, as in FaceForensics++ itself.

    Raises:
        ManifestError: there is none, it is not finished, or a table is damaged.

    Example:
        >>> ffpms.load("ffpms-data")
        BuiltSet('ffpms-data', Minicorpus-6-custom, 30 bags)
    """
    data = BuiltSet.load(root)
    return unmix(data) if unmixed else data
