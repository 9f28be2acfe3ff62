"""A Go that is new enough for BuildKit.

The toolchain is itself a Go module, so an older Go from Debian can fetch it from the module proxy that this
machine uses, checked against Go's checksum database.
"""

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from tests.box import packages
from tests.box.lacking import Lacking

NEEDED = (1, 24, 3)
FETCHED = "1.25.5"
FETCHING_LIMIT = 240
DEBIAN_PACKAGE, DEBIAN_GO = "golang-1.19-go", Path("/usr/lib/go-1.19/bin/go")
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def find_go(folder: Path) -> Path:
    """Of PATH where it is new enough, else unpacked below ``folder``."""
    found = shutil.which("go")
    if found is not None and version(Path(found)) >= NEEDED:
        return Path(found)
    return fetch_toolchain(Path(found) if found else debian_go(), folder)


def version(go: Path) -> tuple[int, ...]:
    done = subprocess.run(
        [go, "env", "GOVERSION"],
        env={**os.environ, "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    match = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", done.stdout)
    return tuple(int(part or 0) for part in match.groups()) if match else (0,)


def debian_go() -> Path:
    if not DEBIAN_GO.exists():
        packages.install(DEBIAN_PACKAGE)
    return DEBIAN_GO


def fetch_toolchain(go: Path, folder: Path) -> Path:
    """Raises Lacking where the module proxy does not answer or this architecture has no toolchain."""
    machine = ARCHITECTURES.get(platform.machine())
    if machine is None:
        raise Lacking(f"no Go toolchain is known for {platform.machine()}")
    module = f"golang.org/toolchain@v0.0.1-go{FETCHED}.linux-{machine}"
    environment = {**os.environ, "GOMODCACHE": str(folder), "GOFLAGS": "-modcacherw"}
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [go, "mod", "download", module],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=FETCHING_LIMIT,
    )
    if done.returncode != 0:
        raise Lacking(f"the Go toolchain {FETCHED} could not be fetched: {done.stderr.strip()[-600:]}")
    root = folder / module
    make_executable(root)
    return root / "bin" / "go"


def make_executable(root: Path) -> None:
    """Modules carry no modes."""
    for path in (*(root / "bin").iterdir(), *(root / "pkg" / "tool").rglob("*")):
        if path.is_file():
            path.chmod(0o755)
