"""Section ``policy`` of the spec: who may start runs and what they may cost. See `reprise.domain.policy`."""

from difflib import get_close_matches

from reprise.domain.policy import BACKENDS, UNRESTRICTED, WHO, Policy
from reprise.domain.spec.problems import quote
from reprise.domain.spec.quantities import parse_positive
from reprise.domain.spec.section import Section

UNITS_EXPECTED = "a number of service units above 0"


def read_policy(root: Section) -> Policy:
    policy = root.section("policy")
    if policy is None:
        return UNRESTRICTED
    who = _names(policy, "who", tuple(WHO))
    return Policy(
        # Whoever administers may also write: of several the weakest counts.
        who=min((WHO[name] for name in who or ("write",)), key=list(WHO.values()).index),
        max_su_per_run=policy.read("max_su_per_run", parse_positive, expected=UNITS_EXPECTED),
        max_su_per_month=policy.read("max_su_per_month", parse_positive, expected=UNITS_EXPECTED),
        backends=_names(policy, "backends", BACKENDS),
    )


def _names(policy: Section, key: str, known: tuple[str, ...]) -> tuple[str, ...] | None:
    """None when the key is absent or unusable."""
    names = policy.texts(key)
    if names is None:
        return None
    if not names:
        policy.wrong(key, f"is empty; name at least one of {', '.join(known)}")
        return None
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        near = get_close_matches(unknown[:60].lower(), known, n=1)
        advice = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        policy.wrong(key, f"names {quote(unknown)}; {advice}")
        return None
    return tuple(dict.fromkeys(names))
