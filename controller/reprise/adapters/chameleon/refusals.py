"""What a cloud's error means, by its own words. Pure.

Its HTTP status never decides alone: "none free" comes as 500, a spent budget as 400 or 403, a credential that
may not lease as a bare "Internal Server Error".
"""

import json
import re
from typing import Any

from reprise.domain.leasing.refusal import CloudRefused, Refusal

MOST_WORDS = 300
"""Characters of a cloud's own words that are passed on."""

_KINDS: tuple[tuple[str, Refusal], ...] = (
    (r"not enough floating ips?|no more ip addresses|externalipaddressexhausted", Refusal.NO_FLOATING_IP),
    (r"quota exceeded.*floatingip", Refusal.NO_FLOATING_IP),
    (r"not enough (hosts|resources|devices|networks)|no valid host", Refusal.FULL),
    (r"quota exceeded|too many key pairs", Refusal.FULL),
    (r"would spend.*user budget|left in user budget", Refusal.OVER_USER_BUDGET),
    (r"would spend", Refusal.OVER_BUDGET),
    (r"lease duration of .*maximum lease duration", Refusal.TOO_LONG),
    (r"can only be extended within", Refusal.OUTSIDE_WINDOW),
    (r"beyond chameleon project expiration", Refusal.BEYOND_PROJECT),
    (r"external service enforcement filter denied|wrong number of ongoing charges", Refusal.PORTAL_DOWN),
    (r"not allowed for managing trusts|delegated tokens cannot manage trusts", Refusal.RESTRICTED_CREDENTIAL),
    (r"could not find application credential", Refusal.UNKNOWN_CREDENTIAL),
    (r"application credential .*expired", Refusal.EXPIRED_CREDENTIAL),
    (r"policy doesn't allow|not authorized|you are not authorized|disallowed by policy", Refusal.FORBIDDEN),
    (r"already exists|conflict with existing resource", Refusal.NAME_TAKEN),
    (
        r"invalid lease status|terminated leases can only|already started leases|cannot '.*' instance"
        r"|invalid state |unable to update id|cannot be updated|is already associated",
        Refusal.WRONG_STATE,
    ),
    (
        r"malformed|missing parameter|invalid input|invalid values?|must be later than|invalid date"
        r"|extracapability was not found|a database error occurred|bad request|invalid (key_name|image)",
        Refusal.MALFORMED,
    ),
)
"""The first that is found counts."""

_NEXT: dict[Refusal, tuple[str, str]] = {
    Refusal.FULL: ("has no free machine for that", "take another type, another site or a later start"),
    Refusal.NO_SUCH_TYPE: ("leases no such machine", "`reprise doctor chameleon` lists what it has"),
    Refusal.NO_FLOATING_IP: ("has no free floating address", "release unused ones, or try again later"),
    Refusal.OVER_BUDGET: (
        "refuses the lease because the project's service units do not suffice",
        "shorten the job, or ask for more units",
    ),
    Refusal.OVER_USER_BUDGET: (
        "refuses the lease because this user's budget in the project does not suffice",
        "ask the project's PI for more, or shorten the job",
    ),
    Refusal.TOO_LONG: ("refuses a lease of that length", "shorten the job, seven days are the most"),
    Refusal.OUTSIDE_WINDOW: (
        "does not extend the lease yet",
        "ask again in the last two days before its end",
    ),
    Refusal.BEYOND_PROJECT: (
        "refuses a lease that ends after the project does",
        "have the project extended, or shorten the job",
    ),
    Refusal.RESTRICTED_CREDENTIAL: (
        "lets this application credential make no lease",
        "create another one with *Unrestricted* ticked, which leases need",
    ),
    Refusal.PORTAL_DOWN: (
        "cannot count service units right now, so it leases nothing",
        "try again in a few minutes",
    ),
    Refusal.WRONG_SECRET: (
        "does not accept the credential",
        "correct its secret, or create a new one there if it has expired",
    ),
    Refusal.UNKNOWN_CREDENTIAL: (
        "knows no such application credential",
        "create one there, because each counts at one site and in one project",
    ),
    Refusal.EXPIRED_CREDENTIAL: (
        "does not accept the credential any more because it has expired",
        "create a new one there",
    ),
    Refusal.FORBIDDEN: (
        "does not let this credential do that",
        "create it with the roles member and reader, and see that the project is active",
    ),
    Refusal.NO_SUCH_SITE: (
        "offers no such service or region",
        "correct region and auth_url in clouds.yaml or the settings",
    ),
    Refusal.NAME_TAKEN: ("has something of that name already", "look it up by its name"),
    Refusal.WRONG_STATE: ("does not do that now", "look at its state and try again"),
    Refusal.MALFORMED: (
        "does not understand the request",
        "report it as a mistake of Reprise, unless this machine's clock is wrong",
    ),
    Refusal.UNKNOWN: ("refuses the request", "`reprise doctor chameleon` shows what this credential can do"),
}


def words(body: bytes) -> str | None:
    """What a service says in an error, one line; None where the body is not of OpenStack's shapes,
    so that it is from something else on the way, such as a proxy."""
    try:
        found = _message(json.loads(body))
    except (ValueError, RecursionError):
        return None
    return " ".join((found or "").split())[:MOST_WORDS] or None


def _message(value: Any, depth: int = 3) -> str | None:
    """``{"error_message": …}``, ``{"conflictingRequest": {"message": …}}``, ``{"NeutronError": {…}}``."""
    if not isinstance(value, dict) or depth == 0:
        return None
    for key in ("error_message", "message"):
        if isinstance(value.get(key), str):
            kind = value.get("type")
            return f"{value[key]} ({kind})" if isinstance(kind, str) and kind else str(value[key])
    return next((found for inner in value.values() if (found := _message(inner, depth - 1))), None)


def classify(said: str) -> Refusal | None:
    """None = nothing that we know as a no."""
    text = said.lower()
    return next((refusal for pattern, refusal in _KINDS if re.search(pattern, text)), None)


def refused(site: str, refusal: Refusal, detail: str = "") -> CloudRefused:
    what, step = _NEXT[refusal]
    told = f" ({detail})" if detail else ""
    return CloudRefused(refusal, f"{site} {what}{told}: {step}")


def quoted(said: str) -> str:
    """The cloud's own words, as a detail."""
    return f'it said "{said}"'
