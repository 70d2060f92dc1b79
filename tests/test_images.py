import struct
import zlib

import cv2
import numpy as np
import pytest

from landmark_emotion.errors import ImageError
from landmark_emotion.face import Box
from landmark_emotion.images import (
    BORDER,
    ENLARGED_SIDE,
    SMALL_SIDE,
    decode_image,
    prepare,
    read_image,
    to_gray,
)

EXIF_ROTATIONS = {
    1: lambda picture: picture,
    3: lambda picture: np.rot90(picture, 2),
    6: lambda picture: np.rot90(picture, -1),
    8: lambda picture: np.rot90(picture, 1),
}


@pytest.fixture
def colours() -> np.ndarray:
    """A picture whose pixels all differ from their neighbours, (6, 9, 3)."""
    return np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)


def encoded(picture: np.ndarray, suffix: str = ".png") -> bytes:
    good, data = cv2.imencode(suffix, picture)
    assert good
    return data.tobytes()


def with_exif(jpeg: bytes, orientation: int) -> bytes:
    entry = struct.pack("<HHII", 0x0112, 3, 1, orientation)
    exif = b"Exif\0\0" + struct.pack("<2sHIH", b"II", 42, 8, 1) + entry + struct.pack("<I", 0)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff", ".ppm"])
@pytest.mark.parametrize("name", ["plain", "UPPER", "grüße 表情", "with space; and 'quotes'"])
def test_a_picture_is_read_as_it_was_saved(tmp_path, colours, suffix, name):
    path = tmp_path / (name + (suffix.upper() if name.isupper() else suffix))
    path.write_bytes(encoded(colours, suffix))
    assert np.array_equal(read_image(path), colours)
    assert np.array_equal(read_image(str(path)), colours)


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_lossy_pictures_are_read_too(tmp_path, face, suffix):
    path = tmp_path / f"face{suffix}"
    path.write_bytes(encoded(face, suffix))
    assert np.abs(read_image(path).astype(int) - face).mean() < 5


@pytest.mark.parametrize("orientation", EXIF_ROTATIONS)
def test_the_camera_may_have_been_held_upright(face, orientation):
    turned = decode_image(with_exif(encoded(face, ".jpg"), orientation), "x")
    expected = EXIF_ROTATIONS[orientation](face)
    assert turned.shape == expected.shape
    assert np.abs(turned.astype(int) - expected).mean() < 5


def test_sixteen_bits_become_eight(colours):
    assert np.array_equal(decode_image(encoded(colours.astype(np.uint16) * 257), "x"), colours)


def test_gray_gets_three_equal_channels(colours):
    gray = colours[..., 0]
    for data in (encoded(gray), encoded(gray, ".pgm"), encoded(gray.astype(np.uint16) * 257)):
        assert np.array_equal(decode_image(data, "x"), np.dstack([gray] * 3))


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bits_of_which_a_camera_fills_fewer_are_not_left_black(colours, suffix, bits):
    colours[0, 0] = 255
    filled = np.rint(colours * ((2**bits - 1) / 255)).astype(np.uint16)
    assert np.array_equal(decode_image(encoded(filled, suffix), "x"), colours)


def test_sixteen_black_bits_stay_black():
    black = np.zeros((4, 5, 3), dtype=np.uint16)
    assert not decode_image(encoded(black), "x").any()


def test_floating_point_numbers_are_refused(colours):
    with pytest.raises(ImageError, match=r"^x: of neither 8 nor 16 bits; save it as PNG or JPEG$"):
        decode_image(encoded((colours / 255).astype(np.float32), ".tiff"), "x")


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_what_is_transparent_becomes_white(suffix):
    picture = np.zeros((48, 48, 4), dtype=np.uint8)
    picture[..., :3] = (40, 80, 120)
    picture[:16, :, 3], picture[16:32, :, 3], picture[32:, :, 3] = 0, 51, 255
    seen = decode_image(encoded(picture, suffix), "x")
    for row, colour in ((4, (255, 255, 255)), (24, (212, 220, 228)), (44, (40, 80, 120))):
        assert seen[row, 24] == pytest.approx(np.array(colour), abs=3)


