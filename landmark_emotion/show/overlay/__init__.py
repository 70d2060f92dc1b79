"""Predictions drawn on their frame.

::

    overlay   a frame and its predictions become a picture
      marks     on a face: its landmarks, its box
      layout    where the panels go, so that they cover no face and lie still
      panels    what is told about a face: its emotion, bars for all of them
      ink       bitmaps: text, paper, and laying one on the other
      rects     rectangles and what they share
"""

from landmark_emotion.show.overlay.overlay import KEYS, Overlay, draw_predictions

__all__ = ["KEYS", "Overlay", "draw_predictions"]
