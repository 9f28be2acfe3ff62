"""Which trial comes next: the only decision that is made while the machine is held.

The engine asks `next_trial` after every execution until the answer is None. The order is trial 0 with
the author's seed, its probe, then the further trials:

- The probe repeats trial 0 with the same seed. It runs only after a valid trial 0, because a failure has
  nothing to compare, and only when there is a claim. It never counts as a value.
- There are ``runs.n`` trials, at least 3 when a claim has a tolerance and the probe shows that the job does
  not repeat. A claim in mode exact is judged by trial 0 alone; its further trials are still run as declared.
- Last come the controls, one execution for each list of further arguments that claims declare, with the
  author's seed. They never count as values, and they are not paid for when the trials cannot be judged.
- A series that can no longer be judged is not paid for. It ends when more than ``allow_failed`` trials
  failed, when trial 0 failed and something hangs on it alone (a claim in mode exact, a required
  artifact), or when a trial was lost to something other than the repository.

So a single failing trial with the default ``allow_failed: 0`` ends as "could not be run"; a later one that
fails after good ones ends as inconclusive and is named.
"""

import hashlib
from collections.abc import Sequence

from reprise.domain.run import FAULT, Fault, Sha, TrialPlan, TrialResult
from reprise.domain.spec.model import Claim, Exact, Spec, Tolerance

MIN_UNREPEATABLE = 3
"""Values wanted within a tolerance from a job that does not repeat itself."""


def next_trial(spec: Spec, results: Sequence[TrialResult], *, commit: Sha, coin: str) -> TrialPlan | None:
    """The next execution, None when no further one is worth its cost.

    ``results`` are the final results so far, in order, one for each plan. ``coin`` is the number that was
    assigned after the commit, so that nobody could search for lucky seeds.
    """
    index = len(results)
    if index == 0:
        return TrialPlan(index, author_seed(spec), probe=False)
    if hopeless(spec, results):
        return None
    if index == 1 and results[0].valid and wants_probe(spec):
        return TrialPlan(index, author_seed(spec), probe=True)
    return _further(spec, results, commit, coin) or _control(spec, results)


def author_seed(spec: Spec) -> int:
    return spec.run.seed.value if spec.run.seed else 0


def derived_seed(commit: Sha, experiment: str, coin: str, number: int) -> int:
    """Big-endian first 4 bytes of sha256(``commit|experiment|coin|number``) mod 2^31."""
    digest = hashlib.sha256(f"{commit}|{experiment}|{coin}|{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % 2**31


def counted(results: Sequence[TrialResult]) -> tuple[TrialResult, ...]:
    """The trials without the probe and the controls: trial i is the i-th of them."""
    return tuple(result for result in results if result.plan.counts)


def controls_of(spec: Spec) -> tuple[tuple[str, ...], ...]:
    """The further arguments of each control; claims with equal ones share its execution."""
    return tuple(dict.fromkeys(claim.control.args for claim in spec.claims if claim.control is not None))


def claims_of(spec: Spec, plan: TrialPlan) -> tuple[Claim, ...]:
    """The claims that an execution has to give a value for: a control's are only those that declare it."""
    if plan.control is None:
        return spec.claims
    return tuple(claim for claim in spec.claims if claim.control and claim.control.args == plan.control)


def trial_names(plans: Sequence[TrialPlan]) -> list[str]:
    """What people call them: trials have numbers, the probe has none, controls their own where needed.

    An execution may stand there several times, once for each attempt.
    """
    trials = sorted({plan.index for plan in plans if plan.counts})
    controls = sorted({plan.index for plan in plans if plan.control is not None})
    return [_name(plan, trials, controls) for plan in plans]


def wants_probe(spec: Spec) -> bool:
    return spec.determinism.self_repeat and bool(spec.claims)


def repeats(spec: Spec, results: Sequence[TrialResult]) -> bool | None:
    """Whether the probe gave bit-equal values for every claim; None without a probe.

    A probe that failed, for whatever reason, does not repeat.
    """
    probe = next((result for result in results if result.plan.probe), None)
    if probe is None:
        return None
    first = results[0]
    return first.valid and probe.valid and all(_same(first, probe, claim.id) for claim in spec.claims)


def wanted_trials(spec: Spec, results: Sequence[TrialResult]) -> int:
    """How many trials there are in all, the probe not counted."""
    tolerant = any(isinstance(claim.compare, Tolerance) for claim in spec.claims)
    return max(spec.n, MIN_UNREPEATABLE) if tolerant and repeats(spec, results) is False else spec.n


def most_executions(spec: Spec) -> int:
    """How often the command may be executed at most, with probe and controls; lost attempts not counted."""
    tolerant = any(isinstance(claim.compare, Tolerance) for claim in spec.claims)
    probe = wants_probe(spec)
    trials = max(spec.n, MIN_UNREPEATABLE) if tolerant and probe else spec.n
    return trials + probe + len(controls_of(spec))


def hopeless(spec: Spec, results: Sequence[TrialResult]) -> bool:
    """Whether no further trial could lead to a judgement."""
    trials = counted(results)
    failed = [trial for trial in trials if not trial.valid]
    if any(FAULT[trial.reason] is not Fault.REPOSITORY for trial in failed):
        return True
    return len(failed) > spec.allow_failed or (
        bool(trials) and not trials[0].valid and needs_trial_zero(spec)
    )


def needs_trial_zero(spec: Spec) -> bool:
    """Whether something can only be judged on the author's own seed."""
    exact = any(isinstance(claim.compare, Exact) for claim in spec.claims)
    return exact or any(artifact.required for artifact in spec.artifacts)


def _further(spec: Spec, results: Sequence[TrialResult], commit: Sha, coin: str) -> TrialPlan | None:
    number = len(counted(results))
    if number >= wanted_trials(spec, results):
        return None
    # Without a seed rule the job cannot be told another seed: its own scatter is what is seen.
    seed = derived_seed(commit, spec.name, coin, number) if spec.run.seed else author_seed(spec)
    return TrialPlan(len(results), seed, probe=False)


def _control(spec: Spec, results: Sequence[TrialResult]) -> TrialPlan | None:
    done = {result.plan.control for result in results}
    if any(
        FAULT[each.reason] not in (Fault.NOBODY, Fault.REPOSITORY) for each in results if each.plan.control
    ):
        return None
    args = next((args for args in controls_of(spec) if args not in done), None)
    return None if args is None else TrialPlan(len(results), author_seed(spec), probe=False, control=args)


def _name(plan: TrialPlan, trials: Sequence[int], controls: Sequence[int]) -> str:
    if plan.probe:
        return "probe"
    if plan.control is None:
        return str(trials.index(plan.index))
    return f"control {controls.index(plan.index) + 1}" if len(controls) > 1 else "control"


def _same(first: TrialResult, second: TrialResult, claim_id: str) -> bool:
    """Bit-equal: 1 and 1.0 are different files, and so are 0.0 and -0.0."""
    missing = object()
    one, other = first.values.get(claim_id, missing), second.values.get(claim_id, missing)
    return one is not missing and type(one) is type(other) and repr(one) == repr(other)
