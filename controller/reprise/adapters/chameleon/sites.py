"""The sites that machines are leased at, and how servers are made there."""

from dataclasses import dataclass
from pathlib import Path

from reprise.domain.leasing.choice import Choice
from reprise.ports.cloud import Cloud
from reprise.ports.nodes import Address


@dataclass(frozen=True, slots=True)
class Images:
    """Names, which stay while their contents are refreshed."""

    nvidia: str = "CC-Ubuntu24.04-CUDA"
    slice: str = "CC-Ubuntu24.04-CUDA-VGPU"
    """For a slice of a card."""
    amd: str = "CC-Ubuntu24.04-ROCm"
    plain: str = "CC-Ubuntu24.04"


@dataclass(frozen=True, slots=True)
class Site:
    cloud: Cloud
    images: Images = Images()
    network: str = "sharednet1"
    root_gb: int | None = 200
    """Of the volume that virtual machines boot from; None = their own disk, which is small."""
    jump: Address | None = None
    """Through which nodes are reached; they get no floating address then."""
    jump_host_key: str | None = None
    jump_key: Path | None = None
    """None = the run's own."""
    user: str = "cc"

    @property
    def name(self) -> str:
        return self.cloud.site

    def image(self, choice: Choice) -> str:
        gpu = choice.machine.gpu
        if gpu is None:
            return self.images.plain
        if gpu.slice is not None:
            return self.images.slice
        return self.images.amd if gpu.vendor == "amd" else self.images.nvidia

    def boot_volume_gb(self, choice: Choice) -> int | None:
        return self.root_gb if choice.machine.flavor else None
