"""The README and the index of the documents agree with the program."""

import re
import shlex
from pathlib import Path

import pytest

from landmark_emotion.emotions import parse_emotion

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "data/README.md", "models/README.md", "CONTRIBUTING.md")
COMMANDS = (
    *("train", "webcam", "web", "video", "image", "batch", "events", "plot", "explain"),
    *("evaluate", "compare", "extract", "draw", "import-network", "train-network"),
)


def _blocks(name):
    """Return the indented lines of a document, which a reader types."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.startswith("    ")]


def _typed():
    for name in DOCUMENTS:
        for line in _blocks(name):
            command = re.split(r"\s{2,}", line)[0]
            if command.startswith("landmark-emotion "):
                yield shlex.split(command)[1:]
            elif command.startswith("python run_webcam.py"):
                yield ["webcam", *shlex.split(command)[2:]]
            elif command.startswith("python train.py"):
                yield ["train", *shlex.split(command)[2:]]


@pytest.fixture(scope="module")
def helps():
    import argparse

    from landmark_emotion.cli.main import _parser

    (commands,) = (
        action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    return {name: parser.format_help() for name, parser in commands.choices.items()}


def test_every_command_is_documented(helps):
    assert set(helps) == set(COMMANDS)
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f"`landmark-emotion {name}`" in index


@pytest.mark.parametrize("arguments", list(_typed()), ids=" ".join)
def test_documented_commands_are_parsed(arguments):
    from landmark_emotion.cli.main import _parser

    parsed = _parser().parse_args([argument for argument in arguments if argument != "..."])
    assert callable(parsed.run)


def test_documented_options_exist(helps):
    everything = "\n".join(helps.values()) + (ROOT / "tasks.py").read_text(encoding="utf-8")
    for name in DOCUMENTS:
        for option in re.findall(r"`(--[a-z-]+)", (ROOT / name).read_text(encoding="utf-8")):
            assert option in everything, f"{name}: {option}"


def test_every_option_is_documented(helps):
    pages = (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
    written = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    known = {option for text in helps.values() for option in re.findall(r"--[a-z-]+", text)}
    assert known - set(re.findall(r"--[a-z-]+", written)) == {"--help"}


def test_documented_names_of_class_folders_are_parsed():
    section = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    names = re.search(r"before or after:\n(.*?), and the two-letter", section, re.DOTALL)[1]
    codes = re.search(r"two-letter codes (.*?)\. Images", section, re.DOTALL)[1]
    for name in re.split(r",\s+", f"{names}, {codes}"):
        assert parse_emotion(name) is not None, name


def test_links_have_targets():
    for name in DOCUMENTS:
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
            assert ((ROOT / name).parent / target).exists(), f"{name}: {target}"
