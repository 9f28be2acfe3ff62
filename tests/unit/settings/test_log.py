"""Logs: what they look like, and that no secret gets into them whatever is logged."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from tests.logs import restored

from reprise import log
from reprise.log import Redactor

CANARY = "c4n4ry-0123456789"
AWKWARD = "a'b\"c\\d é/+="
TOKENS = [
    "ghp_" + "a" * 36,
    "gho_" + "b" * 36,
    "ghu_" + "c" * 36,
    "ghr_" + "d" * 36,
    "ghs_" + "e" * 36,
    "ghs_1234_eyJ0eXAi.eyJpc3Mi.c2ln-_x",
    "github_pat_" + "f" * 82,
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(params=[io.StringIO, Terminal], ids=["json", "terminal"])
def out(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    stream: io.StringIO = request.param()
    with restored():
        log.configure([CANARY, AWKWARD], stream=stream)
        yield stream


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


# --- shape ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("out", [io.StringIO], indirect=True)
def test_a_line_is_one_json_object_with_the_run_bound(out: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(run_id="r1"):
        structlog.get_logger().info("phase", phase="running", count=2, ok=True, none=None)
    [line] = lines(out)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "phase",
        "level": "info",
        "run_id": "r1",
        "phase": "running",
        "count": 2,
        "ok": True,
        "none": None,
    }


@pytest.mark.parametrize("out", [Terminal], indirect=True)
def test_a_terminal_gets_columns(out: io.StringIO) -> None:
    structlog.get_logger().info("phase", phase="running")
    assert "phase" in out.getvalue()
    assert "running" in out.getvalue()
    assert not out.getvalue().startswith("{")


def test_below_the_level_nothing_is_written(out: io.StringIO) -> None:
    structlog.get_logger().debug("detail")
    logging.getLogger("library").info("chatter")
    assert out.getvalue() == ""


@pytest.mark.parametrize("out", [io.StringIO], indirect=True)
def test_libraries_go_the_same_way_from_warnings_up(out: io.StringIO) -> None:
    logging.getLogger("library").warning("slow: %s s", 5)
    [line] = lines(out)
    assert (line["event"], line["level"]) == ("slow: 5 s", "warning")


def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    gone = io.StringIO()
    with restored(), open("/dev/full", "w") as full:
        for stream in (gone, full):
            log.configure(stream=stream)
            gone.close()
            structlog.get_logger().info("phase", phase="running")
        with suppress(OSError):
            full.close()


# --- secrets ----------------------------------------------------------------------------------------


class Holder:
    def __repr__(self) -> str:
        return f"Holder({CANARY})"


@pytest.mark.parametrize(
    "value",
    [
        CANARY,
        f"before{CANARY}after",
        CANARY.encode(),
        {"deep": [{"deeper": (CANARY,)}]},
        {CANARY: 1},
        {CANARY},
        Holder(),
        ValueError(CANARY),
        f"https://x-access-token:{CANARY}@github.com/ada/wine",
        AWKWARD,
        repr(AWKWARD),
        json.dumps(AWKWARD),
        "x%3A" + "a%27b%22c%5Cd%20%C3%A9%2F%2B%3D",
    ],
    ids=repr,
)
def test_a_known_secret_never_gets_out(out: io.StringIO, value: object) -> None:
    structlog.get_logger().info("said", value=value)
    logging.getLogger("library").warning("said %s", value)
    text = out.getvalue()
    assert text.count("[hidden]") >= 2
    for shape in (CANARY, AWKWARD, repr(AWKWARD)[1:-1], json.dumps(AWKWARD)[1:-1], "a%27b%22c"):
        assert shape not in text


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize(
    "around", ["{}", "token {}", "Authorization: Bearer {}", "https://x:{}@github.com/a/b"]
)
def test_what_looks_like_a_token_never_gets_out(out: io.StringIO, token: str, around: str) -> None:
    structlog.get_logger().info("said", value=around.format(token), nested=[{"x": around.format(token)}])
    assert token not in out.getvalue()
    assert token.split("_", 1)[1] not in out.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abc.def",
        "authorization: bearer abc.def",
        "{'Authorization': 'Basic abc.def'}",
        '{"Authorization": "token abc.def"}',
        "postgresql://ada:abc.def@db.example/reprise",
        "https://abc.def@mlflow.example",
    ],
)
def test_credentials_of_any_kind_never_get_out(out: io.StringIO, text: str) -> None:
    structlog.get_logger().info("said", value=text)
    assert "abc.def" not in out.getvalue()


def test_an_exception_is_shown_without_secrets_and_values(out: io.StringIO) -> None:
    local = "hunter2-in-a-local"
    try:
        raise ValueError(f"{CANARY} was refused") from RuntimeError(TOKENS[0])
    except ValueError:
        structlog.get_logger().exception("broke")
        logging.getLogger("library").exception("broke")
    text = out.getvalue()
    assert text.count("ValueError: [hidden] was refused") == 2
    assert text.count("test_an_exception_is_shown_without_secrets_and_values") == 2
    assert CANARY not in text
    assert TOKENS[0] not in text
    assert local not in text


def test_the_bound_context_is_cleaned_too(out: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(url=f"https://{CANARY}@x"):
        structlog.get_logger().info(f"event {CANARY}")
    assert CANARY not in out.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "token expired",
        "https://github.com/ada/wine?x=1@2",
        "mail ada@example.org",
        "basic auth is off",
        "ghp is a prefix",
        "http://127.0.0.1:8400/runs/r1",
    ],
)
def test_ordinary_words_stay(out: io.StringIO, text: str) -> None:
    structlog.get_logger().info("said", value=text)
    assert text in out.getvalue()


@pytest.mark.parametrize("out", [Terminal], indirect=True)
def test_no_logged_value_reaches_the_terminals_controls(out: io.StringIO) -> None:
    structlog.get_logger().warning("tag", ref="v1\x1b[2J\x9b2J\r")
    assert "\x1b[2J" not in out.getvalue()
    assert "\x9b" not in out.getvalue()
    assert "\r" not in out.getvalue()


PRINTABLE = st.characters(min_codepoint=33, max_codepoint=1000, exclude_categories=["C"])


@given(
    secret=st.text(PRINTABLE, min_size=4, max_size=20),
    before=st.text(PRINTABLE, max_size=20),
    after=st.text(PRINTABLE, max_size=20),
)
def test_no_surrounding_text_saves_a_secret(secret: str, before: str, after: str) -> None:
    cleaned = Redactor([secret]).text(f"{before}{secret}{after}")
    assert secret not in cleaned.replace("[hidden]", "\0")


def test_a_secret_that_was_drawn_later_is_hidden_too(out: io.StringIO) -> None:
    log.hide("drawn-a-moment-ago")
    structlog.get_logger().info("started", uri="http://reprise:drawn-a-moment-ago@127.0.0.1:1", path="/x")
    logging.getLogger("urllib3").error("no answer with %s", "drawn-a-moment-ago")
    assert "drawn-a-moment-ago" not in out.getvalue()
    assert "started" in out.getvalue()
