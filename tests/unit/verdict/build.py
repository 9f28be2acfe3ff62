"""Small builders of specs and trial results, so that a test only says what matters to it."""

from collections.abc import Iterable
from datetime import timedelta

from reprise.domain.run import Reason, TrialPlan, TrialResult, Value
from reprise.domain.spec.model import (
    Artifact,
    Claim,
    Compare,
    Control,
    Determinism,
    EnvironmentRule,
    Exact,
    FileMetric,
    Network,
    Published,
    PublishedKind,
    Resources,
    RunRule,
    SeedRule,
    Spec,
    Tolerance,
)

DIGEST = "ab" * 32
OTHER_DIGEST = "cd" * 32


def claim(
    published: str = "0.97",
    compare: Compare | None = None,
    *,
    id: str = "accuracy",
    kind: PublishedKind = PublishedKind.SINGLE,
    pointer: str = "/accuracy",
    per_seed: str | None = None,
    sd: float | None = None,
    m: int | None = None,
    control: tuple[str, ...] | None = None,
) -> Claim:
    return Claim(
        id=id,
        where=None,
        metric=FileMetric("results/metrics.json", pointer, None),
        published=Published(published, kind, per_seed, sd=sd, m=m),
        compare=compare or Exact(),
        why=None,
        control=Control(control) if control is not None else None,
    )


def tolerance(absolute: float = 0.0, relative: float = 0.0) -> Tolerance:
    return Tolerance(absolute, relative)


def spec(
    *claims: Claim,
    n: int = 1,
    allow_failed: int = 0,
    self_repeat: bool = True,
    seed: SeedRule | None = SeedRule("--seed", None, 0),
    artifacts: Iterable[Artifact] = (),
) -> Spec:
    return Spec(
        name="wine",
        tags=("*",),
        run=RunRule(("python", "train.py"), ".", timedelta(hours=2), seed),
        environment=EnvironmentRule(None, None, Network.FETCH_ONLY),
        data=(),
        resources=Resources(None, None, None),
        determinism=Determinism(None, self_repeat),
        n=n,
        allow_failed=allow_failed,
        claims=claims,
        artifacts=tuple(artifacts),
    )


def trial(
    value: Value | None = None,
    *,
    index: int = 0,
    probe: bool = False,
    control: tuple[str, ...] | None = None,
    seed: int = 0,
    reason: Reason = Reason.COMPLETED,
    message: str = "",
    values: dict[str, Value] | None = None,
    problems: dict[str, str] | None = None,
    artifacts: dict[str, str | None] | None = None,
) -> TrialResult:
    return TrialResult(
        plan=TrialPlan(index, seed, probe, control),
        attempt=1,
        reason=reason,
        message=message,
        exit_code=0 if reason is not Reason.COMMAND_FAILED else 1,
        seconds=2.5,
        cpu_seconds=2.25,
        peak_memory_bytes=148_000_000,
        values=values if values is not None else ({"accuracy": value} if value is not None else {}),
        problems=problems or {},
        artifacts=artifacts or {},
    )


def series(*values: Value, probe: Value | None = None) -> list[TrialResult]:
    """Trial 0, its probe when there is one, then the others: one claim ``accuracy``."""
    results = [trial(values[0])]
    if probe is not None:
        results.append(trial(probe, index=1, probe=True))
    results += [
        trial(value, index=len(results) + offset, seed=offset + 1) for offset, value in enumerate(values[1:])
    ]
    return results


def failed(
    index: int = 0, reason: Reason = Reason.COMMAND_FAILED, message: str = "the command exited with 1"
) -> TrialResult:
    return trial(index=index, reason=reason, message=message)
