import struct
import zlib

import cv2
import numpy as np
import pytest

from landmark_emotion.errors import ImageError, TooLargeError
from landmark_emotion.model.face import Box
from landmark_emotion.sources.image_headers import PNG, image_size, png_is_whole
from landmark_emotion.sources.images import (
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
def colors() -> np.ndarray:
    """A picture whose pixels all differ from their neighbors, (6, 9, 3)."""
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
def test_a_picture_is_read_as_it_was_saved(tmp_path, colors, suffix, name):
    path = tmp_path / (name + (suffix.upper() if name.isupper() else suffix))
    path.write_bytes(encoded(colors, suffix))
    assert np.array_equal(read_image(path), colors)
    assert np.array_equal(read_image(str(path)), colors)


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


def test_sixteen_bits_become_eight(colors):
    assert np.array_equal(decode_image(encoded(colors.astype(np.uint16) * 257), "x"), colors)


def test_gray_gets_three_equal_channels(colors):
    gray = colors[..., 0]
    for data in (encoded(gray), encoded(gray, ".pgm"), encoded(gray.astype(np.uint16) * 257)):
        assert np.array_equal(decode_image(data, "x"), np.dstack([gray] * 3))


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bits_of_which_a_camera_fills_fewer_are_not_left_black(colors, suffix, bits):
    colors[0, 0] = 255
    filled = np.rint(colors * ((2**bits - 1) / 255)).astype(np.uint16)
    assert np.array_equal(decode_image(encoded(filled, suffix), "x"), colors)


def test_sixteen_black_bits_stay_black():
    black = np.zeros((4, 5, 3), dtype=np.uint16)
    assert not decode_image(encoded(black), "x").any()


def test_floating_point_numbers_are_refused(colors):
    with pytest.raises(ImageError, match=r"^x: of neither 8 nor 16 bits; save it as PNG or JPEG$"):
        decode_image(encoded((colors / 255).astype(np.float32), ".tiff"), "x")


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_what_is_transparent_becomes_white(suffix):
    picture = np.zeros((48, 48, 4), dtype=np.uint8)
    picture[..., :3] = (40, 80, 120)
    picture[:16, :, 3], picture[16:32, :, 3], picture[32:, :, 3] = 0, 51, 255
    seen = decode_image(encoded(picture, suffix), "x")
    for row, color in ((4, (255, 255, 255)), (24, (212, 220, 228)), (44, (40, 80, 120))):
        assert seen[row, 24] == pytest.approx(np.array(color), abs=3)


def test_what_is_transparent_becomes_white_in_gray_and_16_bits_too(colors):
    hidden = np.dstack([colors.astype(np.uint16) * 257, np.full((6, 9), 65535, np.uint16)])
    assert np.array_equal(decode_image(encoded(hidden), "x"), colors)
    hidden[2:, :, 3] = 0
    seen = decode_image(encoded(hidden), "x")
    assert np.array_equal(seen[:2], colors[:2])
    assert (seen[2:] == 255).all()


@pytest.mark.parametrize("orientation", EXIF_ROTATIONS)
def test_the_transparent_part_of_a_turned_picture_turns_along(colors, orientation):
    alpha = np.full((6, 9, 1), 255, dtype=np.uint8)
    alpha[0] = 0
    entry = struct.pack("<HHII", 0x0112, 3, 1, orientation)
    exif = struct.pack("<2sHIH", b"II", 42, 8, 1) + entry + struct.pack("<I", 0)
    data = encoded(np.dstack([colors, alpha]))
    chunk = b"eXIf" + exif
    chunk = struct.pack(">I", len(exif)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    seen = decode_image(data[:33] + chunk + data[33:], "x")
    on_white = np.where(alpha, colors, 255)
    assert any(np.array_equal(seen, turn(on_white)) for turn in EXIF_ROTATIONS.values())
    if len(seen) == 9:  # OpenCV 4.9 does not look for EXIF data in a PNG
        assert np.array_equal(seen, EXIF_ROTATIONS[orientation](on_white))


def chunk(kind: bytes, content: bytes) -> bytes:
    """A part of a PNG with its checksum."""
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def tiff(order: str, big: bool, *entries: tuple[int, str, int]) -> bytes:
    """A TIFF's header and directory of entries: tag, the letter of the number's type, number."""
    kinds = {"B": 1, "H": 3, "I": 4, "Q": 16}
    start = b"II" if order == "<" else b"MM"
    data = start + struct.pack(order + ("HHHQQ" if big else "HIH"),
                               *((43, 8, 0, 16) if big else (42, 8)), len(entries))  # fmt: skip
    for tag, letter, number in entries:
        value = struct.pack(order + letter, number).ljust(8 if big else 4, b"\0")
        data += struct.pack(order + ("HHQ" if big else "HHI"), tag, kinds[letter], 1) + value
    return data + bytes(8)


def bmp(width: int, height: int) -> bytes:
    head = struct.pack("<2sIHHI", b"BM", 54, 0, 0, 54)
    return head + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


def test_a_palette_is_looked_up():
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


@pytest.mark.parametrize("data", [b"hello\n" * 100, b"<html>", b"\xff\xd8", b"\x89PNG", b"PK\3\4"])
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(ImageError, match=r"^x: .*; replace it$"):
        decode_image(data, "x")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tiff", ".webp", ".ppm", ".pgm"])
def test_the_size_is_known_before_anything_is_decoded(colors, suffix):
    picture = colors[..., 0] if suffix == ".pgm" else colors
    for one in (picture, picture.astype(np.uint16)) if suffix in (".png", ".tiff") else (picture,):
        data = encoded(one, suffix)
        assert image_size(data) == (9, 6)
        for end in range(0, len(data), 3):
            assert image_size(data[:end]) in (None, (9, 6), (0, 0))


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("big", [False, True])
def test_the_size_of_any_tiff_is_known(order, big):
    assert image_size(tiff(order, big, (256, "H", 7), (257, "I", 70_000))) == (7, 70_000)
    # A tile is made room for as a whole.
    tiles = ((256, "B", 7), (257, "H", 5), (322, "I", 90_000), (323, "H", 60_000))
    assert image_size(tiff(order, big, *tiles)) == (90_000, 60_000)
    assert image_size(tiff(order, big, (256, "H", 7))) is None
    for end in range(len(tiff(order, big, *tiles)) - 50):
        assert image_size(tiff(order, big, *tiles)[:end]) in (None, (7, 5))


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (bmp(3, -4), (3, 4)),
        (bmp(-(2**31), -(2**31)), (2**31, 2**31)),
        (b"BM" + bytes(12) + struct.pack("<IHH", 12, 70, 80), (70, 80)),
        (struct.pack("<2sHHHQ", b"II", 43, 8, 0, 2**64 - 1) + bytes(16), None),
        (struct.pack("<2sHHHQQ", b"II", 43, 8, 0, 16, 2**64 - 1) + bytes(40), None),
        (struct.pack("<2sHI", b"II", 42, 2**32 - 1), None),
        (b"P6 3 4 255 ", (3, 4)),
        (b"P5\n# a comment\n3 # another\n 4\n255\n", (3, 4)),
        (b"P5" + b"\n#" * 10_000, None),
        (b"\xff\xd8\xff\xe0", None),
        (b"RIFF\0\0\0\0WEBPVP8X" + bytes(5), None),
        (b"", None),
    ],
)
def test_the_size_in_odd_headers(data, size):
    assert image_size(data) == size


