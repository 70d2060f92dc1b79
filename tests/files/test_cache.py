import errno

import joblib
import pytest

from landmark_emotion.files.cache import open_cache, recall, remember

FULL = OSError(errno.ENOSPC, "No space left on device")


def square(number):
    return number * number


@pytest.fixture
def full(monkeypatch):
    """Make every writing of joblib's fail from then on."""

    def fill(name):
        def fail(*_, **__):
            raise FULL

        monkeypatch.setattr(joblib._store_backends.FileSystemStoreBackend, name, fail)

    return fill


def test_what_was_remembered_is_recalled(tmp_path):
    memory, problem = open_cache(tmp_path / "new" / "cache")
    remembered = memory.cache(square)
    assert problem == ""
    assert recall(remembered, 3) is None
    assert remember(remembered, 3) == 9
    assert recall(remembered, 3) == 9
    assert recall(remembered, 4) is None


def test_a_disk_without_room_is_told_and_costs_time_only(tmp_path, monkeypatch):
    def fail(**_):
        raise FULL

    monkeypatch.setattr("tempfile.TemporaryFile", fail)
    memory, problem = open_cache(tmp_path)
    assert problem == f"{tmp_path}: No space left on device"
    remembered = memory.cache(square)
    assert recall(remembered, 3) is None
    assert remember(remembered, 3) == 9


@pytest.mark.parametrize("step", ["store_cached_func_code", "dump_item", "_item_exists"])
def test_a_disk_that_becomes_full_costs_time_only(tmp_path, full, recwarn, step):
    remembered = open_cache(tmp_path)[0].cache(square)
    full(step)
    assert remember(remembered, 3) == 9
    assert not recwarn.list
