"""What happened, as actions of the crate: one for each attempt at a trial, and one for the judging.

They are kept apart, so that a later version of the rules can judge the same attempts again.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from reprise import __version__
from reprise.adapters.evidence.entities import (
    COMPLETED,
    FAILED,
    Properties,
    file_id,
    fragment,
    ref,
    refs,
    value_of,
)
from reprise.adapters.evidence.names import REPORT, RESULT
from reprise.adapters.evidence.plain import at_millisecond, short, source_uri
from reprise.adapters.evidence.raw import folder_of
from reprise.domain.data.told import whence
from reprise.domain.fetched import FetchedFile
from reprise.domain.image_words import origin
from reprise.domain.run import REASON_TEXT
from reprise.domain.words import outcome
from reprise.ports import EvidenceRecord, SealedTrial

CONTROLLER = f"https://github.com/reprise-ml/reprise#{__version__}"
OPERATOR = "#operator"
_IMAGE = "#image"
_DOCKER_IMAGE = "https://w3id.org/ro/terms/workflow-run#DockerImage"


def person(record: EvidenceRecord) -> str:
    return fragment("person", record.who)


def attempt_id(trial: SealedTrial) -> str:
    return fragment("run", trial.plan.index, trial.attempt)


def attempt(record: EvidenceRecord, trial: SealedTrial, names: Iterable[str], used: list[str]) -> Properties:
    """``names`` of all files in the evidence; ``used``: what every attempt works on."""
    result = trial.result
    made = sorted(name for name in names if name.startswith(f"{folder_of(trial)}/"))
    results = [*map(file_id, made), *(identifier for identifier, _ in outcomes(trial))]
    done: Properties = {
        "@type": "CreateAction",
        "name": _title(trial),
        "description": _told(record, trial),
        "instrument": ref(source_uri(record)),
        "agent": ref(person(record)),
        "object": refs(used),
        "startTime": at_millisecond(trial.started_at),
        "environment": ref(fragment("seed", trial.plan.seed)),
    }
    if results:
        done["result"] = refs(results)
    if any(True for _ in image(record)):
        done["containerImage"] = ref(_IMAGE)
    if result is None:
        return {**done, "actionStatus": FAILED, "error": short(trial.lost or "it had no result")}
    done["endTime"] = at_millisecond(trial.started_at + timedelta(seconds=result.seconds))
    done["resourceUsage"] = refs([identifier for identifier, _ in usage(trial)])
    if result.valid:
        return {**done, "actionStatus": COMPLETED}
    return {**done, "actionStatus": FAILED, "error": short(result.message or REASON_TEXT[result.reason])}


def image(record: EvidenceRecord) -> Iterator[tuple[str, Properties]]:
    """What the attempts ran in; nothing where that was no container."""
    found = record.built.image if record.built is not None else None
    if found is None:
        return
    yield (
        _IMAGE,
        {
            "@type": "ContainerImage",
            "additionalType": ref(_DOCKER_IMAGE),
            "name": short(record.repository),
            "tag": record.commit,
            "sha256": found.digest.removeprefix("sha256:"),
            "description": short(origin(found)),
        },
    )


def judging(record: EvidenceRecord, used: list[str]) -> Properties:
    return {
        "@type": "CreateAction",
        "name": f"Judging by rules {record.judgement.rules}",
        "description": short(f"{outcome(record.judgement)}: {record.judgement.message}"),
        "instrument": ref(CONTROLLER),
        "agent": ref(OPERATOR),
        "object": refs(used),
        "result": refs([RESULT, REPORT]),
        "startTime": at_millisecond(record.judged_at),
        "endTime": at_millisecond(record.ended_at),
        "actionStatus": COMPLETED,
    }


def outcomes(trial: SealedTrial) -> Iterator[tuple[str, Properties]]:
    """A value for each claim that has one, and a digest for each artifact that was made."""
    if trial.result is None:
        return
    for claim, value in sorted(trial.result.values.items()):
        identifier = fragment("value", trial.plan.index, trial.attempt, claim)
        yield identifier, value_of(claim, value)
    for path, digest in sorted(trial.result.artifacts.items()):
        if digest is not None:
            yield fragment("artifact", digest), _by_digest(path, digest, "made by the job, not packed")


def usage(trial: SealedTrial) -> Iterator[tuple[str, Properties]]:
    if trial.result is None:
        return
    used: tuple[tuple[str, float, str], ...] = (
        ("seconds", trial.result.seconds, "s"),
        ("cpu seconds", trial.result.cpu_seconds, "s"),
        ("peak memory", trial.result.peak_memory_bytes, "B"),
    )
    for name, value, unit in used:
        yield fragment("usage", trial.plan.index, trial.attempt, name), value_of(name, value, unit=unit)


def inputs(record: EvidenceRecord) -> Iterator[tuple[str, Properties]]:
    """The lock and the data, which are named by their digests."""
    if record.built is not None:
        note = "lock file of the environment, in the repository at this commit"
        yield "#lock", _by_digest(record.built.lock, record.built.lock_sha256, note)
    fetched = {each.path: each for each in record.fetched}
    for data in record.spec.data if record.spec is not None else ():
        came = fetched.get(data.path)
        sha256 = came.sha256 if came is not None else data.sha256 or ""
        told = _by_digest(data.path, sha256, _whence(came))
        further = {"license": data.licence, "version": came.revision if came is not None else None}
        yield (
            fragment("data", data.path),
            {**told, **{key: short(value) for key, value in further.items() if value}},
        )


def _whence(fetched: FetchedFile | None) -> str:
    if fetched is None:
        return "data that the declaration names, in the repository"
    revision = f", {fetched.revision}" if fetched.revision is not None else ""
    pinned = "" if fetched.pinned else "; the declaration does not say which bytes it has to be"
    return short(f"data that the declaration names, {whence(fetched, fetched.source)}{revision}{pinned}")


def _by_digest(path: str, sha256: str, description: str) -> Properties:
    return {
        "@type": "CreativeWork",
        "name": short(path),
        "sha256": sha256,
        "description": description,
    }


def _title(trial: SealedTrial) -> str:
    kind = "Probe" if trial.plan.probe else "Trial" if trial.plan.counts else "Control"
    return f"{kind}, execution {trial.plan.index}, attempt {trial.attempt}"


def _told(record: EvidenceRecord, trial: SealedTrial) -> str:
    if trial.result is None:
        return "The infrastructure lost it."
    command = " ".join(record.spec.run.command) if record.spec is not None else record.experiment
    command = " ".join([command, *(trial.plan.control or ())])
    return short(f"{command}, seed {trial.plan.seed}: {REASON_TEXT[trial.result.reason]}")
