"""Puts our files where a trial's Python finds them first, and reads what they left. Called by the runner.

What comes back was written by the job's own process: it is a stranger's file, and is read as one.
"""

import importlib.resources
import importlib.util
import os
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reprise.domain import environment, metric_file
from reprise.domain.errors import UserError
from reprise.domain.spec.model import Profile
from reprise.jobs import confined, layout
from reprise.removal import remove_tree

START = "sitecustomize.py"
STRICT = "strict.py"
MAX_BYTES = 1 << 18
MAX_FIELDS = 4_000
"""What leaves room for ours within the bounds of a whole record."""
MAX_NAMES = 1000
"""Names that are looked at where the job leaves its records."""
NO_RECORD = (
    "the job left no record of its own: it is not Python, was ended by a signal or os._exit, "
    "or runs with PYTHONPATH ignored"
)

Text = Annotated[str, Field(max_length=environment.MAX_TEXT)]
Scalar = bool | int | float | Text | None
Fields = dict[Text, Scalar | list[Scalar]]


class Applied(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)

    applied: list[Text] = []
    failed: dict[Text, Text] = {}


class Inside(BaseModel):
    """What a job's process says of itself. Other keys are no business of its."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)

    python: Fields = {}
    blas: list[Fields] = []
    in_process: Fields = {}
    profile: Applied = Applied()
    missing: dict[Text, Text] = {}


def lay_out(folder: Path, profile: Profile) -> Path:
    """Our files in a trial's folder, anew; returns what goes first on PYTHONPATH."""
    hook = folder / layout.HOOK
    path = hook / "path"
    remove_tree(hook)
    for place in (hook, path):
        place.mkdir(parents=True)
        place.chmod(0o755)
    for name, content in _files().items():
        if name == STRICT and profile is not Profile.STRICT:
            continue
        target = (path if name == START else hook) / name
        target.write_bytes(content)
        target.chmod(0o644)
    return path


def read(folder: Path) -> Inside | str:
    """The record of the job's main process, or why there is none."""
    into = folder / layout.INSIDE
    try:
        names = _names(into)
        if not names:
            return _error(into) or NO_RECORD
        data = _read(into, names[-1])
    except (OSError, UserError) as error:
        return f"the job's own record cannot be read: {error}"
    loaded = metric_file.load(data, file=names[-1])
    if isinstance(loaded, metric_file.MetricProblem):
        return f"the job's own record cannot be used: {loaded.message}"
    wrong = environment.problem(loaded.root, max_fields=MAX_FIELDS)
    if wrong:
        return f"the job's own record cannot be used: {wrong}"
    return _parse(loaded.root)


def _parse(root: Any) -> Inside | str:
    try:
        return Inside.model_validate(root)
    except ValidationError as error:
        first = error.errors()[0]
        where = metric_file.shorten(".".join(str(part) for part in first["loc"]))
        return f"the job's own record cannot be used: `{where}`: {first['msg']}"


@cache
def _files() -> dict[str, bytes]:
    """Name → content of what is copied. The library goes as it is installed here."""
    ours = importlib.resources.files("reprise_runner.inside")
    found = {name: (ours / name).read_bytes() for name in (START, STRICT, "at_exit.py")}
    library = importlib.util.find_spec("threadpoolctl")
    if library is not None and library.origin is not None:
        found["threadpoolctl.py"] = Path(library.origin).read_bytes()
    return found


def _names(into: Path) -> list[str]:
    """Records, the one of whoever worked longest last; see `at_exit.leave`."""
    if not confined.is_real_folder(into):
        raise UserError("the job removed the folder for it")
    with os.scandir(into) as entries:
        names = [entry.name for _, entry in zip(range(MAX_NAMES), entries, strict=False)]
    return sorted(name for name in names if name.endswith(".json") and name.isprintable())


def _error(into: Path) -> str:
    """What our own files ran into, as they noted it."""
    try:
        text = _read(into, "error").decode(errors="replace")
    except UserError:
        return ""
    return f"the record could not be made inside the job: {metric_file.shorten(text, 300)}" if text else ""


def _read(into: Path, name: str) -> bytes:
    descriptor = confined.open_regular(into, (name,))
    if descriptor is None:
        raise UserError(f"`{name}` is not there")
    with open(descriptor, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise UserError(f"it is larger than {MAX_BYTES:,} bytes")
    return data
