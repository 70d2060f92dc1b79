"""Where the time of recognition goes."""

import contextlib
import csv
import functools
import io
import time
from collections import defaultdict
from unittest.mock import patch

from benchmarks.live.passes import go_through
from benchmarks.live.videos import FPS
from landmark_emotion.faces.detector import FaceDetector
from landmark_emotion.faces.lazy_gray import LazyGray
from landmark_emotion.live import recognizer
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.show.rows import COLUMNS, flat_row, json_row


class Stopwatch:
    """Adds up time by stage; what one stage calls of another counts for the other only."""

    def __init__(self):
        self.spent = defaultdict(float)
        self._inner = [0.0]

    def wrap(self, stage, function):
        """Make the function count for a stage."""

        @functools.wraps(function)
        def timed(*arguments, **options):
            self._inner.append(0.0)
            begin = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                took = time.perf_counter() - begin
                self.spent[stage] += took - self._inner.pop()
                self._inner[-1] += took

        return timed


def stages(model, path):
    """Tell where the time of (c) goes; times are measured apart, as measuring costs some."""
    watch = Stopwatch()
    output = csv.DictWriter(io.StringIO(), COLUMNS)

    def write(predictions, at):
        for prediction in predictions or [None]:
            row = json_row(path.name, round(at * FPS), at, prediction)
            output.writerow(flat_row(row))

    write = watch.wrap("output", write)
    methods = ["search", "search_part", "confirm", "check", "landmarks"]
    with contextlib.ExitStack() as stack:
        for owner, name, stage in (
            *((FaceDetector, name, name) for name in methods),
            (LazyGray, "of", "gray"),
            (LazyGray, "_convert", "gray"),
            (recognizer, "landmark_features", "features, model"),
            (recognizer, "softmax", "features, model"),
            (EmotionModel, "votes", "features, model"),
            (Recognizer, "recognize", "rest"),
        ):
            timed = watch.wrap(stage, getattr(owner, name))
            timed = staticmethod(timed) if name == "of" else timed
            stack.enter_context(patch.object(owner, name, timed))
        following = Recognizer(model)
        through = go_through(path, lambda image, at: write(following.recognize(image, at), at))
    spent = {"decode": sum(through.decode)}
    for stage in ("gray", *methods, "features, model", "rest", "output"):
        spent[stage] = 1000 * watch.spent[stage]
    whole = sum(spent.values())
    n = len(through.wall)
    return {
        stage: {"milliseconds": value / n, "share": value / whole} for stage, value in spent.items()
    }
