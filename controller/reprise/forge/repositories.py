"""Bare git repositories, asked through the real `git`: reads and ref bookkeeping; `transport` is beside it.

Names from requests are checked before they reach git, so a ref can never be an option or a revision formula.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

GIT_SECONDS = 60
MOST_SHOWN_BYTES = 1 << 20
ZERO = "0" * 40
FULL_SHA = re.compile(r"[0-9a-f]{40}")
SHORT_SHA = re.compile(r"[0-9a-f]{4,40}")
REF_NAME = re.compile(
    r"(?!.*(\.\.|//|@\{|/\.|\.lock(/|$)|/$))[^\x00-\x20\x7f~^:?*\[\\\-./][^\x00-\x20\x7f~^:?*\[\\]*"
)
CONFIG = """[uploadpack]
  allowAnySHA1InWant = true
  allowFilter = true
[receive]
  hideRefs = refs/pull
  autogc = false
"""
LOG_FORMAT = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    email: str
    date: str
    """ISO 8601 with the author's own offset."""


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


@dataclass(frozen=True, slots=True)
class TagObject:
    sha: str
    name: str
    tagger: Person | None
    message: str
    target: str
    target_type: str


@dataclass(frozen=True, slots=True)
class Ref:
    name: str
    """In full: ``refs/tags/v1``."""
    sha: str
    type: str


@dataclass(frozen=True, slots=True)
class FileChanges:
    added: tuple[str, ...]
    removed: tuple[str, ...]
    modified: tuple[str, ...]


