"""The Builder port of the process backend: locked environments with uv. Built by bootstrap."""

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from reprise.adapters.process import environments, interpreters, layer, locks, recipes
from reprise.adapters.process.installer import Installer, Job
from reprise.adapters.process.isolation import NONE
from reprise.adapters.process.quarters import Quarters
from reprise.domain.errors import Retryable
from reprise.domain.requirement_lines import normalised
from reprise.domain.run import Reason
from reprise.ports import BuildRequest, Built, Failed


class ProcessBuilder:
    """Everything it makes lies below ``cache`` and can be made again. Safe for several threads."""

    def __init__(
        self,
        *,
        uv: Path,
        cache: Path,
        uv_cache: Path | None = None,
        timeout: timedelta = timedelta(minutes=30),
        system: Mapping[str, str] = os.environ,
        own_python: Path = interpreters.OWN,
        quarters: Quarters | None = None,
    ) -> None:
        """``uv_cache``: uv's own download cache, below ``cache`` when None."""
        self._timeout = timeout.total_seconds()
        self._exports = cache / "exports"
        self._isolation = quarters.isolation if quarters is not None else NONE
        self._installer = Installer(uv, cache, system, uv_cache=uv_cache, quarters=quarters)
        self._interpreters = interpreters.Interpreters(self._installer, own_python)
        self._environments = environments.Environments(cache, self._installer)

    def close(self) -> None:
        """End the builds that go on: they fail, and so does every later one."""
        self._installer.close()

    def build(self, request: BuildRequest) -> Built | Failed:
        request.log.parent.mkdir(parents=True, exist_ok=True)
        request.log.touch()
        refusal = self._isolation.refuses(request.spec.environment.network)
        if refusal is not None:
            return Failed(Reason.REFUSED, refusal)
        job = Job(request.log, time.monotonic() + self._timeout, request.stopping)
        try:
            result = self._build(request, job)
        except OSError as error:
            result = Failed(Reason.INFRASTRUCTURE, f"the environment could not be written: {error.strerror}")
        except Retryable as error:
            result = Failed(Reason.INFRASTRUCTURE, str(error))
        if isinstance(result, Failed):
            job.say(result.message)
        return result

    def _build(self, request: BuildRequest, job: Job) -> Built | Failed:
        rule, tree = request.spec.environment, request.tree
        lock = locks.choose(tree, rule)
        if isinstance(lock, Failed):
            return lock
        wanted = interpreters.wanted(rule.python, tree, lock.file.parent)
        if isinstance(wanted, Failed):
            return wanted
        interpreter = self._interpreters.find(wanted, job)
        if isinstance(interpreter, Failed):
            return interpreter
        content = locks.content(lock)
        if isinstance(content, Failed):
            return content
        recipe = recipes.read(
            lock,
            tree,
            content,
            interpreter=interpreter,
            installer=self._installer,
            cache=self._exports,
            job=job,
        )
        if isinstance(recipe, Failed):
            return recipe
        recipe = replace(recipe, replaced=rule.replaced)
        key = recipe.key(interpreter)
        environment = self._environments.ensure(key, recipe, interpreter, tree=tree, job=job)
        if isinstance(environment, Failed):
            return environment
        own = layer.ensure(tree, recipe.own, environment, installer=self._installer, job=job)
        if isinstance(own, Failed):
            return own
        return Built(
            key=key,
            location=str(environment.folder),
            layer=None if own is None else str(own),
            python=interpreter.version,
            lock=lock.path,
            lock_sha256=hashlib.sha256(content).hexdigest(),
            weak=_weak(recipe, environment.packages),
            packages=environment.packages,
        )


def _weak(recipe: recipes.Recipe, packages: dict[str, str]) -> str | None:
    """Without hashes also dependencies of dependencies may have slipped in unpinned."""
    if recipe.weak is None or recipe.names is None:
        return recipe.weak
    names = recipe.names
    loose = sorted(name for name in packages if normalised(name) not in names)
    return f"{recipe.weak}; not pinned at all: {', '.join(loose)}" if loose else recipe.weak
