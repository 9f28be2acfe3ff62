"""Sends signed deliveries over connections that stay open, as fast as they are answered; its own process.

    python -m bench.load URL SECONDS CONNECTIONS PREFIX EVENT BODY-FILE    (the secret is in BENCH_SECRET)

Every delivery has an id of its own (PREFIX and a number). Prints one JSON object; bytes are made before the
clock starts, so that this process needs little of the machine.
"""

import asyncio
import hashlib
import hmac
import json
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

PATIENCE_SECONDS = 30.0
"""For the answers that are still out when the time is over."""


@dataclass
class Tally:
    """What all connections saw."""

    head: bytes
    """Of the request, up to the delivery's id."""
    tail: bytes
    prefix: str
    ends_at: float
    numbers: "count[int]" = field(default_factory=count)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def request(self) -> bytes:
        return b"%s%s-%d\r\n%s" % (self.head, self.prefix.encode(), next(self.numbers), self.tail)


class Client(asyncio.Protocol):
    """One connection: the next request goes out when the answer before it is complete."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._answer = b""
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._tally.seconds.append(time.perf_counter() - self._sent_at)
        self._tally.statuses[int(head[9:12])] += 1
        self._answer = b""
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self._tally.statuses[0] += 1  # ended while an answer was owed
            self.done.set_result(None)

    def _send(self) -> None:
        if time.perf_counter() >= self._tally.ends_at:
            self.done.set_result(None)
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(self._tally.request())


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


async def send(url: str, seconds: float, connections: int, tally: Tally) -> float:
    """Seconds that it really took."""
    address = urlsplit(url)
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    tally.ends_at = began + seconds
    clients = []
    for _ in range(connections):
        _, client = await loop.create_connection(
            lambda: Client(tally), address.hostname or "", address.port or 80
        )
        clients.append(client)
    await asyncio.wait_for(asyncio.gather(*(client.done for client in clients)), seconds + PATIENCE_SECONDS)
    return time.perf_counter() - began


def main(url: str, seconds: float, connections: int, prefix: str, event: str, body: bytes) -> None:
    address = urlsplit(url)
    signature = hmac.new(os.environ["BENCH_SECRET"].encode(), body, hashlib.sha256).hexdigest()
    head = (
        f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nUser-Agent: GitHub-Hookshot/bench\r\n"
        f"Content-Type: application/json\r\nX-GitHub-Event: {event}\r\n"
        f"X-Hub-Signature-256: sha256={signature}\r\nContent-Length: {len(body)}\r\nX-GitHub-Delivery: "
    )
    tally = Tally(head.encode(), b"\r\n" + body, prefix, 0.0)
    used = time.process_time()
    took = asyncio.run(send(url, seconds, connections, tally))
    print(
        json.dumps(
            {
                "sent": next(tally.numbers),
                "took": took,
                "cpu": time.process_time() - used,
                "statuses": tally.statuses,
                "seconds": [round(value, 5) for value in tally.seconds],
            }
        )
    )


if __name__ == "__main__":
    url, seconds, connections, prefix, event, file = sys.argv[1:]
    main(url, float(seconds), int(connections), prefix, event, Path(file).read_bytes())
