"""Logs: one line per event, constant names, values as keys, the run id bound, secrets taken out."""

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, TextIO

import structlog

_TOKEN = re.compile(r"(?:gh[opusr]_[A-Za-z0-9._-]+|github_pat_[A-Za-z0-9_]+)|(?<=Bearer )\S+|(?<=Basic )\S+")
_HIDDEN = "[hidden]"


class Redactor:
    """A structlog processor that hides known secret values and anything shaped like a token."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(sorted((s for s in secrets if len(s) >= 4), key=len, reverse=True))

    def __call__(
        self, _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        return {key: self._clean(value) for key, value in event.items()}

    def text(self, value: str) -> str:
        for secret in self._secrets:
            value = value.replace(secret, _HIDDEN)
        return _TOKEN.sub(_HIDDEN, value)

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self._clean(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._clean(inner) for inner in value]
        if isinstance(value, bool | int | float | None):
            return value
        return self.text(str(value))


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
        logger_factory=structlog.WriteLoggerFactory(file=out),
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