def test_what_is_transparent_becomes_white_in_gray_and_16_bits_too(colours):
    hidden = np.dstack([colours.astype(np.uint16) * 257, np.full((6, 9), 65535, np.uint16)])
    assert np.array_equal(decode_image(encoded(hidden), "x"), colours)
    hidden[2:, :, 3] = 0
    seen = decode_image(encoded(hidden), "x")
    assert np.array_equal(seen[:2], colours[:2])
    assert (seen[2:] == 255).all()


@pytest.mark.parametrize("orientation", EXIF_ROTATIONS)
def test_the_transparent_part_of_a_turned_picture_turns_along(colours, orientation):
    alpha = np.full((6, 9, 1), 255, dtype=np.uint8)
    alpha[0] = 0
    entry = struct.pack("<HHII", 0x0112, 3, 1, orientation)
    exif = struct.pack("<2sHIH", b"II", 42, 8, 1) + entry + struct.pack("<I", 0)
    data = encoded(np.dstack([colours, alpha]))
    chunk = b"eXIf" + exif
    chunk = struct.pack(">I", len(exif)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    seen = decode_image(data[:33] + chunk + data[33:], "x")
    on_white = np.where(alpha, colours, 255)
    assert any(np.array_equal(seen, turn(on_white)) for turn in EXIF_ROTATIONS.values())
    if len(seen) == 9:  # OpenCV 4.9 does not look for EXIF data in a PNG
        assert np.array_equal(seen, EXIF_ROTATIONS[orientation](on_white))


def test_a_palette_is_looked_up():
    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">IIBBBBB", 2, 1, 8, 3, 0, 0, 0)
    palette = bytes([255, 0, 0, 10, 20, 30])  # red, green, blue
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"PLTE", palette)
    data += chunk(b"IDAT", zlib.compress(b"\0\1\0")) + chunk(b"IEND", b"")
    assert decode_image(data, "x").tolist() == [[[30, 20, 10], [0, 0, 255]]]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp", ".tiff", ".pgm"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_truncated_picture_is_refused_and_not_filled_with_gray(face, suffix, share):
    data = encoded(face[..., 0], suffix)
    with pytest.raises(ImageError, match=r"^x: .*(cut off|damaged); replace it$"):
        decode_image(data[: int(len(data) * share)], "x")


@pytest.mark.parametrize("data", [b"hello\n" * 100, b"<html>", b"\xff\xd8", b"\x89PNG", b"GIF89a"])
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(ImageError, match=r"^x: .*; replace it$"):
        decode_image(data, "x")


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "empty.png").touch()
    with pytest.raises(ImageError, match=r"empty\.png: the file is empty; replace it"):
        read_image(tmp_path / "empty.png")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ImageError, match=r"none\.png: no such file"):
        read_image(tmp_path / "none.png")
    with pytest.raises(ImageError, match=r"folder\.png: not a file"):
        read_image(tmp_path / "folder.png")
    with pytest.raises(ImageError, match="cannot be read"):
        read_image(tmp_path / ("n" * 5000))


def test_a_file_of_absurd_size_is_refused_unread(tmp_path, monkeypatch):
    (tmp_path / "huge.png").write_bytes(bytes(11))
    monkeypatch.setattr("landmark_emotion.images.MAX_FILE_BYTES", 10)
    with pytest.raises(ImageError, match=r"huge\.png: larger than 256 MB; save it smaller"):
        read_image(tmp_path / "huge.png")


