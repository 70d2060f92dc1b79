import io

import cv2
import numpy as np
import pytest

import landmark_emotion as le
from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.faces.detector import FaceDetector
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.classifier import SHIPPED
from landmark_emotion.model.face import Box
from landmark_emotion.show.explanation_picture import draw_explanation, draw_panels
from landmark_emotion.sources.frame import Frame
from landmark_emotion.sources.preparation import (
    BORDER,
    ENLARGED_SIDE,
    SMALL_SIDE,
    prepare,
    to_bgr,
    to_gray,
)


@pytest.fixture(scope="module")
def gray_face() -> np.ndarray:
    """A drawn gray face, (240, 320, 3), whose channels are equal."""
    gray = cv2.cvtColor(draw_face(Subject(), "happiness")[::2, ::2], cv2.COLOR_BGR2GRAY)
    return cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)


@pytest.fixture(scope="module")
def functions(gray_face):
    """Every public function that takes a picture; each returns something to compare."""
    recognizer = Recognizer(SHIPPED[-1])
    (prediction,) = recognizer.recognize_still(gray_face)
    explanation = le.explain(recognizer.model, prediction.face.landmarks)

    def probabilities(predictions):
        return np.array([prediction.probabilities for prediction in predictions])

    def recognize_frame(image):
        recognizer.reset()
        return probabilities(recognizer.recognize(image, time=0.0))

    return {
        "to_bgr": to_bgr,
        "to_gray": to_gray,
        "prepare": lambda image: prepare(image).gray,
        "recognize": lambda image: probabilities(le.recognize(image, recognizer=recognizer)),
        "Recognizer.recognize": recognize_frame,
        "Recognizer.recognize_still": lambda image: probabilities(
            recognizer.recognize_still(image)
        ),
        "draw_predictions": lambda image: le.draw_predictions(image, [prediction]),
        "draw_explanation": lambda image: draw_explanation(image, prediction, explanation),
        "draw_panels": lambda image: draw_panels(image, [(prediction, explanation, None)]),
        "reference_from_image": lambda image: le.reference_from_image(image, "x").features,
        "FaceDetector.faces": lambda image: FaceDetector().faces(image)[0].landmarks,
    }


NAMES = (
    *("to_bgr", "to_gray", "prepare", "recognize", "Recognizer.recognize"),
    *("Recognizer.recognize_still", "draw_predictions", "draw_explanation", "draw_panels"),
    *("reference_from_image", "FaceDetector.faces"),
)


def with_alpha(bgr: np.ndarray) -> np.ndarray:
    return np.dstack([bgr, np.full(bgr.shape[:2], 9, dtype=np.uint8)])


@pytest.mark.parametrize("name", NAMES)
def test_every_function_takes_the_same_pictures(functions, gray_face, name):
    function = functions[name]
    expected = function(gray_face)
    variants = [
        gray_face[..., 0],
        gray_face[..., :1],
        with_alpha(gray_face),
        np.asfortranarray(gray_face),
    ]
    pil = pytest.importorskip("PIL.Image")
    variants += [pil.fromarray(gray_face), pil.fromarray(gray_face[..., 0])]
    before = [np.array(picture) for picture in variants]
    for picture in variants:
        assert np.array_equal(function(picture), expected)
    assert all(np.array_equal(old, new) for old, new in zip(before, variants, strict=True))


class Tensor:
    """Has what tensors of PyTorch and TensorFlow have."""

    def numpy(self):
        return np.zeros((4, 4, 3), dtype=np.uint8)


BAD_PICTURES = {
    "nothing": (None, TypeError, "cv2.imread returns None"),
    "a path": ("photo.jpg", TypeError, "got str; read the file with .*read_image$"),
    "bytes": (b"\xff\xd8", TypeError, "decode the file with .*read_image$"),
    "a list": ([[0, 0], [0, 0]], TypeError, "convert it with numpy.asarray"),
    "a tensor": (Tensor(), TypeError, r"convert the tensor with \.numpy\(\)"),
    "a frame": (Frame(np.zeros((4, 4, 3), np.uint8), 0, 0.0), TypeError, "attribute 'image'"),
    "floats": (np.zeros((4, 4, 3)), ValueError, "uint8, got float64; scale its values"),
    "16 bits": (np.zeros((4, 4, 3), np.uint16), ValueError, "uint8, got uint16"),
    "a mask": (np.zeros((4, 4), bool), ValueError, "uint8, got bool"),
    "channels first": (np.zeros((3, 8, 8), np.uint8), ValueError, r"last with .transpose\(1, 2, 0"),
    "two channels": (np.zeros((4, 4, 2), np.uint8), ValueError, "got .4, 4, 2.; pass one picture"),
    "one dimension": (np.zeros(4, np.uint8), ValueError, "got .4,.; pass one picture"),
    "a batch": (np.zeros((1, 4, 4, 3), np.uint8), ValueError, "pass one picture"),
    "no pixels": (np.zeros((0, 4, 3), np.uint8), ValueError, "got .0, 4, 3.; pass"),
}


@pytest.mark.parametrize("name", NAMES)
def test_every_function_says_what_to_pass_instead(functions, name):
    for picture, error, message in BAD_PICTURES.values():
        if name == "recognize" and isinstance(picture, str | bytes):
            continue  # it takes files too
        with pytest.raises(error, match=f"^image must .*{message}"):
            functions[name](picture)


