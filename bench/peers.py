"""What the webhook is compared with, served as ``reprise serve`` serves it, in a process of its own.

    python -m bench.peers PORT

``POST /webhooks/github`` is the same application with a store that does nothing. ``POST /signature`` checks
the signature and answers, nothing more. ``POST /nothing`` reads and answers: the limit of whoever sends.
"""

import asyncio
import os
import secrets
import socket
import sys
from dataclasses import dataclass
from typing import cast

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from reprise import log
from reprise.adapters.github.webhook import verify_signature
from reprise.bootstrap import controller
from reprise.serve import web_server
from reprise.settings import load_settings
from reprise.sign_in import Key
from reprise.store.intake import Delivery
from reprise.web.app import create_app
from reprise.web.context import Context
from reprise.web.writer import DeliveryWriter

ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"


class Nowhere(DeliveryWriter):
    """Stores nothing and says that it did."""

    def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def record(self, delivery: Delivery) -> bool:
        return True


@dataclass
class Trivial(asyncio.Protocol):
    """Counts bytes up to the announced length and answers."""

    missing: int = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.missing == 0:
            head, _, body = data.partition(b"\r\n\r\n")
            announced = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
            self.missing, data = int(announced), body
        self.missing -= len(data)
        if self.missing == 0:
            self._transport.write(ANSWER)


def application(secret: bytes) -> FastAPI:
    settings = load_settings()
    log.configure(settings.secrets())
    made = controller(settings)
    context = Context(
        world=made.world,
        writer=Nowhere(made.world.store, lambda: None),
        webhook_secret=secret,
        key=Key(secrets.token_hex(20), anywhere=False),
        watched=made.watched,
        tracking_url=None,
    )
    app = create_app(context)

    @app.post("/signature", status_code=202)
    async def signature(request: Request) -> JSONResponse:
        body = await request.body()
        if not verify_signature(secret, body, request.headers["x-hub-signature-256"].encode()):
            return JSONResponse({"message": "the signature does not fit"}, 401)
        return JSONResponse({"message": "fits"}, 202)

    return app


def main(port: int) -> None:
    server = web_server(application(os.environ["REPRISE_GITHUB__WEBHOOK_SECRET"].encode()))
    listening = socket.create_server(("127.0.0.1", port))
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    asyncio.run(_both(server, listening, int(os.environ["BENCH_TRIVIAL_PORT"])))


async def _both(server: "uvicorn.Server", listening: socket.socket, port: int) -> None:
    await asyncio.get_running_loop().create_server(Trivial, "127.0.0.1", port)
    await server.serve(sockets=[listening])


if __name__ == "__main__":
    main(int(sys.argv[1]))
