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
SERVICES = ("docker.service", "docker.socket", "containerd.service", "docker-registry.service", "ssh.service")
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
    with services_stay_down():
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
def services_stay_down() -> Iterator[None]:
    """Debian starts what it installs unless policy-rc.d forbids it, and enables it for the next boot."""
    before = enabled()
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            POLICY.unlink()
        disable(enabled() - before)


def enabled() -> set[str]:
    return {service for service in SERVICES if systemctl("is-enabled", service)}


def disable(services: set[str]) -> None:
    for service in services:
        systemctl("disable", service)


def systemctl(*words: str) -> bool:
    program = find("systemctl")
    if program is None:
        return False
    command = [program, "--quiet", *words]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
