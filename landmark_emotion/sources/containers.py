"""Whether a video file ends in the middle of its data, judged by the structure of its container.

OpenCV does not say why frames stop coming, and the number of frames that a container announces is
only a hint: edit lists hide frames and variable frame rates make it an estimate. The sizes of the
elements that an MP4, MOV, Matroska, WebM or AVI file consists of are no estimates: if one reaches
beyond the end of the file, the file is cut off.
"""

import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_MOST_INDEX = 2**26  # bytes of a movie's index that are looked at
_SLACK = 4  # bytes that may be missing at the end without any loss, such as padding

_MP4 = re.compile(rb"....(ftyp|moov|mdat|free|wide|skip)", re.DOTALL)
_MATROSKA, _RIFF = b"\x1a\x45\xdf\xa3", b"RIFF"
# ASF, FLV, Ogg, MPEG and its transport stream, with a packet's time stamp or without.
_OTHERS = re.compile(
    rb"\x30\x26\xb2\x75|FLV|OggS|\0\0\x01[\xba\xb3]|G.{187}G|.{4}G.{191}G", re.DOTALL
)

_VIDEO_TRACK = re.compile(rb"hdlr.{8}vide", re.DOTALL)

# EBML elements that are entered if their size is unknown, as in live recordings.
_SEGMENT, _CLUSTER = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"


def is_video(path: Path) -> bool:
    """Return whether a file begins like a video container."""
    with path.open("rb") as file:
        head = file.read(400)
    return _has_elements(head) or _OTHERS.match(head) is not None


def knows_its_end(path: Path) -> bool:
    """Return whether `is_cut_off` knows the structure of a file's container."""
    with path.open("rb") as file:
        return _has_elements(file.read(32))


def is_cut_off(path: Path) -> bool:
    """Return whether an MP4, MOV, Matroska, WebM or AVI file ends in the middle of an element.

    The answer is False if the container or its structure is unknown.
    """
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END) + _SLACK
        return any(start + size > end for start, size, _ in _elements(file))


def counts_frames(path: Path) -> bool:
    """Return whether the number of frames that a video file announces must come out of it.

    It must for an MP4 or MOV file that lists every frame and whose edit list, if any, shows them
    all.
    """
    with path.open("rb") as file:
        for start, size, head in _elements(file):
            if head[4:8] == b"moov":
                file.seek(start)
                return _shows_whole_track(file.read(min(size, _MOST_INDEX)))
    return False


def _has_elements(head: bytes) -> bool:
    return _MP4.match(head) is not None or head.startswith((_MATROSKA, _RIFF))


def _elements(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Yield start, size and first bytes of each element, as far as the structure is known."""
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(32)
    measure = _ebml_size if head.startswith(_MATROSKA) else _riff_size
    if _MP4.match(head):
        measure = _mp4_size
    start = 0
    while start < end and (size := measure(head)):
        yield start, size, head
        start += size
        file.seek(min(start, end))
        head = file.read(32)


# These return the size of the element with the given first bytes; 0 if it is unknown.


def _mp4_size(head: bytes) -> int:
    size, kind = int.from_bytes(head[:4], "big"), head[4:8]
    if not (len(kind) == 4 and kind.isascii() and kind.decode().isprintable()):
        return 0
    return int.from_bytes(head[8:16], "big") if size == 1 else size


def _riff_size(head: bytes) -> int:
    size = int.from_bytes(head[4:8], "little")
    if not head.startswith(_RIFF) or size in (0, 2**32 - 1):  # unknown while being recorded
        return 0
    return 8 + size + size % 2


def _ebml_size(head: bytes) -> int:
    id_length = 9 - head[0].bit_length()
    if id_length > 4 or len(head) <= id_length:
        return 0
    size_length = 9 - head[id_length].bit_length()
    end = id_length + size_length
    if size_length > 8 or len(head) < end:
        return 0
    unknown = (1 << 7 * size_length) - 1
    size = int.from_bytes(head[id_length:end], "big") & unknown
    if size == unknown:
        return end if head[:id_length] in (_SEGMENT, _CLUSTER) else 0
    return end + size


def _shows_whole_track(movie: bytes) -> bool:
    """Return whether the video track of a movie box is shown for as long as its frames last."""
    # Boxes are found by their names, which consist of four letters and do not occur by chance.
    head, *tracks = movie.split(b"trak")
    video = next((track for track in tracks if _VIDEO_TRACK.search(track)), b"")
    if b"mvex" in movie:  # its fragments list more frames
        return False
    try:
        movie_scale, _ = _time_scale(head.partition(b"mvhd")[2])
        header = video.partition(b"tkhd")[2]
        form, place = (">Q", 28) if header[0] else (">I", 20)
        (shown,) = struct.unpack_from(form, header, place)
        scale, duration = _time_scale(video.partition(b"mdhd")[2])
        return bool(shown / movie_scale > 0.98 * duration / scale)
    except (struct.error, IndexError, ZeroDivisionError):
        return False


def _time_scale(header: bytes) -> tuple[int, int]:
    """Return units per second and the duration in them, of a movie or a media header."""
    form, place = (">IQ", 20) if header[0] else (">II", 12)
    scale, duration = struct.unpack_from(form, header, place)
    return scale, duration
