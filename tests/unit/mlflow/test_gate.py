"""Who gets past the gate before MLflow's server, with a small application in the server's place."""

from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.clock import FakeClock

from reprise.adapters.mlflow import gate
from reprise.adapters.mlflow.access import TICKET_SECONDS, Access, everybody_reads
from reprise.adapters.mlflow.gate import Gate, Message, Receive, Scope, Send

SECRET = "correct-horse-battery-staple"
URI = "http://127.0.0.1:5000"
PAGES = "http://127.0.0.1:8400"
HTML = {"Accept": "text/html,*/*"}
SEARCH = "/ajax-api/2.0/mlflow/runs/search"
READS = (
    ("GET", "/"),
    ("GET", "/static-files/main.js"),
    ("GET", "/ajax-api/2.0/mlflow/experiments/get"),
    ("HEAD", "/get-artifact"),
    ("GET", "/api/2.0/mlflow-artifacts/artifacts/1/a/artifacts/log.txt"),
    ("POST", SEARCH),
    ("POST", "/api/2.0/mlflow/experiments/search"),
    ("POST", "/ajax-api/2.0/mlflow/logged-models/search"),
    ("POST", "/ajax-api/3.0/mlflow/traces/search"),
    ("POST", "/graphql"),
)
WRITES = (
    ("POST", "/api/2.0/mlflow/runs/delete"),
    ("POST", "/ajax-api/2.0/mlflow/runs/set-tag"),
    ("POST", "/api/2.0/mlflow/runs/search/../delete"),
    ("POST", "//api/2.0/mlflow/runs/search"),
    ("POST", "/x/api/2.0/mlflow/runs/search"),
    ("POST", f"{SEARCH}\n"),
    ("PUT", "/api/2.0/mlflow-artifacts/artifacts/1/a/artifacts/log.txt"),
    ("DELETE", "/api/2.0/mlflow-artifacts/artifacts/1/a/artifacts/log.txt"),
    ("PATCH", "/ajax-api/2.0/mlflow/model-versions/update"),
    ("POST", "/v1/traces"),
    ("POST", "/ajax-api/3.0/mlflow/assistant/message"),
    ("GET", "/ajax-api/3.0/mlflow/assistant/config"),
    ("GET", "/ajax-api/2.0/mlflow/gateway-proxy"),
    ("GET", "/gateway/mlflow/v1/models"),
    ("GETX", "/"),
)
WRONG = (
    "Bearer wrong",
    "Bearer",
    f"Bearer {SECRET}x",
    f"Basic {SECRET}",
    f"Digest {SECRET}",
    "Basic " + b64encode(f"{SECRET}:".encode()).decode(),
    "Basic " + b64encode(b"reprise:").decode(),
    "Basic ###",
)


