import numpy as np
from trees import touch

from landmark_emotion.training.landmark_table import load_table


def test_the_table_has_all_faces(run, here, drawn, detector):
    result = run("extract", drawn, "-o", "new/table.npz")
    assert result.status == 0
    table = load_table("new/table.npz")
    assert table.landmarks.shape == (len(table), 68, 2)
    words = " ".join(result.out.split())
    assert f"{len(table)} samples of 5 subjects, 14 each" in words
    for emotion in ("contempt", "fear"):
        count = int((table.emotion == emotion).sum())
        assert f"{count} {emotion}" in words
    assert set(table.subject) == {f"S{number:03}" for number in range(1, 6)}
    assert all(source.startswith(str(drawn)) for source in table.source)


def test_an_unwritable_table_is_refused_first(run, here, png):
    touch(here / "faces" / "anger" / "1.png", content=png)
    touch(here / "file")
    result = run("extract", "faces", "-o", "file/table.npz")
    assert (result.status, result.out) == (1, "")
    assert "table.npz: cannot be written" in result.err.splitlines()[-1]
    assert sorted(path.name for path in here.iterdir()) == ["faces", "file"]


def test_an_old_table_is_replaced(run, here, png):
    touch(here / "faces" / "anger" / "1.png", content=png)
    touch(here / "table.npz", content=b"old")
    assert run("extract", "faces", "-o", "table.npz").status == 0
    assert np.isfinite(load_table("table.npz").landmarks).all()


def test_the_network_looks_at_real_faces_and_at_drawn_ones_if_asked(run, here, png, drawn):
    touch(here / "faces" / "anger" / "1.png", content=png)
    assert run("extract", "faces", "-o", "table.npz").status == 0
    assert load_table("table.npz").appearance.shape == (1, 160)
    assert run("extract", "faces", "-o", "table.npz", "--network", "none").status == 0
    assert load_table("table.npz").appearance is None
    assert run("extract", drawn, "-o", "drawn.npz", "--emotions", "fear,anger").status == 0
    assert load_table("drawn.npz").appearance is None
    result = run("extract", "faces", "-o", "other.npz", "--network", "missing.onnx")
    assert result.err.splitlines()[-1].startswith("error: missing.onnx: no such network")
