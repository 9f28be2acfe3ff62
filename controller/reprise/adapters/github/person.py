"""Whose calls they are when a person's token makes them, or nobody's. Called by `client`; see `app`."""

import threading
from collections.abc import Callable
from typing import TypeVar

from github import Github
from pydantic import BaseModel

from reprise.adapters.github.app import Call
from reprise.adapters.github.credentials import TokenCredentials
from reprise.adapters.github.refusal import Holder, Intent
from reprise.domain.errors import Refused

T = TypeVar("T")


class _User(BaseModel):
    login: str


class TokenAccount:
    is_app = False

    def __init__(self, credentials: TokenCredentials, call: Call) -> None:
        self._token = credentials.token
        self._call = call
        self._login: str | None = None
        self._lock = threading.Lock()

    def login(self) -> str:
        """Asked once."""
        with self._lock:
            if self._login is None:
                self._login = self.ask(Intent("ask whose token this is", "access to its own user"), _login)
            return self._login

    def token_for(self, at: str) -> str | None:
        return self._token

    def read_token(self, at: str) -> str | None:
        """What a person may do cannot be limited further."""
        return self._token

    def lane(self, at: str) -> int:
        """All writes go one after the other."""
        return 0

    def ask(self, intent: Intent, ask: Callable[[Github], T], at: str = "") -> T:
        return self._call(intent, ask, f"token {self._token}" if self._token else "", Holder.TOKEN)

    def ask_as_app(self, intent: Intent, ask: Callable[[Github], T]) -> T:
        raise Refused(f"only a GitHub App can {intent.doing}, and none is set up")


def _login(github: Github) -> str:
    _, reply = github.requester.requestJsonAndCheck("GET", "/user")
    return _User.model_validate(reply).login
