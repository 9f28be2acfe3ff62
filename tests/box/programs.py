"""BuildKit and buildx, built once for each version from the Go modules that go/go.mod locks.

Debian's Engine has a BuildKit that is too old for reproducible images, and no package has a newer one.
"""

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.box import toolchain
from tests.box.caching import CACHE, note_seconds, replace_folder
from tests.box.lacking import Lacking

MODULE = Path(__file__).parent / "go"
BUILDKIT, BUILDX = "github.com/moby/buildkit", "github.com/docker/buildx"
COMMANDS = {
    "buildkitd": f"{BUILDKIT}/cmd/buildkitd",
    "buildctl": f"{BUILDKIT}/cmd/buildctl",
    "buildx": f"{BUILDX}/cmd/buildx",
}
BUILDING_LIMIT = 600


@dataclass(frozen=True)
class Programs:
    buildkitd: Path
    buildctl: Path
    buildx: Path
    """A plugin of Docker's command line."""


def programs() -> Programs:
    """Raises Lacking where they cannot be built."""
    folder = CACHE / f"programs-{key()}"
    if not folder.is_dir():
        with replace_folder(folder) as building:
            build_all(building)
    return Programs(
        folder / "buildkitd", folder / "buildctl", folder / "docker-config" / "cli-plugins" / "docker-buildx"
    )


def key() -> str:
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum", "programs.go"):
        digest.update((MODULE / name).read_bytes())
    return digest.hexdigest()[:12]


def build_all(folder: Path) -> None:
    with note_seconds("Go toolchain"):
        go = toolchain.find_go(CACHE / "go")
    for name, command in COMMANDS.items():
        with note_seconds(f"build of {name}"):
            build(go, command, folder / name)
    plugins = folder / "docker-config" / "cli-plugins"
    plugins.mkdir(parents=True)
    (folder / "buildx").rename(plugins / "docker-buildx")
    shutil.rmtree(CACHE / "go", ignore_errors=True)


def build(go: Path, command: str, to: Path) -> None:
    """In Go's own caches, which other clones on this machine share."""
    versions = " ".join(
        f"-X {module}/version.Version={locked_version(module)}" for module in (BUILDKIT, BUILDX)
    )
    done = subprocess.run(
        [go, "build", "-trimpath", "-ldflags", f"-s -w {versions}", "-o", to, command],
        cwd=MODULE,
        env={**os.environ, "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=BUILDING_LIMIT,
    )
    if done.returncode != 0:
        raise Lacking(f"{command} could not be built: {done.stderr.strip()[-600:]}")


def locked_version(module: str) -> str:
    lines = (MODULE / "go.mod").read_text().split()
    return lines[lines.index(module) + 1]
