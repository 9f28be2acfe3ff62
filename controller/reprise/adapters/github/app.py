"""Whose calls they are when a GitHub App makes them: its own, or those of one of its installations.

An installation's token reaches every repository that it was given and lives for an hour; what git
fetches with is limited to one repository and to reading. Called by `client`, from several threads.
"""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, Protocol, TypeVar

from github import Github
from pydantic import BaseModel, ConfigDict

from reprise.adapters.github.credentials import AppCredentials
from reprise.adapters.github.names import is_full_name
from reprise.adapters.github.perishable import Perishable, Until
from reprise.adapters.github.refusal import Answer, Holder, Intent
from reprise.domain.errors import Refused

PER_PAGE = 100
MAX_INSTALLATIONS = 3_000
REMEMBERED = 3600.0
"""Seconds for which a repository's installation is believed: it may move to another owner."""
MARGIN = 600.0
"""Seconds before its end in which a token is not used any more: a fetch that begins with it takes minutes."""
_READ = {"contents": "read"}
T = TypeVar("T")


class Call(Protocol):
    """One guarded call; raises Retryable or Refused."""

    def __call__(
        self, intent: Intent, ask: Callable[[Github], T], authorization: str, holder: Holder
    ) -> T: ...


class NotInstalled(Refused):
    """The App may not see this repository."""


class _Gone(Answer):
    """The installation that we knew is no more."""


class _Owner(BaseModel):
    login: str


class Installation(BaseModel):
    """An owner who installed the App."""

    model_config = ConfigDict(frozen=True)

    id: int
    account: _Owner
    permissions: dict[str, str] = {}
    events: list[str] = []
    suspended_at: datetime | None = None
    html_url: str = ""


class App(BaseModel):
    """What GitHub says about the App itself."""

    model_config = ConfigDict(frozen=True)

    id: int
    slug: str
    html_url: str
    permissions: dict[str, str] = {}
    events: list[str] = []


class _Minted(BaseModel):
    token: str
    expires_at: datetime


