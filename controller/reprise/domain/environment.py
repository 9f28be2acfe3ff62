"""The environment record of a trial: what its numbers may depend on, read and flattened. Pure.

Runners write one JSON object per trial (`docs/environment.md` lists its fields). Part of it comes from
inside the job, and a reference record comes from the repository, so all of it is a stranger's file:
it is read within bounds, and nothing in it is believed beyond its type.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from reprise.domain import metric_file
from reprise.domain.errors import UserError

NAME = "environment.json"
NVIDIA_SMI = "nvidia-smi.xml"
"""Both in a trial's results folder, and so called wherever they are brought to."""
MAX_BYTES = 2**20
MAX_DEPTH = 6
MAX_FIELDS = 10_000
MAX_TEXT = 20_000
"""Characters of one value: a list of CPU flags has 2,000, a framework's build text some more."""

NO_LINEAR_ALGEBRA = "the job had loaded no library for linear algebra when it ended"
"""Why a record has no group ``blas``, when the job was asked."""

Record = Mapping[str, Any]
"""Group → fields → scalar, list of scalars, object of these; ``gpu`` and ``blas`` are lists of objects."""

HEADLINES = {
    "CPU": ("cpu.model",),
    "BLAS kernel": ("blas.openblas.architecture", "blas.mkl.architecture", "blas.blis.architecture"),
    "GPU": ("gpu.0.name",),
    "driver": ("cuda.driver",),
}
"""What people look for first → the fields that answer it, the first that is there."""


def read(data: bytes, *, file: str) -> Record:
    """The record in a file's bytes, nested or already flat. Raises UserError, naming ``file``."""
    if len(data) > MAX_BYTES:
        raise UserError(f"{file} is larger than {MAX_BYTES:,} bytes: an environment record is smaller")
    loaded = metric_file.load(data, file=file)
    if isinstance(loaded, metric_file.MetricProblem):
        raise UserError(loaded.message)
    wrong = problem(loaded.root)
    if wrong:
        raise UserError(f"{file} is not an environment record: {wrong}")
    record: Record = loaded.root
    return record


def problem(root: object, *, max_fields: int = MAX_FIELDS) -> str:
    """Why something read from JSON cannot be (a part of) a record; empty when it can."""
    if not isinstance(root, dict):
        return "it is not a JSON object"
    for fields, (depth, value) in enumerate(_values(root, 1)):
        if depth > MAX_DEPTH:
            return f"it is nested more than {MAX_DEPTH} levels deep"
        if fields > max_fields:
            return f"it has more than {max_fields:,} names and values"
        if isinstance(value, str) and len(value) > MAX_TEXT:
            return f"a value has more than {MAX_TEXT:,} characters"
    return ""


def flatten(record: Record) -> dict[str, str]:
    """Dotted name → text, sorted by name, e.g. ``cpu.model``, ``gpu.0.name``, ``python.packages.numpy``.

    Lists of scalars are joined with commas. Objects in a list are named by their ``library``, a second
    one of the same name by its number too (``blas.openblas.2.version``), others by their place. What is
    null or an empty list is left out. A flat record stays as it is.
    """
    return dict(sorted((name, text) for name, text in _flat("", record) if name))


def headlines(flat: Mapping[str, str]) -> dict[str, str]:
    """The few that a report shows, as far as they are known, in order."""
    found = {
        label: next((flat[name] for name in names if flat.get(name)), "")
        for label, names in HEADLINES.items()
    }
    gpus = sum(name.startswith("gpu.") and name.endswith(".name") for name in flat)
    if gpus > 1:
        found["GPU"] = f"{gpus} × {found['GPU']}"
    return {label: text for label, text in found.items() if text}


def _values(value: object, depth: int) -> Iterator[tuple[int, object]]:
    """Every value below, with its depth; stops going down where nobody wants more."""
    yield depth, value
    if depth > MAX_DEPTH:
        return
    if isinstance(value, dict):
        for key, child in value.items():
            yield depth, key
            yield from _values(child, depth + 1)
    elif isinstance(value, list):
        for child in value:
            yield from _values(child, depth + 1)


def _flat(name: str, value: object) -> Iterator[tuple[str, str]]:
    match value:
        case None:
            return
        case Mapping():
            for key, child in value.items():
                yield from _flat(f"{name}.{key}" if name else str(key), child)
        case list() | tuple():
            yield from _flat_list(name, value)
        case _:
            yield name, _text(value)


def _flat_list(name: str, items: list[Any] | tuple[Any, ...]) -> Iterator[tuple[str, str]]:
    if not items:
        return
    if not any(isinstance(item, Mapping | list | tuple) for item in items):
        yield name, ", ".join(_text(item) for item in items if item is not None)
        return
    seen: Counter[str] = Counter()
    for place, item in enumerate(items):
        label = str(place)
        if isinstance(item, Mapping) and isinstance(item.get("library"), str):
            library = item["library"]
            seen[library] += 1
            label = library if seen[library] == 1 else f"{library}.{seen[library]}"
        yield from _flat(f"{name}.{label}", item)


def _text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 2**53:
            return str(int(value))
        case _:
            return str(value)