class Inside:
    """What stands behind the gate: says yes to everything and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append((str(scope.get("method", scope["type"])), str(scope.get("path", ""))))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"inside"})


class Door:
    def __init__(self, *, everybody: bool = False, pages: str = PAGES) -> None:
        self.inside = Inside()
        self.clock = FakeClock()
        self.now: Callable[[], float] = lambda: self.clock.now().timestamp()
        self.gate = Gate(self.inside, SECRET, lambda: pages, everybody_reads=everybody, now=self.now)
        self.access = Access(URI, SECRET)

    def client(self) -> httpx.AsyncClient:
        transport: Any = httpx.ASGITransport(self.gate)  # type: ignore[arg-type]  # ours is a plain dict
        return httpx.AsyncClient(transport=transport, base_url=URI)

    @asynccontextmanager
    async def signed_in(self) -> AsyncIterator[httpx.AsyncClient]:
        async with self.client() as client:
            reply = await client.get(self.access.sign_in_address(now=self.now))
            assert (reply.status_code, reply.headers["location"]) == (303, "/")
            yield client


@pytest.mark.parametrize("kind", ["bearer", "basic"])
@pytest.mark.parametrize(("method", "path"), READS + WRITES)
async def test_the_secret_opens_everything(method: str, path: str, kind: str) -> None:
    door = Door()
    basic = b64encode(f"reprise:{SECRET}".encode()).decode()
    shown = f"Bearer {SECRET}" if kind == "bearer" else f"Basic {basic}"
    assert await _status(door, method, path, {"authorization": shown}) == 200


@pytest.mark.parametrize(("method", "path"), READS + WRITES)
async def test_without_it_nothing_does(method: str, path: str) -> None:
    door = Door()
    assert await _status(door, method, path, {}) == 401
    assert door.inside.asked == []


@pytest.mark.parametrize("everybody", [False, True])
@pytest.mark.parametrize("shown", WRONG)
async def test_a_wrong_one_does_not_and_is_told_so(shown: str, everybody: bool) -> None:
    door = Door(everybody=everybody)
    async with door.client() as client:
        reply = await client.post(SEARCH, headers={"Authorization": shown})
    assert (reply.status_code, reply.json()["error_code"]) == (401, "UNAUTHENTICATED")
    assert "not the secret of this start" in reply.json()["message"]
    assert reply.headers["www-authenticate"] == "Bearer"  # no dialog of the browser's
    assert door.inside.asked == []


async def test_a_signed_in_person_reads_and_changes_nothing() -> None:
    door = Door()
    async with door.signed_in() as client:
        cookies = {"cookie": f"reprise_mlflow_5000={client.cookies['reprise_mlflow_5000']}"}
        for method, path in READS:
            assert await _status(door, method, path, cookies) == 200
        read = len(door.inside.asked)
        for method, path in WRITES:
            assert await _status(door, method, path, cookies) == 403
        refused = await client.post("/ajax-api/2.0/mlflow/runs/delete")
    assert refused.json()["message"] == (
        "only Reprise changes these records: writing needs the secret in mlflow/server.token of its state "
        "folder, as Authorization: Bearer …"
    )
    assert len(door.inside.asked) == read == len(READS)


async def test_everybody_reads_and_nobody_writes_where_the_operator_wants_that() -> None:
    door = Door(everybody=True)
    for method, path in READS:
        assert await _status(door, method, path, {}) == 200
    for method, path in WRITES:
        assert await _status(door, method, path, {}) == 403
    assert len(door.inside.asked) == len(READS)


@given(st.text(), st.sampled_from(["POST", "PUT", "PATCH", "DELETE", "post", "Get", "TRACE"]))
async def test_no_path_makes_a_write_a_read(path: str, method: str) -> None:
    door = Door(everybody=True)
    assert await _status(door, method, f"/{path}", {}) == 403


async def test_a_ticket_signs_in_once_and_for_a_minute() -> None:
    door = Door()
    address = door.access.sign_in_address(now=door.now)
    late = door.access.sign_in_address(now=door.now)
    async with door.client() as one, door.client() as other:
        assert (await one.get(address)).status_code == 303
        assert (await one.get(address)).headers["location"] == "/"  # signed in already
        again = await other.get(address)
        door.clock.advance(TICKET_SECONDS)
        assert (await other.get(late)).status_code == 401
    assert again.status_code == 401
    assert f'<a href="{PAGES}/mlflow">' in again.text
    assert "set-cookie" not in again.headers
    assert door.inside.asked == []


@pytest.mark.parametrize(
    "ticket",
    ["", ".", "..", "a.b.c", "1.9999999999.x", f"1.{'9' * 5000}.x", "%00", "\u0661.\u0661.x"],
    ids=lambda ticket: ticket[:12],
)
async def test_an_invented_ticket_opens_nothing(ticket: str) -> None:
    async with Door().client() as client:
        assert (await client.get(gate.SIGN_IN, params={"ticket": ticket})).status_code == 401


async def test_a_ticket_of_another_start_opens_nothing() -> None:
    door = Door()
    async with door.client() as client:
        other = Access(URI, "another").sign_in_address(now=door.now)
        assert (await client.get(other)).status_code == 401


async def test_a_session_ends() -> None:
    door = Door()
    async with door.signed_in() as client:
        cookie = {"cookie": f"reprise_mlflow_5000={client.cookies['reprise_mlflow_5000']}"}
    assert await _status(door, "GET", "/", cookie) == 200
    door.clock.advance(gate.SESSION_SECONDS)
    assert await _status(door, "GET", "/", cookie) == 401


@pytest.mark.parametrize("site", ["same-site", "cross-site"])
async def test_pages_of_another_port_do_not_read_with_the_session(site: str) -> None:
    door = Door()
    async with door.signed_in() as client:
        reading = await client.post(SEARCH, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "cors"})
        following = await client.get("/", headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"})
        own = await client.post(SEARCH, headers={"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"})
    assert [reading.status_code, following.status_code, own.status_code] == [401, 200, 200]


async def test_a_person_who_is_not_signed_in_is_sent_to_where_that_is_done() -> None:
    async with Door().client() as client:
        reply = await client.get("/", headers=HTML)
    assert (reply.status_code, reply.headers["location"]) == (303, f"{PAGES}/mlflow")
    async with Door(pages="").client() as client:
        reply = await client.get("/", headers=HTML)
    assert (reply.status_code, "Sign in at Reprise first." in reply.text) == (401, True)


async def test_health_is_told_to_everybody_with_a_proof_that_is_not_the_secret() -> None:
    door = Door()
    async with door.client() as client:
        plain = await client.get("/health")
        asked = await client.get("/health", headers={gate.CHALLENGE: "a question"})
        other = await client.get("/health", headers={gate.CHALLENGE: "another"})
        long = await client.get("/health", headers={gate.CHALLENGE: "x" * 5000})
    assert [reply.status_code for reply in (plain, asked, other, long)] == [200] * 4
    assert asked.headers[gate.PROOF] == gate.proof(SECRET, "a question") != other.headers[gate.PROOF]
    assert gate.PROOF not in plain.headers
    assert gate.PROOF not in long.headers
    assert SECRET not in str(asked.headers)


async def test_a_browsers_question_beforehand_is_passed_on_and_a_websocket_is_not() -> None:
    door = Door()
    assert await _status(door, "OPTIONS", "/api/2.0/mlflow/runs/delete", {}) == 200
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    await door.gate({"type": "websocket", "path": "/", "headers": []}, receive, send)
    await door.gate({"type": "lifespan"}, receive, send)
    assert sent[0] == {"type": "websocket.close", "code": 1008}
    assert [kind for kind, _ in door.inside.asked] == ["OPTIONS", "lifespan"]


@pytest.mark.parametrize(
    ("url", "everybody"),
    [
        (None, False),
        ("http://127.0.0.1:5000", False),
        ("http://127.8.8.8", False),
        ("http://[::1]:5000", False),
        ("http://localhost:5000/", False),
        ("https://mlflow.example", True),
        ("http://192.0.2.7:5000", True),
    ],
)
def test_an_address_of_another_machine_means_that_everybody_reads(url: str | None, everybody: bool) -> None:
    assert everybody_reads(url) is everybody


def test_the_secret_is_not_shown_by_accident() -> None:
    assert SECRET not in repr(Access(URI, SECRET))
    assert Access(URI, SECRET).with_secret == f"http://reprise:{SECRET}@127.0.0.1:5000"


async def _status(door: Door, method: str, path: str, headers: dict[str, str]) -> int:
    """Straight to the application: a client would tidy the path up."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope: Scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        "server": ("127.0.0.1", 5000),
    }
    await door.gate(scope, receive, send)
    status: int = sent[0]["status"]
    return status
