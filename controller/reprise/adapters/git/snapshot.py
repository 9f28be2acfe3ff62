"""A person's working tree as a commit, for rehearsals. Called by source.py.

Their repository is only read: a copy of its index, its objects as an alternate of our cache, and no
filter of theirs runs (a clean filter may write next to the objects, as git-lfs does).
"""

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reprise.adapters.git import commands, complaints, export
from reprise.adapters.git.excludes import personal_excludes
from reprise.adapters.git.local import repository_at
from reprise.domain.errors import UserError
from reprise.domain.run import Repository, Sha

IDENTITY = {
    "GIT_AUTHOR_NAME": "Reprise",
    "GIT_AUTHOR_EMAIL": "reprise@localhost",
    "GIT_COMMITTER_NAME": "Reprise",
    "GIT_COMMITTER_EMAIL": "reprise@localhost",
}


@dataclass(frozen=True, slots=True)
class Local:
    """A working tree and where its parts are."""

    repository: Repository
    root: Path
    git_folder: Path
    objects: Path
    index: Path
    system: Mapping[str, str]
    home: Path


def locate(path: Path, system: Mapping[str, str], home: Path, timeout: float) -> Local:
    """Raises UserError when the path is not inside a working tree of git."""
    folder = path if path.is_dir() else path.parent
    if not folder.is_dir():
        raise UserError(f"{path} does not exist")
    outcome = commands.run_git(
        *("rev-parse", "--path-format=absolute", "--show-toplevel", "--absolute-git-dir"),
        *("--git-path", "objects", "--git-path", "index", "--show-object-format"),
        environment=commands.environment(system, home),
        cwd=folder,
        timeout=timeout,
    )
    if outcome.code != 0:
        raise UserError(
            f"{path} is not in a git working tree ({complaints.telling_line(outcome.stderr)}); "
            "run git init and commit, or name another folder"
        )
    answers = os.fsdecode(outcome.stdout).removesuffix("\n").split("\n")
    if len(answers) != 5:
        raise UserError(f"{path} has a line break in its path; move the repository")
    root, git_folder, objects, index, format_ = answers
    if format_ != "sha1":
        raise UserError(f"{root} uses git's {format_} object format, which is not supported yet")
    return Local(
        repository_at(Path(root)), Path(root), Path(git_folder), Path(objects), Path(index), system, home
    )


def take(local: Local, cache: Path, limits: export.Limits, timeout: float) -> tuple[Sha, bool]:
    """(commit, dirty). HEAD itself when the tree is clean; the same content gives the same commit.

    Raises UserError when the tree cannot be recorded. The caller holds the cache's lock.
    """
    _lend(local.objects, cache)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        git = _Git(local, cache, Path(scratch) / "index", timeout)
        head = git.optional("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        if local.index.exists():
            shutil.copy2(local.index, git.index)
        _refuse_too_much(git, limits)
        git.run("add", "--all", "--", ":/")
        tree = git.run("write-tree")
        if head is not None and tree == git.run("rev-parse", f"{head}^{{tree}}"):
            return Sha(head), False
        return Sha(_commit(git, tree, head)), True


def _lend(objects: Path, cache: Path) -> None:
    """Readers do not lock: other rehearsals of the same repository look here at the same time."""
    alternates = cache / "objects" / "info" / "alternates"
    wanted = os.fsencode(objects) + b"\n"
    if alternates.exists() and alternates.read_bytes() == wanted:
        return
    alternates.parent.mkdir(parents=True, exist_ok=True)
    partial = alternates.with_suffix(".partial")
    partial.write_bytes(wanted)
    partial.replace(alternates)


@dataclass(frozen=True, slots=True)
class _Git:
    """Git on the person's working tree with our index and object folder."""

    local: Local
    cache: Path
    index: Path
    timeout: float

    def run(self, *arguments: str, extra: Mapping[str, str] | None = None) -> str:
        outcome = self._outcome(arguments, extra or {})
        if outcome.code != 0:
            raise UserError(
                f"the working tree {self.local.root} could not be recorded: "
                f"{complaints.telling_line(outcome.stderr)}"
            )
        return os.fsdecode(outcome.stdout).rstrip("\n")

    def optional(self, *arguments: str) -> str | None:
        outcome = self._outcome(arguments, {})
        return os.fsdecode(outcome.stdout).rstrip("\n") if outcome.code == 0 else None

    def _outcome(self, arguments: tuple[str, ...], extra: Mapping[str, str]) -> commands.Outcome:
        base = commands.environment(
            self.local.system, self.local.home, config=_config(self.local, self.timeout)
        )
        placed = {
            "GIT_DIR": str(self.local.git_folder),
            "GIT_WORK_TREE": str(self.local.root),
            "GIT_INDEX_FILE": str(self.index),
            "GIT_OBJECT_DIRECTORY": str(self.cache / "objects"),
        }
        return commands.run_git(
            *arguments, environment={**base, **placed, **extra}, cwd=self.local.root, timeout=self.timeout
        )


def _config(local: Local, timeout: float) -> tuple[tuple[str, str], ...]:
    """What is ignored stays ignored, by the person's own list too; their filters are switched off."""
    return (
        ("core.splitIndex", "false"),
        ("core.untrackedCache", "false"),
        ("core.autocrlf", "false"),
        ("core.safecrlf", "false"),
        ("log.showSignature", "false"),
        ("core.excludesFile", personal_excludes(local.root, local.system, timeout)),
        *(
            (f"filter.{name}.{key}", value)
            for name in _filters(local, timeout)
            for key, value in (("clean", ""), ("process", ""), ("required", "false"))
        ),
    )


def _filters(local: Local, timeout: float) -> tuple[str, ...]:
    outcome = commands.run_git(
        *("config", "--null", "--name-only", "--get-regexp", r"^filter\."),
        environment=commands.environment(local.system, local.home),
        cwd=local.root,
        timeout=timeout,
    )
    names = (
        key.removeprefix("filter.").rpartition(".")[0] for key in os.fsdecode(outcome.stdout).split("\0")
    )
    return tuple(sorted({name for name in names if name}))


def _refuse_too_much(git: _Git, limits: export.Limits) -> None:
    """Before anything is copied: a forgotten data folder is easily larger than our disk."""
    listed = git.run("ls-files", "-z", "--others", "--modified", "--exclude-standard")
    paths = [path for path in listed.split("\0") if path]
    total = sum(_size(git.local.root / path) for path in paths)
    if total > limits.total_bytes or len(paths) > limits.files:
        raise UserError(
            f"uncommitted files in {git.local.root} add up to {total} bytes in {len(paths)} files, "
            "more than a rehearsal takes; "
            "commit what belongs to the experiment and list the rest in .gitignore"
        )


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _commit(git: _Git, tree: str, head: str | None) -> str:
    """Dated like HEAD, so that unchanged content is an unchanged commit."""
    seconds = git.run("show", "--no-patch", "--format=%ct", head) if head else "0"
    parents = ("-p", head) if head else ()
    dates = {"GIT_AUTHOR_DATE": f"@{seconds} +0000", "GIT_COMMITTER_DATE": f"@{seconds} +0000"}
    message = "working tree with uncommitted changes"
    return git.run("commit-tree", tree, *parents, "-m", message, extra={**IDENTITY, **dates})
