"""How this controller keeps strangers' code apart: its settings and what the kernel allows. For bootstrap."""

import os
import pwd
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from reprise.adapters.process import groups
from reprise.adapters.process.isolation import Isolation, decide, probe
from reprise.adapters.process.quarters import Quarters
from reprise.domain.loopback import is_loopback
from reprise.settings import Settings

_SYSTEM = Path("/usr/bin")


def quarters_for(settings: Settings, *, rehearsal: bool) -> Quarters:
    """How strangers' code is kept apart; a rehearsal runs the caller's own, whatever can be had."""
    isolation = isolation_for(settings, rehearsal=rehearsal)
    log = structlog.get_logger()
    if isolation.refusal is not None:
        log.error("no run will be started", why=isolation.refusal)
    elif not isolation.hides:
        log.warning("jobs are not isolated", why=isolation.why)
    hidden = (settings.state_dir, settings.cache, *settings.secret_files(), *_homes())
    return Quarters(isolation, hidden, settings.process.share, settings.process.max_processes, groups.find())


def isolation_for(settings: Settings, *, rehearsal: bool) -> Isolation:
    return decide(
        probe(),
        credentials=() if rehearsal else held_credentials(settings),
        allow_unisolated=settings.process.allow_unisolated,
        allow_open_network=settings.process.allow_open_network,
    )


def held_credentials(settings: Settings) -> tuple[str, ...]:
    """What a stranger's job must not read: what opens a forge that is not on this machine's loopback.

    Without a token there is an App's key, or /setup may bring one while jobs run.
    """
    forge = urlsplit(settings.github.api_url).hostname or ""
    if is_loopback(forge):
        return ()
    if settings.github.token is not None:
        return (f"a token for {forge}",)
    return (f"the key of a GitHub App for {forge}",)


def _homes() -> tuple[Path, ...]:
    """The controller's own, where people keep keys; not one that is part of the system, as in containers."""
    named = {Path(pwd.getpwuid(os.geteuid()).pw_dir)} if _is_known_user() else set()
    found = named | {Path(os.environ.get("HOME", "/"))}
    return tuple(home for home in found if home.is_absolute() and not _SYSTEM.is_relative_to(home))


def _is_known_user() -> bool:
    return any(entry.pw_uid == os.geteuid() for entry in pwd.getpwall())
