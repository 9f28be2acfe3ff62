"""``checkpoint``: what of a trial is kept while it runs, so that a lost machine does not cost all of it."""

from reprise.domain.spec.model import Checkpoint, Resume
from reprise.domain.spec.section import Section


def read_checkpoint(root: Section) -> Checkpoint | None:
    section = root.section("checkpoint")
    if section is None:
        return None
    section.require("path")
    path = section.folder("path")
    if path == ".":
        section.wrong("path", "is the working folder itself; name a folder in it for checkpoints alone")
    resume = section.choice("resume", tuple(each.value for each in Resume))
    return Checkpoint(path or "", Resume.APPROXIMATE if resume is None else Resume(resume))
