"""Plugins: modules of other packages that register detectors, found by their entry points."""

import sys
import threading
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from detectors.errors import DetectorError, describe_error, on_one_line

GROUP = "ffpms.detectors"
"""The entry point group. Each entry names a module that registers detectors."""


class Plugins:
    """Imports every plugin once.

    A plugin that cannot be used leaves nothing in the registry. The next :meth:`load` tries it
    again.
    """

    def __init__(self, registered: dict[str, Any]) -> None:
        self.faults: list[str] | None = None
        self._registered = registered
        self._lock = threading.RLock()
        self._loading = False

    def load(self) -> list[str]:
        """Imports the plugins that are not imported yet.

        Returns a line for each that cannot be used.
        """
        with self._lock:
            if not self._loading:  # else a plugin asks for the methods while it is imported
                self._loading = True
                try:
                    self.faults = [fault for plugin in entry_points(group=GROUP) if (fault := self._import(plugin))]
                finally:
                    self._loading = False
            return self.faults or []

    def _import(self, plugin: EntryPoint) -> str:
        """Imports a plugin; returns why it cannot be used, or nothing."""
        registered, modules = dict(self._registered), set(sys.modules)
        try:
            plugin.load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too: a plugin costs no more than itself
            self._registered.clear()
            self._registered.update(registered)
            top = plugin.module.partition(".")[0]
            for name in set(sys.modules) - modules:
                if name.partition(".")[0] == top:
                    del sys.modules[name]
            return f"plugin {plugin.name} ({plugin.value}): {_reason(error, top)}; repair or uninstall it"
        return ""


def _reason(error: BaseException, top: str) -> str:
    if isinstance(error, DetectorError):
        return on_one_line(error)
    return f"cannot be imported: {describe_error(error, {top})}"
