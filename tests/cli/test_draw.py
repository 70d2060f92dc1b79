"""The command `draw`."""

import pytest

from landmark_emotion.drawn.video import draw_video
from landmark_emotion.sources.video import frames
from landmark_emotion.training.datasets import read_dataset


def test_data_set_and_video_are_drawn(run, here, monkeypatch):
    def brief(path, seed):
        return draw_video(
            path, seed, emotions=("fear", "anger"), seconds_each=0.4, fps=5.0, size=(160, 120)
        )

    monkeypatch.setattr("landmark_emotion.cli.draw.draw_video", brief)
    result = run("draw", "faces", "--subjects", 1, "--video", "film.avi")
    assert result.status == 0
    first, *emotions = result.out.splitlines()
    n_images = len(list((here / "faces").rglob("*.png")))
    assert first == f"faces: {n_images} drawn images of 1 people"
    assert emotions == ["film.avi:   0.00 s  fear", "film.avi:   0.40 s  anger"]
    assert read_dataset(here / "faces").drawn
    assert len(list(frames(here / "film.avi"))) == 4 + 5


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["full"], "full: exists and is not an empty folder; name a new one"),
        (["full/file"], "full/file: exists and is not an empty folder"),
        (["--video", "film.gif"], "film.gif: "),
        (["--video", "full"], "full: "),
    ],
)
def test_unusable_target_is_one_line_and_left_as_it_was(run, here, arguments, complaint):
    (here / "full").mkdir()
    (here / "full" / "file").write_text("mine")
    result = run("draw", *arguments, "--subjects", 1)
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith(f"error: {complaint}")
    assert result.err.count("\n") == 1
    assert [path.name for path in here.rglob("*")] == ["full", "file"]
