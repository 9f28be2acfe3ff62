"""ro-crate-metadata.json against the files and the record: what it describes is there, as it describes it.

Other programs read the crate and not ``run.json``, so both have to tell the same story. A general validator
checks the form; none of them looks at digests, times or numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from reprise.adapters.evidence.entities import COMPLETED, FAILED
from reprise.adapters.evidence.names import CRATE, JUDGING, PROFILE
from reprise.adapters.evidence.plain import short
from reprise.adapters.evidence.read_json import read_object
from reprise.adapters.evidence.read_sums import UNLISTED
from reprise.domain.errors import NotAuthentic
from reprise.domain.metric_file import shorten
from reprise.domain.rejudge import LostRecord, Record, TrialRecord
from reprise.domain.run import TrialResult

RO_CRATE = "https://w3id.org/ro/crate/1.1"

Entity = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Crate:
    entities: dict[str, Entity]
    """By ``@id``."""

    def of(self, kind: str) -> dict[str, Entity]:
        """Every entity of a type."""
        return {name: entity for name, entity in self.entities.items() if kind in _several(entity["@type"])}


def read_crate(data: bytes) -> Crate:
    """The described things, each once. Raises NotAuthentic."""
    graph = read_object(data, file=CRATE).get("@graph")
    if not isinstance(graph, list):
        raise NotAuthentic(f"{CRATE} has no @graph")
    entities: dict[str, Entity] = {}
    for entity in graph:
        match entity:
            case {"@id": str(name), "@type": str() | list()} if name not in entities:
                entities[name] = entity
            case _:
                raise NotAuthentic(f"{CRATE} describes something twice or without a name and a type")
    return Crate(entities)


def require_whole(crate: Crate, files: Mapping[str, bytes], digests: Mapping[str, str]) -> None:
    """Each file is described once with its own digest, and nothing is described that is not there.

    ``digests`` are those of the files that the sums cover. Raises NotAuthentic.
    """
    _require_root(crate)
    described = {unquote(name): entity for name, entity in crate.of("File").items()}
    parts = set(_references(crate.entities["./"].get("hasPart")))
    for name in files:
        if name == CRATE:
            continue
        if name not in described or quote(name) not in parts:
            raise NotAuthentic(f"{CRATE} does not describe {name}")
        _require_same(name, described[name], digests.get(name), len(files[name]) if name in digests else None)
    for name in described:
        if name not in files:
            raise NotAuthentic(f"{CRATE} describes {shorten(name)}, which is missing")
    _require_resolved(crate)


def require_same_story(crate: Crate, record: Record, results: Sequence[TrialResult]) -> None:
    """Its actions are the record's attempts, with their times and outcomes, and its values the results'.

    Raises NotAuthentic.
    """
    due = [_attempt(trial, result) for trial, result in zip(record.trials, results, strict=True)]
    expected = dict([*due, *map(_lost, record.lost)])
    found = crate.of("CreateAction")
    mentioned = set(_references(crate.entities["./"].get("mentions")))
    for name in sorted(found.keys() | expected.keys()):
        if name == JUDGING:
            continue
        if name not in found or name not in expected or name not in mentioned:
            raise NotAuthentic(f"{CRATE} and run.json do not tell of the same executions: {shorten(name)}")
        _require_told(name, found[name], expected[name])
    _require_judging(found.get(JUDGING), record)
    _require_values(crate, record, results)


def _require_root(crate: Crate) -> None:
    about, root = crate.entities.get(CRATE, {}), crate.entities.get("./", {})
    if _references(about.get("about")) != ["./"] or RO_CRATE not in _references(about.get("conformsTo")):
        raise NotAuthentic(f"{CRATE} does not say that it is an RO-Crate 1.1")
    if "Dataset" not in _several(root.get("@type")) or PROFILE not in _references(root.get("conformsTo")):
        raise NotAuthentic(f"{CRATE} does not describe a run by the profile Process Run Crate 0.5")


def _require_same(name: str, entity: Entity, digest: str | None, size: int | None) -> None:
    if digest is None:
        if name not in UNLISTED:
            raise NotAuthentic(f"{CRATE} describes {name}, whose digest is not known")
        return
    if entity.get("sha256") != digest:
        raise NotAuthentic(f"{CRATE} describes {name} with another sha256 than it has")
    if str(entity.get("contentSize")) != str(size):
        raise NotAuthentic(f"{CRATE} describes {name} with another size than it has")


def _require_resolved(crate: Crate) -> None:
    """Whatever is referred to inside the crate is described in it."""
    for name, entity in crate.entities.items():
        for key, value in entity.items():
            for target in _references(value) if key != "@id" else []:
                if target not in crate.entities and ":" not in target:
                    raise NotAuthentic(
                        f"{CRATE}: {shorten(name)} refers to {shorten(target)}, which is nowhere"
                    )


def _attempt(trial: TrialRecord, result: TrialResult) -> tuple[str, Entity]:
    status = COMPLETED if result.valid else FAILED
    try:
        end = trial.started_at + timedelta(seconds=trial.seconds)
    except (OverflowError, ValueError):
        raise NotAuthentic(f"execution {trial.index} ends when no clock goes") from None
    return _name(trial), {"startTime": trial.started_at, "endTime": end, "actionStatus": status}


def _lost(lost: LostRecord) -> tuple[str, Entity]:
    return _name(lost), {"startTime": lost.started_at, "endTime": None, "actionStatus": FAILED}


def _name(attempt: TrialRecord | LostRecord) -> str:
    return f"#run-{attempt.index}-{attempt.attempt}"


def _require_told(name: str, entity: Entity, expected: Entity) -> None:
    for key, value in expected.items():
        told: object = entity.get(key)
        if isinstance(value, datetime):
            told, value = _moment(told), _cut(value)
        if told != value:
            raise NotAuthentic(f"{CRATE} gives {name} another {key} than run.json")


def _require_judging(entity: Entity | None, record: Record) -> None:
    if entity is None:
        raise NotAuthentic(f"{CRATE} does not tell of the judging")
    start, end = _moment(entity.get("startTime")), _moment(entity.get("endTime"))
    if start is None or end != _cut(record.ended_at) or not _cut(record.started_at) <= start <= end:
        raise NotAuthentic(f"{CRATE} gives the judging a time outside the run")


def _require_values(crate: Crate, record: Record, results: Sequence[TrialResult]) -> None:
    """Every value of a claim, and no other."""
    expected = {
        f"#value-{trial.index}-{trial.attempt}-{claim}": value
        for trial, result in zip(record.trials, results, strict=True)
        for claim, value in result.values.items()
    }
    for name, value in expected.items():
        told = crate.entities.get(name, {}).get("value")
        if told != (short(value) if isinstance(value, str) else value):
            raise NotAuthentic(f"{CRATE} does not give the value that the metric file has: {name}")
    for name in crate.entities:
        if name.startswith("#value-") and name not in expected:
            raise NotAuthentic(f"{CRATE} gives a value that no metric file has: {shorten(name)}")


def _references(value: object) -> list[str]:
    return [
        each["@id"] for each in _several(value) if isinstance(each, dict) and isinstance(each.get("@id"), str)
    ]


def _several(value: object) -> list[Any]:
    """JSON-LD writes one thing alone where others write a list of one."""
    return value if isinstance(value, list) else [value]


def _cut(moment: datetime) -> datetime:
    """To the millisecond, as crates have it."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
