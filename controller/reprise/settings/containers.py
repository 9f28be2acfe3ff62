"""Settings of what runs in containers: the Engine of this machine, and how images for it are built."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from reprise.settings.kinds import Seconds, Section


class Docker(Section):
    """The docker backend: each trial in a container of its own."""

    host: str = "unix:///var/run/docker.sock"
    """Socket of the Engine of this machine, as unix:///…; who may write to it is as good as root."""
    slots: int = Field(default=1, ge=1, le=64)
    """Runs at the same time."""
    cpus: int | None = Field(default=None, ge=1)
    """Cores granted to a job. Default: all that the Engine's machine has."""
    memory_gb: float | None = Field(default=None, gt=0, le=10**6, allow_inf_nan=False)
    """GB for a job that declares none. Default: what the Engine's machine has."""
    pids: int = Field(default=2048, ge=64, le=4_000_000)
    """Processes and threads of one job."""
    disk_gb: float = Field(default=20.0, gt=0, le=10**6, allow_inf_nan=False)
    """GB that one job may write into its folders, 10^9 bytes each."""
    gpus: Literal["none", "nvidia", "rocm"] = "none"
    """The kind of GPUs that jobs may ask for."""
    allow_open_network: bool = True
    """Whether a spec may ask for `environment.network: open`; such a run is refused otherwise."""
    hash_gpu_ids: bool = False
    """Write digests for the identities of GPUs into environment records, and hide their serial numbers."""

    @field_validator("host")
    @classmethod
    def _here(cls, value: str) -> str:
        if not value.startswith("unix:///"):
            raise ValueError("trials share folders with the controller: name a socket here, as unix:///…")
        return value

    @property
    def socket(self) -> Path:
        return Path(self.host.removeprefix("unix://"))


class Images(Section):
    """How images are built for the backends that run them."""

    buildkit: str | None = None
    """Address of a buildkitd, 0.11 or newer, as unix://… or tcp://…. Default: `docker buildx`."""
    base: str = "docker.io/library/python:{python}-slim"
    """Image that environments without a Dockerfile begin with; {python} is the version that they ask for."""
    registry: str | None = None
    """Where images are pushed, as host/name. Default: they are only loaded into the Engine."""
    strangers_on_host_network: bool = False
    """Whether code of a fork may be built where BuildKit's commands reach this machine's own network."""
    build_timeout: Seconds = 3600.0
    """Seconds for building one image."""

    @field_validator("base")
    @classmethod
    def _of_a_version(cls, value: str) -> str:
        if {"{", "}"} & set(value.replace("{python}", "")):
            raise ValueError("write {python} where the version stands, as in python:{python}-slim")
        return value
