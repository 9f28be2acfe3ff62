"""Debian's part of the box: the Engine, its helpers and the registry. None of it becomes a service."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.box.lacking import Lacking

PACKAGES = {
    "dockerd": "docker.io",
    "runc": "runc",
    "iptables": "iptables",
    "ip": "iproute2",
    "docker-registry": "docker-registry",
    "debootstrap": "debootstrap",
}
"""Program to the package that has it."""

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
POLICY = Path("/usr/sbin/policy-rc.d")
LIMIT = 240


def install_missing() -> None:
    """Raises Lacking where this machine cannot have them."""
    wanted = missing()
    if wanted:
        install(*wanted)
    if lacking := missing():
        raise Lacking(f"{', '.join(lacking)} was installed, but its programs cannot be found")


def missing() -> list[str]:
    return [package for program, package in PACKAGES.items() if find(program) is None]


def find(program: str) -> str | None:
    return shutil.which(program, path=SYSTEM_PATH)


def program(name: str) -> str:
    found = find(name)
    if found is None:
        raise Lacking(f"{name} is not installed")
    return found


def install(*packages: str) -> None:
    if os.geteuid() != 0:
        raise Lacking(f"{', '.join(packages)} must be installed first: root and apt-get are needed for that")
    if find("apt-get") is None:
        raise Lacking(f"{', '.join(packages)} must be installed first: there is no apt-get here")
    apt_get("update")
    with services_stay_down(packages):
        apt_get("install", "--yes", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0", *packages)


def apt_get(*words: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120", *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    if done.returncode != 0:
        raise Lacking(f"apt-get {words[0]} failed: {done.stderr.strip()[-600:]}")


@contextmanager
def services_stay_down(packages: tuple[str, ...]) -> Iterator[None]:
    """Debian starts and enables what it installs, unless policy-rc.d forbids it."""
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            POLICY.unlink()
        disable_services(packages)


def disable_services(packages: tuple[str, ...]) -> None:
    systemctl = find("systemctl")
    names = [
        name
        for package, names in {
            "docker.io": ["docker.service", "docker.socket", "containerd.service"],
            "docker-registry": ["docker-registry.service"],
        }.items()
        if package in packages
        for name in names
    ]
    if systemctl is None or not names:
        return
    command = [systemctl, "--quiet", "disable", *names]
    subprocess.run(command, capture_output=True, timeout=60, check=False)
