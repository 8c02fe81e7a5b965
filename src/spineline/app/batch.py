"""Many recordings: which files they are, where their results go, and the work on all of them to the end."""

import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from spineline.app.analyze import Job, Request, is_track
from spineline.app.batch_file import Task, failed, measure, measure_there, settled
from spineline.app.crew import SILENT_S, Died, Work, in_crew
from spineline.app.remember import Waiting, is_waiting, take_waiting
from spineline.errors import SpinelineError
from spineline.io.batch_tables import BatchTables, Entry, failed_entry
from spineline.io.cluster import Lost, in_cluster
from spineline.io.config import Options
from spineline.io.container import printable_name
from spineline.io.file_lists import DATE
from spineline.io.part_folder import sweep
from spineline.io.results import folder_for, folder_key
from spineline.io.sources import Found, Source, common_root, name_in, place_in

_LEAST_S: Final = 5.0
"""Tables and history are brought up to date no more often than this."""

_SHARE_OF_TIME: Final = 0.02
"""And no more of the time goes into it."""

OnTaskProgress = Callable[[int, str, int, int | None], None]
"""Called with the place of a task and how far it is, as `OnProgress`."""

Hands = Callable[[Sequence[Task], OnTaskProgress], Generator[tuple[int, Entry | Died], None, None]]
"""What does the work on tasks: yields the place of each and what came of it, as they finish."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Every file of a batch by its place in the order: what is to be done, and what cannot be."""

    tasks: Mapping[int, Task]
    refused: Mapping[int, Entry]


def tables_folder(sources: Sequence[Source], output_dir: Path | None) -> Path:
    """Return where the tables go: the folder of results, else the first folder that is searched, else here."""
    return output_dir or next((source.root for source in sources if source.is_folder), Path())


def planned(
    sources: Sequence[Source], request: Request, *, model: Path | None, models: tuple[str, ...], again: bool = False
) -> Plan:
    """Decide what is done with each file.

    Parameters
    ----------
    sources
        What the user named.
    request
        What is asked for, unless a list says otherwise of a file.
    model, models
        Bundle of the pose model, None if there is no video; hashes of all models that look at videos.
    again
        Do also what is done already.
    """
    tasks: dict[int, Task] = {}
    refused: dict[int, Entry] = {}
    taken: dict[str, Found] = {}
    root, folder = common_root(sources), tables_folder(sources, request.output_dir)
    for found in (each for source in sources for each in source.found):
        place, name = len(tasks) + len(refused), name_in(root, found.path)
        if found.wrong:
            refused[place] = failed_entry(name, found.wrong)
            continue
        beside = folder_for(found.path, None)
        target = request.output_dir / place_in(root, beside) if request.output_dir else beside
        earlier = taken.setdefault(folder_key(target), found)
        if earlier is found:
            job = Job(name=str(found.path), request=_asked(found, request, target.parent), model=model)
            tasks[place] = Task(
                job=job, target=target, file=name, folder=name_in(folder, target), models=models, again=again
            )
        elif (why := _clash(found, earlier, target)) and failed_entry(name, why) not in refused.values():
            refused[place] = failed_entry(name, why)
    return Plan(tasks=tasks, refused=refused)


def _asked(found: Found, request: Request, output_dir: Path) -> Request:
    """Return what is asked for of one file; what a list says of it goes first."""
    said = dict(found.said)
    date = said.pop(DATE, request.date)
    options = request.options
    if said:
        options = Options.from_mapping({**options.model_dump(exclude_defaults=True), **said})
    # A track has no pictures; a folder holds both.
    save_vid = request.save_vid and not is_track(found.path.name)
    return replace(request, options=options, date=date, save_vid=save_vid, output_dir=output_dir)


def _clash(found: Found, earlier: Found, target: Path) -> str:
    """Say why a file cannot be written where another one is; nothing if it is the same, only named twice."""
    if found.path.resolve() != earlier.path.resolve():
        return f"would be written to {printable_name(target)}, as {printable_name(earlier.path)} is; rename one"
    return "" if found.said == earlier.said else "is named twice, with different data; leave one out"


