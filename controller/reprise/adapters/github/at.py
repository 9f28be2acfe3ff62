"""Calls about one repository, which is an address to PyGithub and costs no call of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from github import Github
from github.Repository import Repository as GithubRepository

from reprise.adapters.github.client import Client, UnexpectedReply
from reprise.adapters.github.names import is_full_name
from reprise.adapters.github.refusal import Intent
from reprise.domain.errors import Refused
from reprise.domain.run import Repository
from reprise.domain.standing import LOST, why_left_alone

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class At:
    """Raises what `Client` raises, and Refused for a repository that is left alone (`domain.standing`)."""

    client: Client
    repository: Repository

    def read(self, intent: Intent, ask: Callable[[GithubRepository], T]) -> T:
        self._in_reach(writing=False)
        return self.client.read(intent, lambda github: ask(self._lazy(github)), at=self.repository.full_name)

    def write(self, intent: Intent, ask: Callable[[GithubRepository], T], *, once: bool = False) -> T:
        self._in_reach(writing=True)
        return self.client.write(
            intent, lambda github: ask(self._lazy(github)), at=self.repository.full_name, once=once
        )

    def _in_reach(self, *, writing: bool) -> None:
        """Costs no call. Raises Refused where one would be refused, or is not wanted any more."""
        why = why_left_alone(self.repository)
        if why is not None and (writing or self.repository.standing in LOST):
            raise Refused(why)

    def _lazy(self, github: Github) -> GithubRepository:
        """The name is enough for what follows."""
        if not is_full_name(self.repository.full_name):
            raise UnexpectedReply(f"{self.repository.full_name!r} is not owner/name")
        return github.get_repo(self.repository.full_name)
