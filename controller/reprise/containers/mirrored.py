"""What a trial left in the volume of another machine, brought to where it would lie on this one.

Only what is looked at afterwards is fetched: what the runner told, the output folder, and of the tree
declared outputs, inputs and the checkpoint. Where one of those is reached through a link, all of it comes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from reprise.containers import folders
from reprise.containers.answers import Seen
from reprise.containers.engine import Engine
from reprise.containers.unpacking import unpack
from reprise.domain.errors import UserError
from reprise.domain.paths import parts_inside
from reprise.jobs import layout, prepare
from reprise.ports import JobRequest
from reprise.removal import remove_tree

THERE = PurePosixPath("/there")
"""Where a volume is in the container beside it."""
TOLD = (layout.SUPERVISOR_RESULT, *folders.BROUGHT_OUT)
MAX_TOLD_BYTES = 16 << 20
"""Of each; the job could have written there."""
MAX_LOOKED_AT = 200
"""Names of a checkpoint that are asked for one by one, to see whether anything changed."""
TREE = "tree"
COMING = "coming"
"""Beside the trial's folders, while it is not whole."""

Parts = tuple[str, ...]


@dataclass(slots=True)
class Mirror:
    """Safe for several threads, one of which looks after a trial."""

    engine: Engine
    disk_bytes: int
    _known: dict[Path, dict[str, Seen]] = field(default_factory=dict)
    """Checkpoint folder here → what it was there, name by name, when it was fetched."""

    def told(self, job: JobRequest, beside: str) -> None:
        """``beside``: the container that has the trial's volume."""
        into = job.folder / folders.TRIAL
        into.mkdir(mode=0o700, exist_ok=True)
        for name in TOLD:
            there = THERE / folders.TRIAL / name
            seen = self.engine.seen(beside, str(there))
            if seen is not None and not seen.folder and seen.bytes <= MAX_TOLD_BYTES:
                self._replace(job, beside, there, into / name, limit=MAX_TOLD_BYTES)

    def left(self, job: JobRequest, beside: str) -> None:
        for name in (layout.OUTPUT, layout.INSIDE):
            self._replace(job, beside, THERE / name, job.folder / name, limit=self.disk_bytes)
        wanted = tuple(_looked_at(job))
        if any(self._first_link(beside, parts) is not None for parts in wanted):
            self._replace(job, beside, THERE / TREE, job.tree, limit=self.disk_bytes)
            return
        for parts in wanted:
            self._replace_in_tree(job, beside, parts)

    def checkpoint(self, job: JobRequest, beside: str) -> None:
        """Only when something in it changed since it was fetched last."""
        if job.spec.checkpoint is None:
            return
        parts = parts_inside(job.spec.checkpoint.path)
        in_tree = (*parts_inside(job.spec.run.workdir), *parts)
        link = self._first_link(beside, in_tree)
        self._fetch_changed(job, beside, job.tree, TREE, in_tree if link is None else link)
        self._fetch_changed(job, beside, job.folder / layout.OUTPUT, layout.OUTPUT, parts)

    def forget(self, job: JobRequest) -> None:
        for folder in [each for each in self._known if each.is_relative_to(job.folder)]:
            self._known.pop(folder, None)

    # --- parts of it ----------------------------------------------------------------------------

    def _fetch_changed(self, job: JobRequest, beside: str, root: Path, name: str, parts: Parts) -> None:
        there, here = THERE.joinpath(name, *parts), root.joinpath(*parts)
        known = self._known.pop(here, None)
        if known is not None and known == self._look(beside, there, known):
            self._known[here] = known
            return
        _make_way(root, parts)
        self._replace(job, beside, there, here, limit=self.disk_bytes)
        found = _names(here)
        if found is not None and len(found) <= MAX_LOOKED_AT:
            now = self._look(beside, there, found)
            if all(_is_as(seen, here / each) for each, seen in now.items()):
                self._known[here] = now

    def _look(self, beside: str, there: PurePosixPath, found: Iterable[str]) -> dict[str, Seen]:
        looked = {each: self.engine.seen(beside, str(there / each)) for each in found}
        return {each: seen for each, seen in looked.items() if seen is not None}

    def _replace_in_tree(self, job: JobRequest, beside: str, parts: Parts) -> None:
        _make_way(job.tree, parts)
        there = THERE.joinpath(TREE, *parts)
        self._replace(job, beside, there, job.tree.joinpath(*parts), limit=self.disk_bytes)

    def _replace(self, job: JobRequest, beside: str, there: PurePosixPath, here: Path, *, limit: int) -> None:
        """What is not there is not here either."""
        coming = job.folder / COMING
        remove_tree(coming)
        with self.engine.get(beside, str(there)) as stream:
            if stream is not None:
                unpack(stream, coming, limit=limit)
        remove_tree(here)
        if coming.exists() or coming.is_symlink():
            coming.rename(here)

    def _first_link(self, beside: str, parts: Parts) -> Parts | None:
        """The shortest beginning of a path in the tree that is a link."""
        for count in range(1, len(parts) + 1):
            seen = self.engine.seen(beside, str(THERE.joinpath(TREE, *parts[:count])))
            if seen is None:
                return None
            if seen.link:
                return parts[:count]
        return None


def _looked_at(job: JobRequest) -> Iterable[Parts]:
    """Paths in the tree. One that is none is named by whoever collects."""
    workdir = job.spec.run.workdir
    checkpoint = [job.spec.checkpoint.path] if job.spec.checkpoint is not None else []
    for path in (*prepare.declared_outputs(job.spec), *checkpoint):
        try:
            yield (*parts_inside(workdir), *parts_inside(path))
        except UserError:
            continue
    for path in (*(file.path for file in folders.committed(job)), *(file.path for file in job.data)):
        yield parts_inside(path)


def _make_way(root: Path, parts: Parts) -> None:
    """Real folders on the way, in place of what the commit had there. Nobody changes them meanwhile."""
    here = root
    for part in ("", *parts[:-1]):
        here = here / part
        if here.is_symlink() or not here.is_dir():
            remove_tree(here)
            here.mkdir(mode=0o700)


def _names(folder: Path) -> list[str] | None:
    """Everything in it, itself included; None when it is no folder, or holds too much to ask for."""
    if folder.is_symlink() or not folder.is_dir():
        return None
    found = ["."]
    for path in folder.rglob("*"):
        if len(found) > MAX_LOOKED_AT:
            return None
        found.append(str(path.relative_to(folder)))
    return found


def _is_as(seen: Seen, here: Path) -> bool:
    """Whether it is still what was fetched, as far as an archive tells: whole seconds, and sizes of files."""
    if seen.folder or seen.link:
        return True
    told = here.lstat()
    changed = seen.changed.timestamp() if seen.changed is not None else 0
    return told.st_size == seen.bytes and int(told.st_mtime) == int(changed)
