"""What the runner told of a machine's GPUs, without who they are where the operator asks. See told.py."""

import hashlib
import re
from typing import Any

from reprise.masking import mask

SERIAL = re.compile(r"(<(?:serial|board_id|gpu_module_id|chassis_serial_number)>)[^<]*")


def hidden(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With digests for the GPUs' own names."""
    return [{**each, "uuid": _digest(each["uuid"])} if each.get("uuid") else each for each in found]


def smi_text(data: bytes, *, hash_ids: bool) -> str:
    """What ``nvidia-smi -q -x`` printed, without serial numbers where those are to be hidden."""
    text = mask(data.decode(errors="replace"))
    if not hash_ids:
        return text
    return SERIAL.sub(r"\1hidden", re.sub(r"GPU-[0-9a-fA-F-]{36}", lambda found: _digest(found[0]), text))


def _digest(uuid: str) -> str:
    """A name that tells a GPU from others without naming it."""
    return "sha256:" + hashlib.sha256(str(uuid).encode()).hexdigest()[:16]
