"""Wording: what a verdict says, in one line a file, and no more than holds."""

from collections.abc import Sequence

from benchmark.inference.verdict import FileVerdict, Track
from benchmark.models.trained_model import TrainedOn
from ffpms.checks import printable

_MANY = 100
"""Number of videos from which on a share is given in percent."""

_MAX_SPANS = 4
"""Number of spans of seconds that are named of a person."""

NO_VERDICT = {
    "no_face": "no face",
    "no_video": "no video",
    "too_short": "too short",
    "unreadable": "unreadable",
}


def introduce(name: str, trained_on: TrainedOn) -> str:
    """Says once what the scores rest on, and how little that is."""
    kinds = ", ".join(trained_on.manipulations)
    return (
        f"{name}, trained on {trained_on.dataset} ({kinds}) and calibrated on its val videos: what it says of other"
        " videos and other fakes is a hint, no proof"
    )


def describe(verdict: FileVerdict) -> str:
    """Says in one line what a model finds in a file.

    Example:
        >>> about = {"run": "s-mil-1", "trained_on": "FFPMS", "threshold": 0.5, "n_real_val": 12}
        >>> sound = FileVerdict("a.mp4", "no_video", "no video is in it", None, (), **about)
        >>> describe(sound)
        'a.mp4: no verdict (no video): no video is in it'
        >>> real = FileVerdict("b.mp4", "ok", "", 0.2, (), **about, real_val_as_high=7)
        >>> describe(real).split("; ")[0]
        'b.mp4: 0.20, does not look fake (0.50 or more would)'
    """
    path = printable(verdict.path)
    if verdict.probability is None:
        return f"{path}: no verdict ({NO_VERDICT[verdict.status]}): {printable(verdict.error)}"
    prob, limit = _apart(verdict.probability, verdict.threshold)
    who = f": {_people(verdict)}" if verdict.looks_fake else f" ({limit} or more would)"
    looks = "looks fake" if verdict.looks_fake else "does not look fake"
    parts = [f"{prob}, {looks}{who}", compare(verdict), verdict.error]
    return f"{path}: {'; '.join(filter(None, parts))}"


def _apart(prob: float, threshold: float) -> tuple[str, str]:
    """Writes a probability and a threshold with as many digits as tell them apart, two or more."""
    for digits in range(2, 6):
        written = f"{prob:.{digits}f}", f"{threshold:.{digits}f}"
        if written[0] != written[1]:
            break
    return written


def compare(verdict: FileVerdict) -> str:
    """Says how many real val videos score as high: what the probability means.

    Of several people it is the highest, which is high more often than that of one person.

    Example:
        >>> about = {"run": "", "threshold": 0.5, "n_real_val": 140, "real_val_as_high": 8}
        >>> compare(FileVerdict("a.mp4", "ok", "", 0.8, (), trained_on="FFPMS", **about))
        'of 140 real val videos of FFPMS, 6 % score as high'
    """
    if verdict.real_val_as_high is None or not verdict.n_real_val:
        return "there is no real val video to compare it with"
    n, total = verdict.real_val_as_high, verdict.n_real_val
    share = f"{_share(n, total)} score" if total >= _MANY else f"{n or 'none'} score{'s' if n < 2 else ''}"
    people = f" (the highest of {len(verdict.tracks)} people)" if len(verdict.tracks) > 1 else ""
    return f"of {total} real val videos of {verdict.trained_on}, {share} as high{people}"


def _share(n: int, total: int) -> str:
    """Writes a share in percent; a few are not rounded to none, nor most to all."""
    if n and 100 * n < total:
        return "under 1 %"
    return "over 99 %" if total > n and 100 * n > 99 * total else f"{100 * n / total:.0f} %"


def _people(verdict: FileVerdict) -> str:
    alone = len(verdict.tracks) == 1
    return ", ".join(f"{_name(track, alone)} {seconds_of(track, verdict.sampled)}" for track in verdict.fake_tracks)


def _name(track: Track, alone: bool) -> str:
    return "the person" if alone else f"person {track.track_id} ({track.probability:.2f})"


def seconds_of(track: Track, sampled: Sequence[float]) -> str:
    """Says in which seconds a person looks fake, by the seconds of the frames looked at.

    Example:
        >>> from benchmark.inference.verdict import FrameScore
        >>> probs = [0.9, 0.8, 0.2]
        >>> frames = [FrameScore(i, i / 2, p, None, (0, 0, 9, 9)) for i, p in enumerate(probs)]
        >>> seconds_of(Track(0, 0.9, tuple(frames)), sampled=(0, 0.5, 1))
        'at 0.0-0.5 s'
    """
    spans = track.fake_spans(sampled)
    if not spans:
        highest = max(track.frames, key=lambda frame: frame.probability)
        return f"as a whole, no single frame (the highest at {highest.seconds:.1f} s)"
    times = sampled or [frame.seconds for frame in track.frames]
    if spans == [(times[0], times[-1])]:
        return "throughout"
    named = [f"{a:.1f}" if f"{a:.1f}" == f"{b:.1f}" else f"{a:.1f}-{b:.1f}" for a, b in spans[:_MAX_SPANS]]
    more = f" and {len(spans) - _MAX_SPANS} more times" if len(spans) > _MAX_SPANS else ""
    return f"at {', '.join(named)} s{more}"
