"""What was found in a repository, and where."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What says how the experiment is run; the first that is there counts, in this order."""

    MLPROJECT = "MLproject"
    REPROGEN = "the layout that ReproGen generates"
    README = "a command in the README"
    DOCKERFILE = "the command of the Dockerfile"
    SCRIPT = "a Python script"
    NOTEBOOK = "a notebook"


@dataclass(frozen=True, slots=True)
class Place:
    file: str
    """From the root."""
    line: int | None = None
    """From 1; None = the file as a whole."""

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Left:
    """What only the author can do."""

    what: str
    """A sentence without its full stop."""
    fix: str
    """Begins with a verb."""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Seed:
    """How the job learns its seed; of ``arg`` and ``env`` one is there."""

    arg: str | None
    env: str | None
    value: int
    place: Place
    why: str


@dataclass(frozen=True, slots=True)
class Entry:
    """How the experiment is run."""

    kind: Kind
    argv: tuple[str, ...]
    place: Place
    why: str
    script: str | None
    """The Python file or notebook that it begins with, from the root; None when it cannot be told."""
    workdir: str = "."
    seed: Seed | None = None
    """Where the source itself says it."""
    output: str | None = None
    """A file that the command certainly leaves, from ``workdir``."""
    left: tuple[Left, ...] = ()
    unknown: tuple[Left, ...] = ()
    """What keeps ``argv`` from being a command: it has words that nobody knows."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One value of the spec."""

    value: str
    place: Place
    why: str


@dataclass(frozen=True, slots=True)
class Environment:
    lock: Chosen | None
    python: Chosen | None
    remarks: tuple[str, ...] = ()
    """What stands in the spec as a comment, because nothing needs to be written."""
    left: tuple[Left, ...] = ()


@dataclass(frozen=True, slots=True)
class Data:
    path: str
    sha256: str
    place: Place
    """Where it is read."""


@dataclass(frozen=True, slots=True)
class ClaimFound:
    """A published number, as far as it can be told."""

    id: str
    where: str
    value: str
    """As printed."""
    metric: str
    """YAML of ``metric``."""
    notes: tuple[str, ...]
    """Why it is proposed, or what keeps it from that."""
    proposed: bool
    """False: it stands in the spec as a comment."""


@dataclass(frozen=True, slots=True)
class Proposal:
    entry: Entry
    environment: Environment
    seed: Seed | None
    data: tuple[Data, ...]
    claims: tuple[ClaimFound, ...]
    left: tuple[Left, ...]
    """All of it, that of the entry and of the environment too."""
