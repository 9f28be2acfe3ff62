"""The files of each trial: metric files byte for byte, what it logged, and its log without secrets."""

import json
from collections.abc import Iterator

from reprise.adapters.evidence.plain import finite, masked, to_json
from reprise.adapters.evidence.zipped import gzipped
from reprise.domain import environment
from reprise.domain.errors import Refused
from reprise.domain.paths import parts_inside
from reprise.domain.rejudge import execution_folder
from reprise.domain.spec.model import FileMetric, Spec
from reprise.masking import mask
from reprise.ports import EvidenceRecord, LoggedMetrics, SealedTrial

_ENVIRONMENT = (environment.NAME, environment.NVIDIA_SMI)
_MOST_OF_ONE = 64 * 2**20
_LOG_BYTES = 4 * 2**20
"""Of a longer log head and end are packed, in equal parts."""


def folder_of(trial: SealedTrial) -> str:
    return execution_folder(trial.plan.index, trial.attempt)


def metric_paths(spec: Spec | None) -> list[str]:
    """Files that claims name, as they are called inside ``files/``; sorted."""
    claims = spec.claims if spec is not None else ()
    named = {claim.metric.file for claim in claims if isinstance(claim.metric, FileMetric)}
    return sorted({"/".join(parts_inside(file)) for file in named})


def raw_files(record: EvidenceRecord) -> dict[str, bytes]:
    """Name inside the evidence → bytes, of every attempt. Raises Refused for a file that is too large."""
    paths = metric_paths(record.spec)
    return {
        f"{folder_of(trial)}/{name}": data
        for trial in record.trials
        for name, data in _of_trial(trial, paths)
    }


def _of_trial(trial: SealedTrial, metric_files: list[str]) -> Iterator[tuple[str, bytes]]:
    for path in metric_files:
        data = _read(trial, f"files/{path}")
        if data is not None:
            yield f"files/{path}", data
    if trial.logged is not None:
        yield "mlflow.json", to_json(_logged(trial.logged))
    log = _read(trial, "log.txt")
    if log is not None:
        yield "log.txt.gz", gzipped(_without_secrets(_shortened(log)))
    for name in _ENVIRONMENT:
        data = _read(trial, name) or b""
        if 0 < len(data) <= environment.MAX_BYTES:  # a larger one is not believed by anybody
            yield name, _same_json(data) if name.endswith(".json") else _without_secrets(data)


def _shortened(log: bytes) -> bytes:
    """Cut at lines, so that no half of a secret is left that looks like none."""
    if len(log) <= _LOG_BYTES:
        return log
    head = log[: _LOG_BYTES // 2].rpartition(b"\n")[0]
    tail = log[-_LOG_BYTES // 2 :].partition(b"\n")[2]
    left_out = len(log) - len(head) - len(tail)
    return b"%b\n== %d bytes left out of the evidence ==\n%b" % (head, left_out, tail)


def _same_json(data: bytes) -> bytes:
    """Secrets taken out text by text: one that spans two of them would take the JSON between along."""
    try:
        return to_json(masked(json.loads(data)))
    except (ValueError, RecursionError):
        return _without_secrets(data)


def _without_secrets(data: bytes) -> bytes:
    return mask(data.decode(errors="surrogateescape")).encode(errors="surrogateescape")


def _logged(logged: LoggedMetrics) -> object:
    if logged.problem is not None:
        return {"problem": mask(logged.problem)}
    return {
        name: [[moment, finite(value), step] for moment, value, step in points]
        for name, points in logged.points.items()
    }


def _read(trial: SealedTrial, name: str) -> bytes | None:
    """None when there is no such file. Links are not followed: the job may have made them."""
    path = trial.results.joinpath(*name.split("/"))
    if path.is_symlink() or not path.is_file():
        return None
    if path.stat().st_size > _MOST_OF_ONE:
        raise Refused(f"{name} of execution {trial.plan.index} is larger than {_MOST_OF_ONE // 2**20} MiB")
    return path.read_bytes()
