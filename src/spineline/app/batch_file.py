"""One file of a batch: done already, or analysed. The same function on this machine and on a cluster."""

import dataclasses
import hashlib
import json
import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from spineline import __version__
from spineline.app.analyze import Failed, Job, Request, Summary, analyze_one, as_recorded, is_track
from spineline.app.crew import SILENT_S
from spineline.app.footage import OnProgress
from spineline.core.history import History
from spineline.errors import SpinelineError
from spineline.io.batch_tables import Entry, entry_of, failed_entry
from spineline.io.container import printable_name
from spineline.io.history_files import history_text
from spineline.io.models import identify_bundle, resolve_model
from spineline.io.receipts import (
    Receipt,
    Stamp,
    as_they_were,
    file_sha256,
    files_of,
    is_whole,
    read_receipt,
    same_content,
    stamp,
    write_receipt,
)
from spineline.io.results import ANALYSIS, FILM, PENDING, TRACK, is_recording

_SHOWN_CHARACTERS: Final = 200
_ONE_AT_A_TIME: Final = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Task:
    """One file of a batch.

    Attributes
    ----------
    job
        What is to be analysed, and how.
    target
        The folder of its results.
    file, folder
        What the tables call it and that folder.
    models
        Hashes of the models that look at a video.
    again
        Analyse it whether or not that was done.
    silent_s
        Without a sign for so long, it hangs.
    version
        Of who asks.
    """

    job: Job
    target: Path
    file: str
    folder: str
    models: tuple[str, ...] = ()
    again: bool = False
    silent_s: float = SILENT_S
    version: str = __version__


def measure(task: Task, on_progress: OnProgress) -> Entry:
    """Analyse a file unless that was done; whatever is wrong with it is said in what comes back."""
    try:
        return settled(task, on_progress) or _analysed(task, on_progress)
    except SpinelineError as error:
        return failed(task, str(error))
    except Exception as error:  # noqa: BLE001 - no file may end the work on all the others
        said = " ".join(str(error).split())[:_SHOWN_CHARACTERS]
        return failed(task, f"cannot be analysed ({type(error).__name__}: {said}); please report it")


def failed(task: Task, message: str) -> Entry:
    """Return what the tables have of a file that failed; they name it already."""
    return failed_entry(task.file, message.removeprefix(f"{printable_name(Path(task.job.name))}: "))


def measure_there(task: Task) -> Entry:
    """Do the same as `measure` in a worker of a cluster.

    That is a process of somebody else: it is neither ended, whatever hangs in it, nor are its signals touched. One file
    at a time, because a process has one standard error and one set of styles for drawings.
    """
    if task.version != __version__:
        return failed(task, f"a worker has spineline {__version__}, expected {task.version}: install that")
    signs: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()

    def tell(_label: str, _done: int, _total: int | None) -> None:
        signs.put(None)

    with _ONE_AT_A_TIME:
        threading.Thread(
            target=lambda: signs.put(_measured_there(task, tell)), name="spineline-file", daemon=True
        ).start()
        try:
            while (found := signs.get(timeout=task.silent_s)) is None:
                pass
        except queue.Empty:
            return failed(task, f"gave no sign for {task.silent_s:g} s")
        return found


def _measured_there(task: Task, on_progress: OnProgress) -> Entry:
    """Use the pose model that this machine has, if it does not see that of the other."""
    model = task.job.model
    try:
        if model and not model.is_file():
            model = resolve_model(task.job.request.options.model)
            if identify_bundle(model).sha256 not in task.models:
                return failed(task, f"{model}: is another pose model than that of who asks; use the same file")
    except SpinelineError as error:
        return failed(task, str(error))
    return measure(dataclasses.replace(task, job=dataclasses.replace(task.job, model=model)), on_progress)


def settled(task: Task, on_progress: OnProgress | None = None) -> Entry | None:
    """Return what the tables have of a file if its results are there, whole, and as they are asked for now.

    Without ``on_progress`` no content is read: what only that could tell counts as not done.
    """
    receipt = None if task.again else read_receipt(task.target)
    if receipt is None or not is_whole(task.target, receipt):
        return None
    inputs = _inputs(task.job)
    if not _same(receipt, inputs, task, on_progress) or receipt.asked != _asked(task):
        return None
    try:
        document = json.loads((task.target / ANALYSIS).read_bytes())
        return _entry(task, document, receipt)
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _same(receipt: Receipt, inputs: Sequence[Path], task: Task, on_progress: OnProgress | None) -> bool:
    """Tell whether the files are those that were read; if only their content could tell, the receipt is renewed."""
    if as_they_were(receipt.inputs, inputs):
        return True
    if on_progress is None:
        return False
    before = [stamp(path) for path in inputs]
    if not same_content(receipt.inputs, inputs, partial(on_progress, inputs[0].name)):
        return False
    new = [
        each and each.model_copy(update={"sha256": old.sha256})
        for each, old in zip(before, receipt.inputs, strict=True)
    ]
    write_receipt(task.target, receipt.model_copy(update={"inputs": tuple(new)}))
    return True


def _analysed(task: Task, on_progress: OnProgress) -> Entry:
    stamps = {path: found for path in _inputs(task.job) if (found := stamp(path))}
    also = partial(_sealed, stamps=stamps, asked=_asked(task))
    result = analyze_one(dataclasses.replace(task.job, also=also), on_progress=on_progress)
    if isinstance(result, Failed):
        # A process that outlived its batch by a moment may have finished the same file and be in the way.
        return settled(task) or failed(task, result.message)
    return _entry(task, json.loads(result.text), read_receipt(task.target))


def _entry(task: Task, document: dict[str, Any], receipt: Receipt | None) -> Entry:
    lifter, date = (receipt.lifter, receipt.date) if receipt else (None, None)
    return entry_of(document, file=task.file, folder=task.folder, lifter=lifter, date=date)


def _sealed(folder: Path, summary: Summary, *, stamps: Mapping[Path, Stamp], asked: str) -> None:
    """Put beside the results what tells that they are done, and the set until the history has it."""
    record = summary.record
    if record:
        text = history_text(History(sets=(record,)), "json")
        (folder / PENDING).write_text(text, encoding="utf-8", newline="\n")
    main_sha256 = json.loads(summary.text)["input"]["sha256"]
    inputs = [
        each.model_copy(update={"sha256": file_sha256(path) if place else main_sha256})
        for place, (path, each) in enumerate(stamps.items())
    ]
    write_receipt(
        folder,
        Receipt(
            asked=asked,
            inputs=tuple(inputs),
            files=files_of(folder),
            lifter=record and record.lifter,
            date=record and record.date,
        ),
    )


def _inputs(job: Job) -> list[Path]:
    """Return the files that are read of an input; first that of which `analysis.json` has the hash."""
    path = Path(job.name)
    if not is_recording(path):
        return [path]
    film = path / FILM
    return [path / TRACK, film] if film.is_file() else [path / TRACK]


def _asked(task: Task) -> str:
    """Return what stands for all that can change a result but its input: version, models, settings, what is written."""
    request, path = task.job.request, Path(task.job.name)
    if is_recording(path):
        request = as_recorded(request, path)
    seen = not (is_recording(path) or is_track(task.job.name))
    said = {
        "spineline": __version__,
        "models": task.models if seen else (),
        **{field.name: _plain(getattr(request, field.name)) for field in dataclasses.fields(Request)},
    }
    del said["output_dir"]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value
