"""Real git repositories for tests, made with the git command in an environment of their own."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from reprise.domain.run import Sha

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "@1700000000 +0000",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_COMMITTER_DATE": "@1700000000 +0000",
}


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    """Run git in a folder; its output without the final line break."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=ENVIRONMENT, input=stdin, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().rstrip("\n")


def make_repository(folder: Path, files: Mapping[str, str | bytes]) -> Sha:
    """A new repository with one commit that holds these files."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    return commit_files(folder, files)


def commit_files(folder: Path, files: Mapping[str, str | bytes], message: str = "a commit") -> Sha:
    """Write files and commit everything in the working tree."""
    write_files(folder, files)
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return Sha(git(folder, "rev-parse", "HEAD"))


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)


def commit_tree(folder: Path, entries: Mapping[str, tuple[str, bytes]]) -> Sha:
    """A commit of a hand-made flat tree: name → (mode, content). Git's own checks are passed by."""
    lines = b""
    for name, (mode, content) in sorted(entries.items()):
        sha = "1" * 40 if mode == "160000" else git(folder, "hash-object", "-w", "--stdin", stdin=content)
        lines += f"{mode.lstrip('0')} {name}\0".encode() + bytes.fromhex(sha)
    tree = git(folder, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=lines)
    return Sha(git(folder, "commit-tree", tree, "-m", "hand-made"))
