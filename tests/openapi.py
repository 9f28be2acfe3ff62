"""GitHub's own OpenAPI description as judge of both sides of the conversation.

The adapter's tests ask it about every request that leaves, the forge's tests about every exchange
that it answers. The description lacks three of GitHub's rules (`check_rules`), lets unknown keys of a
request pass and does not know errors that every call can give; that is filled in here.

- `check_exchange`: one exchange, AssertionError with everything that is wrong.
- `Recorder`: wraps an ASGI app and checks whatever passes.
- `check_calls`: the calls that the `responses` library saw.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

DESCRIPTION = Path(__file__).parent / "samples" / "github" / "openapi.json"
HOST = "https://api.github.com"
JSON = "application/json"
WITH_SLASHES = ("ref",)
"""Path parameters in which GitHub takes slashes as they are; OpenAPI cannot say that."""
METHODS = ("get", "put", "post", "patch", "delete")
Headers = Mapping[str, str]


def check_exchange(
    method: str,
    url: str,
    request_headers: Headers,
    request_body: bytes | None,
    status: int,
    response_headers: Headers,
    response_body: bytes | None,
    *,
    base: str = "",
) -> None:
    """``url`` is whole or a path with query; ``base`` a prefix such as ``/api/v3`` before GitHub's paths.

    A request that was answered with 400 or 422 may be wrong: that is what those are for. A wrong one
    that was accepted fails, and so does a reply that GitHub would not give.
    """
    problems = []
    if status not in (400, 422):
        problems += request_problems(method, url, request_headers, request_body, base=base)
    problems += response_problems(method, url, status, response_headers, response_body, base=base)
    fail(method, url, problems)


def check_request(method: str, url: str, headers: Headers, body: bytes | None, *, base: str = "") -> None:
    fail(method, url, request_problems(method, url, headers, body, base=base))


def check_calls(calls: Iterable[Any], *, base: str = "") -> int:
    """Every request of a ``responses.CallList``, however it was answered; returns how many."""
    requests = [call.request for call in calls]
    for sent in requests:
        body = sent.body.encode() if isinstance(sent.body, str) else sent.body
        check_request(sent.method, sent.url, sent.headers, body, base=base)
    return len(requests)


def fail(method: str, url: str, problems: list[str]) -> None:
    if problems:
        raise AssertionError(f"{method} {url}\n" + "\n".join(f"  - {problem}" for problem in problems))


# --- one direction each ---------------------------------------------------------------------------


def request_problems(
    method: str, url: str, headers: Headers, body: bytes | None, *, base: str = ""
) -> list[str]:
    template, request = matched(method, url, headers, body, base)
    if template is None:
        return ["request: GitHub has no such call"]
    problems = [
        f"request: {text}" for error in strict().iter_request_errors(request) for text in texts(error)
    ]
    problems += [f"request: {text}" for text in unknown_query(template, method, request)]
    return problems + [f"request: {text}" for text in check_rules(template, method, body)]


def response_problems(
    method: str, url: str, status: int, headers: Headers, body: bytes | None, *, base: str = ""
) -> list[str]:
    template, request = matched(method, url, {}, None, base)
    if template is None:
        return ["response: GitHub has no such call"]
    if status == 304 and method == "GET":  # to If-None-Match, wherever GitHub gives an ETag
        return ["response: a 304 has no body"] if body else []
    if status in (301, 307):  # of a renamed repository, to every call
        where = {name.lower() for name in headers} & {"location"}
        return [] if where else [f"response: a {status} without Location"]
    if str(status) not in description()["paths"][template][method.lower()]["responses"]:
        return [f"response: {text}" for text in undescribed(status, body)]
    kind = {name.lower(): value for name, value in headers.items()}.get("content-type", "")
    response = MockResponse(body or b"", status, dict(headers), kind)
    found = lenient().iter_response_errors(request, response)
    return [f"response {status}: {text}" for error in found for text in texts(error)]


def undescribed(status: int, body: bytes | None) -> list[str]:
    """Any call may fail; then GitHub sends an object with a message."""
    if status < 400:
        return [f"{status} is not among GitHub's replies to this call"]
    try:
        reply = json.loads(body or b"")
    except ValueError:
        return [f"the body of a {status} is not JSON: {body!r:.80}"]
    if not isinstance(reply, dict) or not isinstance(reply.get("message"), str):
        return [f"the body of a {status} is not an object with a message: {body!r:.80}"]
    return []


def texts(error: Any) -> list[str]:
    """openapi-core hides the useful part two causes deep."""
    inner = getattr(error.__cause__, "schema_errors", None)
    if not inner:
        return [f"{error} {error.__cause__ or ''}".strip()[:400]]
    return [f"{each.json_path}: {shortened(each)}" for each in inner]


def shortened(error: Any) -> str:
    """jsonschema begins with the whole instance, which hides what is wrong with it."""
    whole = repr(error.instance)
    return str(error.message if len(whole) < 80 else error.message.replace(whole, "this", 1))[:300]


# --- what the description leaves out --------------------------------------------------------------


def check_rules(template: str, method: str, body: bytes | None) -> list[str]:
    """Three limits that GitHub enforces and its description does not carry."""
    sent = parsed(body)
    problems = []
    if "/statuses/" in template and len(str(sent.get("description") or "")) > 140:
        problems.append("$.description: longer than 140 characters")
    if "/comments" in template and len(str(sent.get("body") or "")) > 65_536:
        problems.append("$.body: longer than 65,536 characters")
    if "/check-runs" in template and sent.get("status") == "completed" and not sent.get("conclusion"):
        problems.append("$.conclusion: required when status is completed")
    return problems


def parsed(body: bytes | None) -> dict[str, Any]:
    try:
        sent = json.loads(body or b"{}")
    except ValueError:
        return {}
    return sent if isinstance(sent, dict) else {}


def unknown_query(template: str, method: str, request: Any) -> list[str]:
    """OpenAPI lets unknown query parameters pass; a typo in one would go unseen."""
    item = description()["paths"][template]
    declared = [resolved(each) for each in item[method.lower()].get("parameters", [])]
    known = {each["name"] for each in declared if each["in"] == "query"}
    return [f"unknown query parameter {name!r}" for name in request.parameters.query if name not in known]


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    _, _, kind, name = node["$ref"].split("/")
    component: dict[str, Any] = description()["components"][kind][name]
    return component


# --- finding the call -----------------------------------------------------------------------------


def matched(method: str, url: str, headers: Headers, body: bytes | None, base: str) -> tuple[str | None, Any]:
    parts = urlsplit(url)
    path = parts.path.removeprefix(base.rstrip("/"))
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    for template, pattern in patterns():
        if (found := pattern.fullmatch(path)) and method.lower() in description()["paths"][template]:
            values = {name: quote(unquote(value), safe="") for name, value in found.groupdict().items()}
            encoded = template.format_map(values)
            kind = JSON if body else ""
            return template, MockRequest(
                HOST, method, encoded, args=query, headers=dict(headers), data=body, content_type=kind
            )
    return None, None


@cache
def patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Templates with their regular expressions, those with more fixed parts first."""
    templates = sorted(description()["paths"], key=lambda path: (path.count("{"), -len(path)))
    return tuple((template, re.compile(as_regex(template))) for template in templates)


