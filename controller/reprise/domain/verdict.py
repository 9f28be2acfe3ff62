"""What a run means: the results of all trials in, one judgement out.

Called by the engine once the machine has gone back. The order of the questions: was a trial lost to
something other than the repository, did every trial fail or a claim stay without a value (not run), did
more trials fail than allowed (inconclusive), then the worst claim or required artifact. Level A belongs to
the run: it raises claims that reached their bar, and never rescues one that missed it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reprise.domain.artifacts import ArtifactCheck, Match, all_identical, check_artifacts
from reprise.domain.claims import LEVEL_TEXT, judge_claim, without_value, worst_first
from reprise.domain.control import control_notes, with_controls
from reprise.domain.figures import plain
from reprise.domain.run import (
    FAULT,
    ClaimJudgement,
    Fault,
    Judgement,
    Level,
    Reason,
    TrialResult,
    Value,
    Verdict,
)
from reprise.domain.spec.model import BadSpec, PublishedKind, Spec, Tolerance
from reprise.domain.trials import counted, repeats

_SHOWN_UNCOLLECTED = 5
_SHOWN_METRICS = 3


def judge(
    spec: Spec,
    results: Sequence[TrialResult],
    *,
    metrics: Mapping[str, Value] | None = None,
    coin_public: bool = True,
) -> Judgement:
    """The judgement of a run whose trials are done.

    ``results`` are the final results in order, the probe included. ``metrics`` are what a run without
    claims shows instead, best known first. ``coin_public`` is False in a rehearsal.
    """
    trials = counted(results)
    if not trials:
        return not_run(Reason.INTERNAL_ERROR, "no trial was run: report this", spec)
    paid = [result for result in results if not result.plan.probe]
    lost = next((trial for trial in paid if not trial.valid and not _of_repository(trial)), None)
    if lost is not None:
        return not_run(lost.reason, lost.message, spec)
    same = repeats(spec, results)
    claims = with_controls(spec, [judge_claim(claim, trials, repeats=same) for claim in spec.claims], results)
    checks = check_artifacts(spec.artifacts, results)
    judged = _judged_run(spec, trials, claims=_raised(claims, checks), checks=checks, metrics=metrics or {})
    return replace(judged, notes=tuple(_notes(spec, results, judged, checks, coin_public=coin_public)))


def not_run(reason: Reason, message: str, spec: Spec | None = None) -> Judgement:
    """The judgement of a run that ended before it could be judged. ``spec`` when it could be read."""
    claims = tuple(without_value(claim, message) for claim in spec.claims) if spec is not None else ()
    return Judgement(Verdict.NOT_RUN, None, reason, message, claims)


def spec_invalid(spec: BadSpec) -> Judgement:
    """The judgement of a spec file that cannot be used; the report lists all of its problems."""
    first, more = (
        str(spec.problems[0]) if spec.problems else "the spec cannot be read",
        len(spec.problems) - 1,
    )
    return not_run(Reason.SPEC_INVALID, first + (f" (and {more} more)" if more > 0 else ""))


def _judged_run(
    spec: Spec,
    trials: Sequence[TrialResult],
    *,
    claims: tuple[ClaimJudgement, ...],
    checks: Sequence[ArtifactCheck],
    metrics: Mapping[str, Value],
) -> Judgement:
    failed = [trial for trial in trials if not trial.valid]
    unmet = [check for check in checks if check.failed]
    if len(failed) == len(trials):
        return Judgement(Verdict.NOT_RUN, None, failed[0].reason, failed[0].message, claims)
    if len(failed) > spec.allow_failed:
        return Judgement(Verdict.INCONCLUSIVE, None, failed[0].reason, _failures(spec, trials), claims)
    if unmet:
        message = _unmet_artifacts(unmet)
        return Judgement(Verdict.NOT_REPRODUCED, None, Reason.COMPLETED, message, claims)
    if not claims:
        level = Level.A if all_identical(checks) else None
        return Judgement(Verdict.NOT_JUDGED, level, Reason.COMPLETED, _unclaimed(metrics), claims)
    worst = worst_first(claims)[0]
    if worst.verdict is Verdict.NOT_RUN:
        return Judgement(Verdict.NOT_RUN, None, Reason.METRIC_MISSING, worst.message, claims)
    level = _weakest(claims) if worst.verdict is Verdict.REPRODUCED else None
    return Judgement(worst.verdict, level, Reason.COMPLETED, _sentence(claims, level), claims)


def _raised(
    claims: tuple[ClaimJudgement, ...], checks: Sequence[ArtifactCheck]
) -> tuple[ClaimJudgement, ...]:
    if not all_identical(checks):
        return claims
    return tuple(
        replace(claim, level=Level.A) if claim.verdict is Verdict.REPRODUCED else claim for claim in claims
    )


def _weakest(claims: Sequence[ClaimJudgement]) -> Level | None:
    return max((claim.level for claim in claims if claim.level is not None), key=lambda level: level.value)


def _of_repository(trial: TrialResult) -> bool:
    return FAULT[trial.reason] is Fault.REPOSITORY


def _sentence(claims: Sequence[ClaimJudgement], level: Level | None) -> str:
    """About the worst claim; about all of them when there is nothing worse than reproduced."""
    worst = worst_first(claims)[0]
    if len(claims) == 1:
        return f"{worst.id}: {worst.message}"
    if level is not None:
        return f"{len(claims)} of {len(claims)} claims, {LEVEL_TEXT[level]}"
    alike = sum(claim.verdict is worst.verdict for claim in claims)
    return f"{alike} of {len(claims)} claims, worst {worst.id}: {worst.message}"


def _failures(spec: Spec, trials: Sequence[TrialResult]) -> str:
    failed = [number for number, trial in enumerate(trials) if not trial.valid]
    which = ("trial " if len(failed) == 1 else "trials ") + ", ".join(map(str, failed))
    return (
        f"{which} of {len(trials)} failed and runs.allow_failed is {spec.allow_failed}: "
        f"{trials[failed[0]].message}"
    )


def _unmet_artifacts(unmet: Sequence[ArtifactCheck]) -> str:
    first = unmet[0]
    more = f" (and {len(unmet) - 1} more)" if len(unmet) > 1 else ""
    if first.match is Match.MISSING:
        return f"the required artifact {first.path} was not written{more}"
    return f"the required artifact {first.path} has another digest than declared{more}"


def _unclaimed(metrics: Mapping[str, Value]) -> str:
    shown = [f"{name} {plain(value)}" for name, value in list(metrics.items())[:_SHOWN_METRICS]]
    more = len(metrics) - len(shown)
    if more:
        shown.append(f"{more} more")
    return f"ran: {', '.join(shown) or 'no metric found'}, no claim declared"


def _notes(
    spec: Spec,
    results: Sequence[TrialResult],
    judged: Judgement,
    checks: Sequence[ArtifactCheck],
    *,
    coin_public: bool,
) -> list[str]:
    notes = [_probe_note(repeats(spec, results), results)]
    trials = counted(results)
    failed = [trial for trial in trials if not trial.valid]
    if failed and judged.verdict not in (Verdict.NOT_RUN, Verdict.INCONCLUSIVE):
        notes.append(f"{len(failed)} of {len(trials)} trials failed, as runs.allow_failed permits.")
    if len(trials) > 1 and spec.run.seed is None:
        notes.append("The spec has no run.seed, so all trials had the same one.")
    if len(trials) > 1 and spec.run.seed is not None and not coin_public:
        notes.append("The further seeds come from a number that is not public: a rehearsal.")
    if len(trials) - len(failed) > 1 and any(isinstance(claim.compare, Tolerance) for claim in spec.claims):
        notes.append("Of several trials, the value furthest from the published one is shown.")
    means = [claim.id for claim in spec.claims if claim.published.kind is PublishedKind.MEAN]
    if means:
        notes.append(f"Published as a mean, compared run by run: {', '.join(means)}.")
    if all_identical(checks) and judged.verdict is Verdict.NOT_REPRODUCED:
        notes.append(
            "The artifacts are identical to the declared ones: they do not give the published value."
        )
    notes += control_notes(spec, judged.claims)
    notes += _uncollected([result for result in results if result.plan.control is None])
    return [note for note in notes if note]


def _uncollected(results: Sequence[TrialResult]) -> list[str]:
    """What the trials wrote and nobody may take, unless a claim says it already."""
    said = {sentence for result in results for sentence in result.problems.values()}
    found = {why: None for result in results for why in result.uncollected.values() if why not in said}
    notes = [f"Files: {why}." for why in list(found)[:_SHOWN_UNCOLLECTED]]
    more = len(found) - len(notes)
    return [*notes, f"Files: {more} more."] if more else notes


def _probe_note(same: bool | None, results: Sequence[TrialResult]) -> str:
    probe = next((result for result in results if result.plan.probe), None)
    match same:
        case None:
            return ""
        case True:
            return "The probe, a second run with the first seed, gave the same values bit for bit."
        case False if probe is not None and not probe.valid:
            return f"The probe, a second run with the first seed, failed: {probe.message}."
        case False:
            return "The probe, a second run with the first seed, gave other values."
