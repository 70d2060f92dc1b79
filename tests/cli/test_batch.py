import csv
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from landmark_emotion.files.writing import PREFIX

HERE = Path(__file__).resolve().parents[2]
# Makes recognition slow enough for the tests to kill it in between.
SLOWLY = "--no-tracking"
SILENT = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}

linux = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="reads /proc")


@pytest.fixture
def videos(tmp_path, video):
    """A folder of six equal videos."""
    folder = tmp_path / "videos"
    folder.mkdir()
    for number in range(6):
        shutil.copy(video, folder / f"{number}.avi")
    return folder


@pytest.fixture(scope="module")
def rows_of_video(video, tmp_path_factory):
    """The rows of one of them, without its name."""
    from landmark_emotion.cli import main

    table = tmp_path_factory.mktemp("video") / "rows.csv"
    assert main(["video", str(video), SLOWLY, "-o", str(table)]) == 0
    return [row | {"source": ""} for row in read(table)]


@pytest.fixture
def start(spawn):
    """Start ``batch`` in its own process."""

    def start(*arguments, **options):
        return spawn(
            "-m",
            "landmark_emotion",
            "batch",
            *arguments,
            cwd=HERE,
            start_new_session=True,
            **options,
        )

    return start


def read(table):
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def complete(table, videos, rows_of_video):
    """Return whether a table has all rows of all videos, none twice."""
    return read(table) == [
        row | {"source": path.name} for path in sorted(videos.iterdir()) for row in rows_of_video
    ]


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not come true"
        time.sleep(0.02)


def parts(results):
    return sorted((results / "parts").glob("*.gz"))


def descendants(pid):
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = [child for task in tasks for child in (task / "children").read_text().split()]
    return [pid, *(d for child in children for d in descendants(int(child)))]


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_rows_are_those_of_image_and_video(run, here, video, png):
    for name in ("10.png", "9.png", "ü/1.png"):
        path = here / "all" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(png)
    (here / "all" / "9.png").write_bytes(png[:50])
    images = run("image", "all", "--format", "csv").out
    shutil.copy(video, here / "all" / "11.avi")
    frames = run("video", "all/11.avi", "--format", "csv", "--every", "0.5").out
    done = run("batch", "all", "-o", "results", "--every", "0.5")
    assert done.status == 0
    header, *expected = (images + frames).replace("all/", "").splitlines()
    expected.remove(header)
    assert sorted((here / "results" / "results.csv").read_text().splitlines()) == sorted(
        [header, *expected]
    )
    assert "3 images and 1 video\n" in done.err
    assert done.err.endswith(
        "results.csv, 11 rows of 4 files, 1 could not be read (see column 'error')\n"
    )
    assert done.out == ""


@linux
@pytest.mark.parametrize(
    "to_all", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["terminal", "supervisor"]
)
def test_interrupted_it_is_quiet_and_leaves_no_process(start, tmp_path, videos, to_all):
    results = tmp_path / "results"
    process = start(videos, "-o", results, SLOWLY)
    wait_until(lambda: parts(results))
    family = descendants(process.pid)
    assert len(family) > 2
    # A terminal signals all processes of the group, a supervisor the first only.
    if to_all:
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.terminate()
    out, err = process.communicate()
    assert process.returncode == (130 if to_all else 143)
    assert out == ""
    assert [line.partition(":")[0] for line in err.splitlines()] == [
        *("model", "0 images and 6 videos", "interrupted")
    ]
    wait_until(lambda: not any(map(is_alive, family)))
    assert not list(results.rglob(f"{PREFIX}*"))


@pytest.mark.slow
@linux
def test_after_a_kill_it_resumes(start, tmp_path, videos, rows_of_video):
    results = tmp_path / "results"
    arguments = (videos, "-o", results, SLOWLY)
    first = start(*arguments)
    wait_until(lambda: len(parts(results)) > 1)
    family = descendants(first.pid)
    assert len(family) > 2
    first.kill()
    wait_until(lambda: not any(map(is_alive, family)))
    assert not (results / "results.csv").exists()
    done = {path: path.stat().st_mtime_ns for path in parts(results)}
    assert 1 < len(done) < 6
    second = start(*arguments)
    _, err = second.communicate()
    assert second.returncode == 0, err
    assert f"6 videos, {len(done)} of them done before" in err
    assert done.items() <= {path: path.stat().st_mtime_ns for path in parts(results)}.items()
    assert complete(results / "results.csv", videos, rows_of_video)