def as_regex(template: str) -> str:
    def group(match: re.Match[str]) -> str:
        return f"(?P<{match[1]}>{'.+' if match[1] in WITH_SLASHES else '[^/]+'})"

    return re.sub(r"\{(\w+)\}", group, template.replace(".", r"\."))


# --- the description ------------------------------------------------------------------------------


@cache
def description() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
    let_account_be_a_user(loaded)
    let_head_be_deleted(loaded)
    let_null_in(loaded)
    return loaded


def let_account_be_a_user(whole: dict[str, Any]) -> None:
    """The list of installations says that an account is user and enterprise at once; its items elsewhere
    say either."""
    listed = whole["paths"]["/app/installations"]["get"]["responses"]["200"]["content"][JSON]["schema"]
    account = listed["items"]["properties"]["account"]
    account["anyOf"] = account.pop("allOf")


def let_head_be_deleted(whole: dict[str, Any]) -> None:
    """GitHub says null for a fork that is gone, in replies too; only the description of payloads knows."""
    for name in ("pull-request", "pull-request-simple"):
        sides = whole["components"]["schemas"][name]["properties"]["head"]["properties"]
        sides["repo"] = {"anyOf": [sides["repo"]], "nullable": True}


def let_null_in(node: Any) -> None:
    """Where GitHub writes ``nullable`` beside alternatives or an enum, it means that null is one of them."""
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        let_null_in(inner)
    if not isinstance(node, dict) or node.get("nullable") is not True:
        return
    for alternatives in (node[key] for key in ("oneOf", "anyOf") if key in node):
        alternatives.append({"nullable": True, "enum": [None]})
    if "enum" in node and None not in node["enum"]:
        node["enum"].append(None)


@cache
def lenient() -> Any:
    return OpenAPI.from_dict(description(), config=Config(spec_validator_cls=None))


@cache
def strict() -> Any:
    """A copy in which request bodies may hold no keys but the described ones."""
    copy = json.loads(json.dumps(description()))
    for item in copy["paths"].values():
        for operation in (item[method] for method in METHODS if method in item):
            for media in operation.get("requestBody", {}).get("content", {}).values():
                close(media["schema"])
    return OpenAPI.from_dict(copy, config=Config(spec_validator_cls=None))


def close(schema: dict[str, Any]) -> None:
    if "properties" not in schema:
        return
    schema["additionalProperties"] = False
    for inner in schema["properties"].values():
        close(inner)


# --- recording ------------------------------------------------------------------------------------

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass
class Recorder:
    """ASGI middleware: passes everything through, checks what lies under ``base``.

    ``Recorder(app, base="/api/v3")`` is served in place of ``app``; a test ends with
    `assert_clean`, which also says that something was checked at all.
    """

    app: App
    base: str = ""
    checked: int = 0
    problems: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self.base):
            await self.app(scope, receive, send)
            return
        request, response = bytearray(), bytearray()
        start: Message = {}
        read = False

        async def receiving() -> Message:
            nonlocal read
            read = True
            message = await receive()
            request.extend(message.get("body", b""))
            return message

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            response.extend(message.get("body", b""))
            await send(message)

        await self.app(scope, receiving, sending)
        self.check(scope, bytes(request) if read else None, start, bytes(response))

    def check(self, scope: Scope, request: bytes | None, start: Message, response: bytes) -> None:
        """``request``: None when it was refused before its body was read."""
        path = scope.get("raw_path") or quote(scope["path"]).encode()
        url = path.decode() + ("?" + scope["query_string"].decode() if scope["query_string"] else "")
        headers = decoded(start.get("headers", []))
        self.checked += 1
        status, method = start.get("status", 500), scope["method"]
        try:
            if request is None and method != "GET" and status >= 400:
                fail(method, url, response_problems(method, url, status, headers, response, base=self.base))
                return
            sent = decoded(scope["headers"])
            check_exchange(
                method, url, sent, request or None, status, headers, response or None, base=self.base
            )
        except AssertionError as error:
            self.problems.append(str(error))

    def assert_clean(self) -> None:
        assert self.checked, "no call passed through the recorder"
        assert not self.problems, "\n".join(self.problems)


def decoded(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
