"""The machines of the box, as the reservation service tells of them, and what can be made of them."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Machine:
    name: str
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def uid(self) -> str:
        """What Nova, too, calls the machine."""
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, self.name))

    def described(self) -> dict[str, str]:
        fixed = {"uid": self.uid, "node_name": self.name, "architecture.platform_type": "x86_64"}
        return {**fixed, **self.properties}


GPU = {
    "node_type": "gpu_rtx_6000",
    "gpu.gpu": "True",
    "gpu.gpu_count": "1",
    "gpu.gpu_model": "RTX 6000",
    "gpu.gpu_vendor": "NVIDIA",
    "su_factor": "2.0",
}
CPU = {"node_type": "compute_skylake", "gpu.gpu": "False", "su_factor": "1.0"}

VIRTUAL = Machine("kvm-1", {"node_type": "kvm", "su_factor": "1.0"})
"""Servers of a reserved flavor run on it."""

MACHINES = (Machine("gpu-1", GPU), Machine("gpu-2", GPU), Machine("cpu-1", CPU), VIRTUAL)
GPU_TRAIT, KVM_TRAIT = "CUSTOM_GPU", "CUSTOM_KVM"
"""Of the virtual machines' host; without one, a flavor would also be cut from whole machines."""


@dataclass(frozen=True)
class Cut:
    """A flavor."""

    name: str
    cpus: int
    memory_mb: int
    disk_gb: int
    specs: Mapping[str, str] = field(default_factory=dict)

    def described(self) -> dict[str, str | int]:
        return {"name": self.name, "vcpus": self.cpus, "ram": self.memory_mb, "disk": self.disk_gb}


FLAVORS = (
    Cut("baremetal", 48, 192 << 10, 1000),
    Cut("m1.small", 1, 2 << 10, 20, {f"trait:{KVM_TRAIT}": "required"}),
    Cut("g1.h100.pci.1", 24, 96 << 10, 40, {f"trait:{GPU_TRAIT}": "required"}),
)
IMAGES = ("CC-Ubuntu24.04", "CC-Ubuntu24.04-CUDA", "CC-Ubuntu22.04")
USERS = {"alice": "CHI-100001", "bob": "CHI-100002"}
"""Each with the project that is theirs."""

ATTACHED, OUTSIDE = "sharednet1", "public"
"""Networks: what servers are on, and where floating IPs come from."""

LOOSE, RESERVABLE = (10, 99), (100, 103)
"""The last numbers of floating IPs that anyone takes, and of those that come with a lease."""
