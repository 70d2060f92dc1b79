import errno
import io
import os
import struct
import subprocess
import sys
import zlib

import cv2
import numpy as np
import pytest

from landmark_emotion.errors import ImageError, TooLargeError, is_system_fault
from landmark_emotion.sources import images
from landmark_emotion.sources.image_headers import PNG, image_size, jpeg_layout, png_is_whole
from landmark_emotion.sources.images import MAX_SCANS, decode_image, read_image

EXIF_ROTATIONS = {
    1: lambda picture: picture,
    3: lambda picture: np.rot90(picture, 2),
    6: lambda picture: np.rot90(picture, -1),
    8: lambda picture: np.rot90(picture, 1),
}
EXIF_TURNS = EXIF_ROTATIONS | {
    2: lambda picture: picture[:, ::-1],
    4: lambda picture: picture[::-1],
    5: lambda picture: picture.swapaxes(0, 1),
    7: lambda picture: np.rot90(picture, 2).swapaxes(0, 1),
}


@pytest.fixture
def colors() -> np.ndarray:
    """A picture of random pixels, (6, 9, 3)."""
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
def test_images_are_read_as_they_were_saved(tmp_path, colors, suffix, name):
    path = tmp_path / (name + (suffix.upper() if name.isupper() else suffix))
    path.write_bytes(encoded(colors, suffix))
    assert np.array_equal(read_image(path), colors)
    assert np.array_equal(read_image(str(path)), colors)


def test_the_content_of_a_file_and_an_open_file_are_read(tmp_path, colors):
    data, path = encoded(colors), tmp_path / "colors.png"
    path.write_bytes(data)
    with path.open("rb") as file:
        for given in (data, bytearray(data), memoryview(data), io.BytesIO(data), file):
            assert np.array_equal(read_image(given), colors)


def test_errors_name_the_open_file_if_it_has_a_name(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(b"no picture")
    with path.open("rb") as file, pytest.raises(ImageError, match=r"x\.png: not an image"):
        read_image(file)
    with path.open() as file, pytest.raises(TypeError, match="must be opened in binary mode"):
        read_image(file)
    with pytest.raises(ImageError, match=r"x\.png: cannot be read"):
        read_image(file)  # closed
    with pytest.raises(ImageError, match=r"^image: the file is empty"):
        read_image(io.BytesIO())


def test_an_endless_open_file_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr(images, "MAX_FILE_BYTES", 100)
    file = io.BytesIO(b"x" * 1000)
    with pytest.raises(ImageError, match="larger than 256 MB"):
        read_image(file)
    assert file.tell() == 101


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_lossy_images_are_read(tmp_path, face, suffix):
    path = tmp_path / f"face{suffix}"
    path.write_bytes(encoded(face, suffix))
    assert np.abs(read_image(path).astype(int) - face).mean() < 5


@pytest.mark.parametrize("orientation", EXIF_ROTATIONS)
def test_exif_orientation_is_applied(face, orientation):
    turned = decode_image(with_exif(encoded(face, ".jpg"), orientation), "x")
    expected = EXIF_ROTATIONS[orientation](face)
    assert turned.shape == expected.shape
    assert np.abs(turned.astype(int) - expected).mean() < 5


def test_gray_images_get_three_equal_channels(colors):
    gray = colors[..., 0]
    for data in (encoded(gray), encoded(gray, ".pgm"), encoded(gray.astype(np.uint16) * 257)):
        assert np.array_equal(decode_image(data, "x"), np.dstack([gray] * 3))


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_images_that_fill_at_most_16_bits_become_8_bits(colors, suffix, bits):
    colors[0, 0] = 255
    filled = np.rint(colors * ((2**bits - 1) / 255)).astype(np.uint16)
    assert np.array_equal(decode_image(encoded(filled, suffix), "x"), colors)
    assert not decode_image(encoded(filled * 0, suffix), "x").any()


def test_floating_point_images_are_refused(colors):
    with pytest.raises(ImageError, match=r"^x: has neither 8 nor 16 bits; save it as PNG or JPEG$"):
        decode_image(encoded((colors / 255).astype(np.float32), ".tiff"), "x")


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_transparent_parts_become_white(suffix):
    picture = np.zeros((48, 48, 4), dtype=np.uint8)
    picture[..., :3] = (40, 80, 120)
    picture[:16, :, 3], picture[16:32, :, 3], picture[32:, :, 3] = 0, 51, 255
    seen = decode_image(encoded(picture, suffix), "x")
    for row, color in ((4, (255, 255, 255)), (24, (212, 220, 228)), (44, (40, 80, 120))):
        assert seen[row, 24] == pytest.approx(np.array(color), abs=3)


def test_transparent_parts_of_16_bit_images_become_white(colors):
    hidden = np.dstack([colors.astype(np.uint16) * 257, np.full((6, 9), 65535, np.uint16)])
    assert np.array_equal(decode_image(encoded(hidden), "x"), colors)
    hidden[2:, :, 3] = 0
    seen = decode_image(encoded(hidden), "x")
    assert np.array_equal(seen[:2], colors[:2])
    assert (seen[2:] == 255).all()


@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
@pytest.mark.parametrize("orientation", EXIF_TURNS)
def test_exif_orientation_of_webp_is_applied(colors, orientation, prefix):
    def chunk(kind: bytes, data: bytes) -> bytes:
        return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)

    height, width = colors.shape[:2]
    alpha = np.full((height, width, 1), 255, dtype=np.uint8)
    alpha[0] = 0
    lossless = [cv2.IMWRITE_WEBP_QUALITY, 101]
    pixels = cv2.imencode(".webp", np.dstack([colors, alpha]), lossless)[1].tobytes()
    pixels = pixels[pixels.index(b"VP8L") :]
    entry = struct.pack("<HHII", 0x0112, 3, 1, orientation)
    exif = prefix + b"II*\0\x08\0\0\0\x01\0" + entry + b"\0\0\0\0"
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    content = chunk(b"VP8X", b"\x18\0\0\0" + size) + pixels + chunk(b"EXIF", exif)
    data = b"RIFF" + struct.pack("<I", 4 + len(content)) + b"WEBP" + content
    expected = EXIF_TURNS[orientation](np.where(alpha, colors, 255))
    np.testing.assert_array_equal(decode_image(data, "x"), expected)