@pytest.mark.parametrize(
    "data",
    [
        PNG
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0))
        + chunk(b"IEND", b""),
        tiff("<", False, (256, "I", 30_000), (257, "I", 30_000)),
        tiff(">", True, (256, "H", 64), (257, "H", 64), (322, "I", 2**24), (323, "I", 2**24)),
        b"P6\n30000 30000\n255\n",
        b"P5\n1000001 1\n255\n",
        bmp(30_000, -30_000),
    ],
)  # fmt: skip
def test_a_small_file_that_asks_for_gigabytes_is_refused(data):
    with pytest.raises(TooLargeError, match=r"^x: \d+x\d+ pixels are too many; save it smaller$"):
        decode_image(data, "x")


def test_a_png_is_whole_only_if_all_it_needs_is_undamaged(colors):
    data = encoded(colors)
    assert png_is_whole(data)
    assert png_is_whole(data + b"and more")
    # Nobody needs what is written in small letters.
    odd = chunk(b"teXt", b"hello")[:-1] + b"?"
    assert png_is_whole(data[:33] + odd + data[33:])
    assert not any(png_is_whole(data[:end]) for end in range(len(data)))
    for place in range(33, len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        if data[place - 4 : place] != b"IDAT":
            assert not png_is_whole(changed) or place < 41


def test_a_part_that_claims_to_be_of_gigabytes_is_refused(colors):
    data = encoded(colors)
    forged = data[:33] + b"\x7f\xff\xff\xf0IDAT" + data[41:]
    with pytest.raises(ImageError, match=r"^x: the image is cut off or damaged; replace it$"):
        decode_image(forged, "x")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        # OpenCV would need half a minute and 7 GB for these 34 bytes.
        (b"GIF89a\x30\x75\x30\x75\x80" + bytes(8) + b",\0\0\0\0\x30\x75\x30\x75\0\2\1D\0;", "GIF"),
        (b"\0\0\0\x1cftypavif" + bytes(100), "AVIF"),
        (b"\0\0\0\x18ftypheic" + bytes(100), "HEIC"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(100), "JPEG 2000"),
    ],
)  # fmt: skip
def test_other_formats_are_named_and_not_decoded(data, name, monkeypatch):
    monkeypatch.setattr(cv2, "imdecode", None)
    with pytest.raises(ImageError, match=rf"^x: an? {name} image is not read; save it as PNG"):
        decode_image(data, "x")


@pytest.mark.parametrize("bits", [np.uint8, np.uint16])
def test_a_large_transparent_picture_is_mixed_in_parts(colors, bits, monkeypatch):
    whole = np.dstack([colors, np.arange(54, dtype=np.uint8).reshape(6, 9) * 4]).astype(bits)
    data = encoded(whole * (np.iinfo(bits).max // 255))
    at_once = decode_image(data, "x")
    for band in (1, 9, 20):
        monkeypatch.setattr("landmark_emotion.sources.images._BAND", band)
        assert np.array_equal(decode_image(data, "x"), at_once)


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
    monkeypatch.setattr("landmark_emotion.sources.images.MAX_FILE_BYTES", 10)
    with pytest.raises(ImageError, match=r"huge\.png: larger than 256 MB; save it smaller"):
        read_image(tmp_path / "huge.png")


def test_gray_is_made_of_any_number_of_channels(colors):
    expected = cv2.cvtColor(colors, cv2.COLOR_BGR2GRAY)
    opaque = np.dstack([colors, np.full(colors.shape[:2], 255, dtype=np.uint8)])
    assert np.array_equal(to_gray(colors), expected)
    assert np.array_equal(to_gray(opaque), expected)
    assert np.array_equal(to_gray(expected), expected)
    assert np.array_equal(to_gray(expected[..., np.newaxis]), expected)
    assert to_gray(colors[..., :1]).flags.c_contiguous  # dlib needs that


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
        center = [(columns * weights).sum(), (rows * weights).sum()] / weights.sum()
        assert prepared.landmarks_to_original(center) == pytest.approx([x, y], abs=0.1)


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
