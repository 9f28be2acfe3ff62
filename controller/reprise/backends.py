"""Settings → the backends that jobs run on. Called by bootstrap; makes only those that it is asked for."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from uv import find_uv_bin

from reprise.adapters.process.builder import ProcessBuilder
from reprise.adapters.process.policy import quarters_for
from reprise.adapters.process.provider import ProcessProvider
from reprise.adapters.process.runner import ProcessRunner
from reprise.adapters.process.storage import ProcessStorage
from reprise.domain.backend import DOCKER, PROCESS
from reprise.domain.errors import UserError
from reprise.engine.world import Backend
from reprise.jobs.record import Recording
from reprise.ports import Storage
from reprise.settings import Settings


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

    ``state`` is the folder where trials of the process backend work.
    """
    return tuple(_MAKERS[name](settings, state, rehearsal) for name in names)


def _process(settings: Settings, state: Path, rehearsal: bool) -> Made:
    quarters = quarters_for(settings, rehearsal=rehearsal)
    builder = ProcessBuilder(
        uv=uv_binary(),
        cache=settings.cache,
        timeout=timedelta(seconds=settings.process.build_timeout),
        quarters=quarters,
    )
    backend = Backend(
        replace(settings.offer(PROCESS), closes_network=quarters.isolation.network),
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
    raise UserError("the docker backend is not part of this installation: pip install 'reprise-ml[docker]'")


_MAKERS = {PROCESS: _process, DOCKER: _docker}


def uv_binary() -> Path:
    """Raises UserError when it is not installed."""
    try:
        return Path(find_uv_bin())
    except FileNotFoundError:
        raise UserError("uv is not installed beside Reprise: install the package `uv` again") from None