@pytest.mark.parametrize("orientation", EXIF_ROTATIONS)
def test_exif_orientation_applies_to_transparency(colors, orientation):
    alpha = np.full((6, 9, 1), 255, dtype=np.uint8)
    alpha[0] = 0
    entry = struct.pack("<HHII", 0x0112, 3, 1, orientation)
    exif = struct.pack("<2sHIH", b"II", 42, 8, 1) + entry + struct.pack("<I", 0)
    data = encoded(np.dstack([colors, alpha]))
    chunk = b"eXIf" + exif
    chunk = struct.pack(">I", len(exif)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    seen = decode_image(data[:33] + chunk + data[33:], "x")
    on_white = np.where(alpha, colors, 255)
    assert np.array_equal(seen, EXIF_ROTATIONS[orientation](on_white))


def chunk(kind: bytes, content: bytes) -> bytes:
    """A PNG chunk with its checksum."""
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def tiff(order: str, *entries: tuple[int, str, int]) -> bytes:
    """A TIFF header and directory; each entry is a tag, the struct code of a number, a number."""
    data = b"II" if order == "<" else b"MM"
    data += struct.pack(f"{order}HIH", 42, 8, len(entries))
    for tag, letter, number in entries:
        value = struct.pack(order + letter, number).ljust(4, b"\0")
        data += struct.pack(f"{order}HHI", tag, {"B": 1, "H": 3, "I": 4}[letter], 1) + value
    return data + bytes(8)


def bmp(width: int, height: int) -> bytes:
    head = struct.pack("<2sIHHI", b"BM", 54, 0, 0, 54)
    return head + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp", ".tiff", ".pgm"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_truncated_images_are_refused(face, suffix, share):
    data = encoded(face[..., 0], suffix)
    with pytest.raises(ImageError, match=r"^x: .*(cut off|damaged); replace it$"):
        decode_image(data[: int(len(data) * share)], "x")


@pytest.mark.parametrize("data", [b"", b"hello\n" * 100, b"<html>", b"\xff\xd8", b"\x89PNG"])
def test_other_data_are_refused(data):
    with pytest.raises(ImageError, match=r"^x: .*; replace it$"):
        decode_image(data, "x")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tiff", ".webp", ".ppm", ".pgm"])
def test_the_header_tells_the_size(colors, suffix):
    picture = colors[..., 0] if suffix == ".pgm" else colors
    for one in (picture, picture.astype(np.uint16)) if suffix in (".png", ".tiff") else (picture,):
        data = encoded(one, suffix)
        assert image_size(data) == (9, 6)
        for end in range(0, len(data), 3):
            assert image_size(data[:end]) in (None, (9, 6), (0, 0))


@pytest.mark.parametrize("order", "<>")
def test_the_size_of_any_tiff(order):
    assert image_size(tiff(order, (256, "H", 7), (257, "I", 70_000))) == (7, 70_000)
    # Memory is allocated for whole tiles.
    tiles = ((256, "B", 7), (257, "H", 5), (322, "I", 90_000), (323, "H", 60_000))
    data = tiff(order, *tiles)
    assert image_size(data) == (90_000, 60_000)
    assert image_size(tiff(order, (256, "H", 7))) is None
    for end in range(len(data) - 34):
        assert image_size(data[:end]) in (None, (7, 5))


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (bmp(3, -4), (3, 4)),
        (bmp(-(2**31), -(2**31)), (2**31, 2**31)),
        (b"BM" + bytes(12) + struct.pack("<IHH", 12, 70, 80), (70, 80)),
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
        tiff("<", (256, "I", 30_000), (257, "I", 30_000)),
        tiff(">", (256, "H", 64), (257, "H", 64), (322, "I", 2**24), (323, "I", 2**24)),
        b"P6\n30000 30000\n255\n",
        b"P5\n1000001 1\n255\n",
        bmp(30_000, -30_000),
    ],
)  # fmt: skip
def test_small_files_that_claim_to_be_huge_are_refused(data):
    with pytest.raises(TooLargeError, match=r"^x: \d+x\d+ pixels are too many; save it smaller$"):
        decode_image(data, "x")


