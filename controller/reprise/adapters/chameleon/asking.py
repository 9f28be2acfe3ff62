"""What a container on a node needs to know of the node itself, asked over SSH."""

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from reprise.containers import own_python
from reprise.containers.devices import Gpus, Vendor
from reprise.containers.own_python import OwnPython
from reprise.domain.errors import Refused
from reprise.ports.nodes import Node

SECONDS = 30.0
DEVICES = ("sh", "-c", "stat -c %g /dev/kfd /dev/dri/renderD*")
_PYTHON = TypeAdapter(OwnPython)


def python(node: Node) -> OwnPython:
    """The node's own. Raises Refused where it has none that we can use."""
    program = Path(own_python.__file__).read_bytes()
    said = node.run(("python3", "-I", "-"), stdin=program, timeout=SECONDS)
    try:
        return _PYTHON.validate_json(said.out)
    except ValidationError:
        why = (said.err or said.out).strip()[-200:]
        raise Refused(f"the node has no Python 3.8 or later that we can use: {why}") from None


def gpus(node: Node) -> Gpus:
    """How containers get the node's GPUs; how many there are was seen when it was accepted."""
    said = node.run(DEVICES, timeout=SECONDS)
    groups = {int(line) for line in said.out.split() if line.isdecimal()}
    if said.code == 0 and groups:
        return Gpus(vendor=Vendor.AMD, groups=tuple(sorted(groups)))
    return Gpus(vendor=Vendor.NVIDIA)
