"""Work in processes of their own: each item once, whatever ends a process, and nobody left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from spineline.app.cores import cores, spare_cores
from spineline.app.crew import Died, in_crew, undisturbed
from spineline.app.footage import OnProgress
from spineline.errors import InputError

unix_only = pytest.mark.skipif(sys.platform == "win32", reason="ends processes by signal")


def doubled(item: int, _tell: OnProgress) -> int:
    return 2 * item


def spared(_item: int, _tell: OnProgress) -> int:
    return spare_cores()


def telling(item: int, tell: OnProgress) -> int:
    for done in range(item):
        tell(f"item {item}", done + 1, item)
        time.sleep(0.11)
    return os.getpid()


def deadly(item: str, _tell: OnProgress) -> str:
    if item == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if item == "raises":
        raise InputError("nothing.mp4: no such file")
    if item == "silent":
        time.sleep(60)
    return item


def patient(folder: Path, tell: OnProgress) -> None:
    """Work for a minute, and say in a file how that ended."""
    (folder / f"{os.getpid()}.begun").touch()
    try:
        for done in range(6000):
            tell("waiting", done, None)
            time.sleep(0.01)
    finally:
        (folder / f"{os.getpid()}.ended").touch()


def names(folder: Path, suffix: str) -> list[str]:
    return sorted(path.stem for path in folder.glob(f"*.{suffix}"))


def until(folder: Path, suffix: str, count: int) -> list[str]:
    deadline = time.monotonic() + 30
    while len(names(folder, suffix)) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    return names(folder, suffix)


def test_every_item_comes_back_once_with_its_place() -> None:
    assert sorted(in_crew(doubled, range(7), workers=3)) == [(place, 2 * place) for place in range(7)]
    assert list(in_crew(doubled, [], workers=3)) == []
    assert cores() >= 1


def test_a_process_works_on_one_item_after_the_other_or_each_has_its_own() -> None:
    assert len({pid for _, pid in in_crew(telling, [0] * 5, workers=1)}) == 1
    own = list(in_crew(telling, [0] * 5, workers=2, fresh=True))
    assert sorted(place for place, _ in own) == [0, 1, 2, 3, 4]
    assert len({pid for _, pid in own}) == 5


@pytest.mark.parametrize(("items", "workers"), [(1, 1), (2, 2), (3, 2), (2, 8)])
def test_each_process_uses_what_cores_are_left_beside_the_models(items: int, workers: int) -> None:
    together = min(items, workers)
    found = dict(in_crew(spared, range(items), workers=workers))
    assert set(found.values()) == {max(1, cores() // together - 1)}
    assert spare_cores() == max(1, cores() - 1)


def test_progress_is_told_with_the_place_of_the_item() -> None:
    told: list[tuple[int, str, int, int | None]] = []
    pids = dict(in_crew(telling, [3, 2], workers=2, on_progress=lambda *args: told.append(args)))
    assert len(set(pids.values())) == 2
    assert os.getpid() not in pids.values()
    assert [each for each in told if each[0] == 0] == [(0, "item 3", done, 3) for done in (1, 2, 3)]
    assert [each for each in told if each[0] == 1] == [(1, "item 2", done, 2) for done in (1, 2)]


@unix_only
def test_a_process_ended_from_outside_costs_its_item_alone() -> None:
    found = dict(in_crew(deadly, ["a", "dies", "b", "dies", "c"], workers=2))
    assert [found[place] for place in (0, 2, 4)] == ["a", "b", "c"]
    for place in (1, 3):
        died = found[place]
        assert isinstance(died, Died)
        assert died.why.startswith("its process was ended from outside (-9)")


def test_a_process_that_says_nothing_for_too_long_is_ended() -> None:
    began_s = time.monotonic()
    found = dict(in_crew(deadly, ["silent", "a"], workers=2, silent_s=4.0))
    assert found == {0: Died("its process gave no sign for 4 s"), 1: "a"}
    assert time.monotonic() - began_s < 30


def test_what_work_raises_is_raised_here_and_says_where() -> None:
    with pytest.raises(InputError, match=r"nothing\.mp4") as caught:
        list(in_crew(deadly, ["raises"], workers=1))
    assert "test_crew.py" in "".join(caught.value.__notes__)


def test_processes_stop_and_clean_up_when_nobody_wants_more(tmp_path: Path) -> None:
    results: Iterator[tuple[int, object]] = in_crew(patient, [tmp_path] * 3, workers=2, on_progress=_stop)
    with pytest.raises(KeyboardInterrupt):
        next(results)
    begun = names(tmp_path, "begun")
    assert 1 <= len(begun) <= 2
    assert names(tmp_path, "ended") == begun


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


@unix_only
def test_processes_do_not_outlive_the_one_that_made_them(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from spineline.app.crew import in_crew\n"
        "from tests.app.test_crew import patient\n"
        "if __name__ == '__main__': list(in_crew(patient, [Path(sys.argv[1])] * 2, workers=2))"
    )
    script = tmp_path / "program.py"
    script.write_text(program)
    home = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(home)}
    parent = subprocess.Popen([sys.executable, str(script), str(tmp_path)], env=environment)
    begun = until(tmp_path, "begun", 2)
    parent.kill()
    parent.wait()
    assert until(tmp_path, "ended", 2) == begun
    assert len(begun) == 2


@unix_only
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_would_end_this_process_waits_until_another_is_started(number: signal.Signals) -> None:
    def stop(signum: int, _frame: object) -> None:
        raise SystemExit(signum)

    started = []

    def start() -> None:
        with undisturbed():
            os.kill(os.getpid(), number)
            started.append(number)

    before = signal.signal(number, stop)
    try:
        with pytest.raises(SystemExit) as stopped:
            start()
        assert started == [stopped.value.code] == [number]
        assert signal.getsignal(number) is stop
    finally:
        signal.signal(number, before)


@unix_only
def test_what_is_ignored_stays_ignored_while_another_is_started() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with undisturbed():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN  # the other process inherits that
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