class AppAccount:
    is_app = True

    def __init__(
        self, credentials: AppCredentials, call: Call, *, now: Callable[[], float] = time.time
    ) -> None:
        """``now`` in Unix seconds."""
        self._credentials = credentials
        self._call = call
        self._now = now
        self._tokens: Perishable[str] = Perishable(now)
        self._homes: Perishable[int] = Perishable(now)
        """Of repositories: their installations."""
        self._lock = threading.Lock()
        self._app: App | None = None

    # --- the App itself ---------------------------------------------------------------------------

    def ask_as_app(self, intent: Intent, ask: Callable[[Github], T]) -> T:
        """It sees itself, its installations and its deliveries, and no repository."""
        signature = self._credentials.signature(self._now())
        return self._call(intent, ask, f"Bearer {signature}", Holder.APP)

    def app(self) -> App:
        """Asked once."""
        with self._lock:
            if self._app is None:
                intent = Intent("ask which GitHub App this is", "the key of the App")
                self._app = self.ask_as_app(intent, lambda github: App.model_validate(_get(github, "/app")))
            return self._app

    def login(self) -> str:
        return f"{self.app().slug}[bot]"

    def installations(self) -> tuple[Installation, ...]:
        """All, suspended ones too."""
        intent = Intent("list the installations of our GitHub App", "the key of the App")
        return self.ask_as_app(intent, lambda github: tuple(_installations(github)))

    # --- its installations ------------------------------------------------------------------------

    def ask(self, intent: Intent, ask: Callable[[Github], T], at: str) -> T:
        """About this repository, ``owner/name``. Raises NotInstalled where the App may not see it."""
        try:
            return self._at_home(at, lambda installation: self.ask_at(installation, intent, ask))
        except Answer as answer:
            if answer.status == 404:  # perhaps it belongs to somebody else now
                self._homes.forget(at.lower())
            raise

    def ask_at(self, installation: int, intent: Intent, ask: Callable[[Github], T]) -> T:
        """A token that is refused is replaced once: it may have been revoked."""
        token = self.installation_token(installation)
        try:
            return self._call(intent, ask, f"token {token}", Holder.INSTALLATION)
        except Answer as answer:
            if answer.status != 401:
                raise
        self._tokens.drop(installation, token)
        another = self.installation_token(installation)
        return self._call(intent, ask, f"token {another}", Holder.INSTALLATION)

    def installation_token(self, installation: int) -> str:
        return self._tokens.get(installation, partial(self._mint, installation, None))

    def token_for(self, at: str) -> str:
        return self._at_home(at, self.installation_token)

    def read_token(self, at: str) -> str:
        """For git: reaches this repository only, and only reads it."""
        return self._at_home(at, partial(self._read_token, at))

    def lane(self, at: str) -> int:
        """Whose writes go one after the other: GitHub limits each installation for itself."""
        return self.installation_of(at)

    def installation_of(self, at: str) -> int:
        if not is_full_name(at):
            raise Refused(f"{at!r} is not the name of a repository, owner/name")
        return self._homes.get(at.lower(), partial(self._look_up, at))

    def installation_for(self, owner: str) -> int:
        """Of a user or an organisation."""
        intent = Intent(f"ask whether our GitHub App is installed for {owner}", "the App to be installed")
        for kind in ("users", "orgs"):
            try:
                return self.ask_as_app(intent, partial(_number, path=f"/{kind}/{owner}/installation"))
            except Answer as answer:
                if answer.status != 404:
                    raise
        raise self._not_installed(f"for {owner}")

    def remember(self, at: str, installation: int) -> None:
        """For whoever learnt anyway which installation a repository belongs to."""
        self._homes.put(at.lower(), Until(installation, self._now() + REMEMBERED))

    # --- underneath -------------------------------------------------------------------------------

    def _at_home(self, at: str, use: Callable[[int], T]) -> T:
        """An installation that is gone is looked up again, once: the App may have been installed anew."""
        try:
            return use(self.installation_of(at))
        except _Gone:
            self._homes.forget(at.lower())
        return use(self.installation_of(at))

    def _read_token(self, at: str, installation: int) -> str:
        limits = {"repositories": [at.partition("/")[2]], "permissions": _READ}
        return self._tokens.get((installation, at.lower()), partial(self._mint, installation, limits))

    def _mint(self, installation: int, limits: dict[str, Any] | None) -> Until[str]:
        intent = Intent("get a token of our GitHub App's installation", "the App to be installed")
        path = f"/app/installations/{installation}/access_tokens"
        try:
            minted = self.ask_as_app(
                intent, lambda github: _Minted.model_validate(_post(github, path, limits))
            )
        except Answer as answer:
            if answer.status == 404:
                raise _Gone(*answer.args) from None
            raise
        return Until(minted.token, minted.expires_at.timestamp() - MARGIN)

    def _look_up(self, at: str) -> Until[int]:
        intent = Intent(f"ask whether our GitHub App is installed on {at}", "the App to be installed")
        try:
            found = self.ask_as_app(intent, partial(_number, path=f"/repos/{at}/installation"))
            return Until(found, self._now() + REMEMBERED)
        except Answer as answer:
            if answer.status != 404:
                raise
        raise self._not_installed(f"on {at}")

    def _not_installed(self, where: str) -> NotInstalled:
        app = self.app()
        return NotInstalled(
            f"the GitHub App {app.slug} is not installed {where}: "
            f"its owner can do that at {app.html_url}/installations/new"
        )


def _installations(github: Github) -> Iterator[Installation]:
    for page in range(1, MAX_INSTALLATIONS // PER_PAGE + 1):
        reply = _get(github, "/app/installations", per_page=PER_PAGE, page=page)
        found = [Installation.model_validate(each) for each in reply]
        yield from found
        if len(found) < PER_PAGE:
            return


def _number(github: Github, path: str) -> int:
    return Installation.model_validate(_get(github, path)).id


def _get(github: Github, path: str, **query: int) -> Any:
    _, reply = github.requester.requestJsonAndCheck("GET", path, parameters=query)
    return reply


def _post(github: Github, path: str, body: dict[str, Any] | None) -> Any:
    _, reply = github.requester.requestJsonAndCheck("POST", path, input=body)
    return reply
