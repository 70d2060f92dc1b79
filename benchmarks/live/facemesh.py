"""MediaPipe's FaceMesh, run by a Python that has `mediapipe`, which ours need not have.

Called as ``PYTHON facemesh.py VIDEO``; prints milliseconds per frame as JSON.
"""

import json
import sys
import time

import cv2
import mediapipe


def main(video):
    """Follow the face through all frames."""
    cv2.setNumThreads(1)
    result = {"wall": [], "cpu": [], "faces": []}
    capture = cv2.VideoCapture(video)
    with mediapipe.solutions.face_mesh.FaceMesh(max_num_faces=1) as mesh:
        while (answer := capture.read())[0]:
            wall, cpu = time.perf_counter(), time.process_time()
            found = mesh.process(cv2.cvtColor(answer[1], cv2.COLOR_BGR2RGB))
            result["cpu"].append(1000 * (time.process_time() - cpu))
            result["wall"].append(1000 * (time.perf_counter() - wall))
            result["faces"].append(len(found.multi_face_landmarks or ()))
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1])
