"""How a site is signed in to: what clouds.yaml or the settings say, before anybody is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

APPLICATION_CREDENTIAL = "v3applicationcredential"


@dataclass(frozen=True, slots=True)
class Login:
    site: str
    """e.g. ``CHI@UC``"""
    kind: str
    """OpenStack's ``auth_type``."""
    options: Mapping[str, str] = field(repr=False)
    """What that kind needs: URL, id, secret …"""
    region: str | None = None
    """None = the catalogue has one only."""
    interface: str = "public"
    certificates: str | None = None
    """File with certificates to trust; None = those that every program here trusts."""

    @property
    def auth_url(self) -> str:
        return self.options.get("auth_url", "")
