"""One small run as its evidence records it: a spec of two claims, three executions, two metric files."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reprise.domain.rejudge import BuiltRecord, Ending, Record, TrialRecord
from reprise.domain.run import Reason, Sha
from reprise.domain.trials import derived_seed

COMMIT = Sha("5f2c" * 10)
COIN = "4211"
AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

SPEC = b"""\
version: 1
name: wine
run: {command: [python, train.py], seed: {arg: --seed, value: 7}}
runs: {n: 2}
claims:
  - id: lda
    metric: {file: results/metrics.json, pointer: /lda}
    published: {value: "98.9"}
  - id: qda
    metric: {file: results/metrics.json, pointer: /qda}
    published: {value: "99.4"}
    compare: {mode: tolerance, tolerance: {abs: 0.5}}
"""
LDA, QDA = 98.876, 99.438


def trial(index: int, seed: int, *, probe: bool = False, reason: Reason = Reason.COMPLETED) -> TrialRecord:
    return TrialRecord(
        index=index,
        attempt=1,
        seed=seed,
        probe=probe,
        started_at=AT + timedelta(seconds=10 + 5 * index),
        seconds=2.5,
        cpu_seconds=2.25,
        peak_memory_bytes=148_000_000,
        exit_code=0 if reason is not Reason.COMMAND_FAILED else 1,
        reason=reason,
        message="" if reason is Reason.COMPLETED else "the command exited with 1",
        artifacts={},
    )


def seed_of(number: int) -> int:
    """Of a further trial."""
    return derived_seed(COMMIT, "wine", COIN, number)


TRIALS = (trial(0, 7), trial(1, 7, probe=True), trial(2, seed_of(1)))

RECORD = Record(
    format=2,
    rules=1,
    reprise="0.1.0",
    run_id="r-1",
    repository="ada/wine",
    commit=COMMIT,
    tree="ab" * 20,
    experiment="wine",
    spec_file="reprise.yaml",
    claims_asked=None,
    seeds_asked=None,
    coin=COIN,
    coin_public=True,
    ending=None,
    rehearsal=False,
    dirty=False,
    requested_at=AT,
    started_at=AT + timedelta(seconds=1),
    ended_at=AT + timedelta(seconds=40),
    isolation="none",
    network="not enforced",
    machine="this machine, 2 cores",
    built=BuiltRecord("3.11.7", "requirements.txt", "cd" * 32, None, {"numpy": "2.4.0"}),
    metrics={},
    trials=TRIALS,
    backend="process",
    fetched=(),
)


def ended_early(
    reason: Reason = Reason.BUILD_FAILED, message: str = "the project could not be built"
) -> Record:
    return replace(RECORD, ending=Ending(reason, message), trials=(), built=None)


def files(*numbers: tuple[float, float], spec: bytes = SPEC) -> dict[str, bytes]:
    """The spec and the metric file of each execution: ``(lda, qda)``, three alike when none are given."""
    written: Iterable[tuple[float, float]] = numbers or [(LDA, QDA)] * 3
    metrics = {
        f"runs/{index}-1/files/results/metrics.json": json.dumps({"lda": lda, "qda": qda}).encode()
        for index, (lda, qda) in enumerate(written)
    }
    return {"declaration.yaml": spec, **metrics}
