"""Sets up what containers need on a node: Docker, and for NVIDIA's GPUs its toolkit. Only what is missing.

The images of the cloud have drivers and none of this. Whoever brings an image of their own that has all of it
saves minutes of every lease.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reprise.adapters.chameleon import background
from reprise.domain.errors import Retryable
from reprise.ports.nodes import Node, Said

LOOK_SECONDS = 60.0
RESTART_SECONDS = 120.0
TOOLKIT_NAME = "the NVIDIA container toolkit"
SETTINGS = "/etc/docker/daemon.json"
ROOT = ("sudo", "-n")
WORDS = 300

# Packages may still be at work for the image's own updates: apt is told to wait, dnf does anyway.
DOCKER = """set -eu
if command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q -o DPkg::Lock::Timeout=300 update
  apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends docker.io iptables
elif command -v dnf >/dev/null; then
  dnf -q -y install dnf-plugins-core
  dnf -q -y config-manager --add-repo https://download.docker.com/linux/centos/docker-ce.repo
  dnf -q -y install docker-ce docker-ce-cli containerd.io
else
  echo "there is neither apt-get nor dnf" >&2; exit 3
fi
"""

# The CUDA images have a repository of NVIDIA's that has it; others get the toolkit's own.
TOOLKIT = """set -eu
site=https://nvidia.github.io/libnvidia-container
name=nvidia-container-toolkit
if command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  if ! apt-cache show "$name" >/dev/null 2>&1; then
    key=/usr/share/keyrings/$name-keyring.gpg
    curl -fsSL --max-time 60 "$site/gpgkey" | gpg --batch --yes --dearmor -o "$key"
    curl -fsSL --max-time 60 "$site/stable/deb/$name.list" \
      | sed "s#deb https://#deb [signed-by=$key] https://#" > "/etc/apt/sources.list.d/$name.list"
    apt-get -q -o DPkg::Lock::Timeout=300 update
  fi
  apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "$name"
elif command -v dnf >/dev/null; then
  curl -fsSL --max-time 60 "$site/stable/rpm/$name.repo" > "/etc/yum.repos.d/$name.repo"
  dnf -q -y install "$name"
else
  echo "there is neither apt-get nor dnf" >&2; exit 3
