"""The first thing a job's Python does of ours: it sees to the record at exit and to the strict profile.

The interpreter imports it by its name, because the folder that it is copied to is first on the job's
PYTHONPATH. It takes that folder off ``sys.path`` again and hands on to the ``sitecustomize`` that the
interpreter would have found without us, so that the job is left as it would have been.
"""

import os
import sys

TYPE_CHECKING = False  # what typing.TYPE_CHECKING is, without the milliseconds of that import
if TYPE_CHECKING:
    from typing import Any

HERE = os.path.dirname(__file__)
HOOK = os.path.dirname(HERE)
INTO = os.path.join(os.path.dirname(HOOK), "inside")
"""What the trial's folder calls them: see layout.py."""


def load(name: str) -> "dict[str, Any]":
    """What the file of this name defines. Not an import: the job's modules stay the job's."""
    path = os.path.join(HOOK, name)
    names: dict[str, Any] = {"__name__": "reprise_inside", "__file__": path}
    with open(path, "rb") as file:
        exec(compile(file.read(), path, "exec"), names)  # noqa: S102  (our own file)
    return names


def begin() -> None:
    """Before anything of the job: registered first, the record is written last."""
    import atexit

    atexit.register(end, os.getpid())
    if os.path.exists(os.path.join(HOOK, "strict.py")):
        load("strict.py")["install"]()


def end(pid: int) -> None:
    """A child that was forked has its parent's flags, and its parent tells them."""
    if os.getpid() != pid:
        return
    try:
        if not is_worker() and works_longest():
            load("at_exit.py")["leave"](INTO, name(), HOOK)
    except Exception as error:  # noqa: BLE001  (nothing of ours may change how a job ends)
        note(error)


def is_worker() -> bool:
    """A worker of ``multiprocessing`` has no settings of its own to tell."""
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None


def works_longest() -> bool:
    """Whether this may be the job's main process: of several, the one that used most processor time."""
    return not any(other.endswith(".json") and other > name() for other in os.listdir(INTO))


def name() -> str:
    """Of this process's record: names are in the order of processor time."""
    times = os.times()
    return f"{int((times.user + times.system) * 1000):012d}-{os.getpid()}.json"


def note(error: Exception) -> None:
    """What went wrong with us, for the record: the job's own output is not ours to write to."""
    try:
        with open(os.path.join(INTO, "error"), "w", encoding="utf-8", errors="replace") as file:
            file.write((type(error).__name__ + ": " + str(error))[:1000])
    except OSError:
        return  # a job that takes our folder away has no record, and the record says so


if __name__ == "sitecustomize":
    sys.path[:] = [entry for entry in sys.path if entry != HERE]
    sys.modules.pop("sitecustomize", None)
    try:
        begin()
    except Exception as error:  # noqa: BLE001  (a job starts whatever happens to us)
        note(error)
    __import__("sitecustomize")  # theirs; without one this fails as it would have without us
