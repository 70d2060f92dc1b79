"""The three ways through a video, and what they are measured against."""

from collections import defaultdict

import cv2
import dlib
import numpy as np

from benchmarks.live.answers import Seen, agreement, labels, ours
from benchmarks.live.passes import condensed, facemesh, go_through, spread, summary
from benchmarks.live.stages import stages
from landmark_emotion.faces.detector import FaceDetector
from landmark_emotion.faces.predictor import LandmarkPredictor, find_predictor
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.features import landmark_features
from landmark_emotion.model.head import softmax


class Baseline:
    """Searches every frame in full."""

    def __init__(self, model):
        self._model = model
        self._detector = dlib.get_frontal_face_detector()
        self._predictor = dlib.shape_predictor(str(find_predictor()))
        self._still = FaceDetector()

    def recognize(self, image, upsample=0):
        """Recognize the faces of a frame by dlib's landmarks, which are whole pixels."""
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        boxes, _, _ = self._detector.run(gray, upsample, 0.0)
        parts = [self._predictor(gray, box).parts() for box in boxes]
        return self._seen([[(part.x, part.y) for part in face] for face in parts])

    def reference(self, image):
        """Recognize the faces of a frame as single images: the answers that the others should give.

        A model of sub-pixel landmarks judges rounded ones otherwise where faces are small.
        """
        return self._seen([face.landmarks for face in self._still.faces(image, thorough=True)])

    def _seen(self, landmarks):
        if not landmarks:
            return []
        landmarks = np.array(landmarks, dtype=float)
        probabilities = softmax(self._model.votes(landmark_features(landmarks)))
        emotions = [self._model.emotions[i] for i in probabilities.argmax(axis=1)]
        return [Seen(*face) for face in zip(landmarks, emotions, strict=True)]

    def recognize_shifted(self, image):
        """Recognize the frame moved by one pixel, which is as good a frame as the other."""
        moved = np.concatenate([image[:, :1], image[:, :-1]], axis=1)
        return [Seen(f.landmarks - (1.0, 0.0), f.emotion) for f in self.reference(moved)]


class Ways:
    """Takes the ways through a video."""

    def __init__(self, model, effort, facemesh_python=None):
        self._model = model
        self._facemesh_python = facemesh_python
        self._baseline = Baseline(model)
        self._effort = effort
        # It is loaded once in a process, which `processes.start_up` measures.
        LandmarkPredictor().load_compiled()

    def ours(self, path, threads=1):
        """Follow the faces through every frame."""
        return go_through(path, Recognizer(self._model).recognize, threads=threads)

    def full(self, path, wanted, upsample=0, threads=1):
        """Search some frames in full."""
        return go_through(
            path, lambda image, at: self._baseline.recognize(image, upsample), wanted, threads
        )

    def shifted(self, path, wanted):
        """Search some frames in full that were moved by one pixel."""
        return go_through(path, lambda image, at: self._baseline.recognize_shifted(image), wanted)

    def gray(self, path, threads=1):
        """Decode and convert every frame."""

        def convert(image, at):
            cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)

        return go_through(path, convert, threads=threads)

    def costs(self, case, threads=1):
        """Measure what each way takes, in passes one after the other."""
        passes = defaultdict(list)
        few = self._few(case)
        for _ in range(self._effort.passes):
            passes["gray"].append(self.gray(case.path, threads))
            n = len(passes["gray"][0].wall)
            passes["a"].append(self.full(case.path, spread(n, few), threads=threads))
            passes["c"].append(self.ours(case.path, threads))
            fewer = spread(n, max(1, few // 6))
            passes["b"].append(self.full(case.path, fewer, 1, threads))
            if self._facemesh_python and case.people == 1:
                passes["facemesh"].append(facemesh(self._facemesh_python, case.path))
        costs = {way: summary(passes[way]) for way in passes}
        costs["decode"] = condensed(passes["gray"], "decode")
        costs["decode_beside_ours"] = condensed(passes["c"], "decode")
        cpu = {way: costs[way]["cpu"] for way in passes}
        costs["ratios"] = {
            "a/c": cpu["a"]["mean"] / cpu["c"]["mean"],
            "b/c": cpu["b"]["mean"] / cpu["c"]["mean"],
            "p95/median": cpu["c"]["p95"] / cpu["c"]["median"],
            "c/facemesh": cpu["c"]["median"] / cpu["facemesh"]["median"]
            if "facemesh" in cpu
            else None,
        }
        return costs, passes["c"][0]

    def measure(self, case):
        """Measure everything about a case."""
        costs, followed = self.costs(case)
        for frame, predictions in followed.seen.items():
            followed.seen[frame] = ours(predictions)
        n = len(followed.wall)
        judged = range(0, n, case.judged) if case.judged else spread(n, self._few(case))
        by_still = lambda image, at: self._baseline.reference(image)  # noqa: E731
        reference = go_through(case.path, by_still, judged).seen
        return {
            "name": case.name,
            "size": case.size,
            "content": case.content,
            "people": case.people,
            "frames": n,
            "judged_frames": len(judged),
            "milliseconds": costs,
            "stages": stages(self._model, case.path),
            "agreement": agreement(reference, followed.seen),
            "moved_by_a_pixel": agreement(reference, self.shifted(case.path, judged).seen),
            "labels": labels(followed),
        }

    def _few(self, case):
        """Tell how many frames are searched in full to see what that takes."""
        return max(1, round(self._effort.timed_pixels / np.prod(case.size)))