def test_the_status_is_1_if_no_file_could_be_read(run, here, batch_in_process):
    (here / "all").mkdir()
    (here / "all" / "empty.png").touch()
    done = run("batch", "all", "-o", "results")
    assert done.status == 1
    assert "1 row of 1 file, 1 could not be read" in done.err
    assert "empty" in read(here / "results" / "results.csv")[0]["error"]


@pytest.mark.parametrize("place", ["taken/results", "/proc/results"])
def test_results_that_cannot_be_written_are_refused_first(run, here, png, place):
    if place.startswith("/proc") and sys.platform != "linux":
        pytest.skip("needs a folder that nobody may write to")
    (here / "taken").touch()
    (here / "a.png").write_bytes(png)
    done = run("batch", ".", "-o", place)
    assert done.status == 1
    assert done.err.startswith(f"error: {place}")
    assert "cannot be written" in done.err
    assert len(done.err.splitlines()) == 1


def test_other_settings_are_refused_in_one_line(run, here, batch_in_process):
    (here / "all").mkdir()
    (here / "all" / "empty.mp4").touch()
    run("batch", "all", "-o", "results")
    done = run("batch", "all", "-o", "results", "--every", "2", "--smoothing", "0")
    assert done.status == 1
    assert done.err.splitlines()[1:] == [
        "error: results: begun with other settings (every 0.0, now 2.0; smoothing 0.3, now 0.0); "
        "use the same, choose another folder or start over with --restart"
    ]
    assert run("batch", "all", "-o", "results", "--every", "2", "--restart").status == 1
    assert "done before" in run("batch", "all", "-o", "results", "--every", "2").err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--dask", "somewhere"], "must be the address of a scheduler such as tcp://host:8786"),
        (["--dask", "tcp://host:1", "--jobs", "2"], "not allowed with argument --dask"),
        (["--every", "-1"], "must be seconds from 0 to 3600"),
    ],
)
def test_wrong_usage(run, arguments, reason):
    done = run("batch", "all", "-o", "results", *arguments)
    assert done.status == 2
    assert reason in done.err


@pytest.mark.parametrize(
    ("package", "arguments"),
    [("pyarrow", ["--format", "parquet"]), ("distributed", ["--dask", "tcp://127.0.0.1:1"])],
)
def test_a_missing_package_is_named(run, here, png, monkeypatch, package, arguments):
    monkeypatch.setitem(sys.modules, package, None)
    (here / "all").mkdir()
    (here / "all" / "a.png").write_bytes(png)
    done = run("batch", "all", "-o", "results", *arguments)
    assert done.status == 1
    assert f"error: {package}: not installed" in done.err.splitlines()[-1]


@pytest.fixture
def scheduler(spawn):
    """The address of a Dask scheduler in its own process."""
    pytest.importorskip("distributed")
    port = free_port()
    command = ("-m", "distributed.cli.dask_scheduler", "--no-dashboard", "--host", "127.0.0.1")
    spawn(*command, "--port", port, **SILENT)
    return f"tcp://127.0.0.1:{port}"


@pytest.mark.slow
def test_a_killed_dask_worker_costs_only_time(
    start, spawn, scheduler, tmp_path, videos, rows_of_video
):
    workers = [
        spawn(
            *("-m", "distributed.cli.dask_worker", scheduler, "--nthreads", "1", "--no-nanny"),
            *("--no-dashboard", "--local-directory", tmp_path / f"worker{number}"),
            **SILENT,
        )
        for number in range(2)
    ]
    results = tmp_path / "results"
    process = start(videos, "-o", results, SLOWLY, "--dask", scheduler)
    wait_until(lambda: len(parts(results)) > 1)
    assert len(parts(results)) < 6
    workers[0].kill()
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert complete(results / "results.csv", videos, rows_of_video)
    assert len(err.splitlines()) == 3


@pytest.mark.parametrize(
    "there", [pytest.param(True, marks=pytest.mark.slow), False], ids=["no worker", "no scheduler"]
)
def test_a_cluster_that_is_not_there_is_reported(run, request, here, monkeypatch, png, there):
    pytest.importorskip("distributed")
    monkeypatch.setattr("landmark_emotion.batch.workers.WAIT_SECONDS", 4.0 if there else 0.5)
    (here / "all").mkdir()
    (here / "all" / "a.png").write_bytes(png)
    address = request.getfixturevalue("scheduler") if there else f"tcp://127.0.0.1:{free_port()}"
    done = run("batch", "all", "-o", "results", "--dask", address)
    assert done.status == 1
    reason = "has no worker; start some with" if there else "no Dask scheduler answers"
    assert f"error: {address}: {reason}" in done.err.splitlines()[-1]
