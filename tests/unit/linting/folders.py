"""Folders on the disk, with git or without."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

SPEC = "version: 1\nrun: {command: [python, train.py]}\n"


def folder(root: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, text in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def repository(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """With one commit of these files."""
    folder(root, files)
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root)
    return root


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "--quiet", "-m", "now")


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=root, check=True, timeout=60, stdin=subprocess.DEVNULL)
