"""Calls about one repository, which is an address to PyGithub and costs no call of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from github import Github
from github.Repository import Repository as GithubRepository

from reprise.adapters.github.client import Client, UnexpectedReply
from reprise.adapters.github.names import is_full_name
from reprise.adapters.github.refusal import Intent
from reprise.domain.run import Repository

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class At:
    """Raises what `Client` raises."""

    client: Client
    repository: Repository

    def read(self, intent: Intent, ask: Callable[[GithubRepository], T]) -> T:
        return self.client.read(intent, lambda github: ask(self._lazy(github)), at=self.repository.full_name)

    def write(self, intent: Intent, ask: Callable[[GithubRepository], T], *, once: bool = False) -> T:
        return self.client.write(
            intent, lambda github: ask(self._lazy(github)), at=self.repository.full_name, once=once
        )

    def _lazy(self, github: Github) -> GithubRepository:
        """The name is enough for what follows."""
        if not is_full_name(self.repository.full_name):
            raise UnexpectedReply(f"{self.repository.full_name!r} is not owner/name")
        return github.get_repo(self.repository.full_name)