def test_a_png_is_whole_only_if_its_critical_chunks_are_intact(colors):
    data = encoded(colors)
    assert png_is_whole(data)
    assert png_is_whole(data + b"and more")
    # Chunks with lower-case names are ancillary.
    odd = chunk(b"teXt", b"hello")[:-1] + b"?"
    assert png_is_whole(data[:33] + odd + data[33:])
    assert not any(png_is_whole(data[:end]) for end in range(len(data)))
    for place in range(33, len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        if data[place - 4 : place] != b"IDAT":
            assert not png_is_whole(changed) or place < 41


def test_chunks_that_claim_gigabytes_are_refused(colors):
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
        (b"MM\0+\0\x08" + bytes(100), "BigTIFF"),
    ],
)  # fmt: skip
def test_unsupported_formats_are_named_and_not_decoded(data, name, monkeypatch):
    monkeypatch.setattr(cv2, "imdecode", None)
    with pytest.raises(ImageError, match=rf"^x: an? {name} image cannot be read; save it as PNG"):
        decode_image(data, "x")


def test_what_cannot_be_read_is_a_system_fault(tmp_path, monkeypatch):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "a.png").touch()

    def problem(name):
        with pytest.raises(ImageError) as raised:
            read_image(tmp_path / name)
        assert is_system_fault(raised.value)
        return str(raised.value).removeprefix(str(tmp_path))[1:]

    assert problem("none.png") == "none.png: no such file; check the path"
    assert problem("folder.png").startswith(
        "folder.png: cannot be read (not a regular file); check"
    )
    assert problem("n" * 5000).endswith(": cannot be read (File name too long); check the path")

    def fail(error):
        def open_(*_, **__):
            raise error

        monkeypatch.setattr("pathlib.Path.open", open_)

    fail(OSError(errno.EIO, "I/O error"))
    assert problem("a.png").endswith("(I/O error); check the disk or network, then try again")
    fail(PermissionError(errno.EACCES, "Permission denied"))
    assert problem("a.png").endswith("(Permission denied); check its permissions")


