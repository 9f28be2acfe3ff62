"""Trials for tests with a real Engine: the same jobs as elsewhere, in the box's image."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tests import jobs

from reprise.adapters.docker.provider import DockerProvider
from reprise.containers import names
from reprise.containers.engine import Engine
from reprise.containers.runner import DockerRunner
from reprise.containers.wish import Limits
from reprise.domain.spec import model
from reprise.ports import Finished, JobRequest


@dataclass(frozen=True)
class Here:
    """A controller's state folder, and its parts on the box's Engine."""

    state: Path
    engine: Engine
    image: str
    provider: DockerProvider
    runner: DockerRunner

    def job(self, code: str, wanted: model.Spec | None = None, *, name: str = "0-1") -> JobRequest:
        made = jobs.python_job(self.state, code, wanted or spec(), name=name)
        return replace(made, built=replace(made.built, location=self.image))

    def close(self) -> None:
        """Give everything back; nothing of ours is left in the Engine."""
        self.provider.release(jobs.RUN_ID)
        left = self.engine.containers(names.of_state(self.state))
        self.engine.close()
        assert left == {}

    def finished(self, code: str, wanted: model.Spec | None = None, *, seconds: float = 60) -> Finished:
        return jobs.finished(self.runner, self.job(code, wanted), seconds=seconds)

    def log(self, name: str = "0-1") -> str:
        return (self.state / "runs" / jobs.RUN_ID / "trials" / name / "log.txt").read_text()


Spec = Callable[..., model.Spec]


def spec(*command: str, **wanted: object) -> model.Spec:
    """As `jobs.spec`; the image has ``python3`` and no ``python``."""
    make: Spec = jobs.spec
    return make(*(command or ("python3", "job.py")), **wanted)


def here(
    state: Path,
    host: str,
    image: str,
    *,
    limits: Limits | None = None,
    engine: Engine | None = None,
    **more: object,
) -> Here:
    engine = engine or Engine(host)
    make: Callable[..., DockerRunner] = DockerRunner
    limits = limits or Limits(memory_bytes=512_000_000, disk_bytes=500_000_000)
    return Here(
        state,
        engine,
        image,
        DockerProvider(engine, state=state, cpus=2, limits=limits),
        make(engine, state=state, cache=state / "cache", limits=limits, **more),
    )
