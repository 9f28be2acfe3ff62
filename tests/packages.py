"""Tiny packages and locked projects for tests, made on the spot so that no index is asked.

A lock made by uv names the index that it came from, so locks are made when a test needs them.
"""

import hashlib
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path

import uv
from tests.repositories import write_files

from reprise.adapters.process.interpreters import OWN

UV = Path(uv.find_uv_bin())

SYSTEM = {"PATH": f"{OWN.parent}:/usr/bin:/bin", "HOME": "/nonexistent", "UV_OFFLINE": "1"}
"""A machine for the builder on which nothing outside can be reached."""

BACKEND = """\
import os, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    wheel = "paper-1.0-py3-none-any.whl"
    info = "paper-1.0.dist-info"
    with zipfile.ZipFile(os.path.join(folder, wheel), "w") as file:
        file.write("paper.py")
        file.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: paper\\nVersion: 1.0\\n")
        file.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        file.writestr(info + "/entry_points.txt", "[console_scripts]\\npaper = paper:main\\n")
        file.writestr(info + "/RECORD", "")
    open("left-behind", "w").close()
    return wheel
"""


def make_wheel(folder: Path, name: str, version: str, code: str = "", requires: str = "") -> str:
    """A wheel with one module; its sha256."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    members = {
        f"{name}.py": code or f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(path, "w") as file:
        for member, content in members.items():
            file.writestr(zipfile.ZipInfo(member), content)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def hashed_project(tree: Path, name: str = "tinyone", version: str = "1.0", code: str = "") -> None:
    """A tree with one wheel and a hashed requirements.txt that names it."""
    sha256 = make_wheel(tree / "wheels", name, version, code)
    lines = f"--no-index\n--find-links wheels\n{name}=={version} \\\n    --hash=sha256:{sha256}\n"
    write_files(tree, {"requirements.txt": lines})


def uv_project(
    tree: Path,
    *,
    package: bool = False,
    project: str = "",
    tool: str = "",
    files: Mapping[str, str] | None = None,
) -> None:
    """A tree with pyproject.toml, one wheel and the uv.lock that uv makes of them."""
    make_wheel(tree / "wheels", "tinyone", "1.0")
    build = (
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n' if package else ""
    )
    text = (
        '[project]\nname = "paper"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
        f'dependencies = ["tinyone"]\n{project}\n{build}'
        f'[[tool.uv.index]]\nurl = "./wheels"\nformat = "flat"\ndefault = true\n{tool}'
    )
    backend = {"backend.py": BACKEND, "paper.py": "WHICH = 1\n\ndef main():\n    print(WHICH)\n"}
    write_files(tree, {"pyproject.toml": text, **(backend if package else {}), **(files or {})})
    lock(tree)


def lock(folder: Path) -> None:
    environment = {
        **SYSTEM,
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_CACHE_DIR": str(folder.parent / "lock-cache"),
    }
    done = subprocess.run(
        [UV, "lock", "--quiet", "--python", str(OWN)],
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()
