"""A Fetcher from a table in memory that keeps the port's promises; tests/contract/ holds it to them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reprise.domain.errors import Retryable
from reprise.domain.fetched import FetchedFile
from reprise.domain.run import Reason
from reprise.domain.spec.model import DataFile, Network
from reprise.ports import Failed, FetchRequest


@dataclass
class FakeFetcher:
    """``there`` is what can be fetched, by source; ``fetched`` counts what really came."""

    folder: Path
    there: dict[str, bytes] = field(default_factory=dict)
    secrets: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(repository, name) of what the operator lends."""
    asked: list[FetchRequest] = field(default_factory=list)
    fetched: int = 0
    _failures: list[Failed | Retryable] = field(default_factory=list)
    _closed: bool = False

    def fail(self, *failures: Failed | Retryable) -> None:
        self._failures.extend(failures)

    def fetch(self, request: FetchRequest) -> tuple[FetchedFile, ...] | Failed:
        self.asked.append(request)
        if self._closed:
            return Failed(Reason.INFRASTRUCTURE, "Reprise stops")
        if request.stopping():
            return Failed(Reason.CANCELLED, "nobody wants it now")
        if self._failures:
            failure = self._failures.pop(0)
            if isinstance(failure, Retryable):
                raise failure
            return failure
        found = [self._one(request, file) for file in request.spec.data if _is_outside(request, file)]
        failed = next((each for each in found if isinstance(each, Failed)), None)
        return failed or tuple(each for each in found if isinstance(each, FetchedFile))

    def close(self) -> None:
        self._closed = True

    def _one(self, request: FetchRequest, file: DataFile) -> FetchedFile | Failed:
        if request.spec.environment.network is Network.NONE:
            return Failed(Reason.DATA_MISSING, f"network: none forbids fetching {file.path}")
        lent = request.trusted and (request.repository, file.auth) in self.secrets
        if file.auth is not None and not lent:
            return Failed(Reason.REFUSED, f"{file.auth} is not lent to {request.repository}")
        content = self.there.get(file.source or "")
        if content is None:
            return Failed(Reason.DATA_MISSING, f"{file.source} is not there")
        got = hashlib.sha256(content).hexdigest()
        if file.sha256 not in (None, got):
            message = f"{file.source} is another file: sha256 {got}, expected {file.sha256}"
            return Failed(Reason.DATA_MISMATCH, message)
        place = self.folder / got
        if not place.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            place.chmod(0o444)
            self.fetched += 1
        return FetchedFile(
            file.path, str(place), got, len(content), file.source or "", pinned=file.sha256 is not None
        )


def _is_outside(request: FetchRequest, file: DataFile) -> bool:
    return not (request.tree / file.path).exists()
