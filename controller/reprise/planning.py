"""``reprise plan``: what would be run and what that can show, before anybody pays for it.

Reads the spec files and the committed values of a folder as ``reprise check`` does, and runs nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reprise.domain.addresses import SPEC_PAGE
from reprise.domain.backend import PROCESS, Offer, Unfit, choose_backend, needs_of
from reprise.domain.bounds import half_unit
from reprise.domain.errors import UserError
from reprise.domain.leasing.quote import quote
from reprise.domain.planned import POWERS, ClaimPlan, Forecast, distribution, plan_claim
from reprise.domain.planned_run import RunPlan
from reprise.domain.planned_run_object import run_object
from reprise.domain.planned_run_text import render_run
from reprise.domain.planned_text import ONLY_COMMITTED, render_claim, render_suggestion
from reprise.domain.planning import Chances
from reprise.domain.run import Verdict
from reprise.domain.spec.committed import published_samples
from reprise.domain.spec.files import SpecFile
from reprise.domain.spec.model import BadSpec, Claim, Spec
from reprise.domain.spec.parse import DISTRIBUTION_TRIALS
from reprise.domain.statistics import Sample
from reprise.domain.suggesting import Suggestion, accuracy_error, suggest
from reprise.planned_here import look
from reprise.spec_files import find_specs, root_of


@dataclass(frozen=True, slots=True)
class Planned:
    claim: ClaimPlan
    suggestion: Suggestion | None
    """None also when nobody asked."""


@dataclass(frozen=True, slots=True)
class ExperimentPlan:
    file: str
    spec: Spec
    run: RunPlan
    claims: tuple[Planned, ...]


def plan_specs(
    path: Path,
    *,
    experiment: str | None = None,
    claim: str | None = None,
    suggesting: bool = False,
    state: Path | None = None,
    offers: Sequence[Offer] = (Offer(PROCESS),),
) -> tuple[ExperimentPlan, ...]:
    """The plan of every experiment, or of one. UserError names what is missing or wrong.

    ``state`` is the state folder, where earlier runs say how long it takes, ``offers`` what backends can do.
    """
    found = find_specs(path)
    chosen = [file for file in found.files if experiment in (None, file.spec.name)]
    if not chosen:
        raise UserError(f"there is no experiment {experiment!r} here; {_names(found.files)}")
    specs = [(file.path, _good(file)) for file in chosen]
    plans = tuple(
        ExperimentPlan(
            name,
            spec,
            _run(spec, root_of(path), state, offers),
            _claims(spec, claim, found.read, suggesting),
        )
        for name, spec in specs
    )
    kept = tuple(plan for plan in plans if plan.claims or claim is None)
    if not kept:
        ids = [each.id for _, spec in specs for each in spec.claims]
        raise UserError(f"there is no claim {claim!r} here; there is: {', '.join(ids) or 'none'}")
    return kept


def render(plans: tuple[ExperimentPlan, ...], *, suggesting: bool) -> str:
    lines: list[str] = []
    told: list[ClaimPlan] = []
    for plan in plans:
        trials = f"{plan.spec.n} trial{'s' if plan.spec.n != 1 else ''}"
        lines += [f"{plan.spec.name} ({plan.file}), {trials}", *render_run(plan.run), ""]
        for each in plan.claims:
            lines += render_claim(each.claim, after=told)
            told.append(each.claim)
            if suggesting:
                lines += render_suggestion(each.claim.claim, each.suggestion)
            lines.append("")
        if not plan.claims:
            lines += ["It claims nothing, so that nothing will be judged; for a claim see", SPEC_PAGE, ""]
    return "\n".join([*lines, ONLY_COMMITTED] if suggesting else lines[:-1])


def as_object(plans: tuple[ExperimentPlan, ...]) -> dict[str, Any]:
    """Plain data, as docs/statistics.md lists it."""
    return {"experiments": [_experiment(plan) for plan in plans]}


def _run(spec: Spec, root: Path, state: Path | None, offers: Sequence[Offer]) -> RunPlan:
    backend = _backend(spec, root, offers)
    image = any(offer.images for offer in offers if offer.name == backend)
    leasing = next((offer for offer in offers if offer.name == backend and offer.sites), None)
    quoted = quote(spec, sites=leasing.sites, overhead=leasing.overhead) if leasing is not None else None
    return RunPlan(spec, look(root, spec, state, image=image), backend, quoted)


def _backend(spec: Spec, root: Path, offers: Sequence[Offer]) -> str | Unfit:
    names = [each.name for each in root.iterdir() if each.is_file()]
    return choose_backend(offers, needs_of(spec, names=names), spec.policy)


def _good(file: SpecFile) -> Spec:
    if isinstance(file.spec, BadSpec):
        raise UserError(f"{file.spec.problems[0]}; `reprise check` lists every problem")
    return file.spec


def _names(files: tuple[SpecFile, ...]) -> str:
    return f"there is: {', '.join(file.spec.name for file in files)}"


def _claims(
    spec: Spec, claim: str | None, read: Callable[[str], bytes | None], suggesting: bool
) -> tuple[Planned, ...]:
    published = published_samples(spec, read)
    claims = [each for each in spec.claims if claim in (None, each.id)]
    return tuple(_planned(spec, each, published.get(each.id), suggesting) for each in claims)


def _planned(spec: Spec, claim: Claim, published: Sample | None, suggesting: bool) -> Planned:
    plan = plan_claim(spec, claim, published)
    if plan.spread is None or not suggesting:
        return Planned(plan, None)
    trials = spec.n if distribution(claim) else DISTRIBUTION_TRIALS
    return Planned(plan, suggest(claim, plan.spread, trials=trials, power=POWERS[0]))


def _experiment(plan: ExperimentPlan) -> dict[str, Any]:
    return {
        "file": plan.file,
        "experiment": plan.spec.name,
        "trials": plan.spec.n,
        "run": run_object(plan.run),
        "claims": [_claim(each) for each in plan.claims],
    }


def _claim(planned: Planned) -> dict[str, Any]:
    plan = planned.claim
    claim, forecast = plan.claim, plan.forecast
    return {
        "id": claim.id,
        "published": claim.published.text,
        "published_values": plan.design.m,
        "bound": plan.bound,
        "sd": plan.spread.sd if plan.spread else None,
        "sd_range": plan.sd_range,
        "largest_sd": plan.largest_sd,
        "forecast": _forecast(forecast) if forecast else None,
        "all_inside": plan.all_inside,
        "half_unit": half_unit(claim.published),
        "accuracy_error": accuracy_error(claim),
        "notes": plan.remarks,
        "suggestion": asdict(planned.suggestion) if planned.suggestion else None,
    }


def _forecast(forecast: Forecast) -> dict[str, Any]:
    return asdict(forecast) | {
        "unchanged": _chances(forecast.unchanged),
        "shifted": _chances(forecast.shifted),
    }


def _chances(each: Chances) -> dict[str, float]:
    return {
        Verdict.REPRODUCED.value: each.reproduced,
        Verdict.INCONCLUSIVE.value: each.inconclusive,
        Verdict.NOT_REPRODUCED.value: each.not_reproduced,
    }
