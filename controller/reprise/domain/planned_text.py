"""A plan in words that an author understands; ``reprise plan`` prints this."""

import textwrap
from collections.abc import Iterable, Iterator

from reprise.domain.bounds import half_unit
from reprise.domain.figures import percent
from reprise.domain.planned import MARGINS_AWAY, POWERS, ClaimPlan, Forecast, Needed
from reprise.domain.settling import MOST_TRIALS
from reprise.domain.spec.model import Claim, Distribution, Exact, PublishedKind, Tolerance
from reprise.domain.suggesting import CONFIDENCE, COVERAGE, Suggestion, accuracy_error
from reprise.domain.text import clean

_MISSING = (
    "the scatter between seeds, without which no chance can be told: commit the values of several seeds as a "
    "JSON list and name it in published.per_seed, or give published.sd and m"
)
_OWN_SEED = "only the author's own seed is compared, so that the scatter between seeds does not matter"
_SEEDLESS = "the job takes no seed, so that only the machine and its software can move the value"
_AGAIN = {
    _MISSING: "the scatter between seeds, as above",
    _OWN_SEED: "only the author's own seed is compared",
    _SEEDLESS: "the job takes no seed",
}
"""What is explained once → what later claims say."""
_LABEL = 12
_WIDTH = 100
ONLY_COMMITTED = "A suggestion counts only once it is committed: write it into the spec before the tag."


def render_claim(plan: ClaimPlan, *, after: Iterable[ClaimPlan] = ()) -> list[str]:
    """The lines of one claim, its name first. What those before it explained is not explained again."""
    claim = plan.claim
    head = f"{claim.id}: published {clean(claim.published.text)}, mode {_mode(claim)}"
    told = {text for each in after for _, text in _chances(each)}
    chances = [(label, _AGAIN.get(text, text) if text in told else text) for label, text in _chances(plan)]
    return [head, *table([*_where(claim), *_seeds(plan), *_bar(plan), *chances])]


def render_suggestion(claim: Claim, found: Suggestion | None) -> list[str]:
    rows = (
        list(_suggested(found))
        if found
        else [("suggested", "nothing yet: it takes the values of several seeds, not all equal")]
    )
    return table([*rows, *_precision(claim)])


def _where(claim: Claim) -> Iterator[tuple[str, str]]:
    if claim.where:
        yield "where", clean(claim.where)


def _mode(claim: Claim) -> str:
    match claim.compare:
        case Exact():
            return "exact"
        case Tolerance():
            return "tolerance"
        case Distribution():
            return "distribution"


def _seeds(plan: ClaimPlan) -> Iterator[tuple[str, str]]:
    if plan.spread is None:
        return
    sd, count = plan.spread.sd, plan.spread.count
    source = plan.claim.published.per_seed
    yield "seeds", f"{count} published values{f' in {clean(source)}' if source else ''}"
    if not sd:
        yield (
            "",
            "they are all equal: the seed has no effect on this metric, or they were not made with several",
        )
    elif plan.sd_range:
        low, high = plan.sd_range
        yield (
            "scatter",
            f"standard deviation {_short(sd)}; {count} values place the true one "
            f"between {_short(low)} and {_short(high)}",
        )


def _bar(plan: ClaimPlan) -> Iterator[tuple[str, str]]:
    label = "margin" if isinstance(plan.claim.compare, Distribution) else "tolerance"
    if plan.bound is not None:
        ratio = f", which is {_short(plan.forecast.ratio)} standard deviations" if plan.forecast else ""
        yield label, f"{plan.bound:.6g}{ratio}"
    for remark in plan.remarks:
        yield "note", remark


def _chances(plan: ClaimPlan) -> Iterator[tuple[str, str]]:
    trials = f"{plan.design.n} trial{'s' if plan.design.n != 1 else ''}"
    if plan.claim.published.kind is PublishedKind.BEST_OF:
        yield (
            "verdict",
            "always inconclusive: no run can confirm the best of several; publish a mean or a single run",
        )
    elif plan.forecast:
        yield from _forecast(plan.forecast, trials)
        yield from _needed(plan)
    elif plan.largest_sd is not None:
        yield from _unknown(plan, trials)
    elif plan.all_inside is not None:
        yield (
            trials,
            f"when nothing changed: {percent(plan.all_inside)} chance that all values are within it",
        )
    elif isinstance(plan.claim.compare, Exact):
        yield trials, _OWN_SEED
    elif plan.spread is None and plan.seeded:
        yield "missing", _MISSING
    elif plan.spread is None:
        yield trials, _SEEDLESS


