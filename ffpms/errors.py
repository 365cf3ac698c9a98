"""What can go wrong, said in one line: the file, what is wrong, what to do."""

from pathlib import Path


class FfpmsError(Exception):
    """Base of every error a user can mend; the command line prints it without a traceback and exits with 2."""


class ConfigError(FfpmsError):
    """A flag, a configuration file or an output folder does not fit."""


class ManifestError(FfpmsError):
    """A table or a split file is not what it should be."""


class MediaError(FfpmsError):
    """A video cannot be used; ``status`` says why in one of the words of :class:`ffpms.schema.Status`."""

    def __init__(self, path: Path | str, reason: str, status: str) -> None:
        super().__init__(path, reason, status)
        self.path, self.reason, self.status = path, reason, status

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"
