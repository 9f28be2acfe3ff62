"""HTTP as the fetch stage speaks it: looked-at addresses, few redirects, secrets for one host only."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from reprise import __version__
from reprise.adapters.data.errand import Errand
from reprise.adapters.data.guard import GuardedTransport, Inside, Resolve, resolve
from reprise.adapters.data.trouble import Interrupted, missing, unreachable
from reprise.domain.data.addresses import is_allowed

MOST_REDIRECTS = 5
MOST_ATTEMPTS = 5
"""One after the other without any progress."""
ANSWER_BYTES = 8 * 2**20
"""Of an answer that is read whole."""
_REDIRECTS = (301, 302, 303, 307, 308)
_BUSY = (408, 425, 429, 500, 502, 503, 504)
_GONE = (404, 410)
_SHUT = (401, 403)


class Web:
    """For one run. Used as a context."""

    def __init__(self, errand: Errand, resolve: Resolve = resolve) -> None:
        self.errand = errand
        rules = errand.rules
        self._client = httpx.Client(
            transport=GuardedTransport(rules.networks, errand.left, resolve),
            timeout=rules.timeout,
            trust_env=False,
            follow_redirects=False,
            headers={"User-Agent": f"reprise/{__version__}", "Accept-Encoding": "identity"},
        )

    def __enter__(self) -> "Web":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @contextmanager
    def opened(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        secret: Mapping[str, str] | None = None,
        method: str = "GET",
        body: bytes | None = None,
        follow: bool = True,
    ) -> Iterator[httpx.Response]:
        """The answer, its body unread; behind redirects with ``follow``.

        ``secret`` are headers for the host of ``url`` alone. Raises Interrupted for what may work later,
        NotFetched for what will not. A 416 and, without ``follow``, a redirect are answers.
        """
        at = _url(url)
        secret = dict(secret or {})
        if secret and not self._may_tell(at):
            raise missing(f"{shown(url)}: a secret is sent over https only: correct `source`")
        for _ in range(MOST_REDIRECTS + 1):
            request = self._client.build_request(
                method, at, headers={**(headers or {}), **secret}, content=body
            )
            response = self._send(request)
            try:
                if not follow or response.status_code not in _REDIRECTS:
                    _require_good(response, url)
                    yield response
                    return
                onward = _onward(response, url)
                if (onward.scheme, onward.host, onward.port) != (at.scheme, at.host, at.port):
                    secret = {}
                at = onward
            except httpx.TransportError as error:
                raise _interrupted(error, url) from error
            finally:
                response.close()
        raise missing(f"{shown(url)} leads through more than {MOST_REDIRECTS} redirects: correct `source`")

    def ask(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        secret: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Any:
        """A small JSON answer, tried a few times. Raises NotFetched."""
        sent = json.dumps(body).encode() if body is not None else None
        method = "POST" if sent is not None else "GET"

        def once() -> Any:
            with self.opened(url, headers=headers, secret=secret, method=method, body=sent) as response:
                return _json(b"".join(_bounded(response, url)), url)

        return self.patiently(once)

    def head(self, url: str, *, secret: Mapping[str, str] | None = None) -> httpx.Headers:
        """Of the very address, which may redirect. Raises NotFetched."""

        def once() -> httpx.Headers:
            with self.opened(url, secret=secret, method="HEAD", follow=False) as response:
                return response.headers

        found: httpx.Headers = self.patiently(once)
        return found

    def patiently(self, once: Any) -> Any:
        """What ``once`` returns, tried a few times."""
        for attempt in range(1, MOST_ATTEMPTS + 1):
            try:
                return once()
            except Interrupted as trouble:
                if attempt == MOST_ATTEMPTS:
                    raise unreachable(f"{trouble.message}; {attempt} attempts were made") from trouble
                self.errand.pause(attempt, trouble.after)
        raise AssertionError("not reached")

    def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._client.send(request, stream=True)
        except Inside as error:
            raise missing(
                f"{error.host} leads to an address that is not public: nothing is fetched from there "
                "unless the operator allows its network (data.networks of the settings)"
            ) from error
        except httpx.TransportError as error:
            raise _interrupted(error, str(request.url)) from error

    def _may_tell(self, url: httpx.URL) -> bool:
        """Plain text only to machines that the operator named by their very address."""
        return url.scheme == "https" or any(
            is_allowed(url.host, [each]) and url.host.replace(".", "").isdigit()
            for each in self.errand.rules.networks
        )


def shown(url: str) -> str:
    """Without its query, which may be a signature, and without a user."""
    parts = _url(url)
    return f"{parts.scheme}://{parts.netloc.decode().rpartition('@')[2]}{parts.path}"


def _url(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise missing("an address of the data cannot be read: correct `source`") from error


def _onward(response: httpx.Response, url: str) -> httpx.URL:
    try:
        onward = response.url.join(response.headers.get("Location", ""))
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise missing(f"{shown(url)} leads to an address that cannot be read: correct `source`") from error
    if onward.scheme not in ("http", "https") or not onward.host:
        raise missing(f"{shown(url)} leads to {onward.scheme or 'nowhere'}, which is no web address")
    if response.url.scheme == "https" and onward.scheme != "https":
        raise missing(f"{shown(url)} leads from https to http: correct `source`")
    return onward.copy_with(userinfo=b"")


def _require_good(response: httpx.Response, url: str) -> None:
    status = response.status_code
    if status in (200, 206, 416) or status in _REDIRECTS:
        return
    place = shown(url)
    if status in _BUSY:
        raise Interrupted(f"{place} answered {status}", _retry_after(response))
    if status in _GONE:
        raise missing(f"{place} is not there ({status}): correct `source`, or deposit the file again")
    if status in _SHUT:
        raise missing(f"{place} is not open to us ({status}): name a secret that opens it with `auth`")
    raise missing(f"{place} answered {status}: correct `source`")


def _retry_after(response: httpx.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdigit() and len(text) < 6 else 0.0


def _interrupted(error: httpx.TransportError, url: str) -> Interrupted:
    return Interrupted(f"{shown(url)} cannot be reached ({error or type(error).__name__})")


def _bounded(response: httpx.Response, url: str) -> Iterator[bytes]:
    count = 0
    for piece in response.iter_raw():
        count += len(piece)
        if count > ANSWER_BYTES:
            raise missing(f"{shown(url)} answers with more than {ANSWER_BYTES // 2**20} MiB of description")
        yield piece


def _json(data: bytes, url: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise missing(f"{shown(url)} does not answer with JSON: correct `source`") from error
