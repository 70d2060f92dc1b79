import errno
import os
import time

import joblib
import pytest

from landmark_emotion.files import cache as module
from landmark_emotion.files.cache import open_cache, recall, remember

FULL = OSError(errno.ENOSPC, "No space left on device")


def square(number):
    return number * number


@pytest.fixture
def full(monkeypatch):
    """Make a writing step of joblib fail from then on."""

    def fill(name):
        def fail(*_, **__):
            raise FULL

        monkeypatch.setattr(joblib._store_backends.FileSystemStoreBackend, name, fail)

    return fill


def test_results_are_cached(tmp_path):
    memory, problem = open_cache(tmp_path / "new" / "cache")
    cached = memory.cache(square)
    assert problem == ""
    assert recall(cached, 3) is None
    assert remember(cached, 3) == 9
    assert recall(cached, 3) == 9
    assert recall(cached, 4) is None


def test_without_space_the_results_are_computed(tmp_path, monkeypatch):
    def fail(**_):
        raise FULL

    monkeypatch.setattr("tempfile.TemporaryFile", fail)
    memory, problem = open_cache(tmp_path)
    assert problem == f"{tmp_path}: No space left on device"
    cached = memory.cache(square)
    assert recall(cached, 3) is None
    assert remember(cached, 3) == 9


@pytest.mark.parametrize("step", ["store_cached_func_code", "dump_item", "_item_exists"])
def test_if_the_disk_becomes_full_the_results_are_computed(tmp_path, full, recwarn, step):
    cached = open_cache(tmp_path)[0].cache(square)
    full(step)
    assert remember(cached, 3) == 9
    assert not recwarn.list


def test_errors_of_the_function_are_raised_and_not_cached(tmp_path):
    outcomes = [BrokenPipeError(errno.EPIPE, "Broken pipe"), 9]

    def fail_once(number):
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    cached = open_cache(tmp_path)[0].cache(fail_once)
    with pytest.raises(BrokenPipeError):
        remember(cached, 3)
    assert remember(cached, 3) == 9


def test_the_cache_is_bounded_and_checked_once_a_day(tmp_path, monkeypatch):
    cached = open_cache(tmp_path)[0].cache(square)
    now = time.time()
    for number in range(6):
        remember(cached, number)
    # The items are told apart by when they were used last.
    items = sorted(tmp_path.rglob("output.pkl"), key=lambda path: path.stat().st_mtime_ns)
    for age, item in enumerate(reversed(items)):
        os.utime(item, (now - 1000 * age,) * 2)
    size = sum(path.stat().st_size for path in items[0].parent.iterdir())
    monkeypatch.setattr(module, "MAX_BYTES", 3 * size + size // 2)
    open_cache(tmp_path)
    assert len(list(tmp_path.rglob("output.pkl"))) == 6
    os.utime(tmp_path / module._CHECKED, (now - 1e6,) * 2)
    open_cache(tmp_path)
    assert [recall(cached, number) for number in range(6)] == [None, None, None, 9, 16, 25]
