import zipfile
from dataclasses import replace

import numpy as np
import pytest
import synthetic

from landmark_emotion.errors import DatasetError, OutputError
from landmark_emotion.training.landmark_table import LandmarkTable, load_table


@pytest.fixture
def table() -> LandmarkTable:
    return synthetic.table(n_subjects=2)


@pytest.fixture
def saved(tmp_path, table):
    """A table file and its arrays."""
    path = tmp_path / "table.npz"
    table.save(path)
    with np.load(path, allow_pickle=False) as arrays:
        return path, dict(arrays)


def test_round_trip(tmp_path, table):
    table.save(tmp_path / "new" / "table.npz")
    loaded = load_table(tmp_path / "new" / "table.npz")
    assert np.allclose(loaded.landmarks, table.landmarks, rtol=1e-6)
    assert loaded.landmarks.dtype == np.float64
    for name in ("emotion", "subject", "sequence", "source"):
        assert getattr(loaded, name).tolist() == getattr(table, name).tolist()
    assert not loaded.drawn


def test_measurements_are_kept(tmp_path, table):
    measured = np.stack([table.landmarks, table.landmarks + 1], axis=1)
    several = LandmarkTable(**(vars(table) | {"measured": measured}))
    several.save(tmp_path / "table.npz")
    loaded = load_table(tmp_path / "table.npz")
    assert np.allclose(loaded.measured, measured, rtol=1e-6)
    assert np.array_equal(loaded.take(np.array([3])).measured[0], loaded.measured[3])


def with_appearance(table):
    numbers = np.arange(3 * len(table), dtype=np.float32).reshape(-1, 3)
    return replace(table, appearance=numbers, network="ab" * 32)


def test_what_a_network_says_is_kept(tmp_path, table):
    described = with_appearance(table)
    described.save(tmp_path / "table.npz")
    loaded = load_table(tmp_path / "table.npz").take(np.array([3, 1]))
    assert np.array_equal(loaded.appearance, described.appearance[[3, 1]])
    assert loaded.network == described.network


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"appearance": np.zeros((2, 3))}, r"'appearance' must be numbers of shape \(\d+, f\)"),
        ({"appearance": np.zeros(2)}, "'appearance' must be numbers"),
        ({"appearance": "nan"}, "'appearance' has impossible numbers"),
        ({"network": np.array("")}, "no 'network' that says of which"),
        ({"network": np.array("../other")}, "'network' must be the digest of a network"),
        ({"network": np.array(["a"])}, "'network' must be a string"),
    ],
)
def test_a_damaged_appearance_is_refused(tmp_path, table, changes, problem):
    path = tmp_path / "table.npz"
    with_appearance(table).save(path)
    with np.load(path) as arrays:
        kept = dict(arrays)
    if isinstance(changes.get("appearance"), str):
        changes = {"appearance": kept["appearance"] + np.nan}
    np.savez(path, **(kept | changes))
    with pytest.raises(DatasetError, match=problem):
        load_table(path)


def test_drawn_is_kept(tmp_path, table):
    drawn = LandmarkTable(**(vars(table) | {"drawn": True}))
    drawn.save(tmp_path / "table.npz")
    assert load_table(tmp_path / "table.npz").drawn
    assert drawn.take(table.emotion == "fear").drawn


def test_names_may_be_unicode(tmp_path, table):
    own = LandmarkTable(**(vars(table) | {"subject": np.full(len(table), "Zoë 幸")}))
    own.save(tmp_path / "table.npz")
    assert set(load_table(tmp_path / "table.npz").subject) == {"Zoë 幸"}


def test_an_empty_table_can_be_saved(tmp_path, table):
    table.take(np.zeros(len(table), dtype=bool)).save(tmp_path / "table.npz")
    assert len(load_table(tmp_path / "table.npz")) == 0


def test_take_keeps_rows_together(table):
    taken = table.take(np.array([5, 2]))
    for row, index in enumerate((5, 2)):
        assert np.array_equal(taken.landmarks[row], table.landmarks[index])
        assert taken.emotion[row] == table.emotion[index]
        assert taken.sequence[row] == table.sequence[index]
    assert set(table.take(table.emotion == "fear").emotion) == {"fear"}


def test_subjects_known_requires_all(table):
    assert table.subjects_known
    some = table.subject.copy()
    some[3] = ""
    assert not LandmarkTable(**(vars(table) | {"subject": some})).subjects_known
    assert not table.take(np.array([], dtype=int)).subjects_known


def test_arrays_must_match(table):
    with pytest.raises(ValueError, match=r"landmarks must have shape \(n, 68, 2\)"):
        LandmarkTable(**(vars(table) | {"landmarks": table.landmarks[:, :67]}))
    with pytest.raises(ValueError, match="subject must have shape"):
        LandmarkTable(**(vars(table) | {"subject": table.subject[1:]}))


def test_only_landmarks_and_emotion_are_needed(tmp_path, saved):
    _, arrays = saved
    path = tmp_path / "own.npz"
    np.savez(path, landmarks=arrays["landmarks"], emotion=arrays["emotion"])
    table = load_table(path)
    assert set(table.subject) == set(table.sequence) == set(table.source) == {""}


def test_aliases_of_emotions_are_accepted(saved):
    path, arrays = saved
    others = np.array(
        [{"happiness": "Happy", "fear": "AFRAID"}.get(e, e) for e in arrays["emotion"]]
    )
    np.savez(path, **(arrays | {"emotion": others}))
    assert load_table(path).emotion.tolist() == arrays["emotion"].tolist()