def git_environment() -> dict[str, str]:
    """Only the repository's own configuration counts, never this machine's."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
    }


class GitRepository:
    """One bare repository. Methods return None for what is not there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self, *, copy_of: "GitRepository | None" = None) -> None:
        """Make it, as GitHub's are: any object can be fetched by its id, ``refs/pull`` is not for pushing."""
        quietly = ("--quiet", "--bare", "--template=")
        if copy_of is None:
            self._git("init", *quietly, "--initial-branch=main", str(self.path), inside=False)
        else:
            self._git("clone", *quietly, str(copy_of.path), str(self.path), inside=False)
        with (self.path / "config").open("a") as config:
            config.write(CONFIG)

    def refs(self, prefix: str = "refs/") -> list[Ref]:
        """Refs whose full name begins with these letters, by name."""
        folder = prefix[: prefix.rindex("/") + 1]
        return [ref for ref in self._refs_under(folder) if ref.name.startswith(prefix)]

    def ref(self, *names: str) -> Ref | None:
        """The first of these full names that exists."""
        if not all(REF_NAME.fullmatch(name) for name in names):
            return None
        found = {ref.name: ref for ref in self._refs_under(*names)}
        return next((found[name] for name in names if name in found), None)

    def resolve(self, name: str) -> str | None:
        """The commit that a full sha, branch, tag or short sha means; None when it means none."""
        if FULL_SHA.fullmatch(name):
            return self._peel(name)
        if not REF_NAME.fullmatch(name):
            return None
        if ref := self.ref(f"refs/heads/{name}", f"refs/tags/{name}", f"refs/{name}"):
            return self._peel(ref.sha)
        return self._peel(name) if SHORT_SHA.fullmatch(name) else None

    def object_type(self, sha: str) -> str | None:
        if not FULL_SHA.fullmatch(sha):
            return None
        return self._optional("cat-file", "-t", sha)

    def commit(self, sha: str) -> Commit:
        return self.log(sha, limit=1)[0]

    def log(self, *revisions: str, limit: int) -> list[Commit]:
        """Commits reachable from these (``^sha``: not from this one), newest first."""
        out = self._git("log", "-z", f"--max-count={limit}", f"--format={LOG_FORMAT}", *revisions, "--")
        parts = out.split("\0")
        width = LOG_FORMAT.count("%x00") + 1
        return [_commit(parts[at : at + width]) for at in range(0, len(parts) - 1, width)]

    def tag_object(self, sha: str) -> TagObject | None:
        if self.object_type(sha) != "tag":
            return None
        head, _, message = self._git("cat-file", "tag", sha).partition("\n\n")
        fields = dict(line.split(" ", 1) for line in head.splitlines() if " " in line)
        tagger = _person(fields["tagger"]) if "tagger" in fields else None
        return TagObject(sha, fields["tag"], tagger, message.rstrip("\n"), fields["object"], fields["type"])

    def text(self, sha: str, path: str) -> str | None:
        """A file of a commit; None when there is none, or when it is larger than a page can show."""
        if not path.isprintable():
            return None
        size = self._optional("cat-file", "-s", f"{sha}:{path}")
        if size is None or int(size) > MOST_SHOWN_BYTES:
            return None
        return self._optional("cat-file", "blob", f"{sha}:{path}", strip=False)

    def file_changes(self, sha: str) -> FileChanges:
        out = self._git(
            "diff-tree", "-z", "--root", "-r", "--no-commit-id", "--no-renames", "--name-status", sha
        )
        fields = out.split("\0")[:-1]
        pairs = list(zip(fields[::2], fields[1::2], strict=True))

        def of(kinds: str) -> tuple[str, ...]:
            return tuple(path for kind, path in pairs if kind in kinds)

        return FileChanges(added=of("A"), removed=of("D"), modified=of("MT"))

    def is_ancestor(self, old: str, new: str) -> bool:
        return self._optional("merge-base", "--is-ancestor", old, new) is not None

    def related(self, one: str, other: str) -> bool:
        """Whether two commits have any history in common."""
        return self._optional("merge-base", one, other) is not None

    def count(self, base: str, head: str) -> int:
        """Commits that head has and base does not."""
        return int(self._git("rev-list", "--count", f"{base}..{head}", "--"))

    def line_changes(self, base: str, head: str) -> tuple[int, int, int]:
        """Files, lines added and lines removed since head left base."""
        lines = self._lines("diff", "--numstat", "--no-renames", f"{base}...{head}", "--")
        counts = [[int(n) if n != "-" else 0 for n in line.split("\t")[:2]] for line in lines]
        return len(counts), sum(plus for plus, _ in counts), sum(minus for _, minus in counts)

    def update_ref(self, name: str, sha: str) -> None:
        self._git("update-ref", name, sha)

    def bring(self, other: "GitRepository", sha: str) -> None:
        """Copy a commit and what it needs from another repository of this forge."""
        if other.path != self.path:
            self._git("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(other.path), sha)

    def set_head(self, branch: str) -> None:
        self._git("symbolic-ref", "HEAD", f"refs/heads/{branch}")

    # --- running git -----------------------------------------------------------------------------

    def _refs_under(self, *patterns: str) -> list[Ref]:
        lines = self._lines("for-each-ref", "--format=%(refname)%00%(objectname)%00%(objecttype)", *patterns)
        return [Ref(*line.split("\0")) for line in lines]

    def _peel(self, sha: str) -> str | None:
        return self._optional("rev-parse", "--verify", "--quiet", "--end-of-options", f"{sha}^{{commit}}")

    def _lines(self, *argv: str) -> list[str]:
        return self._git(*argv).splitlines()

    def _git(self, *argv: str, inside: bool = True) -> str:
        where = ["-C", str(self.path)] if inside else []
        return _run([*where, *argv], check=True).stdout

    def _optional(self, *argv: str, strip: bool = True) -> str | None:
        done = _run(["-C", str(self.path), *argv], check=False)
        if done.returncode != 0:
            return None
        return done.stdout.strip() if strip else done.stdout


def _run(argv: Sequence[str], *, check: bool) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *argv],
        env=git_environment(),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=GIT_SECONDS,
        check=check,
    )


def _commit(fields: list[str]) -> Commit:
    sha, tree, parents, an, ae, ad, cn, ce, cd, message = fields
    return Commit(
        sha,
        tree,
        tuple(parents.split()),
        Person(an, ae, ad),
        Person(cn, ce, cd),
        message.rstrip("\n"),
    )


def _person(line: str) -> Person:
    """From a tag's header: ``Ada <ada@example.org> 1700000000 +0100``."""
    name, _, rest = line.partition(" <")
    email, _, when = rest.partition("> ")
    seconds, offset = when.split()
    minutes = int(offset[1:3]) * 60 + int(offset[3:5])
    zone = timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
    return Person(name, email, datetime.fromtimestamp(int(seconds), zone).isoformat())
