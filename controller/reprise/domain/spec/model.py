"""What a ``reprise.yaml`` means once it is read: frozen values, every default filled in."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from reprise.domain.policy import UNRESTRICTED, Policy


class Network(Enum):
    FETCH_ONLY = "fetch-only"
    NONE = "none"
    OPEN = "open"


class Side(Enum):
    """Which differences count in mode distribution."""

    BOTH = "both"
    NO_WORSE = "no-worse"


class Better(Enum):
    HIGHER = "higher"
    LOWER = "lower"


class Profile(Enum):
    """What is set for the job beside what every job gets."""

    AS_PUBLISHED = "as-published"
    STRICT = "strict"


class PublishedKind(Enum):
    SINGLE = "single"
    MEAN = "mean"
    BEST_OF = "best-of"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class SeedRule:
    """How a trial learns its seed: as ``[arg, str(seed)]`` on argv, as variable ``env``, or both."""

    arg: str | None
    env: str | None
    value: int = 0


@dataclass(frozen=True, slots=True)
class RunRule:
    command: tuple[str, ...]
    workdir: str
    """Relative to the repository root; ``.`` is the root."""
    timeout: timedelta
    """For one trial."""
    seed: SeedRule | None
    variables: tuple[tuple[str, str], ...] = ()
    """Set above everything else; no spec can say so, only a variation (see `domain.variation`)."""


@dataclass(frozen=True, slots=True)
class EnvironmentRule:
    lock: str | None
    """Path from the root; None = detect."""
    python: str | None
    network: Network
    replaced: tuple[tuple[str, str], ...] = ()
    """Distribution → version in place of the locked one; only a variation says so."""
    dockerfile: str | None = None
    """Path from the root."""
    image: str | None = None
    """A ready image: ``name@sha256:…``, or a tag that is resolved for each run."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """An input file: committed, or fetched from its source, and checked before and after every trial."""

    path: str
    sha256: str | None
    """64 lower-case hex digits; None = whatever the source gives."""
    licence: str | None
    source: str | None = None
    """Where it comes from; see `domain.data.sources`. Of a committed file: text for people."""
    auth: str | None = None
    """Name of an operator's secret that opens the source."""


@dataclass(frozen=True, slots=True)
class Resources:
    cpus: int | None
    memory_bytes: int | None
    duration: timedelta | None
    """Expected time of one trial."""
    gpus: int = 0
    gpu_memory_bytes: int | None = None
    """Of each GPU, at least."""
    gpu_arch: tuple[str, ...] = ()
    """Any of them will do, in lower case; empty = any at all."""
    node_types: tuple[str, ...] = ()
    """Of leased machines, any of them: node types or names of flavors; empty = any at all."""
    nodes: int = 1


@dataclass(frozen=True, slots=True)
class Determinism:
    threads: int | None
    """None = all granted cores."""
    self_repeat: bool
    profile: Profile = Profile.AS_PUBLISHED


@dataclass(frozen=True, slots=True)
class FileMetric:
    file: str
    """From ``workdir``, then from the output folder."""
    pointer: str
    """RFC 6901; the empty string is the whole file."""
    n_eval: int | None


@dataclass(frozen=True, slots=True)
class MlflowMetric:
    name: str
    n_eval: int | None = None


Metric = FileMetric | MlflowMetric


@dataclass(frozen=True, slots=True)
class Published:
    text: str
    """As printed, so that its digits count."""
    kind: PublishedKind
    per_seed: str | None
    """Path from the root of a JSON list of numbers whose mean is the value."""
    at: tuple[int, int] = field(default=(1, 1), compare=False)
    """Line and column of ``per_seed`` in the spec, else of the value; for messages only."""
    sd: float | None = None
    """Published standard deviation, of ``m`` values; neither beside ``per_seed``."""
    m: int | None = None


@dataclass(frozen=True, slots=True)
class Exact:
    """Bar B: equal at the published precision."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Bar C: ``|x - p| <= max(abs, rel * |p|)``; with ``no-worse`` anything on the better side, too."""

    abs: float
    rel: float
    side: Side = Side.BOTH
    better: Better | None = None
    """Which values are better; always there for ``no-worse``."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """Bar D: the interval of the difference lies inside ``(-margin, +margin)``, or on its better side."""

    margin: float
    side: Side = Side.BOTH
    better: Better | None = None
    """Which values are better; always there for ``no-worse``."""


Compare = Exact | Tolerance | Distribution


@dataclass(frozen=True, slots=True)
class Control:
    """A variant of the job that must not reproduce the claim."""

    args: tuple[str, ...]
    """Put behind the command."""


@dataclass(frozen=True, slots=True)
class Claim:
    id: str
    where: str | None
    metric: Metric
    published: Published
    compare: Compare
    why: str | None
    control: Control | None = None


@dataclass(frozen=True, slots=True)
class Artifact:
    path: str
    """A file, from ``workdir``, then from the output folder."""
    sha256: str | None
    required: bool


@dataclass(frozen=True, slots=True)
class Hardware:
    """The class of a machine, such as the one that the published numbers come from."""

    gpu: str | None
    """As people name it, e.g. ``A100-80GB``; None for a machine without any, then ``count`` is 0."""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Reference:
    """Where the published numbers come from."""

    hardware: Hardware | None = None
    environment: str | None = None
    """Path from the root of an environment record (see `domain.environment`) that is committed."""
    at: tuple[int, int] = field(default=(1, 1), compare=False)
    """Line and column of ``environment`` in the spec; for messages only."""


class Resume(Enum):
    """What going on from a checkpoint means for the numbers."""

    EXACT = "exact"
    """The author says: they are those of a job that was never interrupted."""
    APPROXIMATE = "approximate"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder that the job can go on from."""

    path: str
    """From ``workdir``, then from the output folder."""
    resume: Resume


class Varied(Enum):
    """What a rehearsal may change on purpose."""

    SEED = "seed"
    THREADS = "threads"
    BLAS = "blas"
    HASH_SEED = "hashseed"
    PROFILE = "profile"
    PACKAGE = "package"
    TIME_ZONE = "timezone"
    LOCALE = "locale"


@dataclass(frozen=True, slots=True)
class Variation:
    """One thing changed on purpose in a rehearsal; never declared in a repository."""

    factor: Varied
    value: str | None
    """None = the one that the factor has by itself; see `domain.variation`."""
    instead_of: str = ""
    """What it would have been, in words; empty before it was settled."""

    def __str__(self) -> str:
        return f"{self.factor.value}={self.value}" if self.value is not None else self.factor.value


@dataclass(frozen=True, slots=True)
class Spec:
    name: str
    tags: tuple[str, ...]
    run: RunRule
    environment: EnvironmentRule
    data: tuple[DataFile, ...]
    resources: Resources
    determinism: Determinism
    n: int
    allow_failed: int
    claims: tuple[Claim, ...]
    artifacts: tuple[Artifact, ...]
    policy: Policy = UNRESTRICTED
    """Counts on the default branch only."""
    reference: Reference = Reference()
    variation: Variation | None = None
    """What a rehearsal changed in it."""
    checkpoint: Checkpoint | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a spec file. ``line`` and ``column`` count from 1."""

    file: str
    line: int
    column: int
    message: str
    """A plain sentence that says what is wrong and what to write instead."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class BadSpec:
    """A spec file that cannot be used; ``name`` is the experiment it reports under."""

    name: str
    problems: tuple[Problem, ...] = field(default=())
