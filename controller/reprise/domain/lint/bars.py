"""How wide the bar of a claim is, and when one is wider than it was."""

from reprise.domain.bounds import bound_of, half_unit
from reprise.domain.lint.repo import Experiment
from reprise.domain.spec.model import BadSpec, Claim, Compare, Distribution, Exact, Side, Spec
from reprise.domain.spec.names import experiment_name
from reprise.domain.spec.parse import parse_spec

_SLACK = 1e-9
"""Relative; of two numbers that were computed and not written."""


def widened(before: Claim, now: Claim) -> str | None:
    """How the same claim's bar became wider, in words; None where it did not, or where nobody can tell."""
    if _side(before.compare) is Side.BOTH and _side(now.compare) is Side.NO_WORSE:
        return "one side of it no longer counts"
    if isinstance(before.compare, Exact) and isinstance(now.compare, Distribution):
        return "mode exact became mode distribution"
    if isinstance(before.compare, Distribution) is not isinstance(now.compare, Distribution):
        return None
    old, new = _width(before), _width(now)
    if old is None or new is None or new <= old * (1 + _SLACK):
        return None
    return f"±{old:.6g} became ±{new:.6g}"


def earlier_claims(experiment: Experiment, data: bytes | None) -> dict[str, Claim]:
    """Of the same file in the parent commit, by id; empty where it could not be used."""
    if data is None:
        return {}
    name = experiment_name(experiment.file, f"local/{experiment.spec.name}")
    spec: Spec | BadSpec = parse_spec(data, file=experiment.file, default_name=name)
    return {} if isinstance(spec, BadSpec) else {claim.id: claim for claim in spec.claims}


def _side(compare: Compare) -> Side:
    return Side.BOTH if isinstance(compare, Exact) else compare.side


def _width(claim: Claim) -> float | None:
    """As it is judged: a tolerance finer than the printed digits does not narrow the bar."""
    half, bound = half_unit(claim.published), bound_of(claim)
    if isinstance(claim.compare, Distribution):
        return bound
    return max(half, bound or 0.0) if half is not None else bound
