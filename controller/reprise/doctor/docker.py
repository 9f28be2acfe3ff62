"""Whether images can be built and run here: the Engine, BuildKit and the registry of the docker backend."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Protocol

import httpx

from reprise.adapters.images import solve
from reprise.backends import NO_DOCKER
from reprise.doctor.finding import Finding
from reprise.domain.backend import DOCKER
from reprise.domain.errors import Refused, Retryable, UserError
from reprise.domain.images import references
from reprise.domain.words import cores, size
from reprise.settings import Settings
from reprise.settings.containers import Docker, Images

_SECONDS = 15.0
_OVERLAYS = ("overlay2", "overlayfs", "fuse-overlayfs", "btrfs", "zfs")
"""Storage drivers that share layers; others copy whole images for each container."""
_KINDS = {"nvidia": "NVIDIA", "amd": "AMD"}


class Described(Protocol):
    """What an Engine says of itself."""

    @property
    def version(self) -> str: ...
    @property
    def cpus(self) -> int: ...
    @property
    def memory_bytes(self) -> int: ...
    @property
    def rootless(self) -> bool: ...
    @property
    def storage_driver(self) -> str: ...
    @property
    def cgroup(self) -> str: ...


def examine_docker(settings: Settings) -> Iterator[Finding]:
    """Only where the settings name the backend; else that it was left out, if they say something of it."""
    if DOCKER in settings.backends:
        yield from look_at_docker(settings)
    elif (settings.docker, settings.images) != (Docker(), Images()):
        said = "is not looked at, because REPRISE_BACKENDS does not name it"
        yield Finding("docker", True, said, "`reprise doctor docker` looks at Engine, BuildKit and registry")


def look_at_docker(settings: Settings) -> Iterator[Finding]:
    """Whether a rehearsal with ``--backend docker`` would find what it needs."""
    try:
        from reprise.containers import devices, engine
    except ModuleNotFoundError as error:
        if error.name != "docker":
            raise
        said, _, step = NO_DOCKER.partition(": ")
        yield Finding("docker", False, said, step)
        return
    with closing(engine.Engine(settings.docker.host)) as asked:
        yield from engine_findings(settings.docker, asked.about)
    here = devices.found()
    yield gpu_finding(settings.docker, here.vendor.value if here.count else None, here.count)
    yield buildkit_finding(settings.images)
    if settings.images.registry is not None:
        yield registry_finding(settings.images.registry)


def engine_findings(chosen: Docker, about: Callable[[], Described]) -> Iterator[Finding]:
    try:
        told = about()
    except (Retryable, Refused) as error:
        said, _, step = str(error).partition(": ")
        elsewhere = f"or set REPRISE_DOCKER__HOST to another socket than {chosen.socket}"
        yield Finding("docker", False, said, f"{step}, {elsewhere}" if step else elsewhere)
        return
    rootless = ", rootless" if told.rootless else ""
    machine = f"{cores(told.cpus)}, {size(told.memory_bytes)}"
    yield Finding("docker", True, f"Engine {told.version}{rootless} with {machine}")
    if told.storage_driver in _OVERLAYS:
        yield Finding("docker storage", True, told.storage_driver)
    else:
        said = f"{told.storage_driver} copies a whole image for each container"
        yield Finding(
            "docker storage", True, said, "use overlay2: `storage-driver` in the Engine's daemon.json"
        )
    yield _cgroup(told)


def _cgroup(told: Described) -> Finding:
    if told.cgroup == "2":
        return Finding("docker limits", True, "control groups of version 2")
    if told.rootless:
        said = f"control groups of version {told.cgroup or 'none'}, where a rootless Engine limits nothing"
        return Finding("docker limits", False, said, "boot with systemd.unified_cgroup_hierarchy=1")
    return Finding("docker limits", True, f"control groups of version {told.cgroup or 'unknown'}")


def gpu_finding(chosen: Docker, vendor: str | None, count: int) -> Finding:
    """``vendor`` of those that the drivers of this machine tell of; None = there are none."""
    wanted = {"nvidia": "nvidia", "rocm": "amd"}.get(chosen.gpus)
    there = f"{count} {_KINDS[vendor]} GPU{'' if count == 1 else 's'}" if vendor is not None else "no GPU"
    if wanted is None:
        step = f"REPRISE_DOCKER__GPUS={'rocm' if vendor == 'amd' else 'nvidia'} lends them"
        return Finding("docker gpus", True, f"none are lent; {there} here", step if vendor else None)
    if wanted == vendor:
        return Finding("docker gpus", True, f"{there} lent")
    said = f"{_KINDS[wanted]} GPUs are to be lent, and there is {there} here"
    return Finding("docker gpus", False, said, "install their driver, or set REPRISE_DOCKER__GPUS=none")


def buildkit_finding(images: Images, path: str | None = None) -> Finding:
    """``path``: where programs are looked for; None = as this process does."""
    try:
        found = solve.find(images.buildkit, path or os.environ.get("PATH", os.defpath))
    except UserError as error:
        return _problem("buildkit", str(error))
    problem = found.problem(os.environ)
    if problem is not None:
        return _problem("buildkit", problem)
    where = f"buildkitd at {images.buildkit}" if images.buildkit is not None else "docker buildx"
    return Finding("buildkit", True, f"{where} answers, {'.'.join(map(str, solve.OLDEST))} or newer")


def registry_finding(registry: str) -> Finding:
    reference = references.parse(registry)
    if reference is None:
        return Finding("registry", False, f"{registry} is no place for images", "write host/name")
    try:
        reply = httpx.get(f"{reference.api}/v2/", timeout=_SECONDS)
    except httpx.HTTPError as error:
        said = f"{reference.host} does not answer ({type(error).__name__})"
        return Finding("registry", False, said, "start it, or correct REPRISE_IMAGES__REGISTRY")
    if reply.status_code == httpx.codes.UNAUTHORIZED:
        step = f"`docker login {reference.host}` as the controller's user, unless that was done"
        return Finding("registry", True, f"{reference.host} answers and asks who is there", step)
    if not reply.is_success:
        said = f"{reference.host} answers {reply.status_code} at /v2/"
        return Finding("registry", False, said, "see that REPRISE_IMAGES__REGISTRY names a registry")
    return Finding("registry", True, f"{reference.host} answers")


def _problem(name: str, sentence: str) -> Finding:
    said, _, step = sentence.partition(": ")
    return Finding(name, False, said, step or None)
