"""ro-crate-metadata.json: RO-Crate 1.1 by the profile Process Run Crate 0.5."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from rocrate.model.contextentity import ContextEntity
from rocrate.model.file import File
from rocrate.rocrate import ROCrate

from reprise import __version__
from reprise.adapters.evidence import actions
from reprise.adapters.evidence.actions import CONTROLLER, OPERATOR
from reprise.adapters.evidence.entities import Properties, file_id, fragment, ref, refs, value_of
from reprise.adapters.evidence.names import JUDGING, PROFILE, RUN
from reprise.adapters.evidence.plain import at_millisecond, short, source_uri, to_json, without_user
from reprise.domain.rejudge import DECLARATION, DECLARED
from reprise.domain.words import outcome
from reprise.ports import EvidenceRecord

_TERMS = "https://w3id.org/ro/terms/workflow-run#"
_USED = ("ContainerImage", "containerImage", "environment", "registry", "resourceUsage", "sha256", "tag")
"""Written into the context, so that reading the crate needs no second document."""
_LICENCE = "#licence"
_ENCODING = {
    ".json": "application/json",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".md": "text/markdown",
    ".txt": "text/plain",
    ".gz": "application/gzip",
    ".xml": "application/xml",
}


def crate_metadata(record: EvidenceRecord, files: Mapping[str, bytes], unhashed: Sequence[str]) -> bytes:
    """``files`` are those described with a digest; ``unhashed`` cannot be, because they cover this one."""
    crate = ROCrate(version="1.1")
    crate.metadata.extra_terms.update({term: _TERMS + term for term in _USED})
    for name in sorted(files):
        crate.add(File(crate, dest_path=name, properties=_file(name, files[name])))
    for name in sorted(unhashed):
        crate.add(File(crate, dest_path=name, properties=_named(name)))
    entities = dict(_entities(record, sorted(files)))
    for identifier, properties in entities.items():
        crate.add(ContextEntity(crate, identifier, properties=properties))
    crate.root_dataset._jsonld.update(_root(record))
    return to_json(crate.metadata.generate())


def _root(record: EvidenceRecord) -> Properties:
    told = f"{record.experiment} of {record.repository} at {record.commit[:7]}"
    return {
        "name": short(f"Evidence: {told}"),
        "description": short(
            f"Raw results of every attempt, the declaration that they are judged by, and the verdict, which "
            f"can be computed again from them: {outcome(record.judgement)}; {record.judgement.message}"
        ),
        "datePublished": at_millisecond(record.ended_at),
        "license": ref(_LICENCE),
        "author": ref(OPERATOR),
        "publisher": ref(OPERATOR),
        "conformsTo": ref(PROFILE),
        "mentions": refs([*(actions.attempt_id(trial) for trial in record.trials), JUDGING]),
    }


def _entities(record: EvidenceRecord, names: list[str]) -> Iterator[tuple[str, Properties]]:
    """Identifier → properties; whoever comes twice is the same."""
    yield PROFILE, {"@type": ["CreativeWork", "Profile"], "name": "Process Run Crate", "version": "0.5"}
    yield from _parties(record)
    yield from _programs(record)
    given = dict(actions.inputs(record))
    yield from given.items()
    declared = [file_id(name) for name in names if name == DECLARATION or name.startswith(f"{DECLARED}/")]
    for trial in record.trials:
        yield fragment("seed", trial.plan.seed), value_of("REPRISE_SEED", str(trial.plan.seed))
        yield from actions.outcomes(trial)
        yield from actions.usage(trial)
        yield actions.attempt_id(trial), actions.attempt(record, trial, names, [*declared, *given])
    yield from actions.image(record)
    raw = [file_id(name) for name in names if name.startswith("runs/")]
    yield JUDGING, actions.judging(record, [*declared, RUN, *raw])


def _parties(record: EvidenceRecord) -> Iterator[tuple[str, Properties]]:
    where = f" at {record.page}" if record.page is not None else ""
    kind = "whoever rehearsed it on a machine of theirs" if record.rehearsal else f"of the controller{where}"
    operator = {"@type": "Organization", "name": "Operator", "description": short(kind)}
    yield OPERATOR, {**operator, **({"url": record.page} if record.page is not None else {})}
    asked = short(f"asked for it: {record.trigger}")
    yield (
        actions.person(record),
        {
            "@type": "Person",
            "name": short(record.who),
            "description": asked,
        },
    )
    yield (
        _LICENCE,
        {
            "@type": "CreativeWork",
            "name": "As in the repository",
            "description": "What comes from the repository stands under the licence that it names.",
        },
    )


def _programs(record: EvidenceRecord) -> Iterator[tuple[str, Properties]]:
    url = without_user(record.repository_url)
    repository = {
        "@type": "SoftwareApplication",
        "name": short(record.repository),
        "softwareVersion": record.commit,
        "description": short(f"The repository at the commit; experiment {record.experiment}."),
    }
    yield source_uri(record), {**repository, "url": url or source_uri(record)}
    yield (
        CONTROLLER,
        {
            "@type": "SoftwareApplication",
            "name": "Reprise",
            "softwareVersion": __version__,
            "url": "https://github.com/reprise-ml/reprise",
            "description": "Ran the experiment and judged its results.",
        },
    )


def _file(name: str, data: bytes) -> Properties:
    return {
        **_named(name),
        "contentSize": str(len(data)),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def _named(name: str) -> Properties:
    suffix = "." + name.rpartition(".")[2]
    return {"name": short(name), "encodingFormat": _ENCODING.get(suffix, "application/octet-stream")}
