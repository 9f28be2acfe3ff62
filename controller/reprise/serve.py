"""``reprise serve``: the web server and the engine in one process, until SIGINT or SIGTERM."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import structlog
import uvicorn

from reprise.adapters.github.onboarding import Onboarding
from reprise.adapters.github.registration import Registration
from reprise.bootstrap import Controller, claim, controller, has_app
from reprise.domain.errors import UserError
from reprise.domain.loopback import is_loopback
from reprise.log import configure
from reprise.memory import share_arenas
from reprise.settings import Http, Settings
from reprise.sign_in import Key, forget_key, key_of_start, sign_in_address, url_of
from reprise.web.app import create_app
from reprise.web.context import Context
from reprise.web.setup import PATH as SETUP
from reprise.web.writer import DeliveryWriter

log = structlog.get_logger()

_CANNOT = 64
"""As every command ends that raises UserError."""


def run_controller(settings: Settings, *, backfill: bool = False) -> NoReturn:
    """Ends the process: with code 0 when a signal ends it, with 64 when it cannot work here.

    Raises UserError when something is not set, another controller works in the state folder, or the
    address is taken: in this order, because a second controller here would need more than another port.
    """
    share_arenas()
    check(settings)
    configure(settings.secrets())
    signal.signal(signal.SIGTERM, _interrupt)
    lock = claim(settings)
    listening = _listen(settings.http.host, settings.http.port)
    url = url_of(*listening.getsockname()[:2])
    made = controller(settings, backfill=backfill, lock=lock, url=url)
    refused: UserError | None = None
    try:
        with suppress(KeyboardInterrupt):
            made.start()
            with _key(settings) as key:
                _say_where(settings, made, url, key)
                if (readable := unprotected(settings.http)) is not None:
                    log.warning("served without TLS", why=readable)
                web_of(settings, made, key).run(sockets=[listening])
    except UserError as error:
        refused = error
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # the end is bounded, and half an end leaves processes
        log.info("stopping")
        made.stop()
        listening.close()
        log.info("stopped")
    if refused is not None:
        print(f"reprise: {refused}", file=sys.stderr)
    _leave(0 if refused is None else _CANNOT)


def check(settings: Settings) -> None:
    """Raises UserError with everything that `serve` still needs to be told.

    An App brings what it watches and, when /setup made it, its secret; with nothing at all /setup makes one.
    """
    github = settings.github
    app = has_app(settings)
    missing = []
    if not settings.watch and github.token is not None and not app:
        missing.append("REPRISE_WATCH is not set: name the repositories to watch, as owner/repo")
    connects = github.token is not None or github.app_id is not None
    if github.webhook_secret is None and connects and not github.polls:
        missing.append(
            "REPRISE_GITHUB__WEBHOOK_SECRET is not set: deliveries could not be verified "
            "(where no webhook can reach this machine, set REPRISE_GITHUB__INTAKE=polling)"
        )
    if missing:
        raise UserError("\n".join(missing))


def unprotected(http: Http) -> str | None:
    """Why tokens and pages could be read on their way, and what to do; None when they cannot."""
    if is_loopback(http.host) or urlsplit(http.public_url or "").scheme == "https":
        return None
    return (
        f"{http.host} is not loopback and http.public_url is no https address, so tokens and pages cross the "
        "network readable: put a proxy with TLS in front and set REPRISE_HTTP__PUBLIC_URL to its https://… "
        "address, or set REPRISE_HTTP__HOST=127.0.0.1"
    )


@contextmanager
def _key(settings: Settings) -> Iterator[Key]:
    """Enter it once the state folder is ours: the file of another controller there must stay."""
    operator = settings.http.operator_token
    try:
        if operator is not None:
            forget_key(settings.state_dir)
            yield Key(operator.get_secret_value(), anywhere=True)
        else:
            key = _new_key(settings.state_dir)
            configure((*settings.secrets(), key.token))
            yield key
    finally:
        forget_key(settings.state_dir)


def _new_key(state: Path) -> Key:
    try:
        return key_of_start(state)
    except OSError as error:
        raise UserError(
            f"the state folder {state} cannot be written ({error.strerror}): "
            "free some space or correct its permissions, then start again"
        ) from None


def _say_where(settings: Settings, made: Controller, url: str, key: Key) -> None:
    """The address that signs in is for a person at a terminal, not for a log that somebody keeps."""
    log.info("serving", url=url, watching=list(settings.watched.entries), intake=settings.intake)
    connected = made.forge.is_app or settings.github.token is not None
    if made.forge.is_app and settings.github.token is not None:
        log.warning("token not used", why="there is a GitHub App, which counts before REPRISE_GITHUB__TOKEN")
    if not connected:
        log.warning("not connected to GitHub", why=f"open {url}{SETUP}: it makes a GitHub App with one click")
    if sys.stdout.isatty() and not key.anywhere:
        what, to = ("sign in", "/") if connected else ("connect to GitHub", SETUP)
        print(f"\nTo {what}, open once: {sign_in_address(url, key, to=to)}\n", flush=True)


def _leave(code: int) -> NoReturn:
    """Python would first wait for threads that wait for an answer, or for room on a full disk."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _interrupt(*_: object) -> None:
    """SIGTERM ends like Ctrl-C: uvicorn raises it again, and the default would skip our clean end."""
    raise KeyboardInterrupt


def web_of(settings: Settings, made: Controller, key: Key) -> uvicorn.Server:
    servers: list[uvicorn.Server] = []
    context = web_context(settings, made, key, lambda: any(server.should_exit for server in servers))
    servers.append(web_server(create_app(context)))
    return servers[0]


def web_context(
    settings: Settings, made: Controller, key: Key, stopping: Callable[[], bool] = lambda: False
) -> Context:
    secret = settings.github.webhook_secret
    return Context(
        onboarding=_onboarding(settings, made, key),
        world=made.world,
        writer=DeliveryWriter(made.world.store, made.leader.nudge),
        webhook_secret=secret.get_secret_value().encode() if secret is not None else b"",
        key=key,
        watched=settings.watched,
        intake=settings.intake,
        polls=settings.github.polls,
        tracking_url=settings.tracking.public_url or _page_of(settings.tracking.uri),
        tracking_page=made.tracking.page if made.tracking is not None else None,
        look=made.leader.look,
        lacks=made.lacks,
        sweeps=made.leader.sweeps,
        stopping=stopping,
    )


def _onboarding(settings: Settings, made: Controller, key: Key) -> Onboarding:
    def hide(app: Registration) -> None:
        configure((*settings.secrets(), key.token, app.private_key, app.webhook_secret))

    return Onboarding(
        settings.state_dir,
        settings.github.api_url,
        made.forge,
        timeout=settings.github.timeout,
        configured=settings.github.app_id is not None,
        learnt=hide,
    )


def web_server(app: Callable[..., Any]) -> uvicorn.Server:
    """For an application that `create_app` made."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=3,
        server_header=False,
    )
    return uvicorn.Server(config)


def _page_of(tracking_uri: str | None) -> str | None:
    """To link to: not a file, nor the password of an address."""
    parts = urlsplit(tracking_uri or "")
    return tracking_uri if parts.scheme in ("http", "https") and "@" not in parts.netloc else None


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
        # Accepted connections inherit it; asyncio sets it only on sockets that it opened itself.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise UserError(
            f"cannot listen on {host} port {port} ({why}): set REPRISE_HTTP__PORT to a free one"
        ) from None
