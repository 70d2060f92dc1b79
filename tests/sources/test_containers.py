"""Which videos are cut off; the containers are written here, so that no FFmpeg is needed."""

import shutil
import struct
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from landmark_emotion.errors import SourceError
from landmark_emotion.sources.containers import counts_frames, is_cut_off, is_video
from landmark_emotion.sources.video import frames


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def mp4(*, shown: int = 72, fragments: bool = False, wide: bool = False) -> bytes:
    """An MP4 whose video track has 72 frames, so many of which are shown, at 30 a second."""
    if wide:
        scale = struct.pack(">I16xIQ", 1 << 24, 30, 72)
        header = struct.pack(">I24xQ", 1 << 24, shown)
    else:
        scale = struct.pack(">I8xII", 0, 30, 72)
        header = struct.pack(">I16xI", 0, shown)
    media = box(b"mdhd", scale) + box(b"hdlr", bytes(8) + b"vide" + bytes(12))
    movie = box(b"mvhd", scale) + box(b"trak", box(b"tkhd", header) + box(b"mdia", media))
    movie += box(b"mvex", bytes(8)) if fragments else b""
    return box(b"ftyp", b"isom" + bytes(8)) + box(b"moov", movie) + box(b"mdat", bytes(500))


def element(kind: bytes, content: bytes, size: bytes = b"") -> bytes:
    return kind + (size or struct.pack(">Q", len(content) | 1 << 56)) + content


def matroska(*, live: bool = False) -> bytes:
    unknown = b"\x01" + b"\xff" * 7 if live else b""
    block = element(b"\xa3", bytes(100))
    cluster = element(b"\x1f\x43\xb6\x75", block * 3, unknown)
    head = element(b"\x1a\x45\xdf\xa3", bytes(20))
    return head + element(b"\x18\x53\x80\x67", cluster * 2, unknown)


def avi() -> bytes:
    return b"".join(
        b"RIFF" + struct.pack("<I", 204) + kind + bytes(200) for kind in (b"AVI ", b"AVIX")
    )


WHOLE = {
    "MP4": mp4(),
    "MP4 in fragments": mp4(fragments=True) + box(b"moof", bytes(9)) + box(b"mdat", bytes(500)),
    "MP4 to the end of the file": mp4()[:-508] + b"\0\0\0\0mdat" + bytes(99),
    "MP4 with a large size": mp4()[:-508] + b"\0\0\0\1mdat" + struct.pack(">Q", 516) + bytes(500),
    "Matroska": matroska(),
    "live WebM": matroska(live=True),
    "AVI": avi(),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_container_is_cut_off_where_an_element_is(tmp_path, kind):
    path = tmp_path / "a"
    data = WHOLE[kind]
    path.write_bytes(data)
    assert is_video(path)
    assert not is_cut_off(path)
    path.write_bytes(data[:-50])
    assert is_cut_off(path) == (kind != "MP4 to the end of the file")


@pytest.mark.parametrize("data", [b"", b"G", b"text " * 100, bytes(1000), b"RIFF\0\0\0\0AVI "])
def test_other_files_are_not_cut_off(tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    assert not is_cut_off(tmp_path / "a")
    assert not counts_frames(tmp_path / "a")


@pytest.mark.parametrize(
    "data",
    [b"OggS", b"FLV\1", b"\0\0\1\xba", (b"G" + bytes(187)) * 2, (bytes(4) + b"G" + bytes(187)) * 2],
)
def test_other_containers_are_known_by_their_beginning(tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    assert is_video(tmp_path / "a")


def test_damaged_containers_do_not_raise_errors(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "a"
    for data in WHOLE.values():
        for _ in range(50):
            spoilt = bytearray(data)
            for place in rng.integers(0, min(len(data), 300), 5):
                spoilt[place] = rng.integers(256)
            path.write_bytes(spoilt[: rng.integers(len(data))])
            assert is_cut_off(path) in (True, False)
            assert counts_frames(path) in (True, False)


@pytest.mark.parametrize("wide", [True, False])
def test_the_number_of_frames_counts_unless_an_edit_list_hides_some(tmp_path, wide):
    path = tmp_path / "a.mp4"
    for data, counts in (
        (mp4(wide=wide), True),
        (mp4(wide=wide, shown=51), False),
        (mp4(wide=wide, fragments=True), False),
        (matroska(), False),
    ):
        path.write_bytes(data)
        assert counts_frames(path) == counts


def test_a_trimmed_mp4_is_not_damaged(tmp_path):
    path = tmp_path / "trimmed.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
    for number in range(30):
        writer.write(np.full((48, 64, 3), 8 * number, dtype=np.uint8))
    writer.release()
    data = path.read_bytes()
    place = data.index(b"elst")
    entry = place + 12  # after version and number of entries: duration, start, rate
    duration, start = struct.unpack_from(">II", data, entry)
    _, length = struct.unpack_from(">II", data, data.index(b"mdhd") + 16)
    edit = struct.pack(">II", duration * 20 // 30, start + length // 3)
    trimmed = bytearray(data)
    trimmed[entry : entry + 8] = edit
    header = data.index(b"tkhd") + 4 + 20
    trimmed[header : header + 4] = edit[:4]
    path.write_bytes(trimmed)
    assert len(list(frames(path, pytest.fail))) < 25


ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="FFmpeg is not installed")

VARIABLE = "-i {} -vf select=not(mod(n\\,3))+lt(n\\,20) -fps_mode vfr -s 160x90"
REMUXED = {
    "trimmed.mp4": "-ss 0.7 -i {} -c copy",
    "trimmed.mkv": "-ss 0.7 -i {} -c copy",
    "variable.webm": f"{VARIABLE} -c:v libvpx -deadline realtime -cpu-used 8",
    "variable.mkv": f"{VARIABLE} -c:v mpeg4",
    "fast.mp4": "-i {} -c copy -movflags +faststart",
    "fragments.mp4": "-i {} -c copy -movflags frag_keyframe+empty_moov",
}


@ffmpeg
@pytest.mark.parametrize("name", REMUXED)
def test_real_videos_are_damaged_only_if_they_are_cut_off(tmp_path, real_video, name):
    path = tmp_path / name
    command = ["ffmpeg", "-v", "error", *REMUXED[name].format(real_video).split(), str(path)]
    subprocess.run(command, check=True)
    whole = len(list(frames(path, pytest.fail)))
    assert 30 < whole <= 72
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    given = []
    with pytest.raises(SourceError, match="is cut off"):  # noqa: PT012
        for frame in frames(path):
            given.append(frame.index)
    assert len(given) < whole


@ffmpeg
def test_a_video_whose_second_half_is_missing_cannot_be_decoded(tmp_path, real_video):
    path = tmp_path / "a.mp4"
    command = ["ffmpeg", "-v", "error", "-i", str(real_video), "-c", "copy", "-movflags"]
    subprocess.run([*command, "+faststart", str(path)], check=True)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))
    with pytest.raises(SourceError, match=r"cannot be decoded beyond frame \d+ of 72; get"):
        list(frames(Path(path)))
