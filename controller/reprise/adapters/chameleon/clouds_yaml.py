"""Logins from clouds.yaml, OpenStack's own file, and from settings. Nobody is asked here.

One entry is one site: its region is the site's name, else the entry's own.
"""

from collections.abc import Iterable
from pathlib import Path

from reprise.adapters.chameleon.login import APPLICATION_CREDENTIAL, Login
from reprise.domain.errors import UserError
from reprise.domain.spec import document
from reprise.domain.spec.problems import Problems
from reprise.settings.chameleon import SECURE, Chameleon, SiteCredential

AUTH_URLS = {
    "CHI@UC": "https://chi.uc.chameleoncloud.org:5000/v3",
    "CHI@TACC": "https://chi.tacc.chameleoncloud.org:5000/v3",
    "CHI@NCAR": "https://chi.hpc.ucar.edu:5000/v3",
    "CHI@NU": "https://sl-ciab.northwestern.edu:5000/v3",
    "CHI@NRP": "https://chi.nrp.ai:5000/v3",
    "KVM@TACC": "https://kvm.tacc.chameleoncloud.org:5000/v3",
}
NO_CREDENTIAL = (
    "there is no credential for any site: put a clouds.yaml with an unrestricted application credential at "
    "~/.config/openstack/clouds.yaml, or set REPRISE_CHAMELEON__CREDENTIALS"
)


def logins(settings: Chameleon) -> tuple[Login, ...]:
    """In the order of preference. Raises UserError naming what is missing or cannot be read."""
    found = {login.site: login for login in (*_of_file(settings.clouds_file), *_of_settings(settings))}
    if not found:
        raise UserError(NO_CREDENTIAL)
    if not settings.sites:
        return tuple(found.values())
    missing = [site for site in settings.sites if site not in found]
    if missing:
        raise UserError(
            f"there is no credential for {', '.join(missing)}: add it to clouds.yaml, or correct "
            f"REPRISE_CHAMELEON__SITES (there is one for {', '.join(found)})"
        )
    return tuple(found[site] for site in settings.sites)


def _of_settings(settings: Chameleon) -> Iterable[Login]:
    return (_of_credential(site, credential) for site, credential in settings.credentials.items())


def _of_credential(site: str, credential: SiteCredential) -> Login:
    auth_url = credential.auth_url or AUTH_URLS.get(site)
    if auth_url is None:
        known = ", ".join(AUTH_URLS)
        raise UserError(f"the address of {site} is not known: add its auth_url (known are {known})")
    options = {
        "auth_url": auth_url,
        "application_credential_id": credential.application_credential_id,
        "application_credential_secret": credential.application_credential_secret.get_secret_value(),
    }
    return Login(site, APPLICATION_CREDENTIAL, options, credential.region or site)


def _of_file(path: Path | None) -> Iterable[Login]:
    """``secure.yaml`` beside it may hold the secrets."""
    if path is None:
        return ()
    clouds = _clouds(path)
    secure = path.with_name(SECURE)
    kept_apart = _clouds(secure) if secure.is_file() else {}
    return [_of_entry(path, name, entry, kept_apart.get(name)) for name, entry in clouds.items()]


def _of_entry(path: Path, name: str, entry: document.Mapping, kept_apart: document.Mapping | None) -> Login:
    auth = _texts(_inner(entry, "auth"))
    if kept_apart is not None:
        auth |= _texts(_inner(kept_apart, "auth"))
    if not auth.get("auth_url"):
        raise UserError(f"{path}: the cloud {name} has no auth_url below auth: download clouds.yaml again")
    told = _texts(entry)
    default = APPLICATION_CREDENTIAL if "application_credential_id" in auth else "password"
    region = told.get("region_name")
    return Login(
        site=region or name,
        kind=told.get("auth_type", default),
        options=auth,
        region=region,
        interface=told.get("interface", "public"),
        certificates=told.get("cacert"),
    )


def _clouds(path: Path) -> dict[str, document.Mapping]:
    problems = Problems(str(path))
    try:
        root = document.read_document(path.read_bytes(), problems)
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}): correct REPRISE_CHAMELEON__CLOUDS"
        ) from None
    if problems.found:
        raise UserError("\n".join(map(str, problems.in_order())))
    clouds = _inner(root, "clouds") if isinstance(root, document.Mapping) else None
    if clouds is None:
        raise UserError(f"{path} has no section clouds: download clouds.yaml from the site again")
    values = ((name, value) for name, (_, value) in clouds.entries.items())
    return {name: value for name, value in values if isinstance(value, document.Mapping)}


def _inner(entry: document.Mapping, name: str) -> document.Mapping | None:
    value = entry.entries.get(name, (None, None))[1]
    return value if isinstance(value, document.Mapping) else None


def _texts(entry: document.Mapping | None) -> dict[str, str]:
    entries = entry.entries if entry is not None else {}
    values = ((name, value) for name, (_, value) in entries.items())
    return {name: value.text for name, value in values if isinstance(value, document.Scalar)}
