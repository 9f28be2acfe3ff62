"""Logs: one line per event, constant names, values as keys, the run id bound, secrets taken out."""

import json
import logging
import re
import sys
from collections import deque
from collections.abc import Iterable, MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast
from urllib.parse import quote

import structlog

from reprise.masking import HIDDEN, SHAPES

_SHORTEST = 4
"""Hiding shorter values would make logs unreadable, and they are no secrets."""
_AUTHORIZATION = re.compile(r"""(authorization['"]?\s*[:=]\s*['"]?)(?:\w+\s+)?[^\s'",}]+""", re.IGNORECASE)
_TOKEN = re.compile(SHAPES + r"|(?<=Bearer )\S+|(?<=Basic )\S+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""A stranger's tag or file name must not move the operator's cursor."""


_drawn: deque[str] = deque(maxlen=64)
"""Secrets that this process drew itself, the newest of them."""


class Redactor:
    """A structlog processor that hides known secret values and anything shaped like a token."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= _SHORTEST for form in _forms(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if forms else None
        hidden = [self._known.pattern] if self._known else []
        hidden += [_TOKEN.pattern, "(?i:authorization)", _CONTROL.pattern]
        self._suspect = re.compile("|".join(hidden))
        """Whatever any of the others would find: most texts are looked through once and left as they are."""

    def __call__(
        self, _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        return {key: self._clean(value) for key, value in event.items()}

    def text(self, value: str) -> str:
        for secret in tuple(_drawn):
            value = value.replace(secret, HIDDEN)
        if self._suspect.search(value) is None:
            return value
        if self._known is not None:
            value = self._known.sub(HIDDEN, value)
        value = _TOKEN.sub(HIDDEN, _AUTHORIZATION.sub(rf"\1{HIDDEN}", value))
        return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", value)

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self._clean(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._clean(inner) for inner in value]
        if isinstance(value, bool | int | float | None):
            return value
        return self.text(str(value))


class _Lenient:
    """A full disk or a closed terminal behind the log must not end whoever logs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def _forms(secret: str) -> tuple[str, ...]:
    """As it is, and as it looks inside a URL, a repr or JSON."""
    written = (repr(secret), json.dumps(secret), json.dumps(secret, ensure_ascii=False))
    return (secret, quote(secret, safe="", errors="surrogateescape"), *(text[1:-1] for text in written))


def hide(secret: str) -> None:
    """One that is drawn after `configure`, of characters that look the same in a URL and in JSON."""
    if len(secret) >= _SHORTEST and secret not in _drawn:
        _drawn.append(secret)


def configure(
    secrets: Iterable[str] = (), *, stream: TextIO | None = None, level: int = logging.INFO
) -> None:
    """Called once per process. JSON lines, or columns when the stream is a terminal."""
    out = stream or sys.stderr
    redact = Redactor(secrets)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    # A plain traceback: rich's shows the values of local variables, secrets among them.
    pretty = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    render = pretty if out.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, _Lenient(out))),
        cache_logger_on_first_use=False,
    )
    _tame_libraries(shared, render, out)


def _tame_libraries(shared: list[Any], render: Any, out: TextIO) -> None:
    """Libraries that use the standard logging go the same way, from warnings up."""
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # Its retries end in an error of ours, which says what to do.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
