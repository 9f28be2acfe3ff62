"""How this machine reaches its package index, so that a build in a container can reach it likewise."""

import configparser
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NAMES = re.compile(
    r"PIP_(INDEX_URL|EXTRA_INDEX_URL|NO_INDEX|TRUSTED_HOST|PROXY|DEFAULT_TIMEOUT|RETRIES)"
    r"|UV_(INDEX.*|DEFAULT_INDEX|EXTRA_INDEX_URL|NATIVE_TLS|SYSTEM_CERTS|INSECURE_HOST|HTTP_.*)"
    r"|(http|https|all|no)_proxy|(HTTP|HTTPS|ALL|NO)_PROXY"
)
"""Of the environment; what names a file of this machine is left out, because it is not in a container."""

CA_NAMES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE")
SYSTEM_CA = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True)
class Index:
    environment: Mapping[str, str]
    """May hold passwords in addresses: for secrets of a build, not for an argv or an image."""
    ca: Path | None
    """A bundle with whatever this machine trusts beyond the usual."""
    files: tuple[Path, ...]
    """pip.conf and uv.toml, where there are any."""


def index_of(environment: Mapping[str, str] = os.environ, home: Path | None = None) -> Index:
    home = home or Path(environment.get("HOME", "/root"))
    files = tuple(path for path in settings_files(environment, home) if path.is_file())
    found = {name: value for name, value in environment.items() if NAMES.fullmatch(name)}
    for path in files:
        for name, value in named_in(path).items():
            found.setdefault(name, value)
    return Index(found, trusted(environment, files), files)


def settings_files(environment: Mapping[str, str], home: Path) -> list[Path]:
    named = [environment[name] for name in ("PIP_CONFIG_FILE", "UV_CONFIG_FILE") if environment.get(name)]
    usual = [".config/pip/pip.conf", ".pip/pip.conf", ".config/uv/uv.toml"]
    return [
        *map(Path, named),
        *(home / path for path in usual),
        Path("/etc/pip.conf"),
        Path("/etc/uv/uv.toml"),
    ]


def named_in(path: Path) -> dict[str, str]:
    """The index settings of a file, as variables."""
    found = named_for_uv(path) if path.suffix == ".toml" else named_for_pip(path)
    return {name: value for name, value in found.items() if value}


def named_for_uv(path: Path) -> dict[str, str]:
    values = tomllib.loads(path.read_text())
    listed = values.get("index", [])
    defaults = [one["url"] for one in listed if one.get("default")] or [values.get("index-url", "")]
    return {
        "UV_DEFAULT_INDEX": defaults[0],
        "UV_INDEX": " ".join(one["url"] for one in listed if not one.get("default")),
        "UV_EXTRA_INDEX_URL": " ".join(values.get("extra-index-url", [])),
    }


def named_for_pip(path: Path) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    parser.read(path)
    options = ("index-url", "extra-index-url", "trusted-host", "proxy")
    return {
        f"PIP_{option.upper().replace('-', '_')}": parser.get("global", option, fallback="")
        for option in options
    }


def trusted(environment: Mapping[str, str], files: tuple[Path, ...]) -> Path | None:
    named = [environment[name] for name in CA_NAMES if environment.get(name)]
    found = [path for path in (*map(Path, named), SYSTEM_CA) if path.is_file()]
    return found[0] if found else None
