import contextlib
import errno
import functools
import http.server
import math
import socket
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from landmark_emotion.errors import SourceError, is_system_fault
from landmark_emotion.sources import video as module
from landmark_emotion.sources.video import frames

PICTURE = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)


class FakeCapture:
    """A video or camera that returns the given pictures and then fails."""

    def __init__(self, pictures=(), opened=True, n_frames=-1.0):
        self.pictures = list(pictures)
        self.opened = opened
        self.n_frames = n_frames
        self.asked_for = None
        self.released = 0

    def __call__(self, *arguments):
        self.asked_for = arguments[0]
        return self

    def isOpened(self):  # noqa: N802
        return self.opened

    def grab(self):
        self.grabbed = self.pictures.pop(0) if self.pictures else None
        return self.grabbed is not None

    def retrieve(self):
        return self.grabbed is not None, self.grabbed

    def read(self):  # of a camera
        self.grab()
        return self.retrieve()

    def get(self, _):
        return self.n_frames

    def release(self):
        self.released += 1


@pytest.fixture
def fake(monkeypatch):
    """Make OpenCV open a fake capture."""

    def install(*arguments, **options) -> FakeCapture:
        capture = FakeCapture(*arguments, **options)
        monkeypatch.setattr(cv2, "VideoCapture", capture)
        return capture

    return install


@pytest.fixture
def serve():
    """Serve a file over HTTP on the loopback interface."""
    servers = []

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def handle(self):
            with contextlib.suppress(ConnectionError):  # FFmpeg hangs up once it has enough
                super().handle()

    def start(path: Path) -> str:
        handler = functools.partial(Quiet, directory=path.parent)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = False
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        return f"http://127.0.0.1:{server.server_port}/{path.name}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def save(path: Path, picture: np.ndarray = PICTURE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix.lower(), picture)[1].tobytes())
    return path


# Videos


def test_every_frame_of_a_video_has_its_time(video):
    seen = list(frames(video))
    assert [frame.index for frame in seen] == list(range(40))
    assert [frame.time for frame in seen] == pytest.approx(np.arange(40) / 10, abs=1e-3)
    assert {frame.image.shape for frame in seen} == {(300, 400, 3)}
    assert {frame.image.dtype for frame in seen} == {np.dtype(np.uint8)}
    assert not np.array_equal(seen[0].image, seen[-1].image)


@pytest.mark.parametrize(
    ("start", "end", "indices"),
    [
        (0, 1, range(10)),
        (1.2, 1.5, range(12, 15)),
        (1.21, 1.5, range(13, 15)),
        (3.9, 99, [39]),
        (3.5, math.inf, range(35, 40)),
    ],
)
def test_frames_of_a_part_keep_the_index_and_time_of_the_whole_video(video, start, end, indices):
    whole = list(frames(video))
    part = list(frames(video, start=start, end=end))
    assert [frame.index for frame in part] == list(indices)
    for frame in part:
        assert frame.time == whole[frame.index].time
        assert np.array_equal(frame.image, whole[frame.index].image)


@pytest.mark.parametrize(
    ("start", "end", "complaint"),
    [
        (4, math.inf, r"ends at 3\.9 s, before 4 s; begin earlier"),
        (1.01, 1.05, "has no frame in so short a part; end it later"),
    ],
)
def test_a_part_without_a_frame_raises_an_error(video, here, start, end, complaint):
    for index in range(40):
        save(here / "images" / f"{index}.png")
    images = {"start": start / 2.5, "end": end / 2.5}  # 25 instead of 10 per second
    with pytest.raises(SourceError, match=complaint):
        list(frames(video, start=start, end=end))
    with pytest.raises(
        SourceError, match=complaint.replace("3\\.9", "1\\.6").replace("4 s", "1.6 s")
    ):
        list(frames("images", **images))


def test_a_part_of_a_sequence_keeps_the_numbers_of_its_images(here):
    for index in range(10):
        save(here / "images" / f"{index}.png", PICTURE + index)
    save(here / "images" / "1.png").write_bytes(b"damaged")
    notes = []
    part = list(frames("images", notes.append, start=0.1, end=0.2))
    assert [(frame.index, frame.time) for frame in part] == [(3, 0.12), (4, 0.16)]
    assert np.array_equal(part[0].image, PICTURE + 3)
    assert notes == []  # about an image outside the part


def test_a_cut_off_video_is_called_that_whichever_part_is_read(here, video):
    whole = video.read_bytes()
    (here / "cut.avi").write_bytes(whole[: len(whole) // 2])
    assert len(list(frames("cut.avi", end=0.5))) == 5
    with pytest.raises(SourceError, match="is cut off after"):
        list(frames("cut.avi", start=3.5))


def test_a_camera_has_no_parts(fake):
    fake([PICTURE] * 5)
    with pytest.raises(SourceError, match="0: is a live source; omit --from and --to"):
        list(frames(0, start=1))


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 2), (3, 2), (math.nan, 2)])
def test_a_part_that_cannot_be_is_a_mistake(video, start, end):
    with pytest.raises(ValueError, match="start must be at least 0 and below end"):
        frames(video, start=start, end=end)


