"""Settings → the backends that jobs run on. Called by bootstrap; makes only those that it is asked for."""

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from uv import find_uv_bin

from reprise.adapters.chameleon.kept import LEASED
from reprise.adapters.images.builder import ImageBuilder
from reprise.adapters.images.storage import ImageStorage
from reprise.adapters.process.builder import ProcessBuilder
from reprise.adapters.process.policy import quarters_for
from reprise.adapters.process.provider import ProcessProvider
from reprise.adapters.process.runner import ProcessRunner
from reprise.adapters.process.storage import ProcessStorage
from reprise.containers import names
from reprise.domain.backend import CHAMELEON, DOCKER, PROCESS
from reprise.domain.errors import Refused, Retryable, UserError
from reprise.domain.images.written import Bases
from reprise.engine.world import Backend
from reprise.jobs.folders import Folders
from reprise.jobs.record import Recording
from reprise.jobs.variables import count_gpus
from reprise.leased import open_leased
from reprise.ports import Storage
from reprise.settings import Settings

NO_DOCKER = "the docker backend needs a library that is not installed: pip install 'reprise-ml[docker]'"
NO_CHAMELEON = (
    "the chameleon backend needs libraries that are not installed: pip install 'reprise-ml[chameleon]'"
)
VENDORS = {"nvidia": "nvidia", "rocm": "amd"}
"""As settings name the kinds of GPUs, and as the adapter does; ``none`` is neither."""


@dataclass(frozen=True, slots=True)
class Made:
    """A backend, and what else it brings."""

    backend: Backend
    storages: tuple[Storage, ...]
    """What it keeps between runs."""
    close: Callable[[], None]
    """End the builds that go on, and give connections back."""


def make(names: Iterable[str], settings: Settings, state: Path, *, rehearsal: bool) -> tuple[Made, ...]:
    """In this order. Raises UserError when one cannot be had on this machine.

    ``state`` is the folder below which trials work.
    """
    return tuple(_MAKERS[name](settings, state, rehearsal) for name in names)


def give_back(settings: Settings, state: Path) -> None:
    """What the rehearsal of this state folder holds in containers and leases, when it was killed.

    A run has its folder before anything of it is in the Engine, and until nothing is: where there is none,
    the Engine is not asked. Raises Retryable and Refused.
    """
    _give_back_leases(settings, state)
    held = Folders(state / names.WORK).runs()
    if not held:
        return
    try:
        from reprise.adapters.docker import provider
        from reprise.containers import devices, engine
    except ModuleNotFoundError as error:
        if error.name != "docker":
            raise
        raise Refused(NO_DOCKER) from None
    with closing(engine.Engine(settings.docker.host)) as asked:
        owner = provider.DockerProvider(asked, state=state, gpus=devices.Gpus())
        for run_id in held:
            owner.release(run_id)


def _give_back_leases(settings: Settings, state: Path) -> None:
    held = Folders(state / LEASED).runs()
    if not held:
        return
    try:
        opened = open_leased(settings, state)
    except UserError as error:
        raise Refused(f"{', '.join(held)} may hold a leased machine: {error}") from error
    with closing(opened):
        for run_id in held:
            opened.provider.release(run_id)


def image_builder(settings: Settings) -> ImageBuilder:
    """Raises UserError when the registry's name is none."""
    return ImageBuilder(
        cache=settings.cache,
        uv=uv_binary(),
        buildkit=settings.images.buildkit,
        registry=settings.images.registry,
        engine=settings.docker.socket,
        bases=Bases(python=settings.images.base),
        timeout=timedelta(seconds=settings.images.build_timeout),
        strangers_on_host_network=settings.images.strangers_on_host_network,
    )


def uv_binary() -> Path:
    """Raises UserError when it is not installed."""
    try:
        return Path(find_uv_bin())
    except FileNotFoundError:
        raise UserError("uv is not installed beside Reprise: install the package `uv` again") from None


def _process(settings: Settings, state: Path, rehearsal: bool) -> Made:
    quarters = quarters_for(settings, rehearsal=rehearsal)
    builder = ProcessBuilder(
        uv=uv_binary(),
        cache=settings.cache,
        timeout=timedelta(seconds=settings.process.build_timeout),
        quarters=quarters,
    )
    backend = Backend(
        replace(
            settings.offer(PROCESS),
            gpus=count_gpus() > 0,
            closes_network=quarters.isolation.network,
            untrusted=quarters.isolation.hides,
        ),
        builder,
        ProcessProvider(
            state, cpus=settings.process.cpus, isolation=quarters.isolation, groups=quarters.groups
        ),
        ProcessRunner(
            quarters=quarters,
            recording=Recording(hash_gpu_ids=settings.process.hash_gpu_ids),
            cache=settings.cache,
        ),
        settings.process.slots,
    )
    return Made(backend, (ProcessStorage(settings.cache),), builder.close)


def _docker(settings: Settings, state: Path, rehearsal: bool) -> Made:
    try:
        from reprise.adapters.docker import provider
        from reprise.containers import devices, engine, pulled, runner, wish
    except ModuleNotFoundError as error:
        if error.name != "docker":
            raise
        raise UserError(NO_DOCKER) from None
    chosen = settings.docker
    asked = engine.Engine(chosen.host)
    limits = wish.Limits(
        memory_bytes=int(chosen.memory_gb * 1e9) if chosen.memory_gb is not None else None,
        pids=chosen.pids,
        disk_bytes=int(chosen.disk_gb * 1e9),
    )
    here = devices.found()
    gpus = here if here.vendor.value == VENDORS.get(chosen.gpus) else devices.Gpus()
    builder = image_builder(settings)
    backend = Backend(
        settings.offer(DOCKER),
        builder,
        provider.DockerProvider(
            asked,
            state=state,
            cpus=chosen.cpus,
            limits=limits,
            gpus=gpus,
            may_open_network=chosen.allow_open_network,
        ),
        runner.DockerRunner(
            asked,
            state=state,
            cache=settings.cache,
            limits=limits,
            gpus=gpus,
            hash_gpu_ids=chosen.hash_gpu_ids,
        ),
        chosen.slots,
        lack=partial(_unanswered, asked.about),
    )

    def close() -> None:
        builder.close()
        asked.close()

    storages = (
        ImageStorage(settings.cache, builder.place),
        pulled.DockerStorage(asked, cache=settings.cache),
    )
    return Made(backend, storages, close)


def _unanswered(about: Callable[[], object]) -> str | None:
    try:
        about()
    except (Retryable, Refused) as error:
        return str(error)
    return None


def _chameleon(settings: Settings, state: Path, rehearsal: bool) -> Made:
    opened = open_leased(settings, state)
    builder = image_builder(settings)
    sites = tuple(cloud.site for cloud in opened.clouds)
    backend = Backend(
        replace(settings.offer(CHAMELEON), sites=sites),
        builder,
        opened.provider,
        opened.runner,
        settings.chameleon.slots,
    )

    def close() -> None:
        builder.close()
        opened.close()

    return Made(backend, (ImageStorage(settings.cache, builder.place),), close)


_MAKERS = {PROCESS: _process, DOCKER: _docker, CHAMELEON: _chameleon}
