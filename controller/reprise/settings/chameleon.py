"""The section ``chameleon``: sites that machines are leased at, credentials for them, bounds of a lease."""

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, field_validator

from reprise.settings.kinds import Address, Days, Seconds, Section

_PLACES = ("~/.config/openstack/clouds.yaml", "/etc/openstack/clouds.yaml")
"""Where OpenStack's own tools look, but for the working folder: jobs of strangers have one too."""
SECURE = "secure.yaml"
"""Beside clouds.yaml; may hold its secrets."""


class SiteCredential(Section):
    """An application credential, which counts at one site and in one project."""

    auth_url: Address | None = None
    """Of the site's identity service. Default: what is known of Chameleon's sites."""
    application_credential_id: str
    """Its number, as the site shows it once."""
    application_credential_secret: SecretStr
    """Its secret, as the site shows it once."""
    region: str | None = None
    """Where the catalogue has several. Default: the site's name."""


class MachineImages(Section):
    """Names, which stay while their contents are refreshed."""

    nvidia: str = "CC-Ubuntu24.04-CUDA"
    """Image for machines with NVIDIA GPUs."""
    slice: str = "CC-Ubuntu24.04-CUDA-VGPU"
    """Image for virtual machines with a slice of a GPU."""
    amd: str = "CC-Ubuntu24.04-ROCm"
    """Image for machines with AMD GPUs."""
    plain: str = "CC-Ubuntu24.04"
    """Image for machines without GPUs."""


class Chameleon(Section):
    """The chameleon backend: each run on a machine that is leased for it."""

    clouds: Path | None = None
    """clouds.yaml with a credential for each site. Default: where OpenStack's own tools look for one."""
    credentials: dict[str, SiteCredential] = Field(default_factory=dict, repr=False)
    """Application credentials as JSON: site → id and secret; they win over clouds.yaml. Default: none."""
    sites: tuple[str, ...] = ()
    """Sites to lease at, the preferred first; a JSON list. Default: all that there are credentials for."""
    slots: int = Field(default=1, ge=1, le=1000)
    """Runs at the same time."""
    leases_per_type: int = Field(default=2, ge=1, le=100)
    """Leases of one node type that are held or booked at the same time."""
    su_per_user_month: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Service units that the runs of one person may take in a calendar month (UTC)."""
    longest_wait: Days = 7.0
    """Days ahead that a lease may be booked; 0 = only machines that are free now."""
    whole_overhead: Seconds = 2700.0
    """Seconds of a lease beside the executions: boot, set-up, the image's way there, results back."""
    idle_after: Seconds | None = None
    """Seconds without work on its GPUs after which a job is ended. Default: never."""
    warn_days: Days = 7.0
    """Days before a credential expires from which on that is said."""
    images: MachineImages = MachineImages()
    network: str = "sharednet1"
    """Network that machines are attached to."""
    external_network: str = "public"
    """Network that floating addresses are of."""
    root_gb: int | None = Field(default=200, ge=20, le=16_000)
    """GB of the volume that a virtual machine boots from; null = its own disk, which is small."""
    user: str = "cc"
    """User of the images."""
    jump: str | None = None
    """Machine that leased ones are reached through, as user@host; they get no floating address then."""
    jump_key: Path | None = None
    """Private key that this machine lets in. Default: the key of the run, which it has to know somehow."""
    jump_host_key: str | None = None
    """Host key of that machine, as in known_hosts without the names. Default: what it shows first."""
    timeout: Seconds = 60.0
    """Seconds for one call."""

    @field_validator("credentials", mode="before")
    @classmethod
    def _from_file(cls, value: Any) -> Any:
        """A file, like a variable, holds JSON."""
        return _json_object(value) if isinstance(value, str) else value

    @field_validator("root_gb", mode="before")
    @classmethod
    def _or_null(cls, value: Any) -> Any:
        """A variable can only hold the word."""
        return None if value == "null" else value

    @field_validator("jump")
    @classmethod
    def _with_user(cls, value: str | None) -> str | None:
        if value is not None and not all(value.partition("@")):
            raise ValueError("write user@host")
        return value

    @property
    def offered_sites(self) -> tuple[str, ...]:
        """As far as settings tell: a clouds.yaml may name them too."""
        return self.sites or tuple(self.credentials) or ("Chameleon",)

    @property
    def overhead(self) -> timedelta:
        """Of a lease: nobody knows yet whether it will be of a whole machine."""
        return timedelta(seconds=self.whole_overhead)

    @property
    def clouds_file(self) -> Path | None:
        """None where there is none."""
        if self.clouds is not None:
            return self.clouds.expanduser().absolute()
        named = os.environ.get("OS_CLIENT_CONFIG_FILE", "")
        places = ((named,) if named else ()) + _PLACES
        found = (Path(place).expanduser().absolute() for place in places)
        return next((path for path in found if path.is_file()), None)

    def secret_files(self) -> tuple[Path, ...]:
        """clouds.yaml, and the file beside it that may hold its secrets."""
        file = self.clouds_file
        if file is None:
            return ()
        secure = file.with_name(SECURE)
        return (file, secure) if secure.is_file() else (file,)


def _json_object(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        example = '{"CHI@UC": {"application_credential_id": "…", "application_credential_secret": "…"}}'
        raise ValueError(f"this is no JSON: write {example}") from None
