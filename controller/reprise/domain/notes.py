"""What is told beside a run's verdict and decides nothing: the probe, failures, the author's own seed."""

from collections.abc import Sequence

from reprise.domain.artifacts import ArtifactCheck, all_identical
from reprise.domain.continued import continued_notes
from reprise.domain.control import control_notes
from reprise.domain.published import equal_as_printed, parse_number
from reprise.domain.run import Judgement, Level, TrialResult, Value, Verdict
from reprise.domain.spec.model import Claim, Distribution, PublishedKind, Spec, Tolerance
from reprise.domain.trials import counted, repeats

_SHOWN_UNCOLLECTED = 5
_SHOWN_NAMES = 5


def notes(
    spec: Spec,
    results: Sequence[TrialResult],
    judged: Judgement,
    checks: Sequence[ArtifactCheck],
    *,
    coin_public: bool,
) -> list[str]:
    said = [*continued_notes(spec, results), _probe_note(repeats(spec, results), results)]
    trials = counted(results)
    failed = [trial for trial in trials if not trial.valid]
    if failed and judged.verdict not in (Verdict.NOT_RUN, Verdict.INCONCLUSIVE):
        said.append(f"{len(failed)} of {len(trials)} trials failed, as runs.allow_failed permits.")
    if len(trials) > 1 and spec.run.seed is None:
        said.append("The spec has no run.seed, so all trials had the same one.")
    if len(trials) > 1 and spec.run.seed is not None and not coin_public:
        said.append("The further seeds come from a number that is not public: a rehearsal.")
    if len(trials) - len(failed) > 1 and any(isinstance(claim.compare, Tolerance) for claim in spec.claims):
        said.append(
            "Of several trials, the worst value is shown: the one furthest from the published value, or, "
            "where only the worse side counts, furthest to that side."
        )
    said += _means(spec)
    said.append(_own_seed(spec, trials))
    said.append(_settled_by_artifacts(spec, judged))
    if all_identical(checks) and judged.verdict is Verdict.NOT_REPRODUCED:
        said.append("The artifacts are identical to the declared ones: they do not give the published value.")
    said += control_notes(spec, judged.claims)
    said += _uncollected([result for result in results if result.plan.control is None])
    return [note for note in said if note]


def _means(spec: Spec) -> list[str]:
    """What was published as a mean and cannot be compared as one."""
    means = [claim for claim in spec.claims if claim.published.kind is PublishedKind.MEAN]
    alone = [claim for claim in means if not isinstance(claim.compare, Distribution)]
    bare = [
        claim
        for claim in means
        if isinstance(claim.compare, Distribution)
        and claim.published.per_seed is None
        and claim.published.sd is None
    ]
    said = [f"Published as a mean, compared run by run: {_names(alone)}."] if alone else []
    if bare:
        said.append(
            "Published as a mean without its spread, which is judged like a single run's value: "
            f"{_names(bare)}. Add per_seed, or sd and m."
        )
    return said


def _own_seed(spec: Spec, trials: Sequence[TrialResult]) -> str:
    """A distribution is not judged by its best-known draw, but readers want to know."""
    found = [
        claim
        for claim in spec.claims
        if isinstance(claim.compare, Distribution) and _hits(claim, trials[0].values.get(claim.id))
    ]
    return f"The author's own seed gives the published value: {_names(found)}." if found else ""


def _settled_by_artifacts(spec: Spec, judged: Judgement) -> str:
    """A level that does not come from the numbers in the table."""
    settled = {
        claim.id
        for claim in judged.claims
        if claim.level is Level.A
        and claim.estimate is not None
        and claim.estimate.p_value is not None
        and claim.estimate.p_value > claim.estimate.alpha
    }
    names = _names([claim for claim in spec.claims if claim.id in settled])
    return f"The artifacts are identical; the values alone would not tell: {names}." if settled else ""


def _hits(claim: Claim, value: Value | None) -> bool:
    number = parse_number(claim.published.text)
    if number is None or value is None or isinstance(value, str):
        return False
    return equal_as_printed(value, number)


def _names(claims: Sequence[Claim]) -> str:
    more = len(claims) - _SHOWN_NAMES
    return ", ".join(claim.id for claim in claims[:_SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def _uncollected(results: Sequence[TrialResult]) -> list[str]:
    """What the trials wrote and nobody may take, unless a claim or a failed trial says it already."""
    said = {sentence for result in results for sentence in (result.message, *result.problems.values())}
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
