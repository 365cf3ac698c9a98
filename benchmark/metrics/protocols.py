"""Protocols: the rules of evaluation among which the metrics of segments are chosen."""

from ffpms.errors import ConfigError

ACTIVITYNET, AV_DEEPFAKE1M = "activitynet", "av-deepfake1m"
PROTOCOLS = (ACTIVITYNET, AV_DEEPFAKE1M)
"""The first is the one by which segments are scored unless another is asked for."""


def check_protocol(name: str) -> str:
    """Returns the name of a protocol.

    Raises:
        ConfigError: it is unknown.
    """
    if name not in PROTOCOLS:
        raise ConfigError(f"protocol: {name} is unknown; choose from {', '.join(PROTOCOLS)}")
    return name