def crew(
    tasks: Sequence[Task],
    on_progress: OnTaskProgress,
    *,
    workers: int,
    work: Work[Task, Entry] = measure,
    silent_s: float = SILENT_S,
) -> Generator[tuple[int, Entry | Died], None, None]:
    """Work in processes of this machine; what a process died of is tried once more at the end, by fewer of them."""
    died: list[int] = []
    for place, result in in_crew(work, tasks, workers=workers, on_progress=on_progress, silent_s=silent_s):
        if isinstance(result, Died):
            died.append(place)
        else:
            yield place, result

    def tell(nth: int, label: str, done: int, total: int | None) -> None:
        on_progress(died[nth], label, done, total)

    left, fewer = [tasks[place] for place in died], max(1, workers // 2)
    for nth, last in in_crew(work, left, workers=fewer, on_progress=tell, silent_s=silent_s):
        yield died[nth], last


def cluster(
    tasks: Sequence[Task], _on_progress: OnTaskProgress, *, address: str, work: Callable[[Task], Entry] = measure_there
) -> Generator[tuple[int, Entry | Died], None, None]:
    """Work on a Dask cluster, whose workers see the same files under the same paths. It tells of whole files only."""
    for place, result in in_cluster(work, [_everywhere(task) for task in tasks], address=address):
        yield place, Died(result.why) if isinstance(result, Lost) else result


def _everywhere(task: Task) -> Task:
    """Return the same task for a process in another folder."""
    request = task.job.request
    request = replace(request, output_dir=request.output_dir and request.output_dir.absolute())
    job = replace(task.job, name=str(Path(task.job.name).absolute()), request=request)
    return replace(task, job=job, target=task.target.absolute())


class Run:
    """A batch at work.

    Parameters
    ----------
    plan
        What is to be done.
    tables
        Kept up as files finish.
    remember
        Whether sets go into the history.
    complain
        Told, once, why the history cannot be kept.
    on_progress
        Told how many files are done, parts of files included, and of how many.
    """

    def __init__(
        self,
        plan: Plan,
        tables: BatchTables,
        *,
        remember: bool,
        complain: Callable[[str], object],
        on_progress: Callable[[str, float, int], None],
    ) -> None:
        self._plan, self._tables, self._remember, self._complain = plan, tables, remember, complain
        self._on_progress, self._total = on_progress, len(plan.tasks) + len(plan.refused)
        self._shares: dict[int, float] = {}
        self._waiting: list[Waiting] = []
        self._finished, self._due_s = 0, time.monotonic() + _LEAST_S
        self.known = 0
        """How many files were done already."""

    def files(self, hands: Hands) -> Iterator[Entry]:
        """Do all that is not done yet; yield what came of each file that was not, as they finish.

        Raises
        ------
        InputError
            The tables cannot be written, or whatever works cannot go on.
        """
        self._tables.require_writable()
        try:
            todo = list(self._missing())
            for place, entry in self._plan.refused.items():
                yield self._take(place, entry)
            # The longest first, so that in the end no process waits for another that has a long one left.
            todo.sort(key=lambda place: _size_bytes(self._plan.tasks[place]), reverse=True)
            tasks = [self._plan.tasks[place] for place in todo]
            for folder in {
                self._tables.folder,
                *(each for task in tasks for each in (task.target, task.target.parent)),
            }:
                sweep(folder)
            with contextlib.closing(hands(tasks, lambda nth, *said: self._tell(todo[nth], *said))) as results:
                for nth, result in results:
                    entry = failed(tasks[nth], result.why) if isinstance(result, Died) else result
                    yield self._take(todo[nth], entry)
        finally:
            self._write()

    def _missing(self) -> Iterator[int]:
        """Yield the places of what is not done yet; take what is."""
        for number, (place, task) in enumerate(self._plan.tasks.items(), start=1):
            self._on_progress("Looking for what is done already", number, self._total)
            entry = _settled(task)
            if entry is None:
                yield place
            else:
                self.known += 1
                self._note(place, entry)

    def _take(self, place: int, entry: Entry) -> Entry:
        self._note(place, entry)
        if time.monotonic() >= self._due_s:
            self._write()
        return entry

    def _note(self, place: int, entry: Entry) -> None:
        self._tables.put(place, entry)
        self._shares.pop(place, None)
        self._finished += 1
        task = self._plan.tasks.get(place)
        if self._remember and task and is_waiting(task.target):
            self._waiting.append(Waiting(task.target, task.job.request.options, task.job.request.date))

    def _tell(self, place: int, label: str, done: int, total: int | None) -> None:
        del label
        if total:
            self._shares[place] = max(self._shares.get(place, 0.0), min(done / total, 1.0))
        self._on_progress("Analysing", self._finished + sum(self._shares.values()), self._total)

    def _write(self) -> None:
        """Bring tables and history up to date."""
        begin_s = time.monotonic()
        self._tables.write()
        waiting, self._waiting = self._waiting, []
        try:
            take_waiting(waiting)
        except SpinelineError as error:
            self._remember = False
            self._complain(f"not kept in the history: {error}")
        took_s = time.monotonic() - begin_s
        self._due_s = begin_s + took_s + max(_LEAST_S, took_s / _SHARE_OF_TIME)


def _settled(task: Task) -> Entry | None:
    try:
        return settled(task)
    except SpinelineError:  # said when it is its turn
        return None


def _size_bytes(task: Task) -> int:
    try:
        return Path(task.job.name).stat().st_size
    except (OSError, ValueError):
        return 0
