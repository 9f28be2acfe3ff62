"""What the operator's package index, proxies and certificates look like inside a build: files that are
mounted while a command runs, and never part of a layer. Called by building.py.
"""

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from reprise.domain.images.written import CERTIFICATES, SECRETS, SETTINGS, UV_TOML
from reprise.inherited import MACHINE

_INDEXES = ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")
_OTHERS = ("UV_HTTP_TIMEOUT", "UV_INSECURE_HOST", "UV_FIND_LINKS", "PIP_TRUSTED_HOST")
_NOT_PROXIES = ("PATH", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
_INDEX_NAME = re.compile(r"^[\w.-]+=")
_CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def write(folder: Path, system: Mapping[str, str], *, trusted: bool) -> dict[str, Path]:
    """Files by the names under which builds may mount them. A stranger's build gets none with a password."""
    folder.mkdir(mode=0o700, exist_ok=True)
    settings = {name: value for name, value in system.items() if _counts(name, value)}
    if not trusted:
        settings = {name: value for name, value in settings.items() if not _is_secret(name, value)}
    if "UV_DEFAULT_INDEX" in settings:  # a postBuild may ask pip, which knows only its own names
        settings.setdefault("PIP_INDEX_URL", _INDEX_NAME.sub("", settings["UV_DEFAULT_INDEX"]))
    certificates = _certificates(system)
    if certificates is not None:
        settings |= dict.fromkeys(_CERTIFICATE_VARIABLES, SECRETS[CERTIFICATES])
    config = _config(system) if trusted else None
    if config is not None:
        settings["UV_CONFIG_FILE"] = SECRETS[UV_TOML]
    lines = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(settings.items()))
    files = {SETTINGS: _private(folder / SETTINGS, lines.encode())}
    for name, source in ((CERTIFICATES, certificates), (UV_TOML, config)):
        if source is not None:
            files[name] = _private(folder / name, source.read_bytes())
    return files


def _counts(name: str, value: str) -> bool:
    """Folders of this machine are of no use in there."""
    if not value or (name == "UV_FIND_LINKS" and "://" not in value):
        return False
    return name.startswith(_INDEXES) or name in _OTHERS or (name in MACHINE and name not in _NOT_PROXIES)


def _is_secret(name: str, value: str) -> bool:
    addresses = (_INDEX_NAME.sub("", part) for part in value.split())
    return name.endswith(("_PASSWORD", "_USERNAME")) or any(_has_password(each) for each in addresses)


def _has_password(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return True
    return parts.username is not None or bool(parts.query)


def _certificates(system: Mapping[str, str]) -> Path | None:
    file = system.get("SSL_CERT_FILE")
    return Path(file) if file and Path(file).is_file() else None


def _config(system: Mapping[str, str]) -> Path | None:
    """The uv.toml that uv would read for this user; it may name a mirror."""
    home = system.get("XDG_CONFIG_HOME") or f"{system.get('HOME', '/nonexistent')}/.config"
    named = [system["UV_CONFIG_FILE"]] if system.get("UV_CONFIG_FILE") else []
    candidates = (Path(place) for place in (*named, f"{home}/uv/uv.toml", "/etc/uv/uv.toml"))
    return next((path for path in candidates if path.is_file()), None)


def _private(file: Path, content: bytes) -> Path:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
    return file
