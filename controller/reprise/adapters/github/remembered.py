"""Answers that GitHub gave before, so that asking again costs nothing when they still hold.

GitHub counts no call that it answers with 304. Called by `connection` below PyGithub, which then sees the
old answer as if it had come again.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

MAX_BYTES = 4 << 20
"""Of all bodies together."""
MAX_BODY = 256 << 10
"""Of one; a larger one is asked for anew each time."""
MAX_ANSWERS = 512


@dataclass(frozen=True, slots=True)
class Answer:
    etag: str
    headers: Mapping[str, str]
    body: bytes


class Remembered:
    """The answers that were used last. The server decides every time whether one may be used again, for
    whoever asks: no token sees through it what it may not see."""

    def __init__(self, *, max_bytes: int = MAX_BYTES, max_answers: int = MAX_ANSWERS) -> None:
        self._max_bytes = max_bytes
        self._max_answers = max_answers
        self._answers: OrderedDict[str, Answer] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, url: str) -> Answer | None:
        with self._lock:
            found = self._answers.get(url)
            if found is not None:
                self._answers.move_to_end(url)
            return found

    def put(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Of a GET that succeeded. Without a tag, or too large, it is forgotten instead."""
        etag = headers.get("ETag")
        with self._lock:
            self._drop(url)
            if etag is None or len(body) > min(MAX_BODY, self._max_bytes):
                return
            self._answers[url] = Answer(etag, dict(headers), body)
            self._bytes += len(body)
            while self._bytes > self._max_bytes or len(self._answers) > self._max_answers:
                self._drop(next(iter(self._answers)))

    def _drop(self, url: str) -> None:
        gone = self._answers.pop(url, None)
        if gone is not None:
            self._bytes -= len(gone.body)
