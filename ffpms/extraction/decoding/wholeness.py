"""Wholeness: tells by a file's own structure whether its end, or a part of it, is missing.

ffmpeg reads of a Matroska, WebM, AVI, GIF, Ogg or MPEG-TS file what is there, and says nothing.
Only the lengths in the file tell that something is missing. mp4 has the number of its frames.
"""

import os
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path

from ffpms.errors import MediaError
from ffpms.regular_files import open_file
from ffpms.schema import Status

AGAIN = "get it again, or save what is there as another file"


def check_structure(path: Path, kind: str) -> None:
    """Checks that the parts of a file follow each other, and end where the file does.

    ``kind`` is ffmpeg's name of it. Of kinds that are not known here nothing is said. A gap within
    the bytes of a frame is left to the decoder.

    Raises:
        MediaError: a part is missing.
    """
    parts = _PARTS.get(kind.partition(",")[0])
    if parts is None:
        return
    place = 0
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        try:
            for place in parts(file):
                if place > size:
                    raise MediaError(path, f"cut short ({size} of {place} bytes are there); {AGAIN}", Status.TRUNCATED)
        except EOFError:
            raise MediaError(
                path, f"cut short (its end, after byte {size}, is missing); {AGAIN}", Status.TRUNCATED
            ) from None
        except ValueError:
            raise MediaError(path, f"damaged at byte {place} or after it; {AGAIN}", Status.UNREADABLE) from None


def _read(file: BufferedReader, place: int, count: int) -> bytes:
    """Reads bytes at a place.

    Raises:
        EOFError: the file ends before.
    """
    file.seek(place)
    found = file.read(count)
    if len(found) < count:
        raise EOFError
    return found


def _is_end(file: BufferedReader, place: int) -> bool:
    file.seek(place)
    return not file.read(1)


_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675


def _parts_of_matroska(file: BufferedReader) -> Iterator[int]:
    """Yields the ends of a file's elements, down to the blocks of each cluster (RFC 8794, 9559).

    Live recordings leave the lengths of segment and clusters open.
    """
    place, end = 0, None
    while place != end and not (end is None and _is_end(file, place)):
        start = place
        identity, place = _number(file, place, keep_mark=True)
        length, place = _number(file, place)
        if identity == _SEGMENT and length is not None:
            yield (end := place + length)
        elif identity not in (_SEGMENT, _CLUSTER):
            if length is None:
                raise ValueError(start)
            place += length
            yield place


def _number(file: BufferedReader, place: int, keep_mark: bool = False) -> tuple[int | None, int]:
    """Reads a number of variable length, None if it is left open; returns it and its end."""
    first = _read(file, place, 1)[0]
    n_bytes = 9 - first.bit_length()
    if n_bytes > (4 if keep_mark else 8):
        raise ValueError(place)
    value = int.from_bytes(_read(file, place, n_bytes), "big")
    if keep_mark:
        return value, place + n_bytes
    value ^= 1 << 7 * n_bytes
    return (None if value == (1 << 7 * n_bytes) - 1 else value), place + n_bytes


def _parts_of_avi(file: BufferedReader) -> Iterator[int]:
    """Yields the ends of a file's RIFF chunks, and of the chunks of frames in them.

    A length of 0, or the highest, is that of a file that was written to a pipe.
    """
    place = 0
    while not _is_end(file, place):
        name, length = _read(file, place, 4), int.from_bytes(_read(file, place + 4, 4), "little")
        if name != b"RIFF" or not 0 < length < 0xFFFFFFFF:
            return
        end = place + 8 + length
        yield end
        yield from _parts_of_list(file, place + 12, end)
        place = end + end % 2


def _parts_of_list(file: BufferedReader, place: int, end: int) -> Iterator[int]:
    while place + 8 <= end:
        name, length = _read(file, place, 4), int.from_bytes(_read(file, place + 4, 4), "little")
        if not name.isascii() or not name.decode().isprintable():
            raise ValueError(place)
        is_list = name == b"LIST" and _read(file, place + 8, 4) in (b"movi", b"rec ")
        place += 12 if is_list else 8 + length + length % 2
        yield min(place, end) if is_list else place - length % 2


def _parts_of_gif(file: BufferedReader) -> Iterator[int]:
    """Yields the ends of a file's blocks, up to its end mark (GIF89a, section 18 and on)."""
    place = 13 + _colours(_read(file, 10, 1)[0])
    while (mark := _read(file, place, 1)) != b";":
        if mark == b"!":
            place += 2
        elif mark == b",":
            place += 11 + _colours(_read(file, place + 9, 1)[0])
        elif mark != b"\0":  # an end of blocks too many does no harm
            raise ValueError(place)
        else:
            place += 1
            if _read(file, place, 1) == b"\0":
                raise ValueError(place)
            continue
        while length := _read(file, place, 1)[0]:
            place += 1 + length
        place += 1
        yield place


def _colours(flags: int) -> int:
    """Returns the bytes of a table of colours, if the flags say that there is one."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _parts_of_ogg(file: BufferedReader) -> Iterator[int]:
    """Yields the ends of a file's pages (RFC 3533)."""
    place = 0
    while not _is_end(file, place):
        head = _read(file, place, 27)
        if head[:4] != b"OggS":
            raise ValueError(place)
        place += 27 + head[26] + sum(_read(file, place + 27, head[26]))
        yield place


def _parts_of_ts(file: BufferedReader) -> Iterator[int]:
    """Yields the end of a file's last packet of 188 bytes, or of 192 with a time before each."""
    for length, start in ((188, 0), (192, 4)):
        if all(_read(file, start + n * length, 1) == b"G" for n in range(2)):
            size = file.seek(0, os.SEEK_END)
            yield -(-size // length) * length
            return


_PARTS: dict[str, Callable[[BufferedReader], Iterator[int]]] = {
    "matroska": _parts_of_matroska,
    "avi": _parts_of_avi,
    "gif": _parts_of_gif,
    "ogg": _parts_of_ogg,
    "mpegts": _parts_of_ts,
}
