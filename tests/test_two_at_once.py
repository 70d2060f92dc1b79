"""Two processes may use the same cache, model and results folder at once."""

import shutil

import pytest

from landmark_emotion.files.writing import PREFIX
from landmark_emotion.model.classifier import load_model
from landmark_emotion.training.landmark_table import load_table

pytestmark = pytest.mark.slow


@pytest.fixture
def together(spawn, drawn, tmp_path):
    """Run a command twice at once on six images."""
    for person in ("001", "007"):
        for image in sorted(drawn.rglob(f"*_{person}_*03.png"))[:3]:
            target = tmp_path / "faces" / ("anger" if person == "001" else "surprise") / image.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(image, target)

    def run_both(*arguments):
        both = [spawn("-m", "landmark_emotion", *arguments) for _ in range(2)]
        said = [process.communicate()[1] for process in both]
        assert [process.returncode for process in both] == [0, 0], said
        assert not list(tmp_path.rglob(f"{PREFIX}*"))
        assert not any("Traceback" in text for text in said)

    return run_both


def test_tables_and_their_cache(together, tmp_path):
    together("extract", "faces", "-o", "table.npz", "--cache", "cache")
    assert len(load_table(tmp_path / "table.npz")) == 6
    together("extract", "faces", "-o", "table.npz", "--cache", "cache")  # all from the cache
    assert len(load_table(tmp_path / "table.npz")) == 6


def test_models(together, tmp_path):
    quick = ("--runs", "1", "--test-size", "0.4", "--folds", "2", "--jobs", "1")
    together("train", "faces", *quick, "--output", "model.npz", "--cache", "cache")
    assert set(load_model(tmp_path / "model.npz").emotions) == {"anger", "surprise"}


def test_batches(together, tmp_path):
    together("batch", "faces", "-o", "results", "--jobs", "1")
    rows = (tmp_path / "results" / "results.csv").read_text().splitlines()
    assert len(rows) == 7
    assert len({row.partition(",")[0] for row in rows[1:]}) == 6
