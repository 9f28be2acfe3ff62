"""What a run means: the results of all trials in, one judgement out.

Called by the engine once the machine has gone back. The order of the questions: was a trial lost to
something other than the repository, did every trial fail or a claim stay without a value (not run), did
more trials fail than allowed (inconclusive), then the worst claim or required artifact. Level A belongs to
the run: it raises claims that reached their bar, and never rescues one that missed it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reprise.domain import continued
from reprise.domain.artifacts import ArtifactCheck, Match, all_identical, check_artifacts
from reprise.domain.claims import LEVEL_TEXT, Setting, judge_claim, without_value, worst_first
from reprise.domain.control import with_controls
from reprise.domain.figures import plain
from reprise.domain.notes import notes
from reprise.domain.rules import CURRENT_RULES, Rules
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
from reprise.domain.spec.model import BadSpec, Claim, Distribution, PublishedKind, Spec
from reprise.domain.statistics import Sample
from reprise.domain.trials import counted, repeats
from reprise.domain.words import VERDICT_TEXT

_SHOWN_METRICS = 3


def judge(
    spec: Spec,
    results: Sequence[TrialResult],
    *,
    metrics: Mapping[str, Value] | None = None,
    published: Mapping[str, Sample] | None = None,
    coin_public: bool = True,
    rules: Rules = CURRENT_RULES,
) -> Judgement:
    """The judgement of a run whose trials are done.

    ``results`` are the final results in order, the probe included. ``published`` is what the commit's
    ``per_seed`` files say, by claim id (see `spec.committed.published_samples`). ``metrics`` are what a run
    without claims shows instead. ``coin_public`` is False in a rehearsal.
    """
    trials = counted(results)
    if not trials:
        return not_run(Reason.INTERNAL_ERROR, "no trial was run: report this", spec)
    paid = [result for result in results if not result.plan.probe]
    lost = next((trial for trial in paid if not trial.valid and not _of_repository(trial)), None)
    if lost is not None:
        return not_run(lost.reason, lost.message, spec)
    settings = _settings(spec, results, published or {}, rules)
    judged_claims = [judge_claim(claim, trials, settings[claim.id]) for claim in spec.claims]
    checks = check_artifacts(spec.artifacts, results)
    # A control that reproduces takes away what identical artifacts gave, so it comes last.
    approximate = continued.approximate(spec, results)
    raised = tuple(judged_claims) if approximate else _raised(judged_claims, checks)
    claims = with_controls(spec, raised, results)
    judged = _judged_run(spec, trials, claims=claims, checks=checks, metrics=metrics or {})
    judged = continued.limited(judged) if approximate else judged
    said = notes(spec, results, judged, checks, coin_public=coin_public)
    return replace(judged, notes=tuple(said), rules=rules.version)


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


def _settings(
    spec: Spec, results: Sequence[TrialResult], published: Mapping[str, Sample], rules: Rules
) -> dict[str, Setting]:
    same, tests = repeats(spec, results), max(1, sum(map(_is_test, spec.claims)))
    return {claim.id: Setting(same, published.get(claim.id), tests, rules) for claim in spec.claims}


def _is_test(claim: Claim) -> bool:
    """Whether its "not reproduced" may be chance with a known probability."""
    return isinstance(claim.compare, Distribution) and claim.published.kind is not PublishedKind.BEST_OF


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


def _raised(claims: Sequence[ClaimJudgement], checks: Sequence[ArtifactCheck]) -> tuple[ClaimJudgement, ...]:
    if not all_identical(checks):
        return tuple(claims)
    return tuple(map(_at_level_a, claims))


def _at_level_a(claim: ClaimJudgement) -> ClaimJudgement:
    """A distribution's own bar is D or A, so that A settles what the interval leaves open."""
    if claim.verdict is Verdict.REPRODUCED:
        return replace(claim, level=Level.A)
    if claim.verdict is Verdict.INCONCLUSIVE and claim.estimate is not None:
        message = f"the artifacts are identical; the values alone would not tell: {claim.message}"
        return replace(claim, verdict=Verdict.REPRODUCED, level=Level.A, message=message)
    return claim


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
        weakest = "the weakest " if any(claim.level is not level for claim in claims) else ""
        return f"{len(claims)} of {len(claims)} claims, {weakest}{LEVEL_TEXT[level]}"
    alike = sum(claim.verdict is worst.verdict for claim in claims)
    counted_as = f"{alike} of {len(claims)} claims {VERDICT_TEXT[worst.verdict]}"
    return f"{counted_as}, worst {worst.id}: {worst.message}"


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
    """By name, because evidence keeps no other order and has to lead to the same sentence."""
    shown = [f"{name} {plain(value)}" for name, value in sorted(metrics.items())[:_SHOWN_METRICS]]
    more = len(metrics) - len(shown)
    if more:
        shown.append(f"{more} more")
    return f"ran: {', '.join(shown) or 'no metric found'}, no claim declared"