def _forecast(forecast: Forecast, trials: str) -> Iterator[tuple[str, str]]:
    same, other = forecast.unchanged, forecast.shifted
    worst, best = forecast.reproduced_range
    yield (
        trials,
        f"when nothing changed: {percent(same.reproduced)} reproduced, "
        f"{percent(same.inconclusive)} inconclusive, {percent(same.not_reproduced)} not reproduced "
        f"({percent(worst)} to {percent(best)} reproduced over that range of scatter)",
    )
    yield (
        "",
        f"when the mean is worse by {MARGINS_AWAY:.0f} margins: {percent(other.reproduced)} reproduced, "
        f"{percent(other.inconclusive)} inconclusive, {percent(other.not_reproduced)} not reproduced",
    )


def _needed(plan: ClaimPlan) -> Iterator[tuple[str, str]]:
    if plan.forecast:
        for label, needed in zip(("needed", ""), plan.forecast.needed, strict=True):
            yield label, f"for {percent(needed.power)} reproduced: {_enough(needed, plan.design.m)}"


def _enough(needed: Needed, published: int) -> str:
    both = f"{needed.seeds} published values and {needed.seeds} trials"
    if needed.trials is not None:
        fewer = needed.seeds is not None and needed.seeds < needed.trials and needed.seeds > published
        return f"{needed.trials} trials{f', or {both}' if fewer else ''}"
    if needed.seeds is not None:
        return f"no number of trials against {published} published values, but {both}"
    return f"not even {MOST_TRIALS:,} trials and as many published values; the margin is too narrow"


def _unknown(plan: ClaimPlan, trials: str) -> Iterator[tuple[str, str]]:
    target = plan.design.m == 0
    what = "a fixed target" if target else "one published number, taken as a single draw"
    yield (
        trials,
        f"compared with {what}: {percent(POWERS[0])} reproduced needs a standard deviation between "
        f"seeds of at most {_short(plan.largest_sd or 0.0)}",
    )
    if not target:
        yield "missing", _MISSING


def _suggested(found: Suggestion) -> Iterator[tuple[str, str]]:
    yield (
        "suggested",
        f"mode tolerance: abs {_short(found.tolerance)}, since mean ± {found.factor:.2f} standard deviations "
        f"({found.low:.6g} to {found.high:.6g}) holds {percent(COVERAGE)} of further runs, "
        f"at {percent(CONFIDENCE)} confidence",
    )
    yield (
        "",
        f"mode distribution: margin {_short(found.margin)}, which gives {percent(found.power)} reproduced "
        f"with {found.trials} trials when nothing changed",
    )


def _precision(claim: Claim) -> Iterator[tuple[str, str]]:
    half, error = half_unit(claim.published), accuracy_error(claim)
    if half is not None:
        yield "precision", f"half a unit of the last digit: {half:.6g}"
    if error is not None:
        items = claim.metric.n_eval
        yield (
            ("" if half is not None else "precision"),
            (f"standard error of an accuracy on {items} items: {_short(error)}"),
        )


def table(rows: list[tuple[str, str]]) -> list[str]:
    """Labels on the left, wrapped texts beside them."""
    return [line for label, text in rows for line in _wrapped(f"  {label:<{_LABEL}}", text)]


def block(label: str, lines: list[str]) -> list[str]:
    """Lines as they are, beside their label."""
    return [f"  {'' if number else label:<{_LABEL}}{line}".rstrip() for number, line in enumerate(lines)]


def _wrapped(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=label,
        subsequent_indent=" " * len(label),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _short(value: float) -> str:
    """Two significant digits, or all before the point."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:#.2g}".rstrip(".")
