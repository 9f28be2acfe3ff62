"""A fetcher on an empty cache that may speak to loopback, and what is asked of it."""

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests import jobs

from reprise.adapters.data.fetcher import DataFetcher
from reprise.adapters.data.guard import Resolve, resolve
from reprise.adapters.data.rules import Lent, Rules
from reprise.domain.data.addresses import read_network
from reprise.domain.fetched import FetchedFile
from reprise.domain.run import RunId
from reprise.domain.spec.model import DataFile, EnvironmentRule, Network
from reprise.ports import Failed, FetchRequest

LOOPBACK = (read_network("127.0.0.1"),)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Asking:
    folder: Path
    rules: Rules = field(default_factory=lambda: Rules(networks=LOOPBACK, timeout=5, seconds=30, pause=0.01))
    secrets: dict[tuple[str, str], str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    resolve: Resolve = resolve
    repository: str = "ada/wine"
    remote: str = ""

    def fetcher(self, **rules: Any) -> DataFetcher:
        return DataFetcher(
            self.folder / "cache",
            rules=replace(self.rules, **rules),
            lent=Lent(lambda repository, name: self.secrets.get((repository, name)), self.tokens.get),
            resolve=self.resolve,
        )

    def request(
        self, *files: DataFile, network: Network = Network.FETCH_ONLY, run: str = "run-1", **more: Any
    ) -> FetchRequest:
        tree = self.folder / run / "tree"
        tree.mkdir(parents=True, exist_ok=True)
        spec = replace(jobs.spec(data=files), environment=EnvironmentRule(None, None, network))
        return FetchRequest(
            RunId(run),
            more.pop("repository", self.repository),
            tree,
            spec,
            self.folder / run / "build.log",
            remote=self.remote,
            **more,
        )

    def one(self, file: DataFile, *, run: str = "run-1", **more: Any) -> FetchedFile:
        (got,) = self.many(file, run=run, **more)
        return got

    def many(self, *files: DataFile, run: str = "run-1", **more: Any) -> tuple[FetchedFile, ...]:
        got = self.fetcher().fetch(self.request(*files, run=run, **more))
        assert not isinstance(got, Failed), got
        return got

    def failed(self, *files: DataFile, rules: dict[str, Any] | None = None, **more: Any) -> Failed:
        got = self.fetcher(**(rules or {})).fetch(self.request(*files, **more))
        assert isinstance(got, Failed), got
        return got


def file(source: str | None, sha256: str | None = None, *, path: str = "data/x.csv", **more: Any) -> DataFile:
    return DataFile(path, sha256, None, source, **more)
