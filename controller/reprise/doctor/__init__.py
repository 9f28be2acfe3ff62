"""``reprise doctor``: looks at every system that the settings name, and says the next step where one fails.

Nothing is changed, but for a key that is asked for. The controller may run meanwhile.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from reprise.adapters.github.registration import kept_app
from reprise.bootstrap import forge_of, keys_of
from reprise.doctor.app import examine_app
from reprise.doctor.chameleon import examine_chameleon
from reprise.doctor.docker import examine_docker, look_at_docker
from reprise.doctor.finding import Finding
from reprise.doctor.forge import examine_forge
from reprise.doctor.here import examine_here
from reprise.domain.backend import CHAMELEON
from reprise.domain.errors import UserError
from reprise.settings import Settings


def examine(settings: Settings) -> tuple[Finding, ...]:
    leased = look_at_chameleon(settings) if CHAMELEON in settings.backends else ()
    return (*examine_here(settings), *examine_docker(settings), *leased, *examine_github(settings))


def look_at_chameleon(settings: Settings) -> tuple[Finding, ...]:
    """A tour of every site that there is a credential for, whether or not jobs run there."""
    return tuple(examine_chameleon(settings, datetime.now(UTC)))


def examine_docker_alone(settings: Settings) -> tuple[Finding, ...]:
    """Also where the settings do not name the backend: a rehearsal may ask for it."""
    return tuple(look_at_docker(settings))


def init_keys(settings: Settings) -> tuple[Finding, ...]:
    """Make the key that evidence is signed with, unless there is one. Raises UserError."""
    keys = keys_of(settings)
    if not keys.make():
        return (Finding("evidence", True, f"{keys.private} is there already and stays"),)
    said = f"made {keys.private}, which nobody else may see, and {keys.public}"
    step = (
        "keep a copy of the first where it is safe, and publish the second, which `reprise serve` shows at "
        "/.well-known/reprise.pub; runs that end from now on are signed"
    )
    return (Finding("evidence", True, said, step),)


def examine_github(settings: Settings) -> tuple[Finding, ...]:
    """What the forge lets us do, with the App or the token."""
    try:
        forge, made = forge_of(settings), kept_app(settings.state_dir, settings.github.api_url)
    except UserError as error:
        said, _, step = str(error).partition(": ")
        return (Finding("app", False, said, step or None),)
    made_here = settings.github.app_id is None and made is not None and made.webhook_secret != ""
    secret = made_here or settings.github.webhook_secret is not None
    try:
        found = (
            examine_app(settings, forge, secret=secret) if forge.is_app else examine_forge(settings, forge)
        )
        return tuple(found)
    finally:
        forge.close()


def render(findings: tuple[Finding, ...]) -> str:
    width = max(len(finding.name) for finding in findings)
    return "\n".join(_line(finding, width) for finding in findings)


def as_object(findings: tuple[Finding, ...]) -> dict[str, Any]:
    return {"ok": all(f.ok for f in findings), "findings": [asdict(finding) for finding in findings]}


def _line(finding: Finding, width: int) -> str:
    then = f"; {finding.next_step}" if finding.next_step is not None else ""
    return f"{'ok' if finding.ok else 'problem':<8} {finding.name:<{width}}  {finding.said}{then}"
