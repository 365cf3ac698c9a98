"""Fetches a packed model from a hub: ``hf://user/name``, or ``hf://user/name@revision``."""

import re
import socket
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from benchmark.models.packed import PACKED, WEIGHTS, read_packed
from ffpms.errors import ConfigError, ManifestError, first_line

SCHEME = "hf://"
_PATIENCE_S = 5.0
"""Seconds in which the hub has to answer."""
_PLACE = re.compile(r"([A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})(?:@((?!.*\.\.)[\w.][\w./-]{0,127}))?", re.ASCII)


def hub_address(where: str | Path) -> str:
    """Returns the address of a model on a hub, or '' for a path.

    Example:
        >>> hub_address("hf://user/name"), hub_address("runs/s-mil-75d02caf0dba")
        ('hf://user/name', '')
    """
    text = Path(where).as_posix() if isinstance(where, Path) else where
    scheme, found, place = text.partition(":/")  # a Path has one slash left
    return f"{SCHEME}{place.lstrip('/')}" if found and scheme == "hf" else ""


def fetch(address: str) -> Path:
    """Fetches config.json and the weights that it names, and returns their folder in the cache.

    What was fetched before needs no network. The weights are fetched only if config.json is one
    of ours.

    Raises:
        ConfigError: the address is none, or the hub cannot be reached.
        ManifestError: there is no such model, or it is none of ours.
    """
    found = _PLACE.fullmatch(address.removeprefix(SCHEME))
    if not found:
        raise ConfigError(f"{address}: no address of a model; write hf://user/name, or hf://user/name@revision")
    repo, revision = found.groups()
    config = _fetch_file(address, repo, PACKED, revision)
    read_packed(config, linked=True)
    _fetch_file(address, repo, WEIGHTS, config.parent.name)  # of the same commit
    return config.parent


def _fetch_file(address: str, repo: str, name: str, revision: str | None) -> Path:
    from huggingface_hub import errors, hf_hub_download

    try:
        offline = not _is_reachable()
        return Path(hf_hub_download(repo, name, revision=revision, library_name="ffpms", local_files_only=offline))
    except errors.RevisionNotFoundError:
        raise ManifestError(f"{address}: the hub knows no such revision; look at the model's page") from None
    except errors.GatedRepoError:
        todo = "agree to its terms on its page, then run 'hf auth login'"
        raise ManifestError(f"{address}: its owner lets nobody have it unasked; {todo}") from None
    except errors.RepositoryNotFoundError:
        todo = "check the name, or run 'hf auth login'"
        raise ManifestError(f"{address}: the hub knows no such model, or it is private; {todo}") from None
    except errors.LocalEntryNotFoundError:
        what = "the hub could not be reached, and the model was not fetched before"
        raise ConfigError(f"{address}: {what}; connect to the network, or give a packed folder") from None
    except errors.EntryNotFoundError:
        raise ManifestError(f"{address}: has no {name}, so 'ffpms pack' did not make it; give a packed model") from None
    except (errors.HfHubHTTPError, errors.HFValidationError, OSError, ValueError) as error:
        raise ConfigError(f"{address}: cannot be fetched ({first_line(error)[:200]}); try again later") from None


def _is_reachable() -> bool:
    """Whether the hub's host answers; the library itself would try again for half a minute.

    A proxy may reach what we cannot; then the library is left to find out.
    """
    from huggingface_hub import constants

    hub = urlsplit(constants.ENDPOINT)
    if getproxies():
        return True
    try:
        socket.create_connection((hub.hostname, hub.port or hub.scheme), timeout=_PATIENCE_S).close()
    except OSError:
        return False
    return True
