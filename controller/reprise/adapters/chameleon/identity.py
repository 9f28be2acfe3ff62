"""What a site says of the credential that we use."""

from datetime import datetime
from typing import Any

from reprise.adapters.chameleon import times
from reprise.adapters.chameleon.session import Service, Session
from reprise.domain.leasing.refusal import CloudRefused
from reprise.ports.cloud import Credential


def credential(session: Session) -> Credential:
    """Raises CloudRefused and Retryable."""
    access = session.access()
    details = _details(session)
    session.expires_at = _moment(details.get("expires_at"))
    return Credential(
        project=access.project_name or access.project_id or "",
        user=access.username or access.user_id or "",
        roles=tuple(sorted(access.role_names or ())),
        expires_at=session.expires_at,
        unrestricted=unrestricted(session),
        services=session.services(),
    )


def unrestricted(session: Session) -> bool | None:
    """None where we sign in otherwise, with what may create trusts by its nature."""
    told = _of_token(session).get("restricted")
    return not told if isinstance(told, bool) else None


def _of_token(session: Session) -> dict[str, Any]:
    """What the token says of the application credential that it was made with."""
    access: Any = session.access()
    try:
        return dict(access.application_credential)
    except (AttributeError, KeyError):
        return {}


def _details(session: Session) -> dict[str, Any]:
    """Of the credential itself; a site may keep its owner from reading them, which costs the date only."""
    access: Any = session.access()
    own = _of_token(session).get("id")
    if own is None:
        return {}
    path = f"/users/{access.user_id}/application_credentials/{own}"
    try:
        return session.get(Service.IDENTITY, path, lambda told: dict(told["application_credential"]))
    except CloudRefused:
        return {}


def _moment(text: Any) -> datetime | None:
    return times.read(text) if isinstance(text, str) and text else None