def test_times_always_increase(fake, monkeypatch):
    stamps = [0.0, 40.0, 40.0, 0.0, 200.0]
    capture = fake([PICTURE] * 5)
    monkeypatch.setattr(
        capture,
        "get",
        lambda what: (
            stamps.pop(0) if what == cv2.CAP_PROP_POS_MSEC else 25.0 * (what == cv2.CAP_PROP_FPS)
        ),
    )
    times = [frame.time for frame in frames(__file__)]
    assert times == pytest.approx([0, 0.04, 0.08, 0.12, 0.2])


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("none.mp4", None, r"none\.mp4: no such video; check the path"),
        ("empty.mp4", b"", r"empty\.mp4: the file is empty; replace it"),
        ("text.mp4", b"hello " * 1000, r"text\.mp4: not a video; check the path"),
        ("noise.avi", bytes(range(256)) * 40, r"noise\.avi: not a video; check the path"),
        ("notes.txt", b"hello " * 1000, r"notes\.txt: is text, not a video; check the path"),
        ("a.heic", b"\0\0\0\x18ftypheic" + bytes(99), r"a\.heic: images of this .* as PNG or JPEG"),
        (
            "codec.mp4",
            b"\0\0\0\x18ftypisom" + bytes(12) + b"\0\0\0\x08mdat",
            r"codec\.mp4: cannot be opened, it is damaged .*; get it again, or re-encode it",
        ),
        (
            "cut.mp4",
            b"\0\0\0\x18ftypisom" + bytes(12) + b"\0\0\x08\0mdat" + bytes(99),
            r"cut\.mp4: is cut off; get the whole file",
        ),
    ],
)
def test_the_remedy_fits_what_is_not_a_video(here, name, content, complaint):
    if content is not None:
        Path(name).write_bytes(content)
    with pytest.raises(SourceError, match=complaint):
        list(frames(name))


def test_a_system_error_is_not_blamed_on_the_video(video, monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "open", fail)
    complaint = r"cannot be read \(Input/output error\); check the disk or network"
    with pytest.raises(SourceError, match=complaint) as raised:
        list(frames(video))
    assert is_system_fault(raised.value)


def test_a_truncated_video_yields_its_frames_and_raises_an_error(here, video):
    Path("cut.avi").write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    given = []
    complaint = r"cut\.avi: is cut off after \d+ frames; get the whole file"
    with pytest.raises(SourceError, match=complaint):  # noqa: PT012
        for frame in frames("cut.avi"):
            given.append(frame.index)
    assert 5 < len(given) < 40


def test_the_announced_number_of_frames_is_only_a_hint(fake):
    fake([PICTURE] * 3, n_frames=100.0)
    said = []
    assert len(list(frames(__file__, said.append))) == 3
    assert said == [
        f"note: {__file__}: ended after 3 of about 100 frames; if the file is incomplete, get the "
        "whole one"
    ]


def test_frames_that_an_mp4_lists_but_cannot_decode_raise_an_error(fake, tmp_path):
    path = tmp_path / "a.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
    for number in range(30):
        writer.write(np.full((48, 64, 3), number, dtype=np.uint8))
    writer.release()
    assert len(list(frames(path))) == 30
    fake([PICTURE] * 20, n_frames=30.0)
    complaint = r"a\.mp4: cannot be decoded beyond frame 20 of 30; get it again, or re-encode it"
    with pytest.raises(SourceError, match=complaint):
        list(frames(path))


def test_a_video_without_a_frame_raises_an_error(fake):
    capture = fake([])
    with pytest.raises(SourceError, match="has no frame that can be decoded; get it again, or re"):
        list(frames(__file__))
    assert capture.released == 1


@pytest.mark.parametrize("end", ["exhausted", "closed", "error"])
def test_a_video_is_always_released(fake, end):
    capture = fake([PICTURE] * 3)
    capture.get = lambda _: 0.0
    opened = frames(__file__)
    next(opened)
    assert capture.released == 0
    if end == "exhausted":
        assert len(list(opened)) == 2
    elif end == "closed":
        opened.close()
    else:
        with pytest.raises(ZeroDivisionError):
            opened.throw(ZeroDivisionError)
    assert capture.released == 1


# Cameras


@pytest.mark.parametrize("source", [3, "3"])
def test_a_number_is_a_camera(fake, here, source):
    Path("3").mkdir()  # a folder of that name does not hide it
    capture = fake([PICTURE])
    opened = frames(source)
    frame = next(opened)
    opened.close()
    assert capture.asked_for == 3
    assert (frame.index, frame.time) == (0, 0.0)
    assert np.array_equal(frame.image, PICTURE)
    assert capture.released == 1


@pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="there are no such devices")
def test_a_device_is_a_camera(fake):
    capture = fake([PICTURE])
    opened = frames("/dev/null")
    assert np.array_equal(next(opened).image, PICTURE)
    opened.close()
    assert capture.asked_for == "/dev/null"


@pytest.mark.parametrize("source", [77, "77", "999999999"])
def test_a_missing_camera_raises_an_error(source):
    with pytest.raises(SourceError, match=r"camera \d+: cannot be opened; plug it in, close other"):
        list(frames(source))


@pytest.mark.parametrize(
    ("name", "problem"), [("9" * 30, "no such video; check the path, or"), ("", "source: is empty")]
)
def test_an_absurd_number_or_nothing_is_not_a_camera(name, problem):
    with pytest.raises(SourceError, match=problem):
        list(frames(name))


# Streams


def test_a_stream_that_does_not_answer_raises_an_error():
    with socket.socket() as free:  # bound but not listening: connections are refused
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/video"
        with pytest.raises(SourceError, match=f"{url}: cannot be opened; check the address"):
            list(frames(url))


def test_a_video_behind_a_url_that_may_have_broken_off_is_reported(fake):
    capture = fake([PICTURE] * 3, n_frames=100.0)
    said = []
    assert len(list(frames("http://x/video.mp4", said.append))) == 3
    assert said == [
        "http://x/video.mp4: ended after 3 of about 100 frames; if the connection was lost, read "
        "it again"
    ]
    assert capture.released == 1


def test_a_video_behind_a_url_is_read_to_its_end(video, serve):
    seen = list(frames(serve(video)))
    assert [frame.index for frame in seen] == list(range(40))
    assert [frame.time for frame in seen] == pytest.approx(np.arange(40) / 10, abs=1e-3)


# Image sequences


@pytest.mark.parametrize(
    "source", ["shots", "shots/*.png", "shots/f%d.png", "shots/f%03d.png", "./shots/", "sh*s/f?*"]
)
def test_sequences_are_read_in_natural_order(here, source):
    for number in (100, 9, 10):
        save(Path(f"shots/f{number}.png"), PICTURE + number)
    Path("shots/._f1.png").write_bytes(b"hidden")
    Path("shots/sub.png").mkdir()
    warnings = []
    seen = list(frames(source, warnings.append))
    assert [frame.image[0, 0, 0] for frame in seen] == [9, 10, 100]
    assert [frame.index for frame in seen] == [0, 1, 2]
    assert [frame.time for frame in seen] == pytest.approx([0, 0.04, 0.08])
    assert not warnings


@pytest.mark.parametrize("source", ["take [1]", "take [1]/f%d.PNG", "take [1]/f1.PNG"])
def test_other_files_in_a_folder_are_ignored(here, source):
    save(Path("take [1]/f1.PNG"))
    for name in ("f1_mask.PNG", "f.PNG", "fx.PNG") if "%" in source else ("notes.txt",):
        Path("take [1]", name).write_text("x")
    assert len(list(frames(source, pytest.fail))) == 1


def test_patterns_over_folders_are_read_folder_by_folder(here):
    for name in ("b/1", "a/2", "a/10", "a10/1", "a9/1"):
        save(Path(f"{name}.png"), PICTURE + len(name))
    order = [Path(p).as_posix() for p in ("a/2", "a/10", "a9/1", "a10/1", "b/1")]
    assert [str(p.with_suffix("")) for p in module._image_sequence("*/*.png")] == order


def test_a_single_image_is_a_sequence_of_one(here):
    (frame,) = frames(save(Path("ü.png")))
    assert np.array_equal(frame.image, PICTURE)
    assert (frame.index, frame.time) == (0, 0.0)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("2.png", "not an image or damaged; replace it"),
        ("2.HEIC", "HEIC images cannot be read; save it as PNG or JPEG"),
    ],
)
def test_an_unreadable_image_is_reported_and_keeps_its_number(here, name, problem):
    for number in (1, 3):
        save(Path(f"shots/{number}.png"))
    Path("shots", name).write_bytes(b"broken")
    said = []
    seen = list(frames("shots", said.append))
    assert [frame.index for frame in seen] == [0, 2]
    assert [frame.time for frame in seen] == pytest.approx([0, 0.08])
    assert said == [f"{Path('shots', name)}: {problem}"]


@pytest.mark.parametrize("source", ["shots", "shots/*.jpg", "shots/%d.png"])
def test_a_sequence_without_an_image_raises_an_error(here, source):
    Path("shots").mkdir()
    with pytest.raises(SourceError, match="contains no image; check the path"):
        list(frames(source))


def test_a_sequence_without_a_readable_image_says_why(here):
    for name in ("broken.png", "shots/1.png", "shots/2.png"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(b"broken")
    with pytest.raises(SourceError, match=r"^broken\.png: not an image or damaged; replace it$"):
        list(frames("broken.png"))
    complaint = r"^shots: none of its images can be read; the last error: .*2\.png: not an image"
    with pytest.raises(SourceError, match=complaint):
        list(frames("shots"))
