"""Prediction on video files: finds people in worker processes and scores their faces here."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmark.inference.crop_folder import crop_folder
from benchmark.inference.judge import Judge
from benchmark.inference.verdict import FileVerdict
from benchmark.inference.verdict_table import VerdictTable
from benchmark.models.loading import open_model
from benchmark.models.trained_model import TrainedModel
from ffpms import __version__
from ffpms.engine import Died, on_processes
from ffpms.extraction.people import FoundPeople
from ffpms.extraction.people_job import PeopleJob, explain_death, find_job_people, run_people_job
from ffpms.extraction.sampling import Sampling
from ffpms.extraction.video_paths import list_videos

Paths = str | Path | Iterable[str | Path]


def predict(
    paths: Paths,
    run: str | Path | TrainedModel,
    *,
    frames: int | None = None,
    every: float | None = None,
    workers: int = 0,
    device: str = "auto",
    csv: str | Path | None = None,
) -> list[FileVerdict]:
    """Scores video files, person by person, with a trained model.

    Args:
        paths: files, or folders with videos in them at any depth.
        run: a folder that :func:`benchmark.open_model` opens, or the model itself.
        frames: number of frames looked at, uniform over the video; by default as many as the
            videos had on which the model was trained.
        every: instead, look at one frame in this number of seconds.
        workers: processes that decode and find faces; 0 does so in this process.
        device: where to score: ``auto`` is the first GPU, else the CPU.
        csv: a table with a row a file; files that are done in it are not looked at again.

    A file that cannot be used has a verdict without a probability, whose ``status`` and ``error``
    say why.

    Raises:
        ConfigError: a path is not there, or a value is out of range.
        ManifestError: the model's files are damaged.

    Example:
        >>> video = "minicorpus/original_sequences/youtube/c40/videos/000.mp4"
        >>> verdict, = benchmark.predict(video, next(Path("runs").glob("s-mil-*")))
        >>> verdict.status, len(verdict.tracks), len(verdict.tracks[0].frames)
        ('ok', 1, 20)
    """
    files = list_videos([Path(paths)] if isinstance(paths, str | Path) else list(map(Path, paths)))
    model = run if isinstance(run, TrainedModel) else open_model(run, device)
    sampling = make_sampling(model, frames, every)
    verdicts = predict_files(files, model, sampling, workers, Path(csv) if csv else None)
    by_path = {verdict.path: verdict for verdict in verdicts}
    return [by_path[str(file)] for file in files]


def make_sampling(model: TrainedModel, frames: int | None, every: float | None) -> Sampling:
    """Makes the sampling that is asked for, by default that of the model's training set."""
    return Sampling(frames or model.preprocessing.frames, every)


def predict_files(
    files: Sequence[Path], model: TrainedModel, sampling: Sampling, workers: int = 0, csv: Path | None = None
) -> Iterator[FileVerdict]:
    """Yields the verdict of each file as it is known: first those that a table already has."""
    judge = Judge(model)
    if csv is None:
        yield from _predict_new(files, judge, sampling, workers)
        return
    with VerdictTable.open(csv, f"{sampling} ffpms={__version__}", model.run_id) as table:
        done = [(file, table.find(file)) for file in files]
        yield from (verdict for _, verdict in done if verdict)
        for verdict in _predict_new([file for file, verdict in done if not verdict], judge, sampling, workers):
            table.add(verdict)
            yield verdict


def _predict_new(files: Sequence[Path], judge: Judge, sampling: Sampling, workers: int) -> Iterator[FileVerdict]:
    with crop_folder() as folder:
        jobs = [PeopleJob(file, folder / f"{i}.faces", sampling, judge.geometry) for i, file in enumerate(files)]
        for job, found in _search(jobs, workers):
            yield judge.judge(str(job.path), found, job.crops)
            job.crops.unlink(missing_ok=True)


def _search(jobs: Iterable[PeopleJob], workers: int) -> Iterator[tuple[PeopleJob, FoundPeople]]:
    """Finds the people of each video; a file whose worker dies costs no other file anything.

    Without workers no watchdog runs, for it would end the user's own process.
    """
    if workers == 0:
        yield from ((job, find_job_people(job)) for job in jobs)
        return
    for outcome in on_processes(run_people_job, jobs, workers):
        if isinstance(outcome, Died):
            yield outcome.job, explain_death(outcome.job, outcome.cause)
        else:
            yield outcome.job, outcome.result
