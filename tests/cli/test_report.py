import json

import numpy as np
import pytest

from landmark_emotion.cli import main
from landmark_emotion.report import plots
from landmark_emotion.report.plots import figure
from landmark_emotion.training.landmark_table import LandmarkTable


def save_table(path, *, people=6, neutral=True, seed=0, drawn=False):
    """Save a table of faces whose mouth shows the emotion."""
    random = np.random.default_rng(seed)
    turn = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    template = np.stack([100 + 60 * np.cos(turn), 120 + 80 * np.sin(turn)], axis=-1)
    moves = {"anger": -8, "happiness": 8, **({"neutral": 0} if neutral else {})}
    landmarks, emotion, subject = [], [], []
    for person in range(people):
        own = random.normal(0, 1.5, (68, 2))
        for name, move in moves.items():
            for _ in range(2):
                face = template + own + random.normal(0, 1, (68, 2))
                face[48:] += [0, move]
                landmarks.append(face)
                emotion.append(name)
                subject.append(f"S{person:02d}")
    n = len(emotion)
    texts = (np.array(emotion), np.array(subject), np.full(n, ""), np.full(n, ""))
    LandmarkTable(np.array(landmarks), *texts, drawn=drawn).save(path)
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return save_table(tmp_path_factory.mktemp("data") / "faces.npz")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, table):
    """Return a folder with the model.npz and report/ of a training run."""
    folder = tmp_path_factory.mktemp("trained")
    assert train(table, folder, "--report", folder / "report") == 0
    return folder


@pytest.fixture(scope="module")
def plot():
    """One plot that stands for all of them."""
    sheet, header = figure.new_sheet("Accuracy", "note", 2.0)
    return figure.Plot("accuracy", "Accuracy", "caption", "alt", (), sheet, header)


@pytest.fixture
def quick(monkeypatch, plot):
    """Draw nothing, where it does not matter."""
    monkeypatch.setattr(plots, "draw_plots", lambda report, **given: [plot])


def train(table, folder, *options):
    arguments = ["train", table, "--output", folder / "model.npz", "--jobs", 1, *options]
    return main([str(a) for a in [*arguments, "--runs", 2, "--folds", 3]])


def evaluate(trained, table, report):
    return main([str(a) for a in ["evaluate", trained / "model.npz", table, "--report", report]])


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_training_writes_page_plots_and_json_into_the_folder(trained):
    pictures = [f"{name}.png" for name in plots.NAMES]
    assert names(trained / "report") == sorted([*pictures, "report.html", "report.json"])
    content = json.loads((trained / "report" / "report.json").read_text())
    assert len(content["shuffled"]["accuracies"]) == 2
    assert content["static"]["n"] == 36
    page = (trained / "report" / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == len(plots.NAMES)


def test_a_path_that_ends_in_json_gets_the_json_alone(quick, trained, table, tmp_path):
    assert evaluate(trained, table, tmp_path / "new" / "r.JSON") == 0
    assert evaluate(trained, table, tmp_path / "folder") == 0
    assert names(tmp_path / "new") == ["r.JSON"]
    alone = json.loads((tmp_path / "new" / "r.JSON").read_text())
    beside = json.loads((tmp_path / "folder" / "report.json").read_text())
    for content in (alone, beside):
        del content["date"]
    assert alone == beside


def test_other_files_stay_and_outdated_plots_are_removed(quick, trained, table, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "confusion-calibrated.png").write_text("of an earlier report")
    (tmp_path / "report.html").write_text("of an earlier report")
    other = save_table(tmp_path / "peaks.npz", neutral=False, seed=1)
    assert evaluate(trained, other, tmp_path) == 0
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert "earlier" not in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "confusion-calibrated.png" not in names(tmp_path)
    assert "accuracy.png" in names(tmp_path)


def test_an_evaluation_is_called_one_and_has_both_results(quick, trained, tmp_path, capsys):
    other = save_table(tmp_path / "other.npz", seed=1)
    assert evaluate(trained, other, tmp_path / "out") == 0
    captured = capsys.readouterr()
    content = json.loads((tmp_path / "out" / "report.json").read_text())
    assert content["model"]["name"] == "model.npz"
    assert content["shuffled"] is None
    assert content["calibrated"]["n_with_own_neutral"] == 36
    # What is printed and what is written are the same.
    assert f"accuracy {100 * content['static']['accuracy']:.1f} %" in captured.out
    assert "Evaluation on other.npz" in (tmp_path / "out" / "report.html").read_text("utf-8")
    assert str(tmp_path / "out" / "report.html") in captured.out


def test_json_on_stdout_stays_json_with_a_report(quick, trained, table, tmp_path, capsys):
    arguments = ["evaluate", trained / "model.npz", table, "--json", "--report", tmp_path / "out"]
    assert main([str(a) for a in arguments]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 36


def test_a_failing_plot_leaves_the_earlier_report(quick, trained, table, tmp_path, monkeypatch):
    out = tmp_path / "out"
    assert evaluate(trained, table, out) == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def fail(_):
        raise RuntimeError("cannot be drawn")

    monkeypatch.setattr(figure, "as_png", fail)
    for folder in (out, tmp_path / "fresh"):
        with pytest.raises(RuntimeError):
            evaluate(trained, table, folder)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert not (tmp_path / "fresh").exists()


def test_a_full_disk_leaves_the_earlier_report(
    quick, trained, table, tmp_path, monkeypatch, capsys
):
    from pathlib import Path

    out = tmp_path / "out"
    assert evaluate(trained, table, out) == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    real = Path.write_bytes

    def full(path, data):
        if path.name == "report.html":
            raise OSError(28, "No space left on device")
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert evaluate(trained, table, out) == 1
    assert f"error: {out}: cannot be written (No space left on device)" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_file_in_place_of_the_folder_is_reported_before_the_work(table, tmp_path, capsys):
    path = tmp_path / "report.txt"
    path.write_text("mine")
    assert train(table, tmp_path, "--report", path) == 1
    captured = capsys.readouterr()
    assert (
        captured.err == f"error: {path}: is a file; name a folder, or a file that ends in .json\n"
    )
    assert captured.out == ""
    assert path.read_text() == "mine"


def test_reports_can_be_compared(quick, trained, table, tmp_path, capsys):
    assert evaluate(trained, table, tmp_path / "out") == 0
    capsys.readouterr()
    assert main(["compare", str(trained / "report"), str(tmp_path / "out")]) == 0
    out, err = capsys.readouterr()
    # The model has seen these very people, which makes the comparison unfair.
    assert "note: B is a model trained elsewhere" in err
    assert "note: A" not in err
    assert "no neutral reference: 6 subjects in both" in out
    assert "own neutral reference: 6 subjects in both" in out
