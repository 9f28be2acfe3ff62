"""The Builder port on BuildKit: from the commit to an image by its digest. Built by bootstrap.

An image is the environment alone; a trial gets the commit's tree beside it. Where the project is a package,
it is installed in a last layer. What was built for a key is remembered, and looked up before it is offered.
"""

import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from reprise import removal, uses
from reprise.adapters.images import records, solve
from reprise.adapters.images.building import Facts, Order, Tools, Workplace
from reprise.adapters.images.places import Place, Put, place_of
from reprise.adapters.images.records import OUTPUT, Record
from reprise.adapters.images.registry import Registries, read_credentials
from reprise.adapters.images.running import LOOK_SECONDS, Follower, Job
from reprise.adapters.images.wishes import Wish, read_wish
from reprise.closing import Closing
from reprise.domain.errors import Retryable, UserError
from reprise.domain.image import Base, Image, Kind
from reprise.domain.images import recipe as recipes
from reprise.domain.images import references
from reprise.domain.images.pythons import fits
from reprise.domain.images.references import Reference
from reprise.domain.images.written import Bases
from reprise.domain.run import Reason
from reprise.inherited import MACHINE
from reprise.locks import locked, release
from reprise.ports import BuildRequest, Built, Failed

IMAGES = "images"
BENCH = "image-build-"
FORMAT = "1"
"""Changes whenever the same files would be built differently."""
_PASSED_ON = (
    *MACHINE,
    *("DOCKER_CONFIG", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"),
    *("BUILDX_BUILDER", "BUILDX_CONFIG"),
)
_EXPOSED = (
    "a stranger's code is not built here, because this BuildKit has no network of its own and its commands "
    "would reach the controller's machine: the operator can start it rootless or with --oci-worker-net=bridge"
)
OWN_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


class _NotWanted(Exception):
    """Ends the waiting for another's build."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed)
        self.failed = failed


class ImageBuilder:
    """Everything it keeps of its own lies below ``cache`` and can be made again. Safe for many processes.

    cache: folder for records and for builds that go on.
    uv: the program that installs; it is handed to builds.
    buildkit: address of a buildkitd such as ``unix:///run/buildkit/buildkitd.sock``; None: ``docker buildx``.
    registry: ``host/name`` to push to, e.g. ``127.0.0.1:5000/reprise``; None: the Engine gets the images.
    engine: socket of the Docker Engine; needed where there is no registry.
    bases: names of the images that generated Dockerfiles begin with.
    python: version where nobody asks for one.
    timeout: for one call, also of one that waits for another's build.
    strangers_on_host_network: whether a stranger's commands may run where BuildKit has no network of its own.
    system: variables of this machine: PATH, index settings, proxies, certificates, DOCKER_CONFIG.
    """

    def __init__(
        self,
        *,
        cache: Path,
        uv: Path,
        buildkit: str | None = None,
        registry: str | None = None,
        engine: Path | None = None,
        bases: Bases | None = None,
        python: str = OWN_PYTHON,
        platform: str = "linux/amd64",
        timeout: timedelta = timedelta(minutes=30),
        strangers_on_host_network: bool = False,
        system: Mapping[str, str] = os.environ,
    ) -> None:
        """Raises UserError when the registry's name cannot be one, or there is no engine either."""
        self._cache = cache
        self._folder = cache / IMAGES
        self._folder.mkdir(parents=True, exist_ok=True)
        self._uv = uv
        self._address = buildkit
        self._bases = bases or Bases()
        self._python = python
        self._platform = platform
        self._timeout = timeout.total_seconds()
        self._strangers_on_host_network = strangers_on_host_network
        self._system = dict(system)
        system_name, _, architecture = platform.partition("/")
        config = _docker_config(self._system)
        self._registries = Registries(read_credentials(config), platform=(system_name, architecture))
        self._place = place_of(self._registries, registry, engine)
        self._closing = Closing()

    @property
    def place(self) -> Place:
        """Where images go, for `ImageStorage`."""
        return self._place

    def close(self) -> None:
        """End the builds that go on: they fail, and so does every later one."""
        self._closing.close()
        self._registries.close()

    def build(self, request: BuildRequest) -> Built | Failed:
        request.log.parent.mkdir(parents=True, exist_ok=True)
        request.log.touch()
        job = Job(request.log, time.monotonic() + self._timeout, request.stopping, self._closing)
        with self._closing.working():
            result = self._guarded(request, job)
        if isinstance(result, Failed):
            job.say(result.message)
        return result

    def _guarded(self, request: BuildRequest, job: Job) -> Built | Failed:
        try:
            return self._build(request, job)
        except OSError as error:
            return Failed(Reason.INFRASTRUCTURE, f"the image could not be written: {error.strerror}")
        except (Retryable, UserError) as error:
            return Failed(Reason.INFRASTRUCTURE, str(error))
        except _NotWanted as why:
            return why.failed

    def _build(self, request: BuildRequest, job: Job) -> Built | Failed:
        wish = read_wish(request.tree, request.spec.environment, self._bases, self._python)
        if isinstance(wish, Failed):
            return wish
        if wish.generated:
            job.say(f"written from {wish.path}:")
            with request.log.open("a") as log:
                log.write(wish.dockerfile)
        digests = self._resolved(wish, request, job)
        if isinstance(digests, Failed):
            return digests
        key = _key(wish, digests, self._platform)
        record = self._ensure(key, wish, digests, request, job)
        if isinstance(record, Failed):
            return record
        if wish.python is not None and not fits(record.python, wish.python.version):
            asked = f"{wish.python.source} asks for {wish.python.version}"
            what = f"{asked}, and the image has Python {record.python}: change one of the two"
            return Failed(Reason.PYTHON_MISSING, what)
        return _built(key, wish, record)

    def _resolved(self, wish: Wish, request: BuildRequest, job: Job) -> dict[Reference, str] | Failed:
        """Every image that takes part, each with what it stands for now."""
        found: dict[Reference, str] = {}
        where = "environment.image" if wish.kind is Kind.IMAGE else wish.path
        for name in wish.images:
            if (ended := job.ended()) is not None:
                return ended
            reference = references.parse(name)
            if reference is None:
                return Failed(Reason.BUILD_FAILED, f"{where} names the image {name[:80]!r}, which is no name")
            digest = self._registries.resolve(reference, trusted=request.trusted or wish.generated)
            if isinstance(digest, Failed):
                return Failed(digest.reason, f"{where}: {digest.message}", digest.detail)
            found[reference] = digest
            job.say(f"{name} is {digest}")
        return found

    def _ensure(
        self, key: str, wish: Wish, digests: dict[Reference, str], request: BuildRequest, job: Job
    ) -> Record | Failed:
        place = self._folder / key
        for user in (request.tree, request.log.parent):
            uses.use(place, user)
        if (ready := self._ready(place)) is not None:
            job.say(f"image {key[:12]} is reused: {ready.location}")
            return ready
        with self._building(place, job):
            if (ready := self._ready(place)) is not None:
                job.say(f"image {key[:12]} was built meanwhile: {ready.location}")
                return ready
            built = self._make(place, wish, digests, request, job)
            if isinstance(built, Record):
                records.save(place, built)
            return built

    def _ready(self, place: Path) -> Record | None:
        """What is remembered and still there. Raises Retryable when that cannot be told."""
        record = records.load(place)
        return record if record is not None and self._place.holds(record) else None

    def _make(
        self, place: Path, wish: Wish, digests: dict[Reference, str], request: BuildRequest, job: Job
    ) -> Record | Failed:
        tools = self._tools()
        problem = tools.buildkit.problem(tools.variables)
        if problem is not None:
            return Failed(Reason.INFRASTRUCTURE, problem)
        if not request.trusted and self._exposed(tools):
            return Failed(Reason.REFUSED, _EXPOSED)
        place.mkdir(exist_ok=True)
        (place / OUTPUT).unlink(missing_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=BENCH, dir=self._cache))
        try:
            order = _order(wish, digests, request)
            workplace = Workplace(folder, order, tools, place / OUTPUT, job)
            failed = workplace.prepare()
            return failed or self._made(place, wish, digests, workplace, folder)
        finally:
            removal.remove_tree(folder)

    def _exposed(self, tools: Tools) -> bool:
        """Whether a stranger's commands would reach this machine's own network."""
        buildkit = tools.buildkit
        return not self._strangers_on_host_network and solve.shares_network(buildkit.workers(tools.variables))

    def _made(
        self, place: Path, wish: Wish, digests: dict[Reference, str], workplace: Workplace, folder: Path
    ) -> Record | Failed:
        if wish.kind is Kind.IMAGE:
            ((reference, digest),) = digests.items()
            put = Put(f"{reference.repository}@{digest}", digest, 0)
        else:
            archive = folder / "image.tar"
            said = workplace.image(self._place.output(place.name, archive))
            if isinstance(said, Failed):
                return said
            put = self._place.put(said, archive)
        facts = workplace.facts()
        return facts if isinstance(facts, Failed) else self._record(wish, digests, put, facts)

    def _record(self, wish: Wish, digests: dict[Reference, str], put: Put, facts: Facts) -> Record:
        named = {references.parse(name): name for name in wish.images}
        bases = tuple(Base(named.get(each, each.full), found) for each, found in digests.items())
        image = Image(wish.kind, put.digest, bases, wish.dockerfile, wish.generated)
        ours, pushed = wish.kind is not Kind.IMAGE, self._place.registry is not None
        return Record(
            location=put.location,
            image=image,
            python=facts.python,
            packages=facts.packages,
            bytes=put.bytes,
            pushed=ours and pushed,
            loaded=ours and not pushed,
        )

    def _tools(self) -> Tools:
        variables = {name: value for name, value in self._system.items() if name in _PASSED_ON}
        variables.setdefault("HOME", self._system.get("HOME", str(self._cache)))
        found = solve.find(self._address, self._system.get("PATH", os.defpath))
        return Tools(found, self._uv, self._platform, variables, self._system)

    @contextmanager
    def _building(self, place: Path, job: Job) -> Iterator[None]:
        """Alone, after showing what another builds meanwhile. Raises Retryable, _NotWanted."""
        others = iter(["another run is building the same image; its log follows"])
        waited, look_at = False, 0.0

        def waiting() -> None:
            nonlocal waited, look_at
            waited = True
            for sentence in others:
                job.say(sentence)
            follower.copy()
            if time.monotonic() < look_at:
                return
            look_at = time.monotonic() + LOOK_SECONDS
            if (ended := job.ended()) is not None:
                raise _NotWanted(ended)

        late = f"another build of image {place.name[:12]} did not end in time; try again later"
        with (
            Follower(place / OUTPUT, job.log) as follower,
            locked(records.lock(place), timeout=job.left, waiting=waiting, late=late) as lock,
        ):
            if waited:
                follower.copy(rest=True)
            try:
                yield
            finally:
                release(lock)


