"""Sayings: a verdict in words for pictures and pages, where a line of the terminal is too long."""

from benchmark.inference.verdict import FileVerdict, Track
from benchmark.inference.wording import NO_VERDICT
from ffpms.checks import printable

NO_PROOF = "a hint, no proof"
"""How far any verdict may be trusted."""


def percent(probability: float) -> str:
    """Writes a probability in percent; it is never rounded to certainty.

    Example:
        >>> percent(0.874), percent(0.9999), percent(0.001)
        ('87 %', 'over 99 %', 'under 1 %')
    """
    if probability > 0.99:
        return "over 99 %"
    return "under 1 %" if probability < 0.01 else f"{100 * probability:.0f} %"


def percents(probability: float, threshold: float) -> tuple[str, str]:
    """Writes a probability and a threshold so that their order is seen.

    Example:
        >>> percents(0.801, 0.8), percents(0.87, 0.5)
        (('80.1 %', '80.0 %'), ('87 %', '50 %'))
    """
    both = percent(probability), percent(threshold)
    digits = 0
    while both[0] == both[1] and probability != threshold and digits < 3:
        digits += 1
        both = f"{100 * probability:.{digits}f} %", f"{100 * threshold:.{digits}f} %"
    return both


def name_person(track: Track) -> str:
    """Names a person, as ``ffpms predict`` does."""
    return f"person {track.track_id}"


def label_person(track: Track, threshold: float) -> str:
    """Labels a person with the probability that the face is fake, on its side of the threshold.

    Example:
        >>> label_person(Track(1, 0.874, ()), 0.5), label_person(Track(1, 0.797, ()), 0.8)
        ('person 1: 87 %', 'person 1: 79.7 %')
    """
    return f"{name_person(track)}: {percents(track.probability, threshold)[0]}"


def say_looks(looks_fake: bool) -> str:
    """Says whether something looks fake."""
    return "looks fake" if looks_fake else "does not look fake"


def headline(verdict: FileVerdict) -> str:
    """Says the verdict in a line, without the file's name.

    Example:
        >>> about = {"run": "", "trained_on": "FFPMS", "threshold": 0.5, "n_real_val": 0}
        >>> headline(FileVerdict("a.mp4", "ok", "", 0.874, (), **about))
        'Looks fake: 87 %'
        >>> headline(FileVerdict("a.mp4", "no_video", "no video is in it", None, (), **about))
        'No verdict (no video): no video is in it'
    """
    if verdict.probability is None:
        return f"No verdict ({NO_VERDICT[verdict.status]}): {printable(verdict.error)}"
    looks = say_looks(bool(verdict.looks_fake))
    return f"{looks[0].upper()}{looks[1:]}: {percents(verdict.probability, verdict.threshold)[0]}"


def write_time(seconds: float) -> str:
    """Writes a time as a player does, with a tenth of a second below ten minutes.

    Example:
        >>> write_time(3.25), write_time(75), write_time(3675)
        ('0:03.2', '1:15.0', '1:01:15')
        >>> write_time(0.28), write_time(59.96)  # rounded, as where seconds are written
        ('0:00.3', '1:00.0')
    """
    minutes, rest = divmod(float(f"{seconds:.1f}"), 60)
    if minutes >= 10:
        hours, minutes = divmod(int(minutes), 60)
        return f"{hours}:{minutes:02d}:{int(rest):02d}" if hours else f"{minutes}:{int(rest):02d}"
    return f"{int(minutes)}:{rest:04.1f}"
