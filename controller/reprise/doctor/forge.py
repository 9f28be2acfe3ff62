"""Whether the forge lets us do what runs need: the webhook's secret, the token, each watched repository."""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from reprise.doctor.finding import Finding
from reprise.domain.errors import Refused, Retryable
from reprise.domain.forge import Permission
from reprise.domain.run import Repository
from reprise.settings import Settings

T = TypeVar("T")


class Account(Protocol):
    """The part of a forge that is asked here."""

    def login(self) -> str: ...
    def repository(self, full_name: str) -> Repository: ...
    def repositories(self, owner: str) -> tuple[Repository, ...]: ...
    def permission(self, repository: Repository, login: str) -> Permission: ...


def examine_forge(settings: Settings, account: Account) -> Iterator[Finding]:
    set_it = "set REPRISE_GITHUB__WEBHOOK_SECRET to what the repository's webhook has"
    hook = settings.github.webhook_secret is not None
    yield Finding("webhook", hook, "secret is set" if hook else "no secret is set", None if hook else set_it)
    if settings.github.token is None:
        yield Finding("token", False, "no token is set", "set REPRISE_GITHUB__TOKEN")
        return
    login = _asked("token", account.login, lambda login: (True, f"belongs to {login}"))
    yield login
    if not login.ok:
        return
    if not settings.watch:
        yield Finding("watch", False, "no repository is watched", "set REPRISE_WATCH to owner/repo")
    for name in settings.watched.names:
        yield _access(account, name)
    for owner in settings.watched.owners:
        yield from _owned(account, owner)


def _owned(account: Account, owner: str) -> Iterator[Finding]:
    found = _asked(f"{owner}/*", lambda: account.repositories(owner), _counted)
    yield found
    if found.ok:
        for repository in account.repositories(owner):
            yield _access(account, repository.full_name)


def _counted(repositories: tuple[Repository, ...]) -> tuple[bool, str]:
    return True, f"{len(repositories)} repositories"


def _access(account: Account, name: str) -> Finding:
    def judged(permission: Permission) -> tuple[bool, str]:
        return permission.may_write, f"the token may {permission.value}"

    found = _asked(name, lambda: account.permission(account.repository(name), account.login()), judged)
    if found.ok or found.next_step is not None:
        return found
    step = "statuses and comments need write access: invite its user, or use another token"
    return Finding(name, False, found.said, step)


def _asked(name: str, ask: Callable[[], T], judge: Callable[[T], tuple[bool, str]]) -> Finding:
    try:
        ok, said = judge(ask())
    except (Refused, Retryable) as error:
        return Finding(name, False, str(error), "correct REPRISE_GITHUB__API_URL or the token, and try again")
    return Finding(name, ok, said)
