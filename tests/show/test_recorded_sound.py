"""Recordings with PyAV: sound, times of pictures, and what browsers make of them."""

import base64
import json
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from landmark_emotion.show.video_file import Recorder
from landmark_emotion.sources.video import frames
from tools.browser import Chromium, find_chromium, write_camera

av = pytest.importorskip("av")

RATE = 44_100
FLASHES = (0.4, 1.2, 2.6)  # seconds at which a bright picture and a beep begin


def clip(path, codec="aac", container_fps=25, seconds=4.0, delay=0.0) -> Path:
    """Write a dark video with flashes and beeps that begin at the same times."""
    with av.open(str(path), "w") as file:
        video = file.add_stream("mpeg4", rate=container_fps)
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        sound = file.add_stream(codec, rate=RATE, layout="mono")
        for index in range(round(seconds * container_fps)):
            time = index / container_fps
            level = 230 if is_flash(time) else 20
            picture = np.full((120, 160, 3), level, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = index + round(delay * container_fps)
            frame.time_base = Fraction(1, container_fps)
            file.mux(video.encode(frame))
        file.mux(video.encode())
        times = np.arange(round(seconds * RATE)) / RATE
        beeps = np.where(is_flash(times), np.sin(2 * np.pi * 880 * times), 0.0)
        for start in range(0, len(times), 1024):
            part = (20_000 * beeps[start : start + 1024]).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(part[np.newaxis], format="s16", layout="mono")
            frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
            frame.pts = start + round(delay * RATE)
            file.mux(sound.encode(frame))
        file.mux(sound.encode())
    return path


def is_flash(time):
    return np.any([(time >= flash - 1e-6) & (time < flash + 0.2) for flash in FLASHES], axis=0)


def record(source, path, every=1, first=0, last=None, **options) -> str:
    lines = []
    with Recorder(path, 25, sound=source, notify=lines.append, **options) as recorder:
        for frame in list(frames(source))[first:last:every]:
            recorder.write(frame.image, frame.time)
    (line,) = lines
    return line


def onsets(path) -> tuple[list[float], list[float]]:
    """Return when pictures get bright and when sound gets loud, in seconds."""
    with av.open(str(path)) as file:
        bright = [f.time for f in file.decode(video=0) if f.to_ndarray().mean() > 100]
    loud = []
    with av.open(str(path)) as file:
        for frame in file.decode(audio=0):
            (samples,) = np.nonzero(abs(frame.to_ndarray()[0]) > 0.05)
            loud.extend(frame.time + samples / frame.sample_rate)
    return beginnings(bright), beginnings(loud)


def beginnings(times) -> list[float]:
    """Return the times that follow on a pause."""
    return [time for time, before in zip(times, [-1, *times], strict=False) if time > before + 0.3]


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "aac"), ("a.avi", "pcm_s16le"), ("a.mkv", "flac"), ("a.ts", "mp2")],
)
def test_sound_and_pictures_stay_together(tmp_path, name, codec):
    source = clip(tmp_path / name, codec)
    line = record(source, tmp_path / "out.mp4")
    assert line == f"recorded: {tmp_path / 'out.mp4'}, H.264 with sound"
    seen, heard = onsets(tmp_path / "out.mp4")
    assert seen == pytest.approx(FLASHES, abs=0.041)
    assert heard == pytest.approx(FLASHES, abs=0.041)


def test_sound_starts_and_ends_with_the_recorded_part(tmp_path):
    source = clip(tmp_path / "a.mp4")
    record(source, tmp_path / "out.mp4", first=25, last=50)
    seen, heard = onsets(tmp_path / "out.mp4")
    assert seen == pytest.approx([0.2], abs=0.041)
    assert heard == pytest.approx([0.2], abs=0.041)
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert file.duration / av.time_base == pytest.approx(1.0, abs=0.06)


def test_few_pictures_keep_their_times_and_the_whole_sound(tmp_path):
    source = clip(tmp_path / "a.mp4")
    record(source, tmp_path / "out.mp4", every=5)
    seen, heard = onsets(tmp_path / "out.mp4")
    assert seen == pytest.approx(FLASHES, abs=0.2)
    assert heard == pytest.approx(FLASHES, abs=0.041)


