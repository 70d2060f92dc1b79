"""The emotions: names and their order, aliases, CK+ codes, and colors."""

import re

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
    "happiness": ("happy", "hap", "ha", "joy", "joyful", "joyous", "smile", "smiling", "smiled"),
    "neutral": ("neutrality", "neu", "ne", "normal", "natural", "calm", "none", "noemotion"),
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


def color_of(name: str) -> str:
    """Return the color of an emotion, or the color of `UNCERTAIN` for any other name."""
    return COLORS.get(name, COLORS[UNCERTAIN])
