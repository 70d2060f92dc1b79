import os
from concurrent.futures import Future

import pytest

from landmark_emotion.batch.recognition import Part
from landmark_emotion.batch.units import File, Unit
from landmark_emotion.batch.workers import (
    WorkerDiedError,
    Workers,
    _recognize_once,
    dask_workers,
    local_workers,
    recognize_units,
)


def unit(*names):
    return Unit(tuple(File(name, 1, 0) for name in names))


def recognized(units, deadly, deaths):
    """Recognize units with workers that die of some files, each so many times."""
    left = dict.fromkeys(deadly, deaths)

    def submit(unit):
        future = Future()
        for name in (file.name for file in unit.files if left.get(file.name)):
            left[name] -= 1
            future.set_exception(WorkerDiedError())
            return future
        future.set_result([Part(unit, b"rows")])
        return future

    return list(recognize_units(units, Workers(submit, Future.result), landmarks=False))


def test_only_files_that_kill_their_worker_twice_are_given_up():
    names = [f"{number}.png" for number in range(200)]
    units = [unit(*names[at : at + 8]) for at in range(0, 200, 8)]
    deadly = {"0.png", "150.png", "199.png"}
    parts = recognized(units, deadly, deaths=2)
    assert sorted(file.name for part in parts for file in part.unit.files) == sorted(names)
    assert {part.unit for part in parts if not part.final} == {unit(name) for name in deadly}
    assert all(len(part.unit.files) == 8 for part in parts[:22])


def test_a_death_for_another_reason_loses_nothing():
    units = [unit("a.png", "b.png"), unit("c.mp4")]
    parts = recognized(units, {"a.png", "c.mp4"}, deaths=1)
    assert all(part.final for part in parts)
    assert sorted(part.unit.files[0].name for part in parts) == ["a.png", "b.png", "c.mp4"]


def test_worker_processes_survive_a_deadly_file(tmp_path, settings, png, monkeypatch):
    """A file that kills its process costs the others nothing, and no process is left."""
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("1.png", "2.png", "deadly.png"):
        (folder / name).write_bytes(png)
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "def hook(event, arguments):\n"
        "    if event == 'open' and str(arguments[0]).endswith('deadly.png'):\n"
        "        os._exit(9)\n"
        "sys.addaudithook(hook)\n"
    )
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    )
    with local_workers(str(folder), settings, jobs=1) as workers:
        parts = list(
            recognize_units([unit("1.png", "deadly.png"), unit("2.png")], workers, landmarks=False)
        )
    assert [(part.unit, part.final) for part in parts] == [
        (unit("2.png"), True),
        (unit("1.png"), True),
        (unit("deadly.png"), False),
    ]


def test_a_task_that_a_dask_worker_died_of_is_not_run_again(tmp_path, settings, png):
    distributed = pytest.importorskip("distributed")
    (tmp_path / "1.png").write_bytes(png)
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        dask_workers(str(tmp_path), settings, cluster.scheduler_address) as workers,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        (part,) = recognize_units([unit("1.png")], workers, landmarks=False)
        assert part.final
        distributed.Event("begun", client=client).set()
        again = client.submit(_recognize_once, "begun", unit("1.png"), str(tmp_path), settings)
        with pytest.raises(WorkerDiedError):
            again.result()
