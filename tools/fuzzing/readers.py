"""Every reader of user files, with seeds to damage and checks of what it accepts."""

import contextlib
import functools
import io
import json
import random
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.emotions import EMOTIONS, class_name
from landmark_emotion.errors import NetworkError
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.classifier import SHIPPED, load_model
from landmark_emotion.model.features import landmark_features
from landmark_emotion.model.neutral import load_profile, reference_from
from landmark_emotion.networks.network import load_network
from landmark_emotion.report.pages import timeline_page
from landmark_emotion.report.timeline.lanes import shares
from landmark_emotion.report.timeline.reading import read_timeline
from landmark_emotion.show.rows import COLUMNS
from landmark_emotion.sources.images import read_image
from landmark_emotion.training.comparison import load_report, subjects_of
from landmark_emotion.training.datasets import Dataset, Labels, fer2013, read_dataset
from landmark_emotion.training.landmark_table import load_table
from tools.fuzzing import mutations, networks, pictures

Mutate = Callable[[bytes, random.Random], bytes]


@dataclass(frozen=True)
class Reader:
    """A reader under test.

    Attributes
    ----------
    name : str
        What it reads.
    read : callable
        Reads a file, uses its content and asserts that it is valid.
    seeds : callable
        Returns valid files, made of the photos it is given.
    hostile : callable
        Returns files to read undamaged.
    mutate : callable or None
        Damages a file but keeps its checksums valid.
    """

    name: str
    read: Callable[[Path], Any]
    seeds: Callable[[Sequence[Path]], list[bytes]]
    hostile: Callable[[], list[bytes]] = list
    mutate: Mutate | None = None


@functools.cache
def recognizer() -> Recognizer:
    """Load the shipped model once per process."""
    return Recognizer(next(path for path in SHIPPED if path.is_file()))


@functools.cache
def landmarks() -> Any:
    """Return the landmarks of four drawn faces, (4, 68, 2)."""
    faces = [
        recognizer().recognize_still(draw_face(Subject(), emotion))
        for emotion in ("neutral", "happiness", "surprise", "anger")
    ]
    return np.array([found[0].face.landmarks for found in faces])


def _probable(probabilities: Any) -> None:
    assert np.isfinite(probabilities).all()
    assert (probabilities >= 0).all()
    assert np.allclose(np.sum(probabilities, axis=-1), 1)


def _read_image(path: Path) -> None:
    image = read_image(path)
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    for prediction in recognizer().recognize_still(image):
        _probable(prediction.probabilities)


def _decode_image(path: Path) -> None:
    """Read an image without detecting faces, which is faster."""
    assert read_image(path).shape[2:] == (3,)


def _read_model(path: Path) -> None:
    model = load_model(path)
    own = landmark_features(landmarks())
    _probable(model.probabilities(landmarks()))
    for n in (1, 10**9):
        _probable(model.probabilities(landmarks(), model.blend(own[:1], n)))


def _read_profile(path: Path) -> None:
    reference = load_profile(path)
    model = recognizer().model
    _probable(model.probabilities(landmarks(), model.blend(reference.features, reference.n)))


def _read_table(path: Path) -> None:
    table = load_table(path)
    assert all(class_name(name) == name for name in table.emotion.tolist())
    if len(table):
        assert np.isfinite(landmark_features(table.landmarks)).all()
        _probable(recognizer().model.probabilities(table.landmarks))


def _read_manifest(path: Path) -> None:
    file = path.with_name("manifest.csv")
    file.write_bytes(path.read_bytes())
    _check(read_dataset(file))


def _check(dataset: Dataset) -> None:
    assert all(class_name(s.emotion) == s.emotion for s in dataset.samples)
    assert all(note.isprintable() for note in dataset.notes)


def _read_ckplus(path: Path) -> None:
    """Use the first line as the content of an emotion file, the rest as a frame's name."""
    root = path.with_name("ckplus")
    frames, labels = root / "images" / "S005" / "001", root / "Emotion" / "S005" / "001"
    for folder in (frames, labels):
        folder.mkdir(parents=True, exist_ok=True)
    for number in (1, 11):
        (frames / f"S005_001_{number:08}.png").touch()
    code, _, name = path.read_bytes().partition(b"\n")
    (labels / "S005_001_00000011_emotion.txt").write_bytes(code)
    name = name.replace(b"/", b"").replace(b"\0", b"")[:100]
    odd = Path(f"{frames}/{name.decode(errors='surrogateescape')}") if name else None
    if odd is not None and name not in (b".", b".."):
        odd.touch()
    try:
        _check(read_dataset(root))
    finally:
        for file in frames.iterdir():
            file.unlink()


def _read_report(path: Path) -> None:
    report = load_report(path)
    for head in ("static", "calibrated"):
        subjects_of(report, head, str(path))


