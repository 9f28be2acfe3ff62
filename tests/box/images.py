"""Base images without a public registry: Debian by debootstrap, laid out as what a registry takes and kept.

``debian`` has a Python, ``bare`` is a Debian's busybox and nothing else.
"""

import gzip
import hashlib
import json
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.box import packages
from tests.box.caching import CACHE, note_seconds, replace_folder
from tests.box.lacking import Lacking
from tests.box.toolchain import ARCHITECTURES

SUITE = "bookworm"
INCLUDED = ("python3", "python3-venv", "ca-certificates")
UNNEEDED = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale")
DEBOOTSTRAP_LIMIT = 400
LAYOUT = 1
"""Raised when what is below changes what it makes."""

CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"
MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


def debian() -> Path:
    """A folder with manifest.json, config.json and layer.tar.gz. Raises Lacking."""
    wanted = hashlib.sha256(" ".join((SUITE, *INCLUDED, *UNNEEDED, str(LAYOUT))).encode()).hexdigest()
    return kept(f"debian-{wanted[:12]}", bootstrap, ["python3"])


def bare() -> Path:
    return kept(f"bare-{LAYOUT}", unpack_busybox, ["sh"])


def kept(name: str, fill: Callable[[Path], None], command: list[str]) -> Path:
    folder = CACHE / name
    if folder.is_dir():
        return folder
    with (
        note_seconds(f"image {name}"),
        replace_folder(folder) as making,
        tempfile.TemporaryDirectory(dir=CACHE) as root,
    ):
        Path(root).chmod(0o755)
        fill(Path(root))
        pack(Path(root), making, command)
    return folder


def bootstrap(root: Path) -> None:
    done = subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={','.join(INCLUDED)}", SUITE, root, mirror()],
        capture_output=True,
        text=True,
        timeout=DEBOOTSTRAP_LIMIT,
    )
    if done.returncode != 0:
        raise Lacking(f"debootstrap failed: {(done.stdout + done.stderr).strip()[-600:]}")
    for unneeded in UNNEEDED:
        shutil.rmtree(root / unneeded, ignore_errors=True)


def mirror() -> str:
    """The Debian mirror of this machine's apt sources."""
    done = subprocess.run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(REPO_URI)",
            "Created-By: Packages",
            "Origin: Debian",
            "Label: Debian",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    found = done.stdout.split()
    if not found:
        raise Lacking("this machine's apt sources name no Debian mirror")
    return found[0]


def unpack_busybox(root: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["apt-get", "-qq", "download", "busybox-static"],
            cwd=folder,
            capture_output=True,
            timeout=packages.LIMIT,
            check=True,
        )
        (package,) = Path(folder).glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", package, folder], capture_output=True, timeout=60, check=True)
        (program,) = Path(folder).glob("**/bin/busybox")
        (root / "bin").mkdir()
        shutil.copy(program, root / "bin" / "busybox")
    for name in ("sh", "ls", "cat", "sleep", "true", "id"):
        (root / "bin" / name).symlink_to("busybox")
    for name in ("etc", "tmp", "proc", "sys", "dev"):
        (root / name).mkdir()


def pack(root: Path, folder: Path, command: list[str]) -> None:
    layer = folder / "layer.tar"
    archive = ["tar", "--create", "--sort=name", "--numeric-owner", "--one-file-system"]
    left_out = [f"--exclude=./{name}/*" for name in ("proc", "sys", "dev")]
    subprocess.run([*archive, *left_out, "--directory", root, "--file", layer, "."], timeout=120, check=True)
    uncompressed = digest_of(layer)
    compress(layer)
    config = {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {"Env": [f"PATH={packages.SYSTEM_PATH}"], "Cmd": command},
        "rootfs": {"type": "layers", "diff_ids": [uncompressed]},
    }
    (folder / "config.json").write_text(json.dumps(config))
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": blob(folder / "config.json", CONFIG_TYPE),
        "layers": [blob(folder / "layer.tar.gz", LAYER_TYPE)],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def compress(path: Path) -> None:
    packed = path.with_name(f"{path.name}.gz")
    with path.open("rb") as source, packed.open("wb") as file, gzip.GzipFile("", "wb", 3, file, 0) as target:
        shutil.copyfileobj(source, target, 1 << 20)
    path.unlink()


def blob(path: Path, media_type: str) -> dict[str, str | int]:
    return {"mediaType": media_type, "digest": digest_of(path), "size": path.stat().st_size}


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
