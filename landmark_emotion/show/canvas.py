"""Drawing with OpenCV in the colors of the package."""

from landmark_emotion.emotions import color_of

Color = tuple[int, int, int]
"""Blue, green and red, 0 to 255."""


def bgr(emotion: str) -> Color:
    """Return the color of an emotion as OpenCV expects it."""
    red, green, blue = bytes.fromhex(color_of(emotion)[1:])
    return blue, green, red
