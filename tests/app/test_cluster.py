"""Work on a Dask cluster: real workers, processes of their own, of which some are killed."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from spineline import __version__
from spineline.app import batch_file
from spineline.app.analyze import Request
from spineline.app.batch import Run, cluster, planned
from spineline.app.batch_file import Task, measure_there
from spineline.app.cli import run
from spineline.errors import InputError
from spineline.io.batch_tables import BatchTables
from spineline.io.cluster import Lost, in_cluster
from spineline.io.history import open_history
from spineline.io.pose import CLOSED_PROXY
from spineline.io.sources import read_source
from tests.app.make_batch import SEASON, kill_the_worker_once, leftovers, rows, said, times_ns, write_clip

distributed = pytest.importorskip("distributed", reason="the extra [dask] is not installed")
pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def workers() -> Iterator[Any]:
    """Start a cluster of two workers, each with a nanny that starts it anew."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as started:
        yield started


def tasks_of(season: Path) -> list[Task]:
    request = Request(report=False)
    return list(planned([read_source(str(season))], request, model=None, models=()).tasks.values())


def test_a_worker_that_is_killed_half_way_costs_nothing(season: Path, workers: Any, tmp_path: Path) -> None:
    plan = planned([read_source(str(season))], Request(report=False), model=None, models=())
    done = Run(plan, BatchTables(season), remember=True, complain=pytest.fail, on_progress=lambda *_: None)
    pids = {worker.pid for worker in workers.workers.values()}
    found = list(done.files(partial(cluster, address=workers.scheduler_address, work=kill_the_worker_once)))
    assert (season / "killed").exists()
    assert pids != {worker.pid for worker in workers.workers.values()}
    assert said(found) == {**dict.fromkeys(SEASON[:3], "done"), SEASON[3]: "no lift"}
    assert len(found) == len(SEASON)
    assert [row["file"] for row in rows(season / "batch_files.csv")] == list(SEASON)
    assert len(rows(season / "batch_reps.csv")) == 5
    assert len(list(season.rglob("analysis.json"))) == len(SEASON)
    with open_history() as store:
        assert len(store.sets()) == 3
    assert leftovers(season) == []
    here = shutil.copytree(season, tmp_path / "here")
    for folder in here.rglob("*_spineline"):
        shutil.rmtree(folder)
    assert run(["batch", str(here), "--no-report", "--quiet", "--workers", "1"]) == 3
    for name in ("batch_reps.csv", "batch_files.csv"):
        assert (here / name).read_bytes() == (season / name).read_bytes()


def test_the_command_works_on_a_cluster_and_does_nothing_twice(
    season: Path,
    workers: Any,
    pose_model: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del pose_model
    write_clip(season / "rest" / "empty.mp4")
    monkeypatch.chdir(season)
    command = ["batch", ".", "-o", "../out", "--no-report", "--scheduler", workers.scheduler_address]
    assert run(command) == 3
    shown = capfd.readouterr()
    assert "5 files: 3 done, 2 without a lift, 0 failed." in shown.out
    assert shown.err == ""
    with distributed.Client(workers.scheduler_address, set_as_default=False) as client:
        proxies = client.run(os.getenv, "https_proxy").values()
    assert CLOSED_PROXY in proxies  # of the worker that looked at the video
    before = times_ns(season.parent / "out")
    assert run([*command, "--quiet"]) == 3
    assert times_ns(season.parent / "out") == before
    assert capfd.readouterr().err == ""


# Where there is no cluster


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nowhere", "other://a:1"])
def test_an_address_at_which_nobody_answers_is_one_line(
    address: str, season: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spineline.io.cluster.ANSWERS_WITHIN_S", 1.0)
    begin_s = time.monotonic()
    assert run(["batch", str(season), "--scheduler", address]) == 2
    assert time.monotonic() - begin_s < 30
    error = capfd.readouterr().err
    assert error.startswith(f"spineline: {address}: no Dask scheduler answers there within 1 s")
    assert error.count("\n") == 1
    assert not list(season.rglob("*_spineline"))


def test_without_dask_it_is_said_what_to_install(
    season: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert run(["batch", str(season), "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert "needs Dask, which is not installed: install spineline[dask]" in capsys.readouterr().err


def double(number: int) -> int:
    if number < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(number / 1000)
    return 2 * number


def test_a_cluster_without_workers_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spineline.io.cluster._LOOK_EVERY_S", 0.2)
    with (
        distributed.LocalCluster(n_workers=0, processes=True, dashboard_address=None, silence_logs=50) as empty,
        pytest.raises(InputError, match=r"has had no worker for 0\.1 s"),
    ):
        list(in_cluster(double, [1], address=empty.scheduler_address, workers_within_s=0.1))


def test_a_cluster_that_goes_away_ends_the_work_and_says_so(workers: Any) -> None:
    results = in_cluster(double, [0, 60_000], address=workers.scheduler_address)
    assert next(results) == (0, 0)
    closing = threading.Thread(target=workers.close)
    closing.start()
    with pytest.raises(InputError, match="the cluster was lost; the same command goes on"):
        list(results)
    closing.join()


def test_within_a_running_loop_as_in_a_notebook_it_works_too(workers: Any) -> None:
    async def cell() -> list[Any]:
        return list(in_cluster(double, [4], address=workers.scheduler_address))

    with ThreadPoolExecutor(1) as thread:  # in this one the browser of other tests may have its loop
        assert thread.submit(lambda: asyncio.run(cell())).result() == [(0, 8)]


@pytest.mark.long
def test_what_kills_every_worker_is_given_up_and_the_rest_is_done(workers: Any) -> None:
    found = dict(in_cluster(double, [*range(40), -1], address=workers.scheduler_address))
    lost = found.pop(40)
    assert found == {number: 2 * number for number in range(40)}
    assert isinstance(lost, Lost)
    assert "KilledWorker" in lost.why


# In a worker


def test_what_hangs_in_a_worker_is_given_up_and_the_worker_is_not(
    season: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (replace(task, silent_s=0.2) for task in tasks_of(season)[:2])
    go_on, works = threading.Event(), batch_file.measure

    def hang(task: Task, on_progress: Any) -> Any:
        on_progress("", 0, None)
        go_on.wait()
        return works(task, on_progress)

    monkeypatch.setattr(batch_file, "measure", hang)
    assert measure_there(first).reason == "gave no sign for 0.2 s"
    go_on.set()
    assert measure_there(replace(second, silent_s=60.0)).status == "done"
    while any(thread.name == "spineline-file" for thread in threading.enumerate()):
        time.sleep(0.01)


def test_a_worker_of_another_version_does_nothing(season: Path) -> None:
    entry = measure_there(replace(tasks_of(season)[0], version="0.0.1"))
    assert entry.reason == f"a worker has spineline {__version__}, expected 0.0.1: install that"
    assert not list(season.rglob("*_spineline"))


def test_a_worker_that_does_not_see_the_pose_model_takes_its_own_if_it_is_the_same(
    season: Path, pose_model: Path, tmp_path: Path
) -> None:
    from spineline.io.models import identify_bundle

    write_clip(season / "clip.mp4")
    sha256 = identify_bundle(pose_model).sha256
    for models, status in (((sha256, "ab"), "no lift"), (("cd", "ab"), "failed")):
        source = [read_source(str(season / "clip.mp4"))]
        plan = planned(source, Request(report=False), model=tmp_path / "gone.task", models=models)
        assert measure_there(plan.tasks[0]).status == status
