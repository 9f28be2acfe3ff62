"""Opens what leases machines, where its libraries are: for the backend and for ``reprise leases``."""

from pathlib import Path
from typing import TYPE_CHECKING

from reprise.domain.errors import UserError
from reprise.settings import Settings

if TYPE_CHECKING:
    from reprise.adapters.chameleon.leasing import Leasing

NO_CHAMELEON = (
    "leased machines need libraries that are not installed: pip install 'reprise-ml[chameleon,docker]'"
)
LIBRARIES = ("asyncssh", "cryptography", "docker", "keystoneauth1")


def open_leased(settings: Settings, state: Path) -> "Leasing":
    """``state``: the folder below which runs are remembered. Raises UserError; asks no site yet."""
    try:
        from reprise.adapters.chameleon.leasing import open_leasing
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in LIBRARIES:
            raise
        raise UserError(NO_CHAMELEON) from None
    return open_leasing(settings, state)
