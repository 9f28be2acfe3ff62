"""What MLflow is told about where a trial ran: tags and texts of its environment record. Pure.

Names of tags and files that templates for reproducible experiments already log are kept, so that people find
in our runs what they know from their own; ``reprise.*`` are those that one filters by. Used by `content`
and `tracker`.
"""

from collections.abc import Mapping
from typing import Any

from reprise.adapters.mlflow.addresses import without_credentials
from reprise.adapters.mlflow.names import MAX_TAG, fit_text
from reprise.domain import environment
from reprise.masking import mask
from reprise.ports import RunRecord

GPU_INFO = "nvidia_gpu_info.txt"
GIT_INFO = "git_info.txt"

_FILTERS = {
    "CPU": "reprise.cpu",
    "BLAS kernel": "reprise.blas_kernel",
    "GPU": "reprise.gpu",
    "driver": "reprise.driver",
}
"""Headline of a record → tag."""
_PLATFORM = ("os.system", "os.kernel", "os.architecture", "os.libc")


def machine_tags(record: environment.Record) -> dict[str, str]:
    """None for an empty record: nobody knows then."""
    if not record:
        return {}
    flat = environment.flatten(record)
    gpus = record.get("gpu")
    tags = {"gpu_count": str(len(gpus) if isinstance(gpus, list) else 0)}
    why = flat.get("missing.gpu")
    if why:
        tags["gpu_status"] = why
    platform = "-".join(flat[name].replace(" ", "") for name in _PLATFORM if flat.get(name))
    if platform:
        tags["platform"] = platform
    known = environment.headlines(flat)
    tags |= {tag: known[headline] for headline, tag in _FILTERS.items() if headline in known}
    if flat.get("profile.name"):
        tags["reprise.profile"] = flat["profile.name"]
    return {name: fit_text(value, MAX_TAG) for name, value in tags.items()}


def git_tags(record: RunRecord) -> dict[str, str]:
    return {
        "git_branch": record.ref,
        "git_dirty": str(record.dirty),
        "git_status": "dirty" if record.dirty else "clean",
    }


def git_info(record: RunRecord) -> str:
    url = without_credentials(record.repository_url) or record.repository
    changes = "changes that nobody has committed were snapshot as this commit" if record.dirty else "none"
    lines = (
        f"Remote: {mask(url)}",
        f"Branch: {record.ref}",
        f"Commit: {record.commit}",
        f"Tree: {record.tree}",
        f"Dirty: {record.dirty}",
        f"Changes: {changes}",
    )
    return "\n".join(lines) + "\n"


def gpu_info(record: environment.Record) -> str:
    """For people; empty without a GPU."""
    gpus = record.get("gpu")
    if not isinstance(gpus, list) or not gpus:
        return ""
    cuda = record.get("cuda")
    stack = cuda if isinstance(cuda, Mapping) else {}
    head = f"Driver Version: {stack.get('driver')}   CUDA Version: {stack.get('version')}"
    return "\n".join([head, *(_gpu(index, gpu) for index, gpu in enumerate(gpus))]) + "\n"


def _gpu(index: int, gpu: Any) -> str:
    """One GPU: its name, then a line for each field that has a value."""
    fields = dict(environment.flatten(gpu)) if isinstance(gpu, Mapping) else {}
    name = fields.pop("name", "?")
    memory = fields.get("memory_bytes", "")
    if memory.isascii() and memory.isdigit() and len(memory) < 19:
        fields["memory_bytes"] = f"{memory} ({int(memory) // 2**20} MiB)"
    return "\n".join([f"GPU {index}: {name}", *(f"  {field}: {text}" for field, text in fields.items())])