def test_subjects_may_be_numbers(saved):
    path, arrays = saved
    np.savez(path, **(arrays | {"subject": np.arange(len(arrays["subject"]))}))
    assert load_table(path).subject[3] == "3"


@pytest.mark.parametrize(
    ("name", "spoil", "complaint"),
    [
        ("landmarks", lambda a: a[:, :67], r"must be numbers of shape \(n, 68, 2\)"),
        ("landmarks", lambda a: a.reshape(-1), "must be numbers of shape"),
        ("landmarks", lambda a: a[0, 0, 0], "must be numbers of shape"),
        ("landmarks", lambda a: a.astype(str), "must be numbers of shape"),
        ("landmarks", lambda a: a.astype(complex), "must be numbers of shape"),
        ("landmarks", lambda a: np.where(a > 0, np.nan, a), "must be finite"),
        ("landmarks", lambda a: np.where(a > 0, np.inf, a), "must be finite"),
        ("landmarks", lambda a: a * 0, "must not all coincide"),
        ("landmarks", lambda a: a.astype(float) * 1e200, "at most 1000000 pixels"),
        ("landmarks", lambda a: a.astype(float) * 1e-200, "must not all coincide"),
        ("measured", lambda a: a[:-1], r"must be numbers of shape \(n, m, 68, 2\)"),
        ("measured", lambda a: a[:, :0], "must be numbers of shape"),
        ("measured", lambda a: a[:, 0], "must be numbers of shape"),
        ("measured", lambda a: a * np.nan, "must be finite"),
        ("emotion", lambda a: a[:-1], "'emotion' must be"),
        ("emotion", lambda a: a.astype("S"), "'emotion' must be"),
        ("emotion", lambda a: np.full(len(a), 1.5), "'emotion' must be"),
        ("emotion", lambda a: np.full(len(a), "=hungry"), "'=hungry' is no name for a class"),
        ("emotion", lambda a: np.full(len(a), ""), "'' is no name for a class"),
        ("emotion", lambda a: np.arange(len(a)), "'0' is no name for a class"),
        ("subject", lambda a: a[np.newaxis], "'subject' must be"),
        ("drawn", lambda a: np.array([True, False]), "'drawn' must be"),
        ("drawn", lambda a: np.array("yes"), "'drawn' must be"),
    ],
)
def test_a_table_with_a_wrong_array_is_refused(saved, name, spoil, complaint):
    path, arrays = saved
    arrays["measured"] = arrays["landmarks"][:, np.newaxis]
    np.savez(path, **(arrays | {name: spoil(arrays[name])}))
    with pytest.raises(DatasetError, match=complaint):
        load_table(path)


@pytest.mark.parametrize("name", ["landmarks", "emotion"])
def test_a_table_without_a_needed_array_is_refused(saved, name):
    path, arrays = saved
    del arrays[name]
    np.savez(path, **arrays)
    with pytest.raises(DatasetError, match=f"has no array '{name}'; make one with"):
        load_table(path)


class Trap:
    """Unpickling it fails the test."""

    def __reduce__(self):
        return pytest.fail, ("the pickle was executed",)


@pytest.mark.parametrize("name", ["landmarks", "emotion", "source"])
def test_a_pickle_in_the_table_is_not_executed(saved, name):
    path, arrays = saved
    np.savez(path, **(arrays | {name: np.array([Trap()], dtype=object)}))
    with pytest.raises(DatasetError, match="not a landmark table or damaged"):
        load_table(path)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.99])
def test_a_truncated_table_is_refused(saved, share):
    path, _ = saved
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(DatasetError, match="not a landmark table or damaged"):
        load_table(path)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "text.npz").write_text("not a zip")
    np.save(tmp_path / "array.npy", np.zeros(3))
    with zipfile.ZipFile(tmp_path / "empty.npz", "w"):
        pass
    for name in ("text.npz", "array.npy"):
        with pytest.raises(DatasetError, match="not a landmark table or damaged"):
            load_table(tmp_path / name)
    with pytest.raises(DatasetError, match="has no array 'landmarks'"):
        load_table(tmp_path / "empty.npz")
    with pytest.raises(DatasetError, match="no such landmark table"):
        load_table(tmp_path / "none.npz")


def test_a_table_that_cannot_be_written_raises(tmp_path, table):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        table.save(tmp_path / "file" / "table.npz")


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("name", ["emotion", "subject", "source"])
def test_invalid_unicode_is_refused(saved, order, name):
    path, arrays = saved
    texts = arrays[name].astype(f"{order}U9")
    texts.view(f"{order}u4")[3] = 0x110000
    np.savez(path, **arrays | {name: texts})
    with pytest.raises(DatasetError, match=rf"'{name}' has damaged text"):
        load_table(path)


def test_messages_escape_emotions(saved):
    path, arrays = saved
    np.savez(path, **arrays | {"emotion": np.full(len(arrays["emotion"]), "on\ntwo\x1b[2J")})
    with pytest.raises(DatasetError) as raised:
        load_table(path)
    assert str(raised.value).isprintable()


def test_long_doubles_do_not_warn(saved):
    path, arrays = saved
    landmarks = arrays["landmarks"].astype(np.float32)
    landmarks.view(np.uint32)[0, 3, 1] = 0x7F800001  # NaN of the kind that is to be told of
    np.savez(path, **arrays | {"landmarks": landmarks})
    with pytest.raises(DatasetError, match="landmarks must be finite"):
        load_table(path)
