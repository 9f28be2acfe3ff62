"""Section ``reference``: the machine and the environment that the published numbers come from."""

from reprise.domain.spec.model import Hardware, Reference
from reprise.domain.spec.section import Section

NO_GPU = ("none", "cpu", "cpu only", "cpu-only")
MOST_GPUS = 1024


def read_reference(root: Section) -> Reference:
    section = root.section("reference")
    if section is None:
        return Reference()
    if not section.has("hardware") and not section.has("environment"):
        root.wrong("reference", "needs hardware, environment or both")
    environment = section.file("environment")
    mark = section.at("environment")
    return Reference(_hardware(section), environment, (mark.line, mark.column))


def _hardware(reference: Section) -> Hardware | None:
    section = reference.section("hardware")
    if section is None:
        return None
    section.require("gpu")
    gpu, count = section.line("gpu"), section.integer("count", low=1, high=MOST_GPUS)
    if gpu is None:
        return None
    if gpu.strip().lower() not in NO_GPU:
        return Hardware(gpu.strip(), count or 1)
    if section.has("count"):
        section.wrong("count", "counts GPUs, and gpu says that there was none; remove one of them")
    return Hardware(None, 0)
