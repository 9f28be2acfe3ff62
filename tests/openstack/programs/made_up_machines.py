"""Nova's driver for the box: each compute is one whole machine, whose servers exist in name only.

Knobs are files that are read at every boot: ``boot_seconds``, and ``fail_COMPUTE``, whose text is the reason.
"""

import os
import time
import uuid
from pathlib import Path
from typing import Any

from nova import exception
from nova.virt import fake

KNOBS = Path(os.environ["REPRISE_KNOBS"])


def knob(name: str) -> str | None:
    try:
        return (KNOBS / name).read_text().strip()
    except FileNotFoundError:
        return None


class MachineDriver(fake.PredictableNodeUUIDDriver):  # type: ignore[misc]  # Nova has no types
    vcpus = 48
    memory_mb = 192 << 10
    local_gb = 1000

    def init_host(self, host: str) -> None:
        """The node is called by a UUID, as where Ironic keeps the nodes."""
        super().init_host(host)
        self._set_nodes([str(uuid.uuid5(uuid.NAMESPACE_DNS, host))])

    def get_nodenames_by_uuid(self, refresh: bool = False) -> dict[str, str]:
        return {str(uuid.uuid5(uuid.NAMESPACE_DNS, name)): name for name in self.get_available_nodes()}

    def spawn(self, context: Any, instance: Any, *args: Any, **kwargs: Any) -> None:
        time.sleep(float(knob("boot_seconds") or 0))
        reason = knob(f"fail_{instance.host}")
        if reason is not None:
            raise exception.InstanceDeployFailure(
                reason=reason or f"{instance.host} could not be provisioned"
            )
        super().spawn(context, instance, *args, **kwargs)
