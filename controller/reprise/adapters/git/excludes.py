"""What a person ignores everywhere, which our git would not find without their configuration."""

import os
from collections.abc import Mapping
from pathlib import Path

from reprise.adapters.git import commands


def personal_excludes(root: Path, system: Mapping[str, str], timeout: float) -> str:
    """The path of their own ignore file, which need not be there."""
    own = {name: system[name] for name in ("PATH", "HOME", "XDG_CONFIG_HOME") if name in system}
    outcome = commands.run_git(
        *("config", "--type=path", "--get", "core.excludesFile"),
        environment=own,
        cwd=root,
        timeout=timeout,
    )
    if outcome.code == 0:
        return os.fsdecode(outcome.stdout).rstrip("\n")
    folder = own.get("XDG_CONFIG_HOME") or f"{own.get('HOME', '/nonexistent')}/.config"
    return f"{folder}/git/ignore"
