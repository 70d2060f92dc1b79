"""Mutations of files: blind ones, and ones that keep checksums and containers valid."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence

from landmark_emotion.sources.image_headers import PNG

Mutation = Callable[[bytearray, random.Random], bytearray]

# Numbers at which sizes, counts and signs overflow.
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_WORDS = (b"NaN", b"-Infinity", b"1e999", b"null", b"[[", b'"', b"{", b"\0", b"\n", b"\xff\xfe")


def _span(data: bytearray, rng: random.Random) -> slice:
    start = rng.randrange(len(data))
    return slice(start, min(len(data), start + int(2 ** rng.uniform(0, 10))))


def _flip_bits(data: bytearray, rng: random.Random) -> bytearray:
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def _cut(data: bytearray, rng: random.Random) -> bytearray:
    """Truncate: near the start, anywhere, or by a few bytes at the end."""
    most = rng.choice((min(64, len(data)), len(data), len(data)))
    keep = rng.randrange(most) if rng.random() < 0.7 else len(data) - rng.randrange(1, 33)
    return data[: max(0, keep)]


def _overwrite(data: bytearray, rng: random.Random) -> bytearray:
    span = _span(data, rng)
    data[span] = rng.choice((bytes(span.stop - span.start), rng.randbytes(span.stop - span.start)))
    return data


def _remove(data: bytearray, rng: random.Random) -> bytearray:
    del data[_span(data, rng)]
    return data


def _repeat(data: bytearray, rng: random.Random) -> bytearray:
    span = _span(data, rng)
    data[span.start : span.start] = data[span] * rng.choice((1, 2, 20))
    return data


def _swap(data: bytearray, rng: random.Random) -> bytearray:
    a, b = _span(data, rng), _span(data, rng)
    data[a], data[b] = data[b], data[a]
    return data


def _extreme(data: bytearray, rng: random.Random) -> bytearray:
    """Write an extreme number, mostly into the header."""
    place = rng.randrange(min(len(data), rng.choice((64, len(data)))))
    form = rng.choice(("<I", ">I", "<H", ">H", "B"))
    number = rng.choice(EXTREMES) & (2 ** (8 * struct.calcsize(form)) - 1)
    data[place : place + struct.calcsize(form)] = struct.pack(form, number)
    return data


def _insert_word(data: bytearray, rng: random.Random) -> bytearray:
    place = rng.randrange(len(data))
    data[place : place + rng.choice((0, 1, 4))] = rng.choice(_WORDS)
    return data


MUTATIONS: tuple[Mutation, ...] = (
    _flip_bits,
    _cut,
    _overwrite,
    _remove,
    _repeat,
    _swap,
    _extreme,
    _insert_word,
)


def damaged(data: bytes, rng: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """Apply one to four random mutations to a file.

    Parameters
    ----------
    data : bytes
        The file.
    rng : Random
        Source of all random choices.
    others : sequence of bytes
        Files whose end may replace that of this one.
    """
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        if not changed:
            break
        if others and rng.random() < 0.05:
            other = rng.choice(others)
            changed = changed[: rng.randrange(len(changed))] + other[rng.randrange(len(other)) :]
        else:
            changed = rng.choice(MUTATIONS)(changed, rng)
    return bytes(changed)


def damaged_png(data: bytes, rng: random.Random) -> bytes:
    """Damage, swap, repeat or drop chunks of a PNG and make their checksums valid."""
    chunks = []
    place = len(PNG)
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        chunks.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += 12 + length
    which, other = rng.randrange(len(chunks)), rng.randrange(len(chunks))
    kind, content = chunks[which]
    match rng.choice(("content", "content", "content", "pixels", "swap", "drop", "repeat", "kind")):
        case "content":
            chunks[which] = kind, damaged(content or b"\0", rng)
        case "pixels":
            chunks[which] = kind, _repacked(content, rng)
        case "swap":
            chunks[which], chunks[other] = chunks[other], chunks[which]
        case "drop":
            del chunks[which]
        case "repeat":
            chunks[other:other] = [chunks[which]] * rng.choice((1, 3, 200))
        case "kind":
            chunks[which] = (
                rng.choice((b"PLTE", b"tRNS", b"acTL", b"fcTL", b"fdAT", b"eXIf")),
                (content[:1000]),
            )
    return PNG + b"".join(
        struct.pack(">I", len(content)) + kind + content + _crc(kind + content)
        for kind, content in chunks
    )


def _repacked(content: bytes, rng: random.Random) -> bytes:
    try:
        return zlib.compress(damaged(zlib.decompress(content) or b"\0", rng))
    except zlib.error:
        return content


def _crc(data: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(data))


def damaged_zip(data: bytes, rng: random.Random) -> bytes:
    """Damage, exchange, drop or repeat members of a zip archive, which stays valid itself."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    which, other = rng.randrange(len(members)), rng.randrange(len(members))
    name, content = members[which]
    match rng.choice(("content", "content", "content", "header", "exchange", "drop", "repeat")):
        case "content":
            members[which] = name, damaged(content, rng)
        case "header":
            # numpy's type and shape are in the first 128 bytes of a member.
            members[which] = name, damaged(content[:128], rng) + content[128:]
        case "exchange":
            members[which], members[other] = (
                (name, members[other][1]),
                (members[other][0], content),
            )
        case "drop":
            del members[which]
        case "repeat":
            members.append((name, damaged(content, rng)))
    buffer = io.BytesIO()
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA))
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for place, (name, content) in enumerate(members):
            # zipfile warns about repeated names.
            info = zipfile.ZipInfo(name if (name not in archive.namelist()) else f"{name}{place}")
            archive.writestr(info, content, compress_type=method)
    return buffer.getvalue()
