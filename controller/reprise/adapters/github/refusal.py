"""What a failed call means: worth another try, or a plain no. Pure; `client` is the only caller.

Every sentence says what we wanted, what GitHub said, and what the operator can do. GitHub's own
words are quoted, shortened; the token is in none of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, assert_never

from reprise.domain.errors import Refused, RepriseError, Retryable

SECONDARY_LIMIT_WAIT = 60.0
"""Seconds; GitHub's advice when a limit names no time."""
_SUSPENDED = "Its owner suspended the App: that can be undone in the settings of the installation"
_CLOCK_WORDS = ("'iat'", "'exp'", "issued at", "expiration time", "too far in the future")
"""Of GitHub's answers to a signature from another time."""
_LIMIT_WORDS = ("rate limit", "abuse detection", "please retry your request again later")


class Holder(Enum):
    """Who asks."""

    TOKEN = "a person's token, or nobody"  # noqa: S105 - a word, no secret
    APP = "a GitHub App, with its key"
    INSTALLATION = "an App, with the token of an installation"


class Limited(Retryable):
    """No call of the same caller is wanted before its time is over."""


class Answer(Refused):
    """GitHub's no, with its status for those in this folder who know what to do about one."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, status)
        self.status = status

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class Intent:
    """What a call is for, in words for its error message."""

    doing: str
    """e.g. ``post a commit status on owner/name``"""
    needs: str
    """The permission of a fine-grained token, e.g. ``commit statuses: write``."""


def explain(
    intent: Intent,
    status: int,
    headers: Mapping[str, Any],
    reply: Any,
    *,
    now: float,
    holder: Holder = Holder.TOKEN,
) -> RepriseError:
    """The error for an answer of 400 or more. ``headers`` in lower case, ``now`` in Unix seconds."""
    said = _words(reply)
    if _is_limit(status, headers, said):
        return limited(intent, wait(headers, now))
    if status >= 500 or status in (408, 425):
        asked = _seconds(headers.get("retry-after")) or 0.0
        return Retryable(f"GitHub failed with {status}: could not {intent.doing}", asked)
    answer = f"{status}: {said}" if said else str(status)
    advice = _advice(intent, status, headers, holder, said)
    return Answer(f"GitHub refused to {intent.doing} ({answer}). {advice}", status)


def limited(intent: Intent, seconds: float) -> Limited:
    return Limited(f"GitHub limits our calls: could not {intent.doing}", seconds)


def wait(headers: Mapping[str, Any], now: float) -> float:
    """Seconds until a limit ends: Retry-After, else the reset time when nothing remains, else a minute."""
    asked = _seconds(headers.get("retry-after"))
    if asked is not None:
        return asked
    reset = _seconds(headers.get("x-ratelimit-reset"))
    if headers.get("x-ratelimit-remaining") == "0" and reset is not None:
        return max(1.0, reset - now + 1.0)
    return SECONDARY_LIMIT_WAIT


def _is_limit(status: int, headers: Mapping[str, Any], said: str) -> bool:
    """A 403 means either; the headers or the words tell which."""
    if status == 429:
        return True
    if status != 403:
        return False
    exhausted = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
    return exhausted or any(word in said.lower() for word in _LIMIT_WORDS)


def _advice(intent: Intent, status: int, headers: Mapping[str, Any], holder: Holder, said: str) -> str:
    if status not in (401, 403, 404):
        return "Asking again will not help: change what was asked for"
    match holder:
        case Holder.TOKEN:
            return _to_a_token(intent, status, headers)
        case Holder.APP:
            return _to_an_app(status, said)
        case Holder.INSTALLATION:
            return _to_an_installation(intent, status, headers, said)
        case _:
            assert_never(holder)


def _to_a_token(intent: Intent, status: int, headers: Mapping[str, Any]) -> str:
    if status == 401:
        return "The token is wrong or has expired: set REPRISE_GITHUB__TOKEN to a valid one"
    if status == 403:
        return f"Give the token {intent.needs} for this repository{_exact(headers)}"
    return f"It does not exist, or the token may not see it: that takes {intent.needs}"


def _to_an_app(status: int, said: str) -> str:
    words = said.lower()
    if "suspended" in words:
        return _SUSPENDED
    if status == 401 and any(word in words for word in _CLOCK_WORDS):
        return "The clock of this machine is wrong by a minute or more: set it, best with NTP"
    if status == 401:
        return "The private key does not belong to this App: download a new one from the App's page"
    if status == 404:
        return "There is no such App or installation: see that the App's id and key belong together"
    return "See on the App's page on GitHub whether it may still be used"


def _to_an_installation(intent: Intent, status: int, headers: Mapping[str, Any], said: str) -> str:
    if "suspended" in said.lower():
        return _SUSPENDED
    if status == 401:
        return "The App's token was not taken, twice: see whether the App is still installed there"
    if status == 403:
        return (
            f"Give the App {intent.needs} on its page, and have the owner accept that at "
            f"the installation{_exact(headers)}"
        )
    return f"It does not exist, or the App was not given it: that takes {intent.needs}"


def _exact(headers: Mapping[str, Any]) -> str:
    accepted = headers.get("x-accepted-github-permissions")
    return f" (GitHub asks for {str(accepted)[:100]})" if accepted else ""


def _words(reply: Any) -> str:
    """GitHub's message with the details that a 422 carries."""
    if not isinstance(reply, dict):
        return ""
    details = reply.get("errors")
    texts = [reply.get("message"), *map(_detail, details if isinstance(details, list) else [])]
    return "; ".join(text for text in texts if isinstance(text, str) and text)[:300]


def _detail(error: Any) -> str | None:
    if not isinstance(error, dict):
        return error if isinstance(error, str) else None
    if isinstance(error.get("message"), str):
        return str(error["message"])
    return f"{error.get('field', 'a field')} is {error.get('code', 'invalid')}"


def _seconds(value: Any) -> float | None:
    try:
        return max(0.0, float(value))
    except (TypeError, ValueError):
        return None
