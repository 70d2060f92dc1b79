"""Whether a video file ends in the middle of its data, judged by the structure of its container.

OpenCV does not say why frames stop coming, and the number of frames that a container announces is
only a hint: edit lists hide frames and variable frame rates make it an estimate. The sizes of the
elements that a container consists of are no estimates: if one reaches beyond the end of the file,
the file is cut off.
"""

import io
import os
import struct
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

_MOST_INDEX = 2**26  # bytes of a movie's index that are looked at
_SLACK = 4  # bytes that may be missing at the end without any loss, such as padding

_TS_PACKETS = {0: 188, 4: 192}  # where the first synchronization byte is, and the packet's size

# EBML elements that are entered if their size is unknown, as in live recordings.
_SEGMENT, _CLUSTER = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"

_Measure = Callable[[BinaryIO, bytes], int | None]
"""Returns the size of the element that starts with the given bytes; None if it is not one."""


def is_video(path: Path) -> bool:
    """Return whether a file begins like a container of a kind that this module knows.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(400)
    return _kind(head) is not None or head[:4] in (b"\0\0\1\xba", b"\0\0\1\xb3")  # MPEG


def is_cut_off(path: Path) -> bool:
    """Return whether a video file ends in the middle of an element of its container.

    Parameters
    ----------
    path : Path
        An MP4, MOV, Matroska, WebM, AVI, MPEG-TS, ASF, FLV or Ogg file.

    Returns
    -------
    bool
        False also if the kind or the structure of the file is unknown.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(400)
        size = file.seek(0, os.SEEK_END)
        kind = _kind(head)
        if kind is None:
            return False
        start, measure = kind
        if isinstance(measure, int):
            return size % measure != 0
        place = start
        while place < size:
            file.seek(place)
            length = measure(file, file.read(32))
            if length is None or length <= 0:
                return False
            place += length
        return place > size + _SLACK


def counts_frames(path: Path) -> bool:
    """Return whether the number of frames that a video file announces must come out of it.

    Returns
    -------
    bool
        True for an MP4 or MOV file that lists every frame and whose edit list, if any, shows them
        all.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        if _kind(file.read(400)) != (0, _mp4_box):
            return False
        file.seek(0)
        movie = next((_read(file, size) for kind, size in _mp4_boxes(file) if kind == b"moov"), b"")
    try:
        return _shows_whole_track(movie)
    except (struct.error, IndexError, ZeroDivisionError):
        return False


def _mp4_boxes(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield kind and size of each box, with the file at the start of its content."""
    place = file.tell()
    while head := file.read(16):
        size = _mp4_box(file, head)
        if not size or size < 8:
            return
        file.seek(place + (16 if head[:4] == b"\0\0\0\1" else 8))
        yield head[4:8], size - (file.tell() - place)
        place += size
        file.seek(place)


def _read(file: BinaryIO, size: int) -> bytes:
    return file.read(min(size, _MOST_INDEX))


def _children(content: bytes) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = defaultdict(list)
    with io.BytesIO(content) as file:
        for kind, size in _mp4_boxes(file):
            found[kind].append(file.read(size))
    return found


def _shows_whole_track(movie: bytes) -> bool:
    """Return whether the video track of a movie box is shown for as long as its frames last."""
    boxes = _children(movie)
    if b"mvex" in boxes:  # its fragments list more frames
        return False
    movie_scale, _ = _time_scale(boxes[b"mvhd"][0])
    for track in map(_children, boxes[b"trak"]):
        media = _children(track[b"mdia"][0])
        if media[b"hdlr"][0][8:12] == b"vide":
            header = track[b"tkhd"][0]
            form, place = (">Q", 28) if header[0] else (">I", 20)
            (shown,) = struct.unpack_from(form, header, place)
            scale, duration = _time_scale(media[b"mdhd"][0])
            return bool(shown / movie_scale > 0.98 * duration / scale)
    return False


def _time_scale(header: bytes) -> tuple[int, int]:
    """Return units per second and the duration in them, of a movie or a media header."""
    form, place = (">IQ", 20) if header[0] else (">II", 12)
    scale, duration = struct.unpack_from(form, header, place)
    return scale, duration


def _kind(head: bytes) -> tuple[int, _Measure | int] | None:
    """Return where a file's first element starts and what measures elements, or their size."""
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip"):
        return 0, _mp4_box
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return 0, _ebml_element
    if head.startswith(b"RIFF"):
        return 0, _riff_chunk
    if head.startswith(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"):
        return 0, _asf_object
    if head.startswith(b"FLV"):
        return 13, _flv_tag
    if head.startswith(b"OggS"):
        return 0, _ogg_page
    for sync, size in _TS_PACKETS.items():
        if head[sync::size][:2] == b"GG":
            return 0, size
    return None


def _mp4_box(_: BinaryIO, head: bytes) -> int | None:
    size, kind = int.from_bytes(head[:4], "big"), head[4:8]
    if not (len(kind) == 4 and kind.isascii() and kind.decode().isprintable()):
        return None
    return int.from_bytes(head[8:16], "big") if size == 1 else size


def _riff_chunk(_: BinaryIO, head: bytes) -> int | None:
    size = int.from_bytes(head[4:8], "little")
    if not head.startswith(b"RIFF") or size in (0, 2**32 - 1):  # unknown while being recorded
        return None
    return 8 + size + size % 2


def _asf_object(_: BinaryIO, head: bytes) -> int | None:
    return int.from_bytes(head[16:24], "little") if len(head) >= 24 else None


def _flv_tag(_: BinaryIO, head: bytes) -> int | None:
    return 15 + int.from_bytes(head[1:4], "big") if head[0] in (8, 9, 18) else None


def _ogg_page(file: BinaryIO, head: bytes) -> int | None:
    if not head.startswith(b"OggS") or len(head) < 27:
        return None
    file.seek(27 - len(head), os.SEEK_CUR)
    n_segments = head[26]
    return 27 + n_segments + sum(file.read(n_segments))


def _ebml_element(_: BinaryIO, head: bytes) -> int | None:
    id_length = 9 - head[0].bit_length()
    if id_length > 4 or len(head) <= id_length:
        return None
    size_length = 9 - head[id_length].bit_length()
    end = id_length + size_length
    if size_length > 8 or len(head) < end:
        return None
    unknown = (1 << 7 * size_length) - 1
    size = int.from_bytes(head[id_length:end], "big") & unknown
    if size == unknown:
        return end if head[:id_length] in (_SEGMENT, _CLUSTER) else None
    return end + size
