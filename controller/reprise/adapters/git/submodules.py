"""The submodules of one commit: each gitlink is its recorded commit of another repository.

One object per export, called by export.py when it meets a gitlink. Only ``path`` and ``url`` of
``.gitmodules`` count; its names, branches and update commands mean nothing here. A repository that
holds itself ends at the bound on nesting.
"""

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from reprise.adapters.git import addresses, commands
from reprise.adapters.git.export import Limits, Root, printable
from reprise.adapters.git.objects import Objects
from reprise.domain.errors import Refused, Retryable
from reprise.domain.run import Sha, Submodule

MODULES = ".gitmodules"
MODULES_BYTES = 256 * 1024
_CONFIG_SECONDS = 20.0


class Bring(Protocol):
    def __call__(
        self, address: addresses.Address, sha: Sha, *, most_bytes: int, timeout: float
    ) -> tuple[Objects, int]:
        """A cache that has this commit, and how many bytes came over the wire for it."""
        ...


@dataclass(frozen=True, slots=True)
class _Holder:
    """A repository that may hold submodules."""

    url: str
    nesting: int
    modules: Mapping[str, str] | None = None
    """path → address as written; None until somebody asks."""


class Submodules:
    """Grafts submodules into an export; closes what it opened with ``opened``."""

    def __init__(
        self,
        top_url: str,
        bring: Bring,
        opened: ExitStack,
        *,
        limits: Limits,
        timeout: float,
        read_config: Callable[[bytes], bytes],
    ) -> None:
        self._top_url = top_url
        self._bring = bring
        self._opened = opened
        self._limits = limits
        self._left_bytes = limits.total_bytes
        self._deadline = time.monotonic() + timeout
        self._read_config = read_config
        self._holders = {"": _Holder(top_url, 0)}
        self.laid_out: list[Submodule] = []

    def graft(self, holder: Root, path: str, commit: Sha) -> Root:
        """What stands at a gitlink. Raises Refused with a sentence for the author."""
        try:
            return self._graft(holder, path, commit)
        except Refused as error:
            at = f"{printable(path)} is a submodule at commit {commit[:12]}"
            raise Refused(f"{at} that cannot be laid out: {error}") from error
        except Retryable as error:
            raise Retryable(f"the submodule {printable(path)}: {error}", error.after) from error

    def _graft(self, holder: Root, path: str, commit: Sha) -> Root:
        if len(self.laid_out) >= self._limits.submodules:
            raise Refused(
                f"there are more than {self._limits.submodules} submodules; commit their files instead"
            )
        held_by = self._known(holder)
        if held_by.nesting >= self._limits.nesting:
            raise Refused(
                f"submodules are nested more than {self._limits.nesting} deep; commit its files instead"
            )
        written = (held_by.modules or {}).get(path.removeprefix(holder.prefix))
        if written is None:
            file = printable(holder.prefix + MODULES)
            raise Refused(f"{file} has no address for it; add one or commit its files instead")
        address = addresses.locate(written, holder=held_by.url, top=self._top_url)
        objects = self._fetched(address, commit)
        root = Root(f"{path}/", objects, objects.commit(commit).tree)
        objects.rest()  # many may wait until they are walked
        self._holders[root.prefix] = _Holder(address.url, held_by.nesting + 1)
        self.laid_out.append(Submodule(path, address.url, commit))
        return root

    def _fetched(self, address: addresses.Address, commit: Sha) -> Objects:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise Retryable("there was no time left for it")
        objects, brought = self._bring(address, commit, most_bytes=self._left_bytes, timeout=left)
        self._opened.enter_context(objects)
        self._left_bytes = max(self._left_bytes - brought, 0)
        return objects

    def _known(self, root: Root) -> _Holder:
        holder = self._holders[root.prefix]
        if holder.modules is None:
            holder = replace(holder, modules=parse_listing(self._read_config(_modules_file(root))))
            self._holders[root.prefix] = holder
        return holder


def _modules_file(root: Root) -> bytes:
    """Empty when there is none; a link is none."""
    entries = root.objects.entries(root.tree)
    found = next((entry for entry in entries if entry.name == MODULES and entry.is_file), None)
    if found is None:
        return b""
    size = root.objects.size(found.sha)
    if size > MODULES_BYTES:
        raise Refused(f"{MODULES} has {size} bytes; at most {MODULES_BYTES} are read")
    return root.objects.content(found.sha)


def config_reader(environment: Mapping[str, str], home: Path) -> Callable[[bytes], bytes]:
    """Git itself reads git's syntax, without what such a file might want to include."""

    def read(content: bytes) -> bytes:
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            outcome = commands.run_git(
                *("config", "--null", "--no-includes", "--file", file.name, "--list"),
                environment=environment,
                cwd=home,
                timeout=_CONFIG_SECONDS,
            )
        if outcome.code != 0:
            raise Refused(f"{MODULES} is not written in git's configuration syntax; correct it")
        return outcome.stdout

    return read


def parse_listing(listing: bytes) -> dict[str, str]:
    """path → address, from ``git config --null --list``; of several values the last counts, as for git."""
    sections: dict[str, dict[str, str]] = {}
    for item in os.fsdecode(listing).split("\0"):
        key, _, value = item.partition("\n")
        section, _, name = key.rpartition(".")
        if section.startswith("submodule.") and name in ("path", "url"):
            sections.setdefault(section, {})[name] = value
    return {
        found["path"].rstrip("/"): found["url"]
        for found in sections.values()
        if {"path", "url"} <= found.keys()
    }