def _read_results(path: Path) -> None:
    timeline = read_timeline(path)
    parts = shares(timeline.lanes)
    assert np.isclose(sum(parts.values()), 1)
    timeline_page(timeline).decode()


def _read_network(path: Path) -> None:
    network = load_network(path)
    spec = network.spec
    sides = (spec.size, spec.size) if spec.channels == 1 else (spec.size, spec.size, 3)
    with contextlib.suppress(NetworkError):  # large weights may give infinite results
        _probable(network.probabilities(np.full((2, *sides), 200, np.uint8)))


def _archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def npy(descr: str, shape: tuple[int, ...], content: bytes = b"") -> bytes:
    """Return an npy file that claims any type and shape."""
    buffer = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue() + content


def _forged_archives(names: Sequence[str]) -> list[bytes]:
    """Return archives that unpack to huge sizes, claim them or contain pickled objects."""
    bomb = io.BytesIO()
    np.save(bomb, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    members = [
        npy("<f8", (2**40,)),
        npy("<f8", (2**20, 68, 2)),
        npy("<f8", (2**62, 2**62)),
        npy("<U0", (2**50,)),
        npy("|V0", (2**60,)),
        npy("<U500000000", (1,)),
        npy("|O", (1,), b"cos\nsystem\n(S'touch /tmp/ran'\ntR."),
        bomb.getvalue(),
        npy("<f8", (2**27,), bytes(2**30)),
        npy("<f4", (2**28 // 136, 68, 2), bytes(2**30)),
        b"\x93NUMPY\1\0\xff\xff" + b"(" * 65535,
        b"\x93NUMPY\2\0\xff\xff\xff\x7f",
    ]
    forged = [_archive(**dict.fromkeys(names, member)) for member in members]
    small = bytearray(_archive(**{name: bytes(2**24) for name in names}))
    # Claim that the members are empty.
    for place in range(len(small) - 4):
        if small[place : place + 4] == b"PK\1\2":
            small[place + 24 : place + 28] = bytes(4)
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(50_000):
            archive.writestr(str(number), b"")
    rows = 800_000
    heavy = [
        npy("<f4", (rows, 68, 2), bytes(rows * 68 * 2 * 4)),
        npy("<f4", (rows, 68, 2), np.tile(np.arange(136, dtype="<f4"), rows).tobytes()),
    ]
    texts = npy("<U7", (rows,), np.full(rows, "neutral", "<U7").tobytes())
    forged += [_archive(**{names[0]: member, names[1]: texts}) for member in heavy]
    return [*forged, bytes(small), many.getvalue(), bomb.getvalue()]


def _models(photos: Sequence[Path] = ()) -> list[bytes]:
    (data,) = [path.read_bytes() for path in SHIPPED if path.is_file()][:1]
    with np.load(io.BytesIO(data)) as archive:
        arrays = dict(archive)
    plain = io.BytesIO()
    np.savez(plain, **arrays)
    return [data, plain.getvalue()]


def _tables(photos: Sequence[Path] = ()) -> list[bytes]:
    emotions = np.array(["neutral", "happiness", "surprise", "anger"])
    texts = {name: np.array(["S1", "S2", "", "Zoë"]) for name in ("subject", "sequence", "source")}
    made = []
    for save in (np.savez, np.savez_compressed):
        buffer = io.BytesIO()
        save(buffer, landmarks=landmarks().astype(np.float32), emotion=emotions, **texts,
             drawn=np.array(True), appearance=np.ones((4, 3)), network="ab" * 32)  # fmt: skip
        made.append(buffer.getvalue())
    return made


def _profiles(photos: Sequence[Path] = ()) -> list[bytes]:
    reference = reference_from(landmarks())
    content = {
        "format": "landmark-emotion profile",
        "version": 1,
        "n": reference.n,
        "features": reference.features.tolist(),
    }
    return [json.dumps(content).encode(), json.dumps(content, indent=1).encode()]


def _hostile_json() -> list[bytes]:
    return [
        b"[" * 10**6,
        b'{"a":' * 10**5,
        b"1" * 10**6,
        b"1e" + b"9" * 10**6,
        b'"' + b"\\ud800" * 10**5 + b'"',
        b'{"static": {"subjects": ' + b"[" * 900 + b"]" * 900 + b"}}",
        b" " * 2**26,
        b'{"format": "landmark-emotion profile", "version": 1, "n": 1, "features": '
        + json.dumps([[0.0]] * 136).encode() + b"}",
    ]  # fmt: skip


def _manifests(photos: Sequence[Path] = ()) -> list[bytes]:
    rows = 'path,emotion,subject,sequence\na.png,happy,S1,1\n"b,c.png",sad,S2,\nü d.png,fear,,\n'
    return [
        rows.encode(),
        rows.replace(",", ";").encode("utf-8-sig"),
        rows.replace(",", "\t").replace("\n", "\r\n").encode(),
        b"path,emotion\nC:\\faces\\a.png,joy\n/abs.png,anger\n..\\..\\x.png,none\n",
    ]


def _pixels(photos: Sequence[Path] = ()) -> list[bytes]:
    return [b"emotion, pixels, Usage\n0,1 2 3 4,Training\n6,0 0 0 255,PublicTest\n"]


def _ckplus(photos: Sequence[Path] = ()) -> list[bytes]:
    return [
        b"   3.0000000e+00\n",
        b"3\nS005_001_00000012.png",
        b"0\n005_001.png",
        b"7.0\r\nS9999_9999_99999999999999999999.png",
    ]


def _reports(photos: Sequence[Path] = ()) -> list[bytes]:
    people = {f"S{n}": {"n": 7, "right": n % 8} for n in range(12)}
    result = {"accuracy": 0.5, "subjects": people}
    return [json.dumps({"static": result, "calibrated": result}).encode()]


def _results(photos: Sequence[Path] = ()) -> list[bytes]:
    lines = [",".join(COLUMNS)]
    rows = []
    for frame in range(20):
        probabilities = dict.fromkeys(EMOTIONS, 0.125)
        row = {"source": "0", "frame": frame, "time": frame / 10, "face": 1 + frame % 2,
               "emotion": EMOTIONS[frame % 8], "probability": 0.125}  # fmt: skip
        cells = row | {f"p_{name}": value for name, value in probabilities.items()}
        lines.append(",".join(str(cells.get(column, "")) for column in COLUMNS))
        rows.append(json.dumps(row | {"probabilities": probabilities}))
    lines.append("photo.png,0,0.0" + "," * (len(COLUMNS) - 4) + ",no such file")
    made = [
        "\n".join(lines).encode(),
        "\n".join(rows).encode(),
        "\r\n".join(lines).encode("utf-16"),
    ]
    try:
        import pandas as pd
    except ImportError:
        return made
    buffer = io.BytesIO()
    pd.read_csv(io.BytesIO(made[0])).to_parquet(buffer)
    return [*made, buffer.getvalue()]


def _hostile_results() -> list[bytes]:
    head = b"time,emotion,face,p_anger\n"
    made = [
        *_hostile_json(),
        b'{"time":' + b"[" * 900 + b"]" * 900 + b"}\n",
        b'{"time": ' + b"9" * 5000 + b', "emotion": "anger"}\n',
        head + b"1e308,anger,1,1\n2e308,anger,1,1\n",
        head + b"1,anger,9223372036854775808,1\n2,anger,1e300,1\n",
        head + b"0,anger,1,1\n" + b"x" * 2**26,
        head + b'0,"' + b"\n" * 2**20,
        b"\xff\xfe\x00",
        b",".join(b"c%d" % n for n in range(10**5)) + b"\n",
        # A face and a source per row.
        head + b"".join(b"%d,anger,%d,1\n" % (n, n + 1) for n in range(10**5)),
        b"source,time,emotion,face\n"
        + b"".join(b"s%d,%d,anger,1\ns%d,%d,anger,1\n" % (n, n, n, n + 1) for n in range(20_000)),
    ]  # fmt: skip
    try:
        import pandas as pd
    except ImportError:
        return made
    for columns in ({"time": 0.0, "emotion": "anger"}, {"x": "y" * 1000}):
        buffer = io.BytesIO()
        pd.DataFrame(columns, index=range(2 * 10**7)).to_parquet(buffer, index=False)
        made.append(buffer.getvalue())
    return made


READERS = {
    reader.name: reader
    for reader in (
        Reader(
            "image",
            _read_image,
            pictures.good_pictures,
            pictures.hostile_pictures,
            lambda data, rng: (
                mutations.damaged_png(data, rng)
                if data.startswith(pictures.PNG)
                else mutations.damaged(data, rng)
            ),
        ),
        Reader(
            "model",
            _read_model,
            _models,
            lambda: _forged_archives(["header", "mean", "static_weights"]),
            mutations.damaged_zip,
        ),
        Reader(
            "table",
            _read_table,
            _tables,
            lambda: _forged_archives(["landmarks", "emotion"]),
            mutations.damaged_zip,
        ),
        Reader("profile", _read_profile, _profiles, _hostile_json),
        Reader("manifest", _read_manifest, _manifests),
        Reader("pixels", lambda path: _check(fer2013.read_pixels(path, Labels())), _pixels),
        Reader("ckplus", _read_ckplus, _ckplus),
        Reader("report", _read_report, _reports, _hostile_json),
        Reader("results", _read_results, _results, _hostile_results),
        Reader(
            "network",
            _read_network,
            lambda _: networks.networks(),
            networks.hostile_networks,
            networks.damaged_network,
        ),
    )
}

# For the coverage-guided fuzzer.
DECODE = Reader("image", _decode_image, pictures.good_pictures)
