"""Settings → the sites that machines are leased at. For whoever makes the backend, and for the doctor."""

from reprise.adapters.chameleon.clouds_yaml import logins
from reprise.adapters.chameleon.login import Login
from reprise.adapters.chameleon.site import SiteCloud
from reprise.settings.chameleon import Chameleon


def open_sites(settings: Chameleon) -> tuple[SiteCloud, ...]:
    """The preferred first; nobody is asked yet. Raises UserError when there is no credential for one."""
    return tuple(open_site(login, settings) for login in logins(settings))


def open_site(login: Login, settings: Chameleon) -> SiteCloud:
    return SiteCloud(login, timeout=settings.timeout, external_network=settings.external_network)
