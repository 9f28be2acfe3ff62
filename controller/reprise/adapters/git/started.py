"""A person's new repository, and the history of the template in it. Called by `reprise.starting`.

What a template made is a commit of its own, whose message says so. What its next version makes is committed
on top of that one and merged: git itself keeps the edits of the person. No hook and no signature takes part.
"""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reprise.adapters.git import commands, complaints
from reprise.adapters.git.snapshot import IDENTITY
from reprise.domain.errors import UserError

TIMEOUT = 60.0
"""Seconds for one command; the repositories are small or already laid out."""
TEMPLATE = "Reprise-Template"
TREE = "Reprise-Tree"
BRANCH = "main"
CONFIG = (
    ("commit.gpgSign", "false"),
    ("core.autocrlf", "false"),
    ("core.safecrlf", "false"),
    ("log.showSignature", "false"),
)


@dataclass(frozen=True, slots=True)
class Made:
    """A commit that holds exactly what a template made."""

    commit: str
    tree: str
    template: str


@dataclass(frozen=True, slots=True)
class Merged:
    conflicts: tuple[str, ...]
    """Paths with marks of both sides, which are not committed yet; none when all is."""


@dataclass(frozen=True, slots=True)
class Repository:
    root: Path
    system: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @classmethod
    def around(cls, path: Path, system: Mapping[str, str] = os.environ) -> "Repository":
        """Raises UserError when the path is not inside a working tree of git."""
        if not path.is_dir():
            raise UserError(f"{path} is not a folder")
        outcome = cls(path, system)._outcome("rev-parse", "--show-toplevel")
        if outcome.code != 0:
            said = complaints.telling_line(outcome.stderr)
            raise UserError(f"{path} is not in a git working tree ({said}); name the repository to update")
        return cls(Path(os.fsdecode(outcome.stdout).removesuffix("\n")), system)

    def begin(self, template: str, subject: str) -> None:
        """The first commit, of all files that lie there."""
        self._run("init", "--quiet", f"--initial-branch={BRANCH}")
        self._run("add", "--all", "--force")
        message = _message(subject, template, self._run("write-tree"))
        self._run("commit", "--quiet", "--message", message, extra=self._identity())

    def last_made(self) -> Made | None:
        """The newest in the history; one that was changed since, by amending or squashing, does not count."""
        told = " ".join(f"%(trailers:key={key},valueonly,separator=)" for key in (TEMPLATE, TREE))
        outcome = self._outcome("log", "--topo-order", f"--grep=^{TREE}: ", f"--format=%H %T {told}")
        for line in os.fsdecode(outcome.stdout).splitlines():
            commit, tree, *trailers = line.split()
            if trailers[1:] == [tree]:
                return Made(commit, tree, trailers[0])
        return None

    def require_clean(self) -> None:
        """Raises UserError when a tracked file has changes that are not committed."""
        if self._run("status", "--porcelain", "--untracked-files=no"):
            raise UserError(f"{self.root} has changes that are not committed: commit or stash them first")

    def content(self, commit: str, path: str) -> bytes | None:
        outcome = self._outcome("cat-file", "blob", f"{commit}:{path}")
        return outcome.stdout if outcome.code == 0 else None

    def make(self, folder: Path, before: Made, subject: str) -> Made | None:
        """Commit what a template made in a folder on top of what it made before; None if that is the same."""
        with tempfile.TemporaryDirectory() as scratch:
            placed = {
                "GIT_DIR": self._run("rev-parse", "--absolute-git-dir"),
                "GIT_WORK_TREE": str(folder),
                "GIT_INDEX_FILE": str(Path(scratch) / "index"),
            }
            self._run("add", "--all", "--force", "--", ":/", cwd=folder, extra=placed)
            tree = self._run("write-tree", cwd=folder, extra=placed)
        if tree == before.tree:
            return None
        message = _message(subject, before.template, tree)
        arguments = ("commit-tree", tree, "-p", before.commit, "-m", message)
        return Made(self._run(*arguments, extra=self._identity()), tree, before.template)

    def merge(self, made: Made, subject: str) -> Merged:
        """Into the branch that is checked out. Raises UserError when git could not even begin."""
        arguments = ("merge", "--quiet", "--no-ff", "--message", subject, made.commit)
        outcome = self._outcome(*arguments, extra=self._identity())
        if outcome.code == 0:
            return Merged(())
        conflicts = self._run("diff", "--name-only", "--diff-filter=U", "-z").split("\0")
        if paths := tuple(path for path in conflicts if path):
            return Merged(paths)
        raise UserError(f"{self.root} could not be updated: {complaints.telling_line(outcome.stderr)}")

    def _identity(self) -> dict[str, str]:
        """The person's own, where git knows it."""
        name, email = self._configured("user.name"), self._configured("user.email")
        if not name or not email:
            return IDENTITY
        told = {"NAME": name, "EMAIL": email}
        return {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in told.items()}

    def _configured(self, key: str) -> str:
        own = {name: self.system[name] for name in ("PATH", "HOME", "XDG_CONFIG_HOME") if name in self.system}
        outcome = commands.run_git("config", "--get", key, environment=own, cwd=self.root, timeout=TIMEOUT)
        return os.fsdecode(outcome.stdout).rstrip("\n") if outcome.code == 0 else ""

    def _run(self, *arguments: str, cwd: Path | None = None, extra: Mapping[str, str] | None = None) -> str:
        outcome = self._outcome(*arguments, cwd=cwd, extra=extra)
        if outcome.code != 0:
            said = complaints.telling_line(outcome.stderr)
            raise UserError(f"git {arguments[0]} in {self.root} failed: {said}")
        return os.fsdecode(outcome.stdout).rstrip("\n")

    def _outcome(
        self, *arguments: str, cwd: Path | None = None, extra: Mapping[str, str] | None = None
    ) -> commands.Outcome:
        environment = commands.environment(self.system, Path("/nonexistent"), config=CONFIG)
        return commands.run_git(
            *arguments, environment={**environment, **(extra or {})}, cwd=cwd or self.root, timeout=TIMEOUT
        )


def _message(subject: str, template: str, tree: str) -> str:
    return f"{subject}\n\n{TEMPLATE}: {template}\n{TREE}: {tree}"
