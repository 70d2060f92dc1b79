"""The documents in docs/ agree with the program, and their examples run."""

import re
import shlex
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import synthetic

from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.drawn.video import draw_video
from landmark_emotion.emotions import parse_emotion
from landmark_emotion.model.classifier import default_model, load_model
from landmark_emotion.model.explanation import explain
from landmark_emotion.show.rows import COLUMNS, json_row

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
EXAMPLES = re.findall(
    r"^```python\n(.*?)^```", (DOCS / "python.md").read_text(encoding="utf-8"), re.DOTALL | re.M
)


def _text(name):
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """The files that the examples use."""
    folder = tmp_path_factory.mktemp("examples")
    for name, emotion in (("photo.jpg", "surprise"), ("neutral.jpg", "neutral")):
        cv2.imwrite(str(folder / name), draw_face(Subject(), emotion))
    draw_video(
        folder / "talk.avi", emotions=("happiness",), seconds_each=1.2, fps=10, size=(400, 300)
    )
    synthetic.table(n_subjects=6).save(folder / "table.npz")
    return folder


@pytest.mark.parametrize("code", EXAMPLES, ids=range(len(EXAMPLES)))
def test_examples_run(code, material, here, capsys):
    if "to_dataframe" in code:
        pytest.importorskip("pandas")
    for path in material.iterdir():
        shutil.copy(path, here)
    exec(compile(code, "docs/python.md", "exec"), {"__name__": "example"})
    printed = re.search(r"^print\(.*\)  # (.*)$", code, re.M)
    if printed and "..." not in printed[1]:
        assert printed[1] in capsys.readouterr().out


def test_there_are_examples():
    assert len(EXAMPLES) > 8


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_have_targets(page):
    for target in re.findall(r"\]\((?!http)([^)]+)\)", page.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), target
        if anchor:
            assert anchor in _anchors(file), target


def _anchors(file):
    """Return the anchors that GitHub makes of the headings of a Markdown file."""
    headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_in_the_index():
    for page in PAGES:
        assert page.name == "README.md" or f"({page.name})" in _text("README.md"), page.name


def test_pictures_exist_and_are_small():
    shown = {
        (page.parent / target).resolve()
        for page in PAGES
        for target in re.findall(r"!\[[^]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    }
    assert shown
    for path in shown | set(DOCS.glob("images/*.png")):
        assert path.stat().st_size < 300_000, path
        assert cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR) is not None, path


def test_every_column_is_documented():
    described = re.findall(r"^\| `(\w+)` \|", _text("output.md"), re.M)
    assert [name for name in described if name in COLUMNS][: len(COLUMNS)] == list(COLUMNS)


def test_every_json_key_is_documented():
    named = set(re.findall(r"`(\w+)`", _text("output.md")))
    assert json_row("x.jpg", 0, 0.0, None, "error", landmarks=True).keys() <= named
    model = load_model(default_model())
    explanation = explain(model, synthetic.template()).as_json()
    assert explanation.keys() | explanation["rather_than"].keys() <= named


def test_documented_names_of_class_folders_are_parsed():
    table = _text("data-sets.md").partition("### Folder names")[2].partition("###")[0]
    rows = re.findall(r"^\| (\w+) \| (.+) \|$", table, re.M)
    assert len(rows) == 8
    for emotion, names in rows:
        for name in (emotion, *names.split(", ")):
            assert parse_emotion(name) == emotion, name


def test_documented_commands_are_parsed():
    from landmark_emotion.cli.main import _parser

    typed = [
        line
        for page in PAGES
        for line in re.findall(r"^ {4}landmark-emotion (.*)$", page.read_text("utf-8"), re.M)
    ]
    assert typed
    for line in typed:
        assert callable(_parser().parse_args(shlex.split(line)).run), line


def test_documented_options_exist():
    from landmark_emotion.cli.main import _parser

    (commands,) = (action for action in _parser()._actions if action.choices)
    helps = "\n".join(parser.format_help() for parser in commands.choices.values())
    for page in PAGES:
        for option in re.findall(r"`(--[a-z-]+)", page.read_text(encoding="utf-8")):
            assert option in helps, f"{page.name}: {option}"


def test_every_test_named_in_security_exists():
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", text))
    tests = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/test_*.py"))
    assert len(named) > 20
    assert named <= set(re.findall(r"^def (test_\w+)", tests, re.M))
