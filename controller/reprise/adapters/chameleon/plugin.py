"""Logins → what OpenStack's client library signs in with."""

from collections.abc import Mapping
from typing import Any

from keystoneauth1 import exceptions, loading
from keystoneauth1.identity import v3
from keystoneauth1.identity.base import BaseIdentityPlugin

from reprise.adapters.chameleon.login import APPLICATION_CREDENTIAL, Login
from reprise.domain.errors import UserError


def plugin_of(login: Login) -> BaseIdentityPlugin:
    """Application credentials directly; what else there is as OpenStack's own tools load it.

    Raises UserError when the login lacks something.
    """
    options = dict(login.options)
    if not options.get("auth_url"):
        raise UserError(f"{login.site} has no auth_url: add it to clouds.yaml or the settings")
    options["auth_url"] = identity_url(options["auth_url"])
    if login.kind == APPLICATION_CREDENTIAL:
        return _application_credential(login.site, options)
    try:
        loader: Any = loading.get_plugin_loader(login.kind)
        known = {option.dest for option in loader.get_options()}
        made = loader.load_from_options(**{key: text for key, text in options.items() if key in known})
    except (exceptions.NoMatchingPlugin, exceptions.MissingRequiredOptions) as error:
        raise UserError(f"{login.site} cannot be signed in to as {login.kind}: {error}") from None
    if not isinstance(made, BaseIdentityPlugin):
        raise UserError(f"{login.site}: {login.kind} is no way to sign in: use {APPLICATION_CREDENTIAL}")
    return made


def identity_url(auth_url: str) -> str:
    url = auth_url.rstrip("/")
    return url if url.endswith("/v3") else f"{url}/v3"


def _application_credential(site: str, options: Mapping[str, str]) -> v3.ApplicationCredential:
    names = ("application_credential_id", "application_credential_secret")
    missing = [name for name in names if not options.get(name)]
    if missing:
        raise UserError(f"{site} has no {' and no '.join(missing)}: create one at the site and add it")
    return v3.ApplicationCredential(
        auth_url=options["auth_url"],
        application_credential_id=options[names[0]],
        application_credential_secret=options[names[1]],
    )
