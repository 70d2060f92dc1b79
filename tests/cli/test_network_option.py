"""The option `--network` of the commands that recognize."""

import argparse
import csv
from pathlib import Path

import cv2
import pytest

from landmark_emotion.cli.main import _parser
from landmark_emotion.networks.network import default_network

SHIPPED = Path(__file__).parents[2] / "models" / "default.npz"
RECOGNIZING = ("webcam", "video", "image", "explain", "web", "batch")


@pytest.fixture
def photo(here, face):
    path = here / "photos" / "happy.png"
    path.parent.mkdir()
    path.write_bytes(cv2.imencode(".png", face)[1].tobytes())
    return path


def shares_of(table):
    with table.open(encoding="utf-8", newline="") as file:
        return [float(row["network_share"]) for row in csv.DictReader(file) if row["face"]]


@pytest.mark.parametrize("command", RECOGNIZING)
def test_every_command_that_recognizes_has_it_and_names_its_words(command):
    (commands,) = (a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction))
    parser = commands.choices[command]
    (option,) = (a for a in parser._actions if "--network" in a.option_strings)
    assert option.default == "default"
    for word in ("'default'", "'none'"):
        assert word in option.help


@pytest.mark.parametrize("command", ["image", "video"])
def test_it_takes_part_unless_it_is_left_out(run, here, photo, video, command):
    source = photo if command == "image" else video
    tables = {}
    for network in ("default", "none", str(default_network())):
        table = tables[network] = here / f"{len(tables)}.csv"
        result = run(command, source, "--model", SHIPPED, "--network", network, "-o", table)
        assert result.status == 0
        assert ("network: " in result.err) == (network not in ("default", "none"))
    shares = {network: shares_of(table) for network, table in tables.items()}
    assert all(0 < share < 1 for share in shares["default"])
    assert not any(shares["none"])
    assert shares[str(default_network())] == shares["default"]


def test_it_takes_no_part_where_a_neutral_face_is_known(run, here, photo):
    command = ["image", photo, "--model", SHIPPED, "--format", "json"]
    (row,) = run(*command, "--neutral", photo).rows
    assert row["network_share"] == 0


def test_a_batch_does_not_mix_rows_of_different_networks(run, here, photo):
    command = ["batch", photo.parent, "-o", "results", "--model", SHIPPED, "--jobs", 1]
    assert run(*command).status == 0
    (share,) = shares_of(here / "results" / "results.csv")
    assert 0 < share < 1
    result = run(*command, "--network", "none")
    assert result.status == 1, "rows with and without a network must not be mixed"
    assert "begun with other settings (network" in result.err
    assert shares_of(here / "results" / "results.csv") == [share]
    assert run(*command, "--network", "none", "--restart").status == 0
    assert shares_of(here / "results" / "results.csv") == [0]


@pytest.mark.parametrize("command", ["image", "video", "explain", "batch"])
def test_a_missing_or_unsuitable_file_is_named_before_the_work(run, here, photo, command):
    (here / "text.onnx").write_text("no network")
    output = ["-o", "results"] if command == "batch" else []
    source = photo.parent if command == "batch" else photo
    for name in ("none.onnx", "text.onnx"):
        result = run(command, source, *output, "--model", SHIPPED, "--network", name)
        assert (result.status, result.out) == (1, "")
        assert result.err.splitlines()[-1].startswith(f"error: {name}: ")
    assert not (here / "results" / "results.csv").exists()
