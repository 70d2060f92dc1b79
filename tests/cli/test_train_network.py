"""The command `train-network`."""

import json
import re
import sys

import cv2
import numpy as np
import pytest

from landmark_emotion.networks.network import SHIPPED, load_network


@pytest.fixture
def fer2013(here):
    """Stripes as pictures of anger and happiness, without a face."""
    random = np.random.default_rng(0)
    rows = ["emotion,pixels,Usage"]
    for i in range(120):
        wave = np.tile(np.arange(48) // 6 % 2, (48, 1))
        wave = wave if i % 2 else wave.T
        pixels = (90 + 70 * wave + random.normal(0, 10, wave.shape)).clip(0, 255).astype(int)
        usage = "Training" if i < 80 else "PublicTest" if i < 100 else "PrivateTest"
        rows.append(f"{3 if i % 2 else 0},{' '.join(map(str, pixels.ravel()))},{usage}")
    (here / "fer2013.csv").write_text("\n".join(rows))
    return here / "fer2013.csv"


@pytest.fixture
def quick(keras, monkeypatch):
    """A tiny network that learns fast."""
    from landmark_emotion.networks import learning
    from landmark_emotion.networks.architecture import Architecture
    from landmark_emotion.training import network

    monkeypatch.setattr(network, "SMALL", Architecture(stem=4, blocks=((8, True),)))

    def schedule(n, epochs):
        how = learning.Augmentation(degrees=5, scale=0.05, shift=0.02, noise=0.1)
        return learning.Schedule(epochs, sizes=(16,), batch=8, average=0.8, augmentation=how)

    monkeypatch.setattr(network, "usual_schedule", schedule)


def test_from_a_csv_to_a_network_with_a_report(run, quick, fer2013, here):
    pytest.importorskip("matplotlib", reason="reports need matplotlib")
    pytest.importorskip("jinja2", reason="reports need Jinja2")
    command = ("train-network", "fer2013.csv", "-o", "n.onnx", "--epochs", 3, "--jobs", 1)
    result = run(*command, "--report", "rep")
    assert result.status == 0, result.err
    assert "epoch 3/3: validation accuracy" in result.err
    assert "120 small pictures without a face found are taken as they are" in result.out
    assert "Validation: it chose epoch" in result.out
    assert "network     n.onnx" in result.out
    assert result.out.endswith("landmark-emotion webcam --network n.onnx\n")
    network = load_network(here / "n.onnx")
    assert network.spec.emotions == ("anger", "happiness")
    info = network.spec.info
    assert info["counts"]["test"] == {"anger": 10, "happiness": 10}
    assert info["test"]["accuracy"] > 0.8
    report = json.loads((here / "rep" / "report.json").read_text())
    assert len(report["history"]) == 3
    assert report["test"]["n"] == 20
    page = (here / "rep" / "report.html").read_text()
    assert page.count("<svg") == 5
    assert "data:image" not in page
    # Finished, it is evaluated again.
    again = run(*command)
    assert "n.state.npz: all 3 epochs are done; delete the file to train anew" in again.err
    assert again.out == re.sub(r"report +rep.*\n", "", result.out)


def test_ctrl_c_says_how_to_resume_and_keeps_the_earlier_network(
    run, quick, fer2013, here, monkeypatch
):
    from landmark_emotion.training.network import Training

    (here / "n.onnx").write_text("earlier")
    command = ("train-network", "fer2013.csv", "-o", "n.onnx", "--epochs", 2, "--jobs", 1)
    usual = Training.epochs

    def interrupted(self, on_step):
        yield next(usual(self, on_step))
        raise KeyboardInterrupt

    monkeypatch.setattr(Training, "epochs", interrupted)
    result = run(*command)
    assert result.status == 130
    assert result.err.endswith("interrupted after 1 of 2 epochs; run the same command to resume\n")
    assert (here / "n.onnx").read_text() == "earlier"
    monkeypatch.setattr(Training, "epochs", usual)
    result = run(*command)
    assert "n.state.npz: resuming after epoch 1 of 2" in result.err
    assert "epoch 1/2" not in result.err
    assert load_network(here / "n.onnx").spec.emotions == ("anger", "happiness")


@pytest.mark.slow  # draws a report
def test_folders_of_any_classes_and_pictures_in_the_report(run, quick, here):
    pytest.importorskip("matplotlib", reason="reports need matplotlib")
    pytest.importorskip("jinja2", reason="reports need Jinja2")
    random = np.random.default_rng(0)
    for i in range(60):
        name = ("bored", "pain")[i % 2]
        (here / "mine" / name).mkdir(parents=True, exist_ok=True)
        # Noise cannot be learned, so there are errors to show.
        picture = random.integers(0, 256, (40, 40)).astype(np.uint8)
        cv2.imwrite(str(here / "mine" / name / f"{i}.png"), picture)
    command = ("train-network", "mine", "--epochs", 1, "--jobs", 1, "--test-size", 0.3)
    result = run(*command, "--report", "rep", "--show-images")
    assert result.status == 0, result.err
    assert "shuffled, as people are unknown" in result.out
    assert load_network(here / "models" / "my_network.onnx").spec.emotions == ("bored", "pain")
    page = (here / "rep" / "report.html").read_text()
    errors = json.loads((here / "rep" / "report.json").read_text())["errors"]
    assert page.count("data:image/png") == len(errors) > 0


def test_mistakes_are_one_line_before_the_work(run, here):
    assert run("train-network", "x", "--show-images").status == 2
    (here / "models").mkdir()
    result = run("train-network", "x", "-o", SHIPPED[1])
    assert result.status == 1
    assert "is the built-in network; choose another name" in result.err


def test_keras_that_is_not_installed_is_one_line(run, here, monkeypatch):
    from landmark_emotion.networks.keras import keras

    keras.cache_clear()
    monkeypatch.setitem(sys.modules, "jax", None)
    result = run("train-network", "x")
    assert result.status == 1
    assert result.err.startswith("error: jax: not installed")
