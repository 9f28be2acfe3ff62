"""PyGithub made safe to call from several threads; the only module that handles its errors.

Its defaults lose, repeat or delay calls, so each is replaced here: an object for one thread at a time
(they may not be shared), no repeated POST (a 502 may come after success), no sleep through a rate limit
(`Retryable` says when instead), a write limiter over all threads, a pinned API version, and lazy
objects, so that no read precedes a write.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar, assert_never
from urllib.parse import urlsplit

import requests
from github import Auth, BadAttributeException, Github, GithubException
from urllib3.util import Retry

from reprise.adapters.github import connection
from reprise.adapters.github.app import PER_PAGE, AppAccount
from reprise.adapters.github.credentials import AppCredentials, Credentials, TokenCredentials
from reprise.adapters.github.limiter import WriteLimiter
from reprise.adapters.github.limits import Limits
from reprise.adapters.github.person import TokenAccount
from reprise.adapters.github.refusal import Holder, Intent, Limited, explain, limited
from reprise.adapters.github.remembered import Remembered
from reprise.domain.errors import Retryable, UserError

connection.install()

API_VERSION = "2022-11-28"
T = TypeVar("T")

# Statuses of limits are absent: they are reported, not slept through. POST is absent: see above.
_RETRY = Retry(
    total=2,
    allowed_methods={"GET", "PATCH"},
    status_forcelist=(500, 502, 503, 504),
    backoff_factor=0.2,
    backoff_jitter=0.2,
    respect_retry_after_header=False,
    raise_on_status=False,
)


class UnexpectedReply(Exception):
    """A reply without what the call is for. Never leaves `Client`."""


# What PyGithub raises for redirects to elsewhere, for replies that are no JSON, and when it trips over a
# reply of another shape (null, a list, a missing part): it does not check before it reads.
_ODD = (
    UnexpectedReply,
    BadAttributeException,
    AssertionError,
    AttributeError,
    RuntimeError,
    TypeError,
    ValueError,
)


class _Header(Auth.Auth):
    """PyGithub's objects are lent to one call at a time, and each call says who it is."""

    def __init__(self) -> None:
        self.said = ""

    def authentication(self, headers: dict[str, str]) -> None:
        if self.said:
            headers["Authorization"] = self.said

    @property
    def token_type(self) -> str:
        return self.said.partition(" ")[0]

    @property
    def token(self) -> str:
        return self.said.partition(" ")[2]


class Client:
    def __init__(
        self,
        api_url: str,
        credentials: Credentials,
        *,
        timeout: float,
        write_spacing: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``timeout``: seconds for one exchange, its repetitions included; ``write_spacing``: between writes;
        ``monotonic``: the clock by which limits end.

        Raises UserError when ``api_url`` is not a web address.
        """
        parts = urlsplit(api_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UserError(f"REPRISE_GITHUB__API_URL is {api_url!r}: write it like https://api.github.com")
        self._url = api_url.rstrip("/")
        self._timeout = math.ceil(timeout)
        self._write_spacing = write_spacing
        self._limiters: dict[int, WriteLimiter] = {}
        self._idle: list[tuple[Github, _Header]] = []
        self._limits = Limits(monotonic)
        self._remembered = Remembered()
        self._lending = threading.Lock()
        self.use(credentials)

    def use(self, credentials: Credentials) -> None:
        """From the next call on."""
        self._account = self._account_of(credentials)

    @property
    def account(self) -> TokenAccount | AppAccount:
        return self._account

    def read(self, intent: Intent, ask: Callable[[Github], T], *, at: str = "") -> T:
        """``at``: the repository it is about, ``owner/name``; a token may also ask about none.

        Raises Retryable or Refused, as do `write` and `as_app`.
        """
        return self._account.ask(intent, ask, at)

    def write(self, intent: Intent, ask: Callable[[Github], T], *, at: str, once: bool = False) -> T:
        """Waits for its turn: GitHub asks each installation for one write after the other.

        ``once``: not even an edit is repeated when its answer is lost.
        """
        with self._limiter(self._account.lane(at)).turn(), connection.repeating(not once):
            return self._account.ask(intent, ask, at)

    def as_app(self, intent: Intent, ask: Callable[[Github], T]) -> T:
        """As the App itself: its installations, its delivery log. Refused when we have only a token."""
        return self._account.ask_as_app(intent, ask)

    def close(self) -> None:
        """Close every connection that nobody uses now. The client may still be used afterwards."""
        with self._lending:
            while self._idle:
                self._idle.pop()[0].close()

    def _account_of(self, credentials: Credentials) -> TokenAccount | AppAccount:
        match credentials:
            case TokenCredentials():
                return TokenAccount(credentials, self._guarded)
            case AppCredentials():
                return AppAccount(credentials, self._guarded)
            case _:
                assert_never(credentials)

    def _limiter(self, lane: int) -> WriteLimiter:
        with self._lending:
            return self._limiters.setdefault(lane, WriteLimiter(self._write_spacing))

    def _guarded(self, intent: Intent, ask: Callable[[Github], T], authorization: str, holder: Holder) -> T:
        who = holder.name if holder is Holder.APP else authorization  # whose signature is new each time
        if (left := self._limits.left(who)) > 0:
            raise limited(intent, left)
        try:
            with connection.one_call(self._remembered), self._lent(authorization) as github:
                return ask(github)
        except GithubException as error:
            headers = {name.lower(): value for name, value in (error.headers or {}).items()}
            meant = explain(intent, error.status, headers, error.data, now=time.time(), holder=holder)
            if isinstance(meant, Limited):
                self._limits.wait(who, meant.after)
            raise meant from None
        except requests.Timeout:
            late = f"GitHub gave no answer within {self._timeout} s"
            raise Retryable(f"{late}: could not {intent.doing}") from None
        except requests.RequestException as error:
            kind = type(error).__name__
            raise Retryable(f"{self._url} cannot be reached ({kind}): could not {intent.doing}") from None
        except _ODD as error:
            odd = f"{self._url} gave an answer that is not GitHub's ({type(error).__name__}: {error!s:.150})"
            hint = "check REPRISE_GITHUB__API_URL and whether the repository was renamed"
            raise Retryable(f"{odd}: could not {intent.doing}; {hint}") from error

    @contextmanager
    def _lent(self, authorization: str) -> Iterator[Github]:
        """One that nobody else uses meanwhile. Threads come and go, so none is kept for a thread."""
        with self._lending:
            github, header = self._idle.pop() if self._idle else (None, _Header())
        if github is None:
            github = self._open(header)
        header.said = authorization
        try:
            yield github
        finally:
            header.said = ""
            with self._lending:
                self._idle.append((github, header))

    def _open(self, header: _Header) -> Github:
        return Github(
            base_url=self._url,
            auth=header,
            timeout=self._timeout,
            per_page=PER_PAGE,
            user_agent="reprise",
            api_version=API_VERSION,
            lazy=True,
            retry=_RETRY,
            seconds_between_requests=None,
            seconds_between_writes=None,
        )
