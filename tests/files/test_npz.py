import io
import pickle
import zipfile

import numpy as np
import pytest

from landmark_emotion.files.npz import load_arrays


class Trap:
    """Unpickling it is noticed."""

    def __reduce__(self):
        return pytest.fail, ("the pickle was executed",)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.arange(1000), b=np.array(["x", "yz"]))
    return path


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def test_the_named_arrays_are_loaded(saved):
    arrays = load_arrays(saved, ("a", "c"), most=10_000)
    assert list(arrays) == ["a"]
    assert np.array_equal(arrays["a"], np.arange(1000))


@pytest.mark.parametrize("comment", [b"", b"of three bytes and more PK"])
def test_countless_members_are_refused(tmp_path, comment):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for number in range(1500):
            archive.writestr(str(number), b"")
        archive.comment = comment
    with pytest.raises(ValueError, match="lists too many members"):
        load_arrays(tmp_path / "a.npz", ("a",), most=2**30)
    # From 65,536 members on, a second record at the end counts them.
    end = b"PK\6\7" + bytes(16) + b"PK\5\6" + bytes(16) + len(comment).to_bytes(2, "little")
    (tmp_path / "a.npz").write_bytes(bytes(100) + end + comment)
    with pytest.raises(ValueError, match="lists too many members"):
        load_arrays(tmp_path / "a.npz", ("a",), most=2**30)


def test_archives_that_unpack_to_too_much_are_refused(saved):
    with pytest.raises(ValueError, match="unpacks to more than 0 MB"):
        load_arrays(saved, ("a",), most=5000)
    saved.write_bytes(zipped(a=bytes(20 * 2**20)))
    with pytest.raises(ValueError, match="unpacks to a suspicious multiple of its size"):
        load_arrays(saved, ("a",), most=2**30)


@pytest.mark.parametrize(
    "content",
    [npy(np.array([Trap()], dtype=object)), pickle.dumps(Trap())],
    ids=["object array", "bare pickle"],
)
def test_pickles_are_not_executed(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(zipped(a=content))
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        load_arrays(tmp_path / "a.npz", ("a",), most=2**20)


def test_an_array_that_claims_to_be_enormous_is_refused(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (2**45,)}
    )
    (tmp_path / "a.npz").write_bytes(zipped(a=header.getvalue()))
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        load_arrays(tmp_path / "a.npz", ("a",), most=2**20)


@pytest.mark.parametrize("content", [b"", b"PK\5\6", b"no archive" * 10, npy(np.zeros(3))])
def test_what_is_not_an_archive_is_refused(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        load_arrays(tmp_path / "a.npz", ("a",), most=2**20)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_truncated_archives_are_refused(saved, share):
    data = saved.read_bytes()
    saved.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        load_arrays(saved, ("a", "b"), most=2**20)
