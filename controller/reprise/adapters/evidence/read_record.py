"""run.json → the record that a run is judged again from."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from reprise.adapters.evidence.names import RUN
from reprise.adapters.evidence.read_json import read_object
from reprise.domain.errors import NotAuthentic
from reprise.domain.metric_file import shorten
from reprise.domain.rejudge import Record, require_known

MAX_EXECUTIONS = 2_000
"""More than any declaration can ask for."""

_ADAPTER = TypeAdapter(Record)


def read_record(data: bytes) -> Record:
    """Raises NotAuthentic for anything that no release wrote, Newer for what only a later one can read."""
    found = read_object(data, file=RUN)
    _require_known(found)
    _require_of_its_format(found)
    try:
        record = _ADAPTER.validate_json(data, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(shorten(str(part)) for part in first["loc"])
        raise NotAuthentic(f"{RUN} is no record of a run: {place}: {first['msg'].lower()}") from None
    if max(len(record.trials), len(record.lost)) > MAX_EXECUTIONS:
        raise NotAuthentic(f"{RUN} tells of more executions than a run can have")
    unknown = _unknown(found, _ADAPTER.dump_python(record, mode="json"), "")
    if unknown is not None:
        raise NotAuthentic(f"{RUN} has {unknown}, which no release writes")
    return record


def _require_known(found: dict[str, Any]) -> None:
    """Before anything else is asked of it: a later release may have other fields."""
    versions = found.get("format"), found.get("rules")
    if not all(type(version) is int and version > 0 for version in versions):
        raise NotAuthentic(f"{RUN} does not say which format and rules it has")
    require_known(found["format"], found["rules"])


_SINCE = {"backend": 2, "fetched": 2}
"""Keys that earlier formats lack and later ones always have."""


def _require_of_its_format(found: dict[str, Any]) -> None:
    format, built = found["format"], found.get("built")
    for key, since in _SINCE.items():
        if (key in found) != (format >= since):
            raise NotAuthentic(f"{RUN} {'has' if key in found else 'lacks'} {key}, unlike format {format}")
    if format < _SINCE["backend"] and isinstance(built, dict) and "image" in built:
        raise NotAuthentic(f"{RUN} has built.image, unlike format {format}")


def _unknown(found: Any, known: Any, place: str) -> str | None:
    """The first key that was read and then forgotten."""
    if isinstance(found, dict) and isinstance(known, dict):
        pairs = [(found[key], known.get(key), f"{place}.{key}".lstrip(".")) for key in found]
        lost = next((key for key in found if key not in known), None)
        if lost is not None:
            return shorten(f"{place}.{lost}".lstrip("."))
    elif isinstance(found, list) and isinstance(known, list):
        pairs = [
            (one, other, f"{place}[{i}]") for i, (one, other) in enumerate(zip(found, known, strict=True))
        ]
    else:
        return None
    return next((said for pair in pairs if (said := _unknown(*pair)) is not None), None)
