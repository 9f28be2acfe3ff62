"""``reprise serve``: the web server and the engine in one process, until SIGINT or SIGTERM."""

import os
import signal
import socket
import sys
from contextlib import suppress
from typing import NoReturn

import structlog
import uvicorn

from reprise import log
from reprise.bootstrap import Controller, controller
from reprise.domain.errors import UserError
from reprise.settings import Settings
from reprise.web.app import create_app
from reprise.web.context import Context
from reprise.web.writer import DeliveryWriter


def run_controller(settings: Settings, *, backfill: bool = False) -> NoReturn:
    """Ends the process with code 0 when a signal ends it.

    Raises UserError when the address is taken or another controller works here.
    """
    check(settings)
    log.configure(settings.secrets())
    signal.signal(signal.SIGTERM, _interrupt)
    listening = _listen(settings.http.host, settings.http.port)
    made = controller(settings, backfill=backfill)
    try:
        with suppress(KeyboardInterrupt):
            made.start()
            host, port = listening.getsockname()[:2]
            structlog.get_logger().info("serving", url=f"http://{host}:{port}", watching=list(settings.watch))
            _server(settings, made).run(sockets=[listening])
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # the end is bounded, and half an end leaves processes
        made.stop()
        listening.close()
    _leave()


def check(settings: Settings) -> None:
    """Raises UserError with everything that `serve` still needs to be told."""
    missing = []
    if not settings.watch:
        missing.append("REPRISE_WATCH is not set: name the repositories to watch, as owner/repo")
    if settings.github.webhook_secret is None:
        missing.append("REPRISE_GITHUB__WEBHOOK_SECRET is not set: deliveries could not be verified")
    if missing:
        raise UserError("\n".join(missing))


def _leave() -> NoReturn:
    """Python would first wait for threads that wait for an answer: up to a minute for nothing."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _interrupt(*_: object) -> None:
    """SIGTERM ends like Ctrl-C: uvicorn raises it again, and the default would skip our clean end."""
    raise KeyboardInterrupt


def _server(settings: Settings, made: Controller) -> uvicorn.Server:
    secret = settings.github.webhook_secret
    operator = settings.http.operator_token
    context = Context(
        world=made.world,
        writer=DeliveryWriter(made.world.store, made.leader.nudge),
        webhook_secret=secret.get_secret_value().encode() if secret is not None else b"",
        watched=settings.watched,
        tracking_url=settings.tracking.public_url or settings.tracking.uri,
        lacks=made.lacks,
        sweeps=made.leader.sweeps,
        operator_token=operator.get_secret_value() if operator is not None else None,
    )
    config = uvicorn.Config(
        create_app(context),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=3,
        server_header=False,
    )
    return uvicorn.Server(config)


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
