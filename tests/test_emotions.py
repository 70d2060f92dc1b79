import pytest

from landmark_emotion.emotions import (
    ALIASES,
    CKPLUS_CODES,
    DEFAULT_EMOTIONS,
    EMOTIONS,
    parse_emotion,
)

NAMES = [(name, emotion) for emotion in EMOTIONS for name in (emotion, *ALIASES[emotion])]


@pytest.mark.parametrize(("name", "emotion"), NAMES)
def test_every_name_means_its_emotion_in_any_case(name, emotion):
    assert {parse_emotion(text) for text in (name, name.upper(), name.title())} == {emotion}


def test_no_name_means_two_emotions():
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
def test_numbers_spaces_and_punctuation_do_not_matter(name, emotion):
    assert parse_emotion(name) == emotion


@pytest.mark.parametrize("name", ["", "7", "images", "S005", "happyface", "unknown", "幸せ", "\0"])
def test_other_names_mean_none(name):
    assert parse_emotion(name) is None


@pytest.mark.parametrize("name", ["AF01", "SU7", "01_an"])
def test_two_letters_with_a_number_are_a_person_not_an_emotion(name):
    assert parse_emotion(name) is None


def test_the_codes_of_ckplus_are_those_of_its_paper():
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


def test_contempt_is_the_one_that_must_be_asked_for():
    assert set(EMOTIONS) - set(DEFAULT_EMOTIONS) == {"contempt"}
