"""Whether a GitHub App may do what runs need: its key, its webhook, and each installation's grants."""

from collections.abc import Iterator
from typing import Protocol

from reprise.adapters.github.app import App, Installation
from reprise.adapters.github.manifest import webhook_url
from reprise.adapters.github.needs import EVENTS, PERMISSIONS, missing_events, missing_permissions
from reprise.doctor.finding import Finding
from reprise.doctor.forge import changed
from reprise.domain.errors import Refused, Retryable
from reprise.domain.run import Repository, Standing
from reprise.settings import Settings

MAX_NAMES = 20
"""Of repositories in one line."""


class AppAccount(Protocol):
    """The part of a forge that is asked here."""

    def whose(self) -> tuple[App, tuple[Installation, ...]]: ...
    def app_hook(self) -> str | None: ...
    def repository(self, full_name: str) -> Repository: ...
    def repositories(self, owner: str) -> tuple[Repository, ...]: ...


def examine_app(settings: Settings, account: AppAccount, *, secret: bool) -> Iterator[Finding]:
    """``secret``: whether deliveries of the App can be verified."""
    try:
        app, installations = account.whose()
    except (Refused, Retryable) as error:
        yield Finding("app", False, str(error), "then try again")
        return
    yield _app(settings, app)
    yield _webhook(settings, account, app, secret=secret)
    if not installations:
        yield Finding("installations", False, "the App is installed nowhere", f"install it: {_install(app)}")
    for installation in installations:
        yield from _installation(account, app, installation)
    for name in settings.watched.names:
        yield from _watched(account, name)
    for owner in settings.watched.owners:
        yield _owned(account, owner)


def _app(settings: Settings, app: App) -> Finding:
    made = "named by the settings" if settings.github.app_id is not None else "made by /setup"
    if settings.github.token is None:
        return Finding("app", True, f"{app.slug}, {made}")
    counts = "there is a token too, which is not used: the App counts"
    return Finding("app", True, f"{app.slug}, {made}; {counts}", "unset REPRISE_GITHUB__TOKEN")


def _webhook(settings: Settings, account: AppAccount, app: App, *, secret: bool) -> Finding:
    name = "app webhook"
    if settings.github.polls:
        return _unneeded(settings, account)
    wanted = webhook_url(settings.http.public_url, settings.github.api_url)
    if wanted is None:
        step = "set REPRISE_HTTP__PUBLIC_URL to an https address of this controller, or poll"
        return Finding(
            name, False, "GitHub cannot reach this controller", f"{step}: REPRISE_GITHUB__INTAKE=polling"
        )
    try:
        leads = account.app_hook()
    except (Refused, Retryable) as error:
        return Finding(name, False, str(error), "then try again")
    if leads != wanted:
        there = f"leads to {leads}" if leads else "is not set"
        return Finding(
            name, False, f"{there}, not to {wanted}", f"correct it on the App's page: {app.html_url}"
        )
    if not secret:
        step = "set REPRISE_GITHUB__WEBHOOK_SECRET to the secret on the App's page"
        return Finding(name, False, "no secret is set, so no delivery can be verified", step)
    return Finding(name, True, f"leads to {leads}")


def _unneeded(settings: Settings, account: AppAccount) -> Finding:
    name, said = "app webhook", f"none is needed: {settings.intake}"
    try:
        leads = account.app_hook()
    except (Refused, Retryable) as error:
        return Finding(name, False, str(error), "then try again")
    if leads is not None:
        return Finding(name, True, said)
    unheard = "so GitHub keeps no delivery log and a click on a check run is not heard"
    return Finding(name, True, f"{said}; the App has none, {unheard}: comment /reproduce instead")


def _installation(account: AppAccount, app: App, installation: Installation) -> Iterator[Finding]:
    name = f"app at {installation.account.login}"
    if installation.suspended_at is not None:
        step = f"its owner can undo that: {installation.html_url or 'in the settings of the installation'}"
        yield Finding(name, False, "suspended: nothing there is seen or answered", step)
        return
    lacking = [*_permissions(app, installation, name), *_events(app, installation, name)]
    complete = f"has all {len(PERMISSIONS)} permissions and {len(EVENTS)} events"
    yield from lacking or [Finding(name, True, complete)]
    yield _seen(account, installation.account.login)


def _seen(account: AppAccount, owner: str) -> Finding:
    name = f"app at {owner}"
    try:
        repositories = account.repositories(owner)
    except (Refused, Retryable) as error:
        return Finding(name, False, str(error), "then try again")
    if not repositories:
        return Finding(name, True, "sees no repository")
    named = [_named(each) for each in repositories[:MAX_NAMES]]
    more = f" and {len(repositories) - MAX_NAMES} more" if len(repositories) > MAX_NAMES else ""
    return Finding(name, True, f"sees {', '.join(named)}{more}")


def _named(repository: Repository) -> str:
    archived = repository.standing is Standing.ARCHIVED
    return f"{repository.full_name} (archived: nothing is run)" if archived else repository.full_name


def _permissions(app: App, installation: Installation, name: str) -> Iterator[Finding]:
    never_asked = missing_permissions(app.permissions)
    for permission, need in missing_permissions(installation.permissions).items():
        accept = f"{installation.account.login} has to accept it: {installation.html_url or app.html_url}"
        step = (
            f"add it on the App's page ({app.html_url}), then {accept}"
            if permission in never_asked
            else accept
        )
        words = permission.replace("_", " ")
        yield Finding(
            name, False, f"lacks the permission {words}: {need.level}; without it {need.without}", step
        )


def _events(app: App, installation: Installation, name: str) -> Iterator[Finding]:
    for event, without in missing_events(installation.events).items():
        step = f"subscribe to it on the App's page: {app.html_url}"
        yield Finding(name, False, f"is not sent the event {event}; without it {without}", step)


def _watched(account: AppAccount, name: str) -> Iterator[Finding]:
    try:
        repository = account.repository(name)
    except (Refused, Retryable) as error:
        yield Finding(name, False, str(error), "or correct REPRISE_WATCH")
        return
    yield Finding(name, True, "the App is installed there")
    yield from changed(name, repository)


def _owned(account: AppAccount, owner: str) -> Finding:
    name = f"{owner}/*"
    try:
        account.repositories(owner)
    except (Refused, Retryable) as error:
        return Finding(name, False, str(error), "or correct REPRISE_WATCH")
    return Finding(name, True, "the App is installed there")


def _install(app: App) -> str:
    return f"{app.html_url}/installations/new"
