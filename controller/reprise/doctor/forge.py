"""Whether the forge lets us do what runs need: the token, and each watched repository
with its webhook."""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from reprise.doctor import webhooks
from reprise.doctor.finding import Finding
from reprise.domain.errors import Refused, Retryable
from reprise.domain.forge import Hook, Permission
from reprise.domain.run import Repository, Standing
from reprise.settings import Http, Settings

T = TypeVar("T")
_TRY_AGAIN = "correct REPRISE_GITHUB__API_URL or the token, and try again"


class Account(Protocol):
    """The part of a forge that is asked here."""

    def login(self) -> str: ...
    def repository(self, full_name: str) -> Repository: ...
    def repositories(self, owner: str) -> tuple[Repository, ...]: ...
    def permission(self, repository: Repository, login: str) -> Permission: ...
    def hooks(self, repository: Repository) -> tuple[Hook, ...]: ...


def examine_forge(settings: Settings, account: Account) -> Iterator[Finding]:
    if settings.github.token is None:
        step = "start `reprise serve` and open its /setup, which makes an App"
        said = "there is no GitHub App and no token"
        idle = not settings.watch  # who only rehearses needs neither
        yield Finding(
            "token",
            idle,
            f"{said}, which `reprise run` does not need" if idle else said,
            f"{'to watch repositories ' if idle else ''}{step}; or set REPRISE_GITHUB__TOKEN",
        )
        return
    yield _intake(settings)
    login = _asked("token", account.login, lambda login: (True, f"belongs to {login}"))
    yield login
    if not login.ok:
        return
    if not settings.watch:
        yield Finding("watch", False, "no repository is watched", "set REPRISE_WATCH to owner/repo")
    reached = None if settings.github.polls else settings.http  # who polls needs no webhook
    for name in settings.watched.names:
        yield from _repository(account, name, reached)
    for owner in settings.watched.owners:
        yield from _owned(account, owner, reached)


def _intake(settings: Settings) -> Finding:
    """How what happens on the forge becomes known."""
    if settings.github.polls:
        return Finding("intake", True, f"{settings.intake}: no webhook is needed")
    if settings.github.webhook_secret is not None:
        return Finding("intake", True, "webhook, its secret is set")
    set_it = "set REPRISE_GITHUB__WEBHOOK_SECRET to what the repository's webhook has"
    polling = "REPRISE_GITHUB__INTAKE=polling where none can reach this machine"
    return Finding("intake", False, "webhook, but no secret is set", f"{set_it}, or {polling}")


def _owned(account: Account, owner: str, http: Http | None) -> Iterator[Finding]:
    found = _asked(f"{owner}/*", lambda: account.repositories(owner), _counted)
    yield found
    if found.ok:
        for repository in account.repositories(owner):
            yield from _repository(account, repository.full_name, http)


def _counted(repositories: tuple[Repository, ...]) -> tuple[bool, str]:
    return True, f"{len(repositories)} repositories"


def _repository(account: Account, name: str, http: Http | None) -> Iterator[Finding]:
    try:
        repository = account.repository(name)
    except Refused as error:
        yield Finding(name, False, str(error), f"correct REPRISE_WATCH, or invite {account.login()} to it")
        return
    except Retryable as error:
        yield Finding(name, False, str(error), _TRY_AGAIN)
        return
    yield from changed(name, repository)
    yield _access(account, repository)
    if http is not None:
        yield _hook(account, repository, http)


def changed(name: str, repository: Repository) -> Iterator[Finding]:
    """What has become of the repository that the settings call ``name``."""
    if repository.full_name.lower() != name.lower():
        step = "set REPRISE_WATCH to that"
        yield Finding(name, True, f"is {repository.full_name} now and still watched", step)
    if repository.standing is Standing.ARCHIVED:
        yield Finding(name, True, "is archived: nothing can be written there, so nothing is run")


def _access(account: Account, repository: Repository) -> Finding:
    """GitHub tells only those who may write what anybody may do, so a refusal is an answer too."""
    name, login = repository.full_name, account.login()
    step = f"statuses and comments need write access: give {login} the role Write there, or use another token"
    try:
        permission = account.permission(repository, login)
    except Refused:
        return Finding(name, False, "the token may not write, so the forge does not tell what it may", step)
    except Retryable as error:
        return Finding(name, False, str(error), _TRY_AGAIN)
    return Finding(
        name,
        permission.may_write,
        f"the token may {permission.value}",
        None if permission.may_write else step,
    )


def _hook(account: Account, repository: Repository, http: Http) -> Finding:
    name = f"{repository.full_name} webhook"
    try:
        return webhooks.judge(name, account.hooks(repository), http)
    except Refused:
        return webhooks.unseen(name, http)
    except Retryable as error:
        return Finding(name, False, str(error), _TRY_AGAIN)


def _asked(name: str, ask: Callable[[], T], judge: Callable[[T], tuple[bool, str]]) -> Finding:
    try:
        ok, said = judge(ask())
    except (Refused, Retryable) as error:
        return Finding(name, False, str(error), _TRY_AGAIN)
    return Finding(name, ok, said)
