"""The shared environments: built once per key, reused by every run, never modified. Called by builder.py.

Below ``<cache>/environments/<key>/`` stand numbered folders, each complete once ``<number>.json``
exists. A damaged one gets a successor instead of being mended, since a trial may be running in it.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reprise import removal, uses
from reprise.adapters.process import frozen, troubles
from reprise.adapters.process.installer import Installer, Job, Ran
from reprise.adapters.process.interpreters import Interpreter
from reprise.adapters.process.quarters import interpreter_of_path
from reprise.adapters.process.recipes import Recipe
from reprise.adapters.process.workshop import Bench
from reprise.domain.numerical import normalised
from reprise.domain.run import Reason
from reprise.locks import locked, release
from reprise.ports import Failed

ENVIRONMENTS = "environments"
REPLACED = "replaced.txt"


@dataclass(frozen=True, slots=True)
class Environment:
    folder: Path
    packages: dict[str, str]
    """installed distribution → version"""

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"


class Environments:
    """Safe for several threads and processes."""

    def __init__(self, cache: Path, installer: Installer) -> None:
        self._folder = cache / ENVIRONMENTS
        self._folder.mkdir(parents=True, exist_ok=True)
        self._installer = installer

    def ensure(
        self, key: str, recipe: Recipe, interpreter: Interpreter, *, tree: Path, job: Job
    ) -> Environment | Failed:
        """The environment of this key, built if it is missing, half-built or changed. It stays while
        ``tree`` exists."""
        place = self._folder / key
        uses.use(place, tree)
        ready = _ready(place)
        if ready is not None:
            job.say(f"environment {key[:12]} is reused")
            return ready
        with _building(place, job) as lock:
            ready = _ready(place)
            if ready is not None:
                job.say(f"environment {key[:12]} was built meanwhile")
                return ready
            return self._build(place, recipe, interpreter, tree=tree, job=job, lock=lock)

    def _build(
        self, place: Path, recipe: Recipe, interpreter: Interpreter, *, tree: Path, job: Job, lock: int
    ) -> Environment | Failed:
        place.mkdir(exist_ok=True)
        _set_damaged_aside(place)
        _remove_half_built(place)
        number = 1 + max((int(path.name) for path in place.iterdir() if path.name.isdigit()), default=0)
        folder = place / str(number)
        job.say(f"environment {place.name[:12]} is built with Python {interpreter.version}")
        try:
            packages = self._install(folder, recipe, interpreter, tree=tree, job=job, lock=lock)
            if isinstance(packages, Failed):
                return packages
            frozen.close(folder)
            _publish(folder, packages)
        finally:
            _remove_half_built(place)
        return Environment(folder, packages)

    def _install(
        self, folder: Path, recipe: Recipe, interpreter: Interpreter, *, tree: Path, job: Job, lock: int
    ) -> dict[str, str] | Failed:
        what_to_install = folder.parent / recipe.file_name
        what_to_install.write_text(recipe.text_for(tree))
        in_its_place = folder.parent / REPLACED
        in_its_place.write_text(recipe.replacement_for(tree))
        environment = Environment(folder, {})
        at = ("--python", str(environment.python))
        install = ("pip", "install", *at, "--compile-bytecode")
        readable = (what_to_install, in_its_place, tree, *interpreter_of_path(interpreter.path))
        steps = _Steps(self._installer, job, Bench((folder,), readable), lock)
        failed = steps.take("venv", "--no-project", "--python", str(interpreter.path), str(folder))
        failed = failed or steps.take(*install, *recipe.options, "-r", str(what_to_install))
        packages = failed or steps.packages(*at)
        if isinstance(packages, Failed) or not recipe.replaced:
            return packages
        foreign = _not_locked(recipe, packages)
        failed = foreign or steps.take(*install, "--no-deps", "-r", str(in_its_place))
        return failed or steps.packages(*at)


@dataclass(frozen=True, slots=True)
class _Steps:
    """uv's commands for one environment, one after the other."""

    installer: Installer
    job: Job
    bench: Bench
    lock: int
    """Goes along: should we die, it lasts until uv has stopped writing here."""

    def take(self, *arguments: str) -> Failed | None:
        ran = self._run(arguments)
        return ran if isinstance(ran, Failed) else None

    def packages(self, *at: str) -> dict[str, str] | Failed:
        ran = self._run(("pip", "list", *at, "--format", "json"))
        if isinstance(ran, Failed):
            return ran
        return {entry["name"]: entry["version"] for entry in json.loads(ran.stdout)}

    def _run(self, arguments: tuple[str, ...]) -> Ran | Failed:
        if arguments[1] == "install":
            ran = self.installer.run_strangers(self.job, self.bench, *arguments, hold=self.lock)
        else:
            ran = self.installer.run(self.job, *arguments, hold=self.lock)
        if isinstance(ran, Failed) or ran.code == 0:
            return ran
        what = "the locked packages could not be installed"
        return troubles.explain(ran.output, what=what, fault=Reason.ENVIRONMENT_FAILED)


def _not_locked(recipe: Recipe, packages: dict[str, str]) -> Failed | None:
    """One package more would be two changes: only what the lock installs can be replaced."""
    known = {normalised(name) for name in packages}
    foreign = [name for name, _ in recipe.replaced if normalised(name) not in known]
    if not foreign:
        return None
    why = f"--vary package={', '.join(recipe.pins)}: the lock does not install {', '.join(foreign)}"
    return Failed(Reason.ENVIRONMENT_FAILED, why)


def build_lock(place: Path) -> Path:
    return place.with_name(f"{place.name}.lock")


def _ready(place: Path) -> Environment | None:
    """The newest complete environment, if it is as it was built."""
    markers = _markers(place)
    if not markers:
        return None
    folder = markers[-1].with_suffix("")
    try:
        described = json.loads(markers[-1].read_text())
        unchanged = frozen.fingerprint(folder) == described["fingerprint"]
    except (OSError, ValueError):
        return None
    # The interpreter that its link leads to may have been removed from the machine.
    if unchanged and (folder / "bin" / "python").exists():
        return Environment(folder, described["packages"])
    return None


def _publish(folder: Path, packages: dict[str, str]) -> None:
    marker = folder.with_suffix(".json")
    partial = folder.with_suffix(".writing")
    content = {"fingerprint": frozen.fingerprint(folder), "packages": packages}
    with partial.open("w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(marker)


def _markers(place: Path) -> list[Path]:
    found = (path for path in place.glob("*.json") if path.stem.isdigit())
    return sorted(found, key=lambda path: int(path.stem))


def _set_damaged_aside(place: Path) -> None:
    """Called when the newest is not usable: what was complete stays on disk, but not on offer."""
    for marker in _markers(place):
        marker.rename(marker.with_suffix(".damaged"))


def _remove_half_built(place: Path) -> None:
    for path in place.iterdir():
        offered = path.with_suffix(".json").exists() or path.with_suffix(".damaged").exists()
        if path.name.isdigit() and not offered:
            removal.remove_tree(path)


@contextmanager
def _building(place: Path, job: Job) -> Iterator[int]:
    """The descriptor of the build's lock. Raises Retryable when the job's deadline passes first."""
    others = iter(["another run is building the same environment; waiting for it"])

    def waiting() -> None:
        for sentence in others:
            job.say(sentence)

    late = f"another build of environment {place.name[:12]} did not end in time; try again later"
    with locked(build_lock(place), timeout=job.left, waiting=waiting, late=late) as lock:
        try:
            yield lock
        finally:
            release(lock)
