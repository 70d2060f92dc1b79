"""What the labels of a data set mean: names of folders, words in a table, or codes."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from landmark_emotion.emotions import ALIASES, CKPLUS_CODES, class_name, parse_emotion

CODES: Mapping[str, Mapping[str, str]] = {
    name: {str(code): emotion for code, emotion in codes.items()}
    for name, codes in {
        "affectnet": dict(
            enumerate(
                ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger")
                + ("contempt",)
            )
        ),
        "ckplus": CKPLUS_CODES,
        "fer2013": dict(
            enumerate(
                ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
                + ("contempt",)
            )
        ),
        "rafdb": dict(
            enumerate(
                ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral"), 1
            )
        ),
    }.items()
}
"""What the numbers of common data sets mean. The 7 of FER-2013 is that of ``ckextended.csv``."""

# Words that stand for an emotion beside other emotions, and for themselves among other classes.
_LOOSE = dict.fromkeys(("smile", "smiles", "smiling", "smiled"), "happiness")
_KNOWN_WORDS = [
    name for emotion, names in ALIASES.items() for name in (emotion, *names) if len(name) > 3
]
NO_LABEL = "none"
"""A label that may mean neutral, or that there is none."""


@dataclass(frozen=True)
class Labels:
    """How the user wants labels to be understood, and which rows are wanted.

    Attributes
    ----------
    classes : tuple of str
        Names that are classes, besides the emotions.
    meanings : mapping
        Classes by label in lower case; from ``--labels``.
    own : bool
        Whether labels may be classes of their own if none is an emotion.
    usage : str
        Take the rows of a CSV file of pixels with this usage only; empty for all.
    """

    classes: tuple[str, ...] = ()
    meanings: Mapping[str, str] = field(default_factory=dict)
    own: bool = True
    usage: str = ""

    def __call__(self, label: str) -> str | None:
        """Return the class that a label stands for on its own, or None."""
        key = label_key(label)
        if key in self.meanings:
            return self.meanings[key]
        named = {name.casefold(): name for name in self.classes}
        return named.get(key) or parse_emotion(label)

    def interpret(self, labels: Collection[str]) -> tuple[dict[str, str | None], bool]:
        """Find the classes of all labels of a data set.

        If the user named classes, or any label is an emotion other than neutral, the others stand
        for nothing. Otherwise each label is a class of its own.

        Returns
        -------
        meaning : dict
            The class of each label, or None.
        own : bool
            Whether labels are classes of their own.
        """
        meaning = {label: self(label) for label in labels}
        emotional = any(name not in (None, "neutral") for name in meaning.values())
        if emotional or self.classes or self.meanings or not self.own:
            loose = {label: _LOOSE.get(label_key(label)) for label in labels}
            return {label: meaning[label] or loose[label] for label in labels}, False
        return {label: meaning[label] or _own_class(label) for label in labels}, True


def label_key(label: str) -> str:
    """Return a label in the form by which it is looked up."""
    return " ".join(label.split()).casefold()


def questions(where: object, unknown: Iterable[str], own: bool) -> list[str]:
    """Ask the user about labels that are not understood, or are taken as classes by themselves.

    Parameters
    ----------
    where : object
        The data set.
    unknown : iterable of str
        The labels.
    own : bool
        Whether they are classes of their own; otherwise they are left out.

    Returns
    -------
    list of str
        One line about each that looks like a misspelled emotion or no label, and one about the
        others that are left out.
    """
    result = "is a class of its own" if own else "is left out"
    notes, others = [], []
    for label in dict.fromkeys(unknown):
        shown = label[:40]
        word = "".join(letter for letter in label.lower() if letter.isalpha())
        alike = get_close_matches(word, _KNOWN_WORDS, 1, 0.8)
        meant = parse_emotion(alike[0]) if alike else None
        if label_key(label) == NO_LABEL:
            notes.append(
                f"note: {where}: {shown!r} may mean neutral or no label and {result}; if it means "
                f"neutral, add --labels {NO_LABEL}=neutral"
            )
        elif meant is not None:
            option = f" or add --labels '{shown}={meant}'" if _can_be_typed(shown) else ""
            notes.append(
                f"note: {where}: {shown!r} {result}; if it means {meant}, rename it{option}"
            )
        else:
            others.append(repr(shown))
    if others and not own:
        listed = ", ".join(others[:5]) + (f" and {len(others) - 5} more" if others[5:] else "")
        verbs = "names no emotion and is" if len(others) == 1 else "name no emotion and are"
        notes.append(
            f"note: {where}: {listed} {verbs} left out; to train on such a class, name all classes "
            "with --emotions"
        )
    return notes


def _can_be_typed(label: str) -> bool:
    return label.isprintable() and not any(sign in label for sign in "'=,")


def _own_class(label: str) -> str | None:
    try:
        return class_name(label)
    except ValueError:
        return None
