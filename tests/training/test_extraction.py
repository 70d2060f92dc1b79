import errno
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from landmark_emotion.errors import ImageError, PredictorError
from landmark_emotion.faces.predictor import find_predictor
from landmark_emotion.sources.images import read_image
from landmark_emotion.training import extraction
from landmark_emotion.training.datasets import Sample, read_dataset
from landmark_emotion.training.extraction import extract
from landmark_emotion.training.parallel import kept_from_interrupts


@pytest.fixture
def samples(tmp_path, png, nobody) -> list[Sample]:
    """A face, an image cut off, no face, a missing file, another face, a text."""
    contents = {
        "face.png": png,
        "half.png": png[: len(png) // 2],
        "nobody.png": cv2.imencode(".png", nobody)[1].tobytes(),
        "missing.png": None,
        "other ü.png": png + b"not the same bytes",
        "text.png": b"not an image",
    }
    for name, content in contents.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
    emotions = ("fear", "anger", "joy", "joy", "sadness", "joy")
    return [
        Sample(tmp_path / name, emotion, f"subject {index}", f"sequence {index}")
        for index, (name, emotion) in enumerate(zip(contents, emotions, strict=True))
    ]


SKIPPED = [
    ("half.png", "the image is cut off"),
    ("nobody.png", "no face found"),
    ("missing.png", "no such file"),
    ("text.png", "not an image or damaged"),
]


def skipped(result: extraction.Extraction) -> list[tuple[str, str]]:
    return [(Path(source).name, reason) for source, reason in result.skipped]


def test_faces_are_in_order_and_other_images_have_a_reason(samples, detector):
    result = extract(samples, jobs=1)
    table = result.table
    assert table.emotion.tolist() == ["fear", "sadness"]
    assert table.subject.tolist() == ["subject 0", "subject 4"]
    assert table.sequence.tolist() == ["sequence 0", "sequence 4"]
    assert table.source.tolist() == [str(samples[0].path), str(samples[4].path)]
    (expected,) = detector.faces(read_image(samples[0].path), thorough=True)
    assert np.allclose(table.landmarks, [expected.landmarks] * 2, atol=1e-3)
    assert skipped(result) == SKIPPED
    assert result.from_cache == 0


def test_results_are_cached_by_content(samples, tmp_path):
    cache = tmp_path / "new" / "cache"
    first = extract(samples, jobs=1, cache=cache)
    assert (first.from_cache, first.cache_problem) == (0, "")
    moved = tmp_path / "moved.png"
    samples[0].path.rename(moved)
    again = extract([Sample(moved, "anger"), *samples[1:]], jobs=1, cache=cache)
    assert again.from_cache == 5  # all but the missing one
    assert np.array_equal(again.table.landmarks, first.table.landmarks)
    assert again.table.source[0] == str(moved)
    assert skipped(again) == SKIPPED


def test_a_file_with_new_content_is_measured_again(samples, tmp_path, face):
    extract(samples[:1], jobs=1, cache=tmp_path / "cache")
    before = extract(samples[:1], jobs=1, cache=tmp_path / "cache").table.landmarks
    shifted = np.roll(face[::2, ::2], 30, axis=1)
    samples[0].path.write_bytes(cv2.imencode(".png", shifted)[1].tobytes())
    after = extract(samples[:1], jobs=1, cache=tmp_path / "cache")
    assert after.from_cache == 0
    assert np.allclose(after.table.landmarks - before, [30, 0], atol=3)


def test_another_measurement_version_is_measured_again(samples, tmp_path, monkeypatch):
    extract(samples[:1], jobs=1, cache=tmp_path / "cache")
    monkeypatch.setattr(extraction, "MEASUREMENT_VERSION", 1000)
    assert extract(samples[:1], jobs=1, cache=tmp_path / "cache").from_cache == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:20],
        lambda data: b"",
        lambda data: b"not what was kept",
        lambda data: data[:-20] + bytes([data[-20] ^ 1]) + data[-19:],
    ],
    ids=["cut off", "empty", "something else", "one bit"],
)
def test_damaged_cache_entries_are_measured_again(samples, tmp_path, damage):
    first = extract(samples[:3], jobs=1, cache=tmp_path / "cache")
    damaged, *_ = sorted(
        (tmp_path / "cache").rglob("output.pkl"), key=lambda path: -path.stat().st_size
    )
    damaged.write_bytes(damage(damaged.read_bytes()))
    again = extract(samples[:3], jobs=1, cache=tmp_path / "cache")
    assert np.array_equal(again.table.landmarks, first.table.landmarks)
    assert again.from_cache == 2
    assert extract(samples[:3], jobs=1, cache=tmp_path / "cache").from_cache == 3


