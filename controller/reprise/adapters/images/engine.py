"""The Docker Engine as a place for images: load, look up, remove. Called by builder.py and storage.py."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx

from reprise.domain.errors import Retryable

LOOK_SECONDS = 20.0
LOAD_SECONDS = 900.0
_PIECE = 1 << 20


class Engine:
    """By its socket. Safe for several threads: each call has a connection of its own."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def holds(self, image: str) -> bool:
        """``image``: the digest of its configuration. Raises Retryable when it cannot be asked."""
        response = self._ask("GET", f"/images/{image}/json", LOOK_SECONDS)
        return response.status_code == 200

    def load(self, archive: Path) -> None:
        """Of ``docker save``'s form. Raises Retryable when it is not taken."""
        response = self._ask("POST", "/images/load?quiet=1", LOAD_SECONDS, archive)
        said = [json.loads(line) for line in response.text.splitlines() if line.strip().startswith("{")]
        error = next((each["error"] for each in said if "error" in each), None)
        if response.status_code != 200 or error:
            raise Retryable(f"the Engine did not take the image: {error or response.text[:200]}")

    def remove(self, image: str) -> bool:
        """False when a container uses it. Gone is fine. Raises Retryable when it cannot be asked."""
        return self._ask("DELETE", f"/images/{image}?force=0", LOOK_SECONDS).status_code != 409

    def _ask(self, method: str, path: str, seconds: float, archive: Path | None = None) -> httpx.Response:
        transport = httpx.HTTPTransport(uds=str(self._socket))
        headers = {"Content-Type": "application/x-tar"} if archive is not None else {}
        try:
            with httpx.Client(transport=transport, base_url="http://engine", timeout=seconds) as client:
                content = _pieces(archive) if archive is not None else None
                return client.request(method, path, content=content, headers=headers)
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
            raise Retryable(f"the Docker Engine at {self._socket} does not answer: {why[:200]}") from None


def _pieces(archive: Path) -> Iterator[bytes]:
    with archive.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