def test_colors_are_converted():
    bgr = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)
    gray = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    assert to_bgr(bgr) is bgr
    assert np.array_equal(to_bgr(with_alpha(bgr)), bgr)
    assert np.array_equal(to_bgr(gray), np.dstack([gray] * 3))
    assert np.array_equal(to_gray(with_alpha(bgr)), to_gray(bgr))
    assert np.array_equal(to_gray(bgr), gray)
    assert to_gray(bgr[..., :1]).flags.c_contiguous  # dlib needs that


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "I", "I;16"])
def test_pil_images_of_any_mode_are_converted(mode):
    pil = pytest.importorskip("PIL.Image")
    image = pil.new("RGB", (9, 6), (255, 255, 255)).convert("L" if mode == "I;16" else mode)
    assert np.array_equal(to_bgr(image.convert(mode)), np.full((6, 9, 3), 255))
    colored = to_bgr(pil.new("RGB", (9, 6), (200, 100, 50)))
    assert colored[0, 0].tolist() == [50, 100, 200]
    clear = pil.new("RGBA", (9, 6), (200, 100, 50, 0))
    assert to_bgr(clear)[0, 0].tolist() == [255, 255, 255]


def test_pil_images_of_16_bits_are_scaled():
    pil = pytest.importorskip("PIL.Image")
    samples = np.full((6, 9), 2047, dtype=np.uint16)  # half of the 12 bits that a camera fills
    samples[0, 0] = 4095
    for array in (samples, samples.astype(np.int32)):  # modes I;16 and I
        assert to_bgr(pil.fromarray(array))[:2, 0].tolist() == [[255] * 3, [127] * 3]
    for deeper in (-samples.astype(np.int32), 100 * samples.astype(np.int32), samples / 4095):
        with pytest.raises(ValueError, match="must have 8 or 16 bits per sample"):
            to_bgr(pil.fromarray(deeper.astype(np.float32 if deeper.dtype == float else np.int32)))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_pil_image_is_turned_upright_as_a_file_is(orientation):
    pil = pytest.importorskip("PIL.Image")
    colors = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)
    exif, file = pil.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    pil.fromarray(colors).save(file, "PNG", exif=exif)
    opened = pil.open(file)
    upright = to_bgr(opened)
    assert np.array_equal(upright, le.read_image(file.getvalue()))
    assert upright.shape == ((9, 6, 3) if orientation > 4 else (6, 9, 3))
    assert opened.getexif()[0x0112] == orientation


def test_damaged_exif_data_of_a_pil_image_are_ignored():
    pil = pytest.importorskip("PIL.Image")
    image = pil.new("RGB", (9, 6))
    image.info["exif"] = b"Exif\0\0Exif\0\0"
    assert to_bgr(image).shape == (6, 9, 3)


def test_large_pictures_are_not_changed(face):
    prepared = prepare(face)
    assert np.array_equal(prepared.gray, to_gray(face))
    landmarks = np.arange(136.0).reshape(68, 2)
    assert np.array_equal(prepared.landmarks_to_original(landmarks), landmarks)
    assert prepared.box_to_original(Box(3, 4, 5, 6)) == Box(3, 4, 5, 6)


@pytest.mark.parametrize("shape", [(48, 48), (48, 60), (100, 70), (1, 1), (159, 400), (2, 3)])
def test_small_pictures_are_enlarged_and_get_a_border(shape):
    prepared = prepare(np.zeros(shape, dtype=np.uint8))
    height, width = (side - 2 * prepared.border for side in prepared.gray.shape)
    assert min(height, width) == ENLARGED_SIDE
    assert prepared.border == round(BORDER * ENLARGED_SIDE)
    assert height == pytest.approx(shape[0] * prepared.scale, abs=1)
    assert width == pytest.approx(shape[1] * prepared.scale, abs=1)


@pytest.mark.parametrize("shape", [(1, 5000), (5000, 1), (20, 4000)])
def test_long_strips_are_not_enlarged(shape):
    assert prepare(np.zeros(shape, dtype=np.uint8)).gray.shape == shape


def test_points_are_transformed_back():
    # The centroid of a bright dot in the prepared picture belongs to the dot in the small one.
    for x, y in [(10, 20), (40, 7), (25, 40)]:
        small = np.zeros((48, 60), dtype=np.uint8)
        small[y, x] = 255
        prepared = prepare(small)
        weights = prepared.gray.astype(float)
        rows, columns = np.indices(weights.shape)
        center = [(columns * weights).sum(), (rows * weights).sum()] / weights.sum()
        assert prepared.landmarks_to_original(center) == pytest.approx([x, y], abs=0.1)


def test_boxes_are_transformed_back():
    prepared = prepare(np.zeros((50, 50), dtype=np.uint8))  # four times as large, border 50
    assert prepared.box_to_original(Box(50 + 40, 50 + 80, 120, 60)) == Box(10, 20, 30, 15)
    assert prepared.box_to_original(Box(10, 30, 1, 1)) == Box(-10, -5, 1, 1)


@pytest.mark.parametrize("side", [48, 100, SMALL_SIDE - 1])
def test_landmarks_of_a_shrunk_face_match_the_original(detector, face, side):
    close = face[90:450, 140:500]  # a tight crop
    small = cv2.resize(close, (side, side), interpolation=cv2.INTER_AREA)
    (original,), (shrunk,) = detector.faces(close), detector.faces(small)
    back = (shrunk.landmarks + 0.5) * (len(close) / side) - 0.5
    off = np.hypot(*(back - original.landmarks).T)
    assert off.mean() < 0.03 * original.box.width
    assert shrunk.box.width * len(close) / side == pytest.approx(original.box.width, rel=0.25)