def _docker_config(system: Mapping[str, str]) -> Path | None:
    if system.get("DOCKER_CONFIG"):
        return Path(system["DOCKER_CONFIG"])
    return Path(system["HOME"]) / ".docker" if system.get("HOME") else None


def _key(wish: Wish, digests: Mapping[Reference, str], platform: str) -> str:
    """Same key, same content: of the Dockerfile, its bases, and the files that it may read."""
    bases = sorted(f"{reference.full} {digest}" for reference, digest in digests.items())
    parts = (FORMAT, platform, wish.kind.value, wish.dockerfile, *bases, wish.files)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _order(wish: Wish, digests: Mapping[Reference, str], request: BuildRequest) -> Order:
    epoch = 0 if request.committed_at is None else int(request.committed_at.timestamp())
    return Order(
        text=wish.dockerfile if wish.kind is not Kind.IMAGE else f"FROM {next(iter(digests)).full}\n",
        name=wish.path,
        generated=wish.generated,
        context=request.tree,
        ignore_file=wish.ignore_file,
        digests=digests,
        syntax=None if wish.syntax is None else references.parse(wish.syntax),
        epoch=epoch,
        trusted=request.trusted,
    )


def _built(key: str, wish: Wish, record: Record) -> Built:
    weak = wish.weak if wish.recipe is None else recipes.weakness(wish.recipe, record.packages)
    return Built(
        key=key,
        location=record.location,
        layer=None,
        python=record.python,
        lock=wish.path,
        lock_sha256=wish.lock_sha256 or record.image.digest.removeprefix("sha256:"),
        weak=weak,
        packages=record.packages,
        image=record.image,
    )
