"""Lists by pages with GitHub's Link header."""

from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from fastapi.responses import JSONResponse

from reprise.forge.access import links_of

DEFAULT_PER_PAGE = 30
MAX_PER_PAGE = 100
Item = TypeVar("Item")


class Page:
    """Which part of a list was asked for. Nonsense counts as the default, as on GitHub."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.number = _positive(request.query_params.get("page"), 1)
        self.size = min(_positive(request.query_params.get("per_page"), DEFAULT_PER_PAGE), MAX_PER_PAGE)

    def of(self, items: Sequence[Item]) -> Sequence[Item]:
        start = (self.number - 1) * self.size
        return items[start : start + self.size]

    def reply(self, body: Any, *, total: int) -> JSONResponse:
        return JSONResponse(body, headers=self._headers(total))

    def _headers(self, total: int) -> dict[str, str]:
        last = max(1, -(-total // self.size))
        wanted = {"prev": self.number - 1, "next": self.number + 1, "last": last, "first": 1}
        if self.number >= last:
            wanted = {rel: page for rel, page in wanted.items() if rel in ("prev", "first")}
        if self.number == 1:
            wanted = {rel: page for rel, page in wanted.items() if rel in ("next", "last")}
        links = [f'<{self._url(page)}>; rel="{rel}"' for rel, page in wanted.items()]
        return {"Link": ", ".join(links)} if links else {}

    def _url(self, page: int) -> str:
        query = dict(parse_qsl(self.request.url.query, keep_blank_values=True)) | {"page": str(page)}
        return f"{links_of(self.request).origin}{self.request.url.path}?{urlencode(query)}"


def _positive(text: str | None, default: int) -> int:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 9:
        return default
    return int(text) or default
