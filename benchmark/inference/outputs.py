"""Outputs of a prediction beside its lines: annotated videos and a page."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.inference.annotation.annotate import NOT_SHOWN, Shown, annotate
from benchmark.inference.annotation.encoder import find_ffmpeg
from benchmark.inference.annotation.targets import check_no_input, choose_targets, skip_own
from benchmark.inference.page.page import render_page
from benchmark.inference.verdict import FileVerdict
from benchmark.models.trained_model import TrainedModel
from ffpms.checks import printable
from ffpms.errors import ConfigError, MediaError, writing
from ffpms.extraction.sampling import Sampling
from ffpms.progress import Log
from ffpms.storage import check_writable, write_whole


@dataclass
class Outputs:
    """What is to be written of each video, and what could not be.

    ``targets`` are the annotated videos, by the path of the video. ``log`` takes lines for a user.
    """

    files: list[Path]
    targets: dict[str, Path]
    html: Path | None
    log: Log
    shown: Shown
    verdicts: list[FileVerdict] = field(default_factory=list)
    failures: list[MediaError] = field(default_factory=list)

    @classmethod
    def plan(
        cls,
        paths: Sequence[Path],
        files: list[Path],
        annotated: Path | None,
        html: Path | None,
        log: Log,
        shown: Shown,
    ) -> "Outputs":
        """Plans the outputs, before anything is looked at.

        Raises:
            ConfigError: a name does not fit or would take the place of a video, or there is no
                ffmpeg program.
            StorageError: the page cannot be written.
        """
        targets: dict[str, Path] = {}
        if annotated:
            files = skip_own(annotated, paths, files)
            targets = choose_targets(annotated, paths, files)
            find_ffmpeg()
        if html:
            check_no_input(html, [*files, *targets.values()])
            check_writable(html)
        return cls(files, targets, html, log, shown)

    def follow(self, verdicts: Iterable[FileVerdict]) -> Iterator[FileVerdict]:
        """Passes on verdicts, and annotates each video as its verdict is known."""
        for verdict in verdicts:
            if target := self.targets.get(verdict.path):
                self._annotate(verdict, target)
            if self.html:
                self.verdicts.append(verdict)
            yield verdict

    def _annotate(self, verdict: FileVerdict, target: Path) -> None:
        if verdict.status in NOT_SHOWN:
            self.log(f"{printable(verdict.path)}: not annotated; there is no picture to draw on")
            return
        with writing(target.parent):
            target.parent.mkdir(parents=True, exist_ok=True)
        try:
            done = annotate(verdict, target, self.shown)
        except MediaError as error:
            self.failures.append(error)
            self.log(printable(str(error)))
        else:
            self.log(f"Annotated{'' if done else ' before'}: {printable(str(target))}")

    def finish(self, model: TrainedModel, sampling: Sampling) -> None:
        """Writes the page, and says what failed.

        Raises:
            ConfigError: a video was not annotated.
            StorageError: the disk does not take the page.
        """
        if self.html:
            order = {str(file): place for place, file in enumerate(self.files)}
            ordered = sorted(self.verdicts, key=lambda verdict: order[verdict.path])
            with writing(self.html.parent):
                self.html.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.html, render_page(ordered, model, sampling))
            self.log(f"Here: {printable(str(self.html))}")
        if self.failures:
            number = f"{len(self.failures)} of {len(self.targets)} videos"
            raise ConfigError(f"{self.failures[0]} ({number} were not annotated)")
