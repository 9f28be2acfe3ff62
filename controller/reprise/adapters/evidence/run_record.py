"""run.json: whatever judging needs that is not a file of its own. `reprise verify` reads it again."""

from typing import Any

from reprise import __version__
from reprise.adapters.evidence.plain import at, finite, masked
from reprise.domain.fetched import FetchedFile
from reprise.domain.image import Image
from reprise.domain.rejudge import FORMAT
from reprise.domain.run import TrialResult, Value
from reprise.masking import mask
from reprise.ports import Built, EvidenceRecord, SealedTrial


def run_record(record: EvidenceRecord) -> dict[str, Any]:
    made = {
        "format": FORMAT,
        "rules": record.judgement.rules,
        "reprise": __version__,
        "run_id": record.run_id,
        "repository": record.repository,
        "commit": record.commit,
        "tree": record.tree,
        "experiment": record.experiment,
        "spec_file": record.spec_file,
        "claims_asked": list(record.claims_asked) if record.claims_asked is not None else None,
        "seeds_asked": record.seeds_asked,
        "coin": record.coin,
        "coin_public": record.coin_public,
        "ending": _ending(record),
        "rehearsal": record.rehearsal,
        "dirty": record.dirty,
        "requested_at": at(record.requested_at),
        "started_at": at(record.started_at),
        "ended_at": at(record.ended_at),
        "isolation": record.isolation,
        "network": record.network,
        "machine": record.machine,
        "backend": record.backend,
        "built": _built(record.built) if record.built is not None else None,
        "fetched": [_fetched(each) for each in record.fetched],
        "metrics": {name: _number(value) for name, value in record.metrics.items()},
        "trials": [_trial(each, each.result) for each in record.trials if each.result is not None],
        "lost": [_lost(each) for each in record.trials if each.result is None],
        "ledger": list(record.ledger),
    }
    return {key: masked(value) for key, value in made.items()}


def _number(value: Value) -> Value:
    return finite(value) if isinstance(value, float) else value


def _ending(record: EvidenceRecord) -> dict[str, str] | None:
    ending = record.ending
    return {"reason": ending.reason.value, "message": ending.message} if ending is not None else None


def _built(built: Built) -> dict[str, Any]:
    return {
        "python": built.python,
        "lock": built.lock,
        "lock_sha256": built.lock_sha256,
        "weak": built.weak,
        "packages": built.packages,
        "image": _image(built.image) if built.image is not None else None,
    }


def _image(image: Image) -> dict[str, Any]:
    """Without the text of its Dockerfile, which is a file of its own."""
    return {
        "kind": image.kind.value,
        "digest": image.digest,
        "bases": [{"named": base.named, "digest": base.digest} for base in image.bases],
        "generated": image.generated,
    }


def _fetched(file: FetchedFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "sha256": file.sha256,
        "size": file.size,
        "source": file.source,
        "revision": file.revision,
        "pinned": file.pinned,
    }


def _trial(trial: SealedTrial, result: TrialResult) -> dict[str, Any]:
    return {
        "index": trial.plan.index,
        "attempt": trial.attempt,
        "seed": trial.plan.seed,
        "probe": trial.plan.probe,
        "control": list(trial.plan.control) if trial.plan.control is not None else None,
        "started_at": at(trial.started_at),
        "seconds": result.seconds,
        "cpu_seconds": result.cpu_seconds,
        "peak_memory_bytes": result.peak_memory_bytes,
        "exit_code": result.exit_code,
        "reason": result.reason.value,
        "message": mask(result.message),
        "artifacts": result.artifacts,
        "uncollected": result.uncollected,
        **_resumed(result),
    }


def _resumed(result: TrialResult) -> dict[str, Any]:
    """Nothing for a trial that started anew, as in every earlier record."""
    if result.resumed is None:
        return {}
    return {"resumed": {"attempt": result.resumed.attempt, "at": at(result.resumed.at)}}


def _lost(trial: SealedTrial) -> dict[str, Any]:
    return {
        "index": trial.plan.index,
        "attempt": trial.attempt,
        "started_at": at(trial.started_at),
        "why": trial.lost or "it had no result when the run ended",
    }
