"""Whoever counts service units: a small HTTP service that Blazar's own ExternalServiceFilter asks.

It answers as the sites' portal does (204, or 403 with a message), keeps a charge for each lease, and can be
down. ``portal.json`` among the knobs changes what it grants; it is read at every request.
"""

import json
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.openstack.charging import Book, Denied
from tests.openstack.place import PASSWORD, PEOPLE, PORTS, Place
from tests.openstack.rules import rules_of


class Portal(AbstractContextManager["Portal"]):
    """``GET /charges`` tells what it has counted and ``DELETE`` forgets it; that is for tests only."""

    def __init__(self, place: Place) -> None:
        self._book = Book(lambda identifier: names(place).get(identifier, identifier))
        self._server = ThreadingHTTPServer((place.host, PORTS["portal"]), self._handler(place))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="portal")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self, place: Place) -> type[BaseHTTPRequestHandler]:
        book = self._book

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self, 200, {"charges": book.shown(now())})

            def do_DELETE(self) -> None:
                book.forget()
                answer(self, 204, None)

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                rules = rules_of(place)
                if rules.silent:
                    self.close_connection = True
                elif rules.down:
                    answer(self, 503, {"message": "the portal is being repaired"})
                elif self.headers["X-Auth-Token"] != PASSWORD:
                    answer(self, 401, {"message": "who asks?"})
                else:
                    self._decide(asked, rules)

            def _decide(self, asked: Mapping[str, Any], rules: Any) -> None:
                try:
                    match self.path.strip("/"):
                        case "check-create":
                            book.create(asked, rules)
                        case "check-update":
                            book.update(asked, rules, now())
                        case "on-end":
                            book.end(asked, now())
                        case _:
                            return answer(self, 404, {"message": f"no such check: {self.path}"})
                except Denied as refusal:
                    return answer(self, 403, {"message": str(refusal)})
                return answer(self, 204, None)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


def answer(handler: BaseHTTPRequestHandler, status: int, body: Mapping[str, Any] | None) -> None:
    content = b"" if body is None else json.dumps(body).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def names(place: Place) -> Mapping[str, str]:
    """Of projects and people, by id."""
    people: dict[str, Any] = json.loads((place.state / PEOPLE).read_text())
    return {
        **{one["project_id"]: one["project"] for one in people.values()},
        **{one["user_id"]: one["name"] for one in people.values()},
    }


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
