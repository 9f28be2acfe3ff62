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
from typing import TypeVar
from urllib.parse import urlsplit

import requests
from github import Auth, BadAttributeException, Github, GithubException
from urllib3.util import Retry

from reprise.adapters.github import connection
from reprise.adapters.github.limiter import WriteLimiter
from reprise.adapters.github.refusal import Intent, explain
from reprise.domain.errors import Retryable, UserError

connection.install()

API_VERSION = "2022-11-28"
PER_PAGE = 100
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


class Client:
    def __init__(self, api_url: str, token: str | None, *, timeout: float, write_spacing: float) -> None:
        """``timeout``: seconds for one exchange, its repetitions included; ``write_spacing``: between writes.

        Raises UserError when ``api_url`` is not a web address.
        """
        parts = urlsplit(api_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UserError(f"REPRISE_GITHUB__API_URL is {api_url!r}: write it like https://api.github.com")
        self._url = api_url.rstrip("/")
        self._token = token
        self._timeout = math.ceil(timeout)
        self._limiter = WriteLimiter(write_spacing)
        self._idle: list[Github] = []
        self._lending = threading.Lock()

    def read(self, intent: Intent, ask: Callable[[Github], T]) -> T:
        """Raises Retryable or Refused, as does `write`."""
        return self._guarded(intent, ask)

    def write(self, intent: Intent, ask: Callable[[Github], T]) -> T:
        with self._limiter.turn():
            return self._guarded(intent, ask)

    def close(self) -> None:
        """Close every connection that nobody uses now. The client may still be used afterwards."""
        with self._lending:
            while self._idle:
                self._idle.pop().close()

    def _guarded(self, intent: Intent, ask: Callable[[Github], T]) -> T:
        try:
            with connection.one_call(), self._lent() as github:
                return ask(github)
        except GithubException as error:
            headers = {name.lower(): value for name, value in (error.headers or {}).items()}
            raise explain(intent, error.status, headers, error.data, now=time.time()) from None
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
    def _lent(self) -> Iterator[Github]:
        """One that nobody else uses meanwhile. Threads come and go, so none is kept for a thread."""
        with self._lending:
            github = self._idle.pop() if self._idle else None
        if github is None:
            github = self._open()
        try:
            yield github
        finally:
            with self._lending:
                self._idle.append(github)

    def _open(self) -> Github:
        return Github(
            base_url=self._url,
            auth=Auth.Token(self._token) if self._token else None,
            timeout=self._timeout,
            per_page=PER_PAGE,
            user_agent="reprise",
            api_version=API_VERSION,
            lazy=True,
            retry=_RETRY,
            seconds_between_requests=None,
            seconds_between_writes=None,
        )