def refuse(**_):
    raise PermissionError(errno.EACCES, "Permission denied")


@pytest.mark.parametrize("place", ["file", "file/below", "refused"])
def test_an_unusable_cache_is_reported(samples, tmp_path, place, monkeypatch):
    (tmp_path / "file").touch()
    if place == "refused":  # rights do not stop root, as whom tests may run
        monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    result = extract(samples, jobs=1, cache=tmp_path / place)
    assert str(tmp_path / place) in result.cache_problem
    assert len(result.table) == 2


def test_without_a_cache_nothing_is_written(samples, cache_folder, tmp_path):
    before = sorted(cache_folder.rglob("*")), sorted(tmp_path.rglob("*"))
    extract(samples, jobs=1)
    assert (sorted(cache_folder.rglob("*")), sorted(tmp_path.rglob("*"))) == before


def test_workers_give_the_same_landmarks(tmp_path, png, face):
    samples = []
    for shift in range(extraction._WORTH_WORKERS):
        path = tmp_path / f"{shift}.png"
        path.write_bytes(cv2.imencode(".png", np.roll(face[::2, ::2], shift, axis=0))[1].tobytes())
        samples.append(Sample(path, "fear"))
    seen = []

    def progress(results, total):
        seen.append(total)
        for result in results:
            seen.append(result)
            yield result

    parallel = extract(samples, jobs=2, progress=progress)
    assert np.array_equal(parallel.table.landmarks, extract(samples, jobs=1).table.landmarks)
    assert parallel.table.source.tolist() == [str(sample.path) for sample in samples]
    assert seen[0] == len(seen) - 1 == len(samples)


def test_the_largest_of_several_faces_is_taken(tmp_path, detector, face):
    small = cv2.resize(face, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    beside = np.full((480, 960, 3), small[0, 0], dtype=np.uint8)
    beside[:240, :320], beside[:, 320:] = small, face
    (tmp_path / "two.png").write_bytes(cv2.imencode(".png", beside)[1].tobytes())
    (landmarks,) = extract([Sample(tmp_path / "two.png", "fear")], jobs=1).table.landmarks
    (alone,) = detector.faces(face)
    assert np.allclose(landmarks - [320, 0], alone.landmarks, atol=8)


def test_crops_of_48_pixels_are_measured(tmp_path, face):
    crop = cv2.resize(face[90:450, 140:500], (48, 48), interpolation=cv2.INTER_AREA)
    (tmp_path / "crop.png").write_bytes(cv2.imencode(".png", crop)[1].tobytes())
    result = extract([Sample(tmp_path / "crop.png", "fear")], jobs=1)
    assert result.skipped == []
    assert result.table.landmarks.min() > -5
    assert result.table.landmarks.max() < 53


def test_no_samples_give_an_empty_table():
    result = extract([], jobs=1)
    assert result.table.landmarks.shape == (0, 68, 2)
    assert result.skipped == []


def test_an_unusable_predictor_is_refused_first(samples, tmp_path):
    (tmp_path / "bad.dat").write_bytes(b"bad")
    with pytest.raises(PredictorError, match=r"bad\.dat: not a shape predictor"):
        extract(samples, predictor=tmp_path / "bad.dat", jobs=1)
    with pytest.raises(PredictorError, match="no shape predictor"):
        extract(samples, predictor=tmp_path / "none.dat", jobs=1)


def test_an_unusable_predictor_is_reported_by_workers(samples, tmp_path, monkeypatch):
    (tmp_path / "bad.dat").write_bytes(b"bad")
    monkeypatch.setattr(extraction, "_WORTH_WORKERS", 2)
    with pytest.raises(PredictorError, match=r"bad\.dat: not a shape predictor"):
        extract(samples, predictor=tmp_path / "bad.dat", jobs=2)


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="Windows has no signal masks")
def test_workers_ignore_ctrl_c():
    asks = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    with kept_from_interrupts():
        answer = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True)
    assert answer.stdout == "True\n"
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_copy_of_the_predictor_shares_the_cache(samples, tmp_path):
    extract(samples[:1], jobs=1, cache=tmp_path / "cache")
    try:
        (tmp_path / "own.dat").symlink_to(find_predictor())
    except OSError:
        pytest.skip("links need rights on Windows")
    result = extract(samples[:1], predictor=tmp_path / "own.dat", jobs=1, cache=tmp_path / "cache")
    assert result.from_cache == 1