def test_clock_of_the_file_need_not_start_at_zero(tmp_path):
    source = clip(tmp_path / "a.ts", "mp2", delay=3.0)
    record(source, tmp_path / "out.mp4")
    seen, heard = onsets(tmp_path / "out.mp4")
    assert seen == pytest.approx(FLASHES, abs=0.041)
    assert heard == pytest.approx(FLASHES, abs=0.041)


def test_uneven_times_are_kept(tmp_path):
    times = [0.0, 0.1, 0.45, 0.46, 1.0]
    with Recorder(tmp_path / "a.mp4", 25) as recorder:
        for time in times:
            recorder.write(np.full((121, 161, 3), 90, np.uint8), time)
    with av.open(str(tmp_path / "a.mp4")) as file:
        assert [frame.time for frame in file.decode(video=0)] == pytest.approx(times, abs=0.001)


def test_without_sound_if_the_source_has_none_or_it_is_not_wanted(tmp_path, run, model, video):
    lines = run("video", video, "--model", model, "--record", tmp_path / "a.mp4").err
    assert f"recorded: {tmp_path / 'a.mp4'}, H.264\n" in lines
    source = clip(tmp_path / "b.mp4", seconds=0.5)
    for option, expected in (((), "H.264 with sound\n"), (("--no-audio",), "H.264\n")):
        result = run("video", source, "--model", model, "--record", tmp_path / "c.mp4", *option)
        assert f"recorded: {tmp_path / 'c.mp4'}, {expected}" in result.err


def test_video_is_not_replaced_by_its_recording(tmp_path, run, model):
    source = clip(tmp_path / "a.mp4", seconds=0.5)
    before = source.read_bytes()
    result = run("video", source, "--model", model, "--record", tmp_path / "." / "a.mp4")
    assert result.status == 1
    assert "is the video to read; choose another name for --record" in result.err
    assert source.read_bytes() == before


def test_without_the_package_it_says_what_was_written_and_what_to_install(tmp_path, monkeypatch):
    source = clip(tmp_path / "a.mp4", seconds=0.5)
    monkeypatch.setitem(sys.modules, "av", None)
    line = record(source, tmp_path / "out.mp4")
    assert line.startswith(f"recorded: {tmp_path / 'out.mp4'}, ")
    assert line.endswith("has no sound, run 'pip install av' for H.264 with sound")
    assert len(list(frames(tmp_path / "out.mp4"))) == 12


def test_damaged_sound_costs_only_what_is_damaged(tmp_path):
    source = clip(tmp_path / "a.ts", "mp2")
    data = bytearray(source.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 2000] = bytes(2000)
    source.write_bytes(data)
    line = record(source, tmp_path / "out.mp4")
    assert "with sound" in line
    heard = onsets(tmp_path / "out.mp4")[1]
    assert heard[0] == pytest.approx(FLASHES[0], abs=0.041)
    assert heard[-1] == pytest.approx(FLASHES[-1], abs=0.1)


@pytest.mark.slow
@pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium")
def test_chromium_plays_it(tmp_path):
    pytest.importorskip("websockets")
    source = clip(tmp_path / "a.mp4")
    record(source, tmp_path / "out.mp4")
    data = base64.b64encode((tmp_path / "out.mp4").read_bytes()).decode()
    script = f"""(async () => {{
        const video = document.createElement('video');
        video.src = 'data:video/mp4;base64,{data}';
        await new Promise((done, fail) => {{
            video.onloadeddata = done;
            video.onerror = () => fail(video.error.message);
        }});
        video.currentTime = 1.3;
        await new Promise(done => video.onseeked = done);
        const canvas = document.createElement('canvas');
        canvas.width = video.videoWidth;
        canvas.height = video.videoHeight;
        const context = canvas.getContext('2d');
        context.drawImage(video, 0, 0);
        const sound = await new AudioContext().decodeAudioData(
            await (await fetch(video.src)).arrayBuffer());
        return JSON.stringify([video.duration, canvas.width, canvas.height,
            [...context.getImageData(80, 60, 1, 1).data], sound.duration]);
    }})()"""
    camera = write_camera(tmp_path / "camera.mjpeg", [np.zeros((120, 160, 3), np.uint8)])
    with Chromium(tmp_path, camera) as browser:
        page = browser.page()
        duration, width, height, pixel, sound = json.loads(page.run(script))
    assert duration == pytest.approx(4.0, abs=0.05)
    assert (width, height) == (160, 120)
    assert pixel == pytest.approx([230, 230, 230, 255], abs=12)
    assert sound == pytest.approx(4.0, abs=0.06)