def test_gray_is_made_of_any_number_of_channels(colours):
    expected = cv2.cvtColor(colours, cv2.COLOR_BGR2GRAY)
    opaque = np.dstack([colours, np.full(colours.shape[:2], 255, dtype=np.uint8)])
    assert np.array_equal(to_gray(colours), expected)
    assert np.array_equal(to_gray(opaque), expected)
    assert np.array_equal(to_gray(expected), expected)
    assert np.array_equal(to_gray(expected[..., np.newaxis]), expected)
    assert to_gray(colours[..., :1]).flags.c_contiguous  # dlib needs that


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((4, 4), dtype=np.float64),
        np.zeros((4, 4, 3), dtype=np.uint16),
        np.zeros(4, dtype=np.uint8),
        np.zeros((0, 4), dtype=np.uint8),
        np.zeros((4, 4, 2), dtype=np.uint8),
        np.zeros((1, 4, 4, 3), dtype=np.uint8),
    ],
)
def test_what_is_no_frame_is_refused(frame):
    with pytest.raises(ValueError, match="frame must"):
        prepare(frame)


def test_large_pictures_stay_as_they_are(face):
    prepared = prepare(face)
    assert np.array_equal(prepared.gray, to_gray(face))
    landmarks = np.arange(136.0).reshape(68, 2)
    assert np.array_equal(prepared.landmarks_to_original(landmarks), landmarks)
    assert prepared.box_to_original(Box(3, 4, 5, 6)) == Box(3, 4, 5, 6)


@pytest.mark.parametrize("shape", [(48, 48), (48, 60), (100, 70), (1, 1), (159, 400), (2, 3)])
def test_small_pictures_grow_and_get_a_border_but_keep_their_aspect_ratio(shape):
    prepared = prepare(np.zeros(shape, dtype=np.uint8))
    height, width = (side - 2 * prepared.border for side in prepared.gray.shape)
    assert min(height, width) == ENLARGED_SIDE
    assert prepared.border == round(BORDER * ENLARGED_SIDE)
    assert height == pytest.approx(shape[0] * prepared.scale, abs=1)
    assert width == pytest.approx(shape[1] * prepared.scale, abs=1)


@pytest.mark.parametrize("shape", [(1, 5000), (5000, 1), (20, 4000)])
def test_long_strips_do_not_grow(shape):
    assert prepare(np.zeros(shape, dtype=np.uint8)).gray.shape == shape


def test_a_point_comes_back_to_where_it_was():
    # A bright dot in a small picture is found in the prepared one and taken back.
    for x, y in [(10, 20), (40, 7), (25, 40)]:
        small = np.zeros((48, 60), dtype=np.uint8)
        small[y, x] = 255
        prepared = prepare(small)
        weights = prepared.gray.astype(float)
        rows, columns = np.indices(weights.shape)
        centre = [(columns * weights).sum(), (rows * weights).sum()] / weights.sum()
        assert prepared.landmarks_to_original(centre) == pytest.approx([x, y], abs=0.1)


def test_a_box_comes_back_to_where_it_was():
    prepared = prepare(np.zeros((50, 50), dtype=np.uint8))  # four times as large, border 50
    assert prepared.box_to_original(Box(50 + 40, 50 + 80, 120, 60)) == Box(10, 20, 30, 15)
    assert prepared.box_to_original(Box(10, 30, 1, 1)) == Box(-10, -5, 1, 1)


@pytest.mark.parametrize("side", [48, 100, SMALL_SIDE - 1])
def test_landmarks_of_a_shrunk_face_are_those_of_the_original(detector, face, side):
    close = face[90:450, 140:500]  # a tight crop
    small = cv2.resize(close, (side, side), interpolation=cv2.INTER_AREA)
    (original,), (shrunk,) = detector.faces(close), detector.faces(small)
    back = (shrunk.landmarks + 0.5) * (len(close) / side) - 0.5
    off = np.hypot(*(back - original.landmarks).T)
    assert off.mean() < 0.03 * original.box.width
    assert shrunk.box.width * len(close) / side == pytest.approx(original.box.width, rel=0.25)
