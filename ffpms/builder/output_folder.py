"""OutputFolder: locks the output folder of a build and checks what it already holds."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ffpms.clutter import check_free
from ffpms.dataset.set_files import REPORT, read_report, write_report
from ffpms.errors import ConfigError, StorageError, writing
from ffpms.hashing import file_digest
from ffpms.locks import LOCK, hold_folder, names_in_work
from ffpms.protocol.flags import flag_of, with_flag
from ffpms.sources.corpora.ffpp import CORPUS as FFPP
from ffpms.storage import remove_partial

_MAY_GROW = ("limit", "splits")


@dataclass(frozen=True)
class OutputFolder:
    """The folder of a build, and the settings that a set in it must have.

    ``root`` is where the tree is now. No set is refused for it: what decides is the files' bytes.
    """

    path: Path
    settings: dict[str, Any]
    root: Path

    def is_complete(self) -> bool:
        """Whether the folder holds this very set, complete and with unchanged tables.

        Writes nothing.

        Raises:
            ConfigError: it holds something else, or a set of other settings.
            ManifestError: its ``build.json`` is damaged.
        """
        out = self.path
        if not (out / REPORT).is_file():
            check_free(out, names_in_work(out, REPORT))
            return False
        before = read_report(out)
        changed = _differences(before["config"], self.settings)
        if changed:
            raise ConfigError(f"{out}: was built with {'; '.join(changed)}; use the same again or another --out")
        return bool(before["complete"]) and before["config"] == self.settings and _tables_are_whole(out, before)

    def tree_moved(self) -> bool:
        """Whether the tree lay elsewhere when the folder's build began, or when it last ended."""
        return (self.path / REPORT).is_file() and read_report(self.path).get("ff_root") != str(self.root)

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Locks the folder against other builds until this one ends.

        The operating system drops the lock of a dead process.

        Raises:
            ConfigError: another build runs in the folder, or has just begun one of other settings.
            StorageError: the folder cannot be written to.
        """
        with self._locked():
            self.is_complete()
            self._begin()
            yield

    def note_place(self) -> None:
        """Notes in a complete set where its tree lies now, so that no later call hashes it again.

        A folder that cannot be written to, or in which another build runs, stays as it is.
        """
        if self.tree_moved():
            with suppress(ConfigError, StorageError), self._locked():
                if self.is_complete():
                    write_report(self.path, read_report(self.path) | {"ff_root": str(self.root)})

    def _locked(self) -> AbstractContextManager[None]:
        return hold_folder(self.path, self.path / LOCK, "is building in it")

    def _begin(self) -> None:
        """Writes that the set is not complete; what a kill left half written is removed."""
        out = self.path
        with writing(out):
            remove_partial(out, "*-????????")
            before = read_report(out) if (out / REPORT).is_file() else {"config": self.settings}
            root = "" if self.tree_moved() else str(self.root)  # until it ends, shards may be of two trees
            write_report(out, before | {"complete": False, "ff_root": root})


def _tables_are_whole(out: Path, report: dict[str, Any]) -> bool:
    try:
        return all(file_digest(out / name) == sha256 for name, sha256 in report["sha256"].items())
    except (OSError, KeyError):
        return False


def _differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Names the settings that differ, as flags of the command line.

    More splits or a higher limit are no difference.
    """
    found: list[str] = []
    for key, value in now.items():
        old = before.get(key)
        if isinstance(value, dict):
            found += _differences(old if isinstance(old, dict) else {}, value)
        elif old != value and not (key in _MAY_GROW and _grows(old, value)):
            hidden = key.endswith("sha256")
            both = f"{with_flag(key, old)}, not {with_flag(key, value)}"
            found.append(f"another version of {_hidden_name(key, now)}" if hidden else both)
    return found


def _hidden_name(key: str, settings: dict[str, Any]) -> str:
    """Names a setting of which only the hash is stored."""
    of_pairs = settings.get("corpus", FFPP.name) == FFPP.name
    return flag_of(key) if of_pairs or key != "pairs_sha256" else "the list of videos"


def _grows(old: Any, new: Any) -> bool:
    if isinstance(new, list):
        return set(old or []) <= set(new)
    return old is not None and (new is None or new > old)
