"""The colors of the emotions over time, by day and by night."""

from landmark_emotion.emotions import UNCERTAIN

# By day and by night. Most are of Okabe and Ito (2008), "Color universal design".
COLORS = {
    "anger": ("#d55e00", "#e0701c"),
    "contempt": ("#882255", "#b9558b"),
    "disgust": ("#009e73", "#12ab80"),
    "fear": ("#cc79a7", "#d58ab3"),
    "happiness": ("#f0c228", "#e8bd2c"),
    "sadness": ("#0072b2", "#2f8fca"),
    "surprise": ("#56b4e9", "#6cc0ef"),
    "neutral": ("#c6ccd2", "#59616a"),
    UNCERTAIN: ("#eceef0", "#2b3137"),
}
WHITE_INK = ("anger", "contempt", "disgust", "sadness")