def test_huge_files_are_refused_unread(tmp_path, monkeypatch):
    (tmp_path / "huge.png").write_bytes(bytes(11))
    monkeypatch.setattr("landmark_emotion.sources.images.MAX_FILE_BYTES", 10)
    with pytest.raises(ImageError, match=r"huge\.png: larger than 256 MB; save it smaller"):
        read_image(tmp_path / "huge.png")


@pytest.fixture(scope="module")
def photo() -> bytes:
    """A JPEG file, 64 x 48."""
    return encoded(np.full((48, 64, 3), 90, dtype=np.uint8), ".jpg")


@pytest.mark.parametrize(
    "appended",
    [
        b"\0\0\0\x18ftypmp42" + bytes(2**20),  # as motion photos have it
        b"\xff\xda" * 1000,
        b"\xff\xd8\xff\xe0" + bytes(1000),
        bytes(100),
    ],
)
def test_data_behind_the_end_of_a_jpeg_do_not_matter(photo, appended):
    assert np.array_equal(decode_image(photo + appended, "x"), decode_image(photo, "x"))
    assert jpeg_layout(photo + appended).end == len(photo)
    # What follows is of no help to an image that is cut off itself.
    cut = photo[: len(photo) // 2]
    with pytest.raises(ImageError, match=r"^x: the image is cut off; replace it$"):
        decode_image(cut, "x")


@pytest.mark.parametrize("stray", [b"\0\0\0", b"\xff\0", b"\xff\xff\xff", b"text"])
def test_stray_bytes_between_jpeg_segments_do_not_matter(photo, stray):
    for marker in (b"\xff\xdb", b"\xff\xc0", b"\xff\xda"):
        place = photo.index(marker)
        spoilt = photo[:place] + stray + photo[place:]
        assert np.array_equal(decode_image(spoilt, "x"), decode_image(photo, "x"))


def test_thumbnails_and_other_segments_are_not_mistaken_for_the_image(photo):
    thumbnail = photo[:2] + b"\xff\xe1" + struct.pack(">H", len(photo) + 2) + photo + photo[2:]
    assert jpeg_layout(thumbnail) == jpeg_layout(photo).__class__((64, 48), 1, len(thumbnail))
    with pytest.raises(ImageError, match="cut off"):
        decode_image(thumbnail[: len(photo) + 20], "x")


def test_a_jpeg_with_countless_scans_is_refused(photo):
    scan = photo.index(b"\xff\xda")
    many = photo[:scan] + photo[scan:-2] * (MAX_SCANS + 1) + photo[-2:]
    with pytest.raises(TooLargeError, match="too many scans"):
        decode_image(many, "x")


def test_unsupported_suffixes_are_named(tmp_path, colors):
    raw = tmp_path / "a.DNG"
    raw.write_bytes(encoded(colors, ".tiff"))  # may be no more than a thumbnail
    with pytest.raises(ImageError, match=r"a\.DNG: DNG images cannot be read; save it as PNG or"):
        read_image(raw)
    misnamed = tmp_path / "b.heic"
    misnamed.write_bytes(encoded(colors))
    assert np.array_equal(read_image(misnamed), colors)


def test_importing_the_package_does_not_configure_opencv():
    code = (
        "import os; import landmark_emotion.live.recognizer; "
        "assert not [name for name in os.environ if name.startswith('OPENCV')]"
    )
    # Without what the command line has set for other tests in this process.
    environment = {name: os.environ[name] for name in os.environ if not name.startswith("OPENCV")}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_lack_of_memory_is_not_a_fault_of_the_image(monkeypatch, png):
    def decode(*_):
        error = cv2.error("Insufficient memory")
        error.code = cv2.Error.StsNoMem
        raise error

    monkeypatch.setattr("cv2.imdecode", decode)
    with pytest.raises(ImageError, match="not enough memory") as caught:
        decode_image(png, "a.png")
    assert is_system_fault(caught.value)
