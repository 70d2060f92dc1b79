import json

import numpy as np
import pytest
from synthetic import prediction

from landmark_emotion.cli.output import swatch
from landmark_emotion.emotions import (
    ALIASES,
    CKPLUS_CODES,
    COLORS,
    DEFAULT_EMOTIONS,
    EMOTIONS,
    UNCERTAIN,
    class_name,
    color_of,
    parse_emotion,
)
from landmark_emotion.report.timeline.drawing import draw_timeline
from landmark_emotion.report.timeline.reading import read_timeline
from landmark_emotion.show.overlay import draw_predictions
from landmark_emotion.show.rows import json_row

NAMES = [(name, emotion) for emotion in EMOTIONS for name in (emotion, *ALIASES[emotion])]


@pytest.mark.parametrize(("name", "emotion"), NAMES)
def test_every_name_is_parsed_in_any_case(name, emotion):
    assert {parse_emotion(text) for text in (name, name.upper(), name.title())} == {emotion}


def test_no_name_stands_for_two_emotions():
    names = [name for name, _ in NAMES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "emotion"),
    [
        ("05 - Happy", "happiness"),
        ("6_sad", "sadness"),
        ("anger_1", "anger"),
        (" Surprise ", "surprise"),
        ("no emotion", "neutral"),
        ("No_Emotion", "neutral"),
        ("DI", "disgust"),
    ],
)
def test_numbers_spaces_and_punctuation_are_ignored(name, emotion):
    assert parse_emotion(name) == emotion


@pytest.mark.parametrize("name", ["", "7", "images", "S005", "happyface", "unknown", "幸せ", "\0"])
def test_other_names_stand_for_no_emotion(name):
    assert parse_emotion(name) is None


@pytest.mark.parametrize("name", ["AF01", "SU7", "01_an"])
def test_two_letters_with_a_number_are_a_person(name):
    assert parse_emotion(name) is None


def test_ckplus_codes_are_those_of_the_paper():
    # Lucey et al. 2010: 0 neutral, 1 anger, 2 contempt, 3 disgust, 4 fear, 5 happy, 6 sad, 7 ...
    assert [CKPLUS_CODES[code] for code in range(8)] == [
        "neutral",
        "anger",
        "contempt",
        "disgust",
        "fear",
        "happiness",
        "sadness",
        "surprise",
    ]


def test_only_contempt_is_not_a_default_emotion():
    assert set(EMOTIONS) - set(DEFAULT_EMOTIONS) == {"contempt"}


def rgb(color: str) -> np.ndarray:
    return np.array(list(bytes.fromhex(color.removeprefix("#"))))


def test_every_emotion_has_a_color_of_its_own():
    assert tuple(COLORS) == (*EMOTIONS, UNCERTAIN)
    assert len(set(COLORS.values())) == len(COLORS)
    assert color_of("boredom") == COLORS[UNCERTAIN]


def test_other_classes_have_colors_of_their_own():
    classes = [
        "bored",
        "drowsy",
        "fear",
        "neutral",
        "pain",
        "smile",
        *map("class {}".format, "abcd"),
    ]
    colors = {color_of(name, classes) for name in classes}
    assert len(colors) == len(classes)
    assert not (colors - {COLORS["fear"], COLORS["neutral"]}) & set(COLORS.values())
    assert color_of("fear", classes) == COLORS["fear"]
    assert color_of("pain", classes) == color_of("pain", classes[::-1])


@pytest.mark.parametrize(
    "name", ["bored", "AU6+12", "eyes closed", "müde", "幸せ", "2 smiles", "x.1-y_z"]
)
def test_classes_have_readable_names(name):
    assert class_name(f" {name}\n") == name
    assert class_name("mu\u0308de") == "müde"


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "=1+1",
        "+a",
        "-a",
        "@a",
        "a,b",
        "a;b",
        'a"b',
        "a/b",
        "a\\b",
        "<b>",
        "a\0b",
        "a\u202eb",
    ]
    + ["12", "3.5", "_a", ".a", "a$b", "a\tb\x1b[2J", "a" * 31, "uncertain", "Uncertain"],
)
def test_other_texts_are_no_class_names(name):
    with pytest.raises(ValueError, match=r"(no name for a|stands for no) class") as raised:
        class_name(name)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize("emotion", COLORS)
def test_window_and_console_use_the_same_colors(emotion):
    changes = {"min_probability": 1.1} if emotion == UNCERTAIN else {"likeliest": emotion}
    shown = prediction(320, 240, 150, **changes)
    drawn = draw_predictions(np.full((480, 640), 128, np.uint8), [shown])
    corner = drawn[shown.face.box.top, shown.face.box.left, ::-1]
    assert np.array_equal(corner, rgb(COLORS[emotion]))
    index = int(swatch(COLORS[emotion]).split(";")[2].partition("m")[0]) - 16
    levels = np.array([0, 95, 135, 175, 215, 255])
    terminal = levels[[index // 36, index // 6 % 6, index % 6]]
    assert np.abs(terminal - rgb(COLORS[emotion])).max() <= 48


def test_timeline_uses_the_same_colors(tmp_path):
    pytest.importorskip("matplotlib")
    rows = []
    for second, emotion in enumerate((*EMOTIONS, EMOTIONS[0])):
        probabilities = np.where(np.array(EMOTIONS) == emotion, 0.9, 0.1 / 7)
        values = {"likeliest": emotion, "probabilities": probabilities}
        rows.append(json_row("a.mp4", second, float(second), prediction(9, 9, 9, **values)))
    (tmp_path / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    svg = draw_timeline(read_timeline(tmp_path / "rows.jsonl"), "svg").decode()
    assert all(COLORS[emotion] in svg for emotion in EMOTIONS)