fi
"""


@dataclass(frozen=True, slots=True)
class Equipped:
    docker: str
    """Version of its Engine."""


@dataclass(frozen=True, slots=True)
class Installing:
    what: str


def equip(
    node: Node, *, vendor: str | None, user: str, mirrors: Sequence[str] = ()
) -> Equipped | Installing | str:
    """Safe to repeat, and to be repeated while something is being installed: that goes on by itself.

    What is wrong with the machine, in words that follow "it", when it cannot be. ``vendor``: of the GPUs that
    containers are to see, None = none. ``user``: who is to use Docker from the next connection on.
    ``mirrors``: of Docker Hub, to ask first. Raises Retryable when packages do not come, or when it does not
    answer.
    """
    if vendor == "amd" and (why := _without_amd(node)) is not None:
        return why
    if not _has(node, "dockerd") and not _installed(node, "docker", DOCKER, what="Docker"):
        return Installing("Docker")
    lacks_toolkit = vendor == "nvidia" and not _has(node, "nvidia-ctk")
    if lacks_toolkit and not _installed(node, "toolkit", TOOLKIT, what=TOOLKIT_NAME):
        return Installing(TOOLKIT_NAME)
    if _configure(node, vendor, mirrors) or not _as_needed(_about(node), vendor):
        _restart(node)
    if not _may_use_docker(node, user):
        said = node.run((*ROOT, "usermod", "-a", "-G", "docker", user), timeout=LOOK_SECONDS)
        _check(said, doing="giving Docker to our user")
    return _verdict(_about(node), vendor)


def settings(now: Mapping[str, Any], *, vendor: str | None, mirrors: Sequence[str]) -> dict[str, Any]:
    """Of Docker's daemon: what is there, and what we need. Pure.

    With systemd as the driver of cgroups, containers lose their GPUs whenever systemd reads its units again
    (NVIDIA/nvidia-container-toolkit issue 48); the runtime is what ``nvidia-ctk`` would write.
    """
    wanted = dict(now)
    if vendor == "nvidia":
        others = [word for word in now.get("exec-opts", []) if not word.startswith("native.cgroupdriver=")]
        wanted["exec-opts"] = [*others, "native.cgroupdriver=cgroupfs"]
        runtime = {"args": [], "path": "nvidia-container-runtime"}
        wanted["runtimes"] = {"nvidia": runtime, **now.get("runtimes", {})}
    if mirrors:
        wanted["registry-mirrors"] = list(dict.fromkeys((*mirrors, *now.get("registry-mirrors", []))))
    return wanted


def _configure(node: Node, vendor: str | None, mirrors: Sequence[str]) -> bool:
    """Whether something had to be changed."""
    said = node.run((*ROOT, "cat", SETTINGS), timeout=LOOK_SECONDS)
    now = _json(said.out) if said.code == 0 else {}
    wanted = settings(now, vendor=vendor, mirrors=mirrors)
    if wanted == now:
        return False
    script = f"set -e; mkdir -p /etc/docker; cat > {SETTINGS}.new; mv {SETTINGS}.new {SETTINGS}"
    said = node.run(
        (*ROOT, "sh", "-c", script), timeout=LOOK_SECONDS, stdin=json.dumps(wanted, indent=2).encode()
    )
    _check(said, doing="writing Docker's settings")
    return True


def _about(node: Node) -> Mapping[str, Any] | None:
    """What its Engine says of itself; None when there is none that answers."""
    said = node.run((*ROOT, "docker", "info", "--format", "{{json .}}"), timeout=LOOK_SECONDS)
    about = _json(said.out) if said.code == 0 else {}
    return about if about.get("ServerVersion") else None


def _verdict(about: Mapping[str, Any] | None, vendor: str | None) -> Equipped | str:
    if about is None:
        return "has a Docker Engine that does not start"
    if not _as_needed(about, vendor):
        return "has a Docker Engine that does not take NVIDIA's runtime"
    return Equipped(str(about["ServerVersion"]))


def _as_needed(about: Mapping[str, Any] | None, vendor: str | None) -> bool:
    return about is not None and (vendor != "nvidia" or "nvidia" in about.get("Runtimes", {}))


def _without_amd(node: Node) -> str | None:
    script = "test -e /dev/kfd || { modprobe amdgpu && sleep 2; test -e /dev/kfd; }"
    said = node.run((*ROOT, "sh", "-c", script), timeout=LOOK_SECONDS)
    return None if said.code == 0 else "has no /dev/kfd: its image has no driver for AMD's GPUs"


def _may_use_docker(node: Node, user: str) -> bool:
    return "docker" in node.run(("id", "-nG", user), timeout=LOOK_SECONDS).out.split()


def _has(node: Node, program: str) -> bool:
    """Root's programs, because ours may lack the folders of system programs."""
    script = f"command -v {program}"
    return node.run((*ROOT, "sh", "-c", script), timeout=LOOK_SECONDS).code == 0


def _installed(node: Node, name: str, script: str, *, what: str) -> bool:
    """False while it goes on. Raises Retryable, once, when it failed; the next call begins it again."""
    ended = background.ensure(node, name, script)
    if ended is None:
        return False
    background.forget(node, name)
    if ended.code != 0:
        raise Retryable(f"installing {what} failed with status {ended.code}: {ended.said}")
    return True


def _restart(node: Node) -> None:
    script = "systemctl enable --quiet docker; systemctl restart docker"
    said = node.run((*ROOT, "sh", "-c", script), timeout=RESTART_SECONDS)
    _check(said, doing="starting Docker")


def _check(said: Said, *, doing: str) -> None:
    if said.code != 0:
        words = " ".join((said.err or said.out).split())[-WORDS:]
        raise Retryable(f"{doing} failed with status {said.code}: {words}")


def _json(text: str) -> dict[str, Any]:
    """Empty for what is none: it is written anew."""
    try:
        read = json.loads(text)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
