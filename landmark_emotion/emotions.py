"""The emotions, the names other people give them, and the codes of CK+."""

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
"""All eight, in the order every array of probabilities follows."""

DEFAULT_EMOTIONS = tuple(emotion for emotion in EMOTIONS if emotion != "contempt")
"""The seven that are recognized unless contempt is asked for."""

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

# Words in use as folder names and labels, among them the two-letter codes of KDEF and JAFFE.
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
    """Find the emotion that a folder name or a label means.

    Case, spaces, punctuation and a leading or trailing number do not matter, so ``"05 - Happy"``
    is happiness. Codes of two letters must stand without a number, since KDEF's ``AF01`` is a
    person.

    Parameters
    ----------
    name : str
        A name in English or one of the short codes of common data sets.

    Returns
    -------
    str or None
        One of `EMOTIONS`, or None where the name means none of them.
    """
    word = re.sub(r"[\W\d_]+", "", name).lower()
    if len(word) < 3 and any(character.isdecimal() for character in name):
        return None
    return _BY_NAME.get(word)
