"""The emotions: names and their order, aliases, CK+ codes, and colors; names of other classes."""

import re
import unicodedata
from collections.abc import Sequence

EMOTIONS = (
    "anger",
    "contempt",
    "disgust",
    "fear",
    "happiness",
    "neutral",
    "sadness",
    "surprise",
)
"""All eight emotions, in the order of every array of probabilities and of every display."""

DEFAULT_EMOTIONS = tuple(emotion for emotion in EMOTIONS if emotion != "contempt")
"""The seven emotions that a model knows by default."""

UNCERTAIN = "uncertain"
"""Shown instead of an emotion whose probability is below the user's threshold."""

COLORS = {
    "anger": "#d55e00",
    "contempt": "#cc79a7",
    "disgust": "#009e73",
    "fear": "#56b4e9",
    "happiness": "#f0e442",
    "neutral": "#dad4cd",
    "sadness": "#0072b2",
    "surprise": "#e69f00",
    UNCERTAIN: "#969696",
}
"""One color per emotion, as ``#rrggbb``, in display order.

These are the colors of Okabe and Ito (2008), which color-blind people can tell apart, with a light
gray in place of black. Windows, the console, web pages and plots all use this table.
"""

FIRST, SECOND = "#0072b2", "#d55e00"
"""Colors of two things that are compared, in plots and explanations, also of Okabe and Ito."""

_OTHER_COLORS = (
    *("#44aa99", "#aa4499", "#999933", "#cc6677", "#8f7ee0", "#a6d854", "#b5763a", "#88ccee"),
    *("#f4a6c0", "#5f9e5f", "#c9a66b", "#7a9cc6"),
)
"""Colors of classes that are not among `EMOTIONS`."""

MAX_CLASSES = 30
"""Most classes of a model."""

MAX_NAME = 30  # characters of a class name

CKPLUS_CODES = {
    0: "neutral",
    1: "anger",
    2: "contempt",
    3: "disgust",
    4: "fear",
    5: "happiness",
    6: "sadness",
    7: "surprise",
}

# Common folder names and labels, including the two-letter codes of KDEF and JAFFE.
ALIASES = {
    "anger": ("angry", "ang", "an", "mad", "rage", "furious"),
    "contempt": ("contemptuous", "con", "co", "scorn"),
    "disgust": ("disgusted", "disgusting", "dis", "di"),
    "fear": ("fearful", "afraid", "scared", "frightened", "fea", "fe", "af", "anxious", "anxiety"),
    "happiness": ("happy", "hap", "ha", "joy", "joyful", "joyous"),
    "neutral": ("neutrality", "neu", "ne", "normal", "natural", "calm", "noemotion"),
    "sadness": ("sad", "sa", "sorrow", "unhappy"),
    "surprise": ("surprised", "sur", "su", "amazed", "astonished", "suprise", "suprised"),
}

_BY_NAME = {name: emotion for emotion in EMOTIONS for name in (emotion, *ALIASES[emotion])}


def parse_emotion(name: str) -> str | None:
    """Return the emotion that a folder name or label stands for.

    Case, spaces, punctuation and digits are ignored: ``"05 - Happy"`` is happiness. A two-letter
    code counts only without digits, because ``AF01`` in KDEF is a person.

    Parameters
    ----------
    name : str
        An English word or a short code of a common data set.

    Returns
    -------
    str or None
        One of `EMOTIONS`, or None if the name stands for none of them.
    """
    word = re.sub(r"[\W\d_]+", "", name).lower()
    if len(word) < 3 and any(character.isdecimal() for character in name):
        return None
    return _BY_NAME.get(word)


def class_name(text: str) -> str:
    """Check the name of a class, which may come from a folder, a table or a model.

    Parameters
    ----------
    text : str
        Any text. Spaces around it do not count.

    Returns
    -------
    str
        The name, with composed characters and single spaces.

    Raises
    ------
    ValueError
        If it is `UNCERTAIN`, has no letter, is longer than `MAX_NAME`, does not begin with a letter
        or a digit, or contains anything but letters, digits, spaces and ``_ - . +``. Spreadsheets
        would take other names for formulas.
    """
    name = unicodedata.normalize("NFC", " ".join(text.split()))
    if name.lower() == UNCERTAIN:
        raise ValueError(f"{name!r} stands for no class")
    valid = re.fullmatch(r"(?=.*[^\W\d_])[^\W_][\w .+-]*", name)
    if not valid or len(name) > MAX_NAME:
        raise ValueError(
            f"{name[:40]!r} is no name for a class; use up to {MAX_NAME} letters, digits, spaces "
            "and _-.+"
        )
    return name


def color_of(name: str, among: Sequence[str] = ()) -> str:
    """Return the color of a class.

    Parameters
    ----------
    name : str
        One of `EMOTIONS`, which always have the same color, or another class.
    among : sequence of str
        All classes of the model. Up to twelve classes that are not emotions differ in color.

    Returns
    -------
    str
        As ``#rrggbb``; that of `UNCERTAIN` for a name that is in neither.
    """
    if name in COLORS or name not in among:
        return COLORS.get(name, COLORS[UNCERTAIN])
    others = sorted(set(among) - set(EMOTIONS))
    return _OTHER_COLORS[others.index(name) % len(_OTHER_COLORS)]