def test_system_faults_are_not_cached(samples, tmp_path, monkeypatch):
    plain, seen = extraction.read_bytes, []

    def fail_in_the_worker(path):
        seen.append(path)
        if len(seen) == 2:
            raise ImageError(f"{path}: cannot be read (I/O error); try again") from OSError(5, "")
        return plain(path)

    monkeypatch.setattr(extraction, "read_bytes", fail_in_the_worker)
    first = extract(samples[:1], jobs=1, cache=tmp_path / "cache")
    assert skipped(first) == [("face.png", "cannot be read (I/O error)")]
    again = extract(samples[:1], jobs=1, cache=tmp_path / "cache")
    assert (len(again.table), again.from_cache) == (1, 0)


def test_lack_of_memory_is_not_cached(samples, tmp_path, monkeypatch):
    def fail(data, where):
        raise ImageError(f"{where}: out of memory; save it smaller") from MemoryError()

    with monkeypatch.context() as patch:
        patch.setattr(extraction, "decode_image", fail)
        first = extract(samples[:1], jobs=1, cache=tmp_path / "cache")
    assert skipped(first) == [("face.png", "out of memory")]
    assert len(extract(samples[:1], jobs=1, cache=tmp_path / "cache").table) == 1


def test_a_file_that_changes_while_it_is_read_is_not_cached(samples, tmp_path, monkeypatch):
    plain, contents = extraction.read_bytes, [b"not yet an image"]
    monkeypatch.setattr(
        extraction, "read_bytes", lambda path: contents.pop() if contents else plain(path)
    )
    first = extract(samples[:1], jobs=1, cache=tmp_path / "cache")
    assert skipped(first) == [("face.png", "changed while it was read")]
    assert len(extract(samples[:1], jobs=1, cache=tmp_path / "cache").table) == 1


def test_pictures_of_a_csv_are_measured_and_cached(tmp_path, face, detector):
    gray = cv2.resize(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), (160, 160))
    lines = [f"{code},{' '.join(map(str, gray.ravel().tolist()))},Training" for code in (3, 3)]
    lines[1] = lines[1].replace(" ", "  ", 1)
    black = f"6,{' '.join(['0'] * gray.size)},Training"
    path = tmp_path / "fer2013.csv"
    path.write_text("\n".join(["emotion,pixels,Usage", *lines, black]))
    samples = read_dataset(path).samples
    first = extract(samples, jobs=1, cache=tmp_path / "cache")
    assert first.table.source.tolist() == [f"{path}:2"]
    assert first.skipped == [
        (f"{path}:3", "the same image as another"),
        (f"{path}:4", "no face found"),
    ]
    (expected,) = detector.faces(gray, thorough=True)
    assert np.allclose(first.table.landmarks[0], expected.landmarks, atol=1e-3)
    assert extract(samples, jobs=1, cache=tmp_path / "cache").from_cache == 2
    path.write_text("emotion,pixels,Usage\n")
    gone = extract(samples[:1], jobs=1, cache=tmp_path / "cache")
    assert gone.skipped == [(f"{path}:2", "changed while it was read")]


def test_the_same_image_counts_once_and_not_at_all_under_two_labels(tmp_path, png):
    paths = [tmp_path / f"{name}.png" for name in "abcd"]
    for number, path in enumerate(paths):
        path.write_bytes(png + bytes([number // 2]))
    labels = ("joy", "joy", "fear", "anger")
    result = extract([Sample(*pair) for pair in zip(paths, labels, strict=True)], jobs=1)
    assert result.table.source.tolist() == [str(paths[0])]
    assert skipped(result) == [
        ("b.png", "the same image as another"),
        ("c.png", "the same image is labeled anger and fear"),
        ("d.png", "the same image is labeled anger and fear"),
    ]
