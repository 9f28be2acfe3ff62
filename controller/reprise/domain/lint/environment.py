"""Which files of a repository say what is installed: the same ones that a run would take."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from reprise.domain import pins
from reprise.domain.images.sources import BESIDE, FURTHER
from reprise.domain.lint.model import Severity
from reprise.domain.lint.repo import Entry, Experiment, Kind, Repo
from reprise.domain.spec.names import SPEC_FILE

LARGEST_LOCK = 32 * 1024**2
"""Bytes; a larger one is not installed from."""

ELSEWHERE = frozenset({"third_party", "third-party", "vendor", "external", "node_modules", "tests", "test"})
"""Folders whose files make no environment of this repository."""

_COMPOSE = re.compile(r"(?:docker-)?compose[\w.-]*\.ya?ml")
_TEMPLATES = (".jinja", ".jinja2", ".j2", ".md", ".tmpl", ".template", ".txt", ".dockerignore")


@dataclass(frozen=True, slots=True)
class Missing:
    """An experiment without an environment."""

    experiment: Experiment | None
    """None where there is no spec."""
    declared: str | None


def lock_of(repo: Repo, experiment: Experiment) -> str | None:
    rule = experiment.spec.environment
    return None if rule.image is not None else _chosen(repo, rule.dockerfile or rule.lock)


def locks(repo: Repo) -> tuple[str, ...]:
    """What runs install from, each once; without a spec what would be found."""
    found = [lock_of(repo, each) for each in repo.experiments] or [_chosen(repo, None)]
    return tuple(dict.fromkeys(lock for lock in found if lock is not None))


def missing(repo: Repo) -> Iterator[Missing]:
    """Nothing while a spec cannot be read, since it may name a lock."""
    if not repo.experiments and SPEC_FILE not in repo.entries and _chosen(repo, None) is None:
        yield Missing(None, None)
    for experiment in repo.experiments:
        rule = experiment.spec.environment
        if rule.image is None and lock_of(repo, experiment) is None:
            yield Missing(experiment, rule.dockerfile or rule.lock)


def loose(repo: Repo) -> str | None:
    """What an image is made of where there is no lock; it pins nothing."""
    return next(
        (path for path in FURTHER if _is_file(repo.entries.get(path)) and _installs(repo, path)), None
    )


def _installs(repo: Repo, path: str) -> bool:
    """Tools keep their settings in pyproject.toml too, and the files beside others install little alone."""
    if path == "pyproject.toml":
        return "[project]" in (repo.text(path) or "")
    return path not in BESIDE


def declared(experiment: Experiment) -> tuple[str, ...]:
    """What the spec itself names."""
    rule = experiment.spec.environment
    return tuple(str(PurePosixPath(path)) for path in (rule.dockerfile, rule.lock) if path is not None)


def lock_text(repo: Repo, path: str) -> str | None:
    """Locks may be larger than sources are."""
    entry = repo.entries.get(path)
    if entry is None or entry.kind is not Kind.FILE or entry.size > LARGEST_LOCK:
        return None
    text = repo.text(path)
    data = repo.load(path) if text is None else None
    return text if data is None else data.decode("utf-8-sig", errors="replace")


def requirement_files(repo: Repo) -> tuple[str, ...]:
    """Those that runs install from."""
    return tuple(lock for lock in locks(repo) if lock.endswith(".txt"))


def dockerfiles(repo: Repo) -> tuple[str, ...]:
    return tuple(path for path in repo.entries if _is_dockerfile(path) and not is_elsewhere(path))


def compose_files(repo: Repo) -> tuple[str, ...]:
    likely = (path for path in repo.entries if "compose" in path)
    return tuple(path for path in likely if _COMPOSE.fullmatch(_name(path)) and not is_elsewhere(path))


def weight(repo: Repo, usual: Severity) -> Severity:
    """Of what a Dockerfile does: it matters only where no lock file comes before it."""
    made_of_images = all(_is_dockerfile(lock) for lock in locks(repo))
    return usual if made_of_images else Severity.INFORMATION


def is_elsewhere(path: str) -> bool:
    """Also in hidden folders, of which only one is where people look for an environment."""
    parts = path.split("/")
    hidden = (part for part in parts if part.startswith(".") and part != ".binder")
    return not ELSEWHERE.isdisjoint(parts[:-1]) or next(hidden, None) is not None


def _chosen(repo: Repo, declared: str | None) -> str | None:
    inside = None if declared is None else str(PurePosixPath(declared))
    return pins.chosen(inside, lambda path: _is_file(repo.entries.get(path)))


def _is_file(entry: Entry | None) -> bool:
    return entry is not None and entry.kind is not Kind.SUBMODULE


def _is_dockerfile(path: str) -> bool:
    if "ockerfile" not in path and "ontainerfile" not in path:
        return False
    name = _name(path)
    if name.endswith(_TEMPLATES):
        return False
    return name in ("Dockerfile", "Containerfile") or (
        name.startswith("Dockerfile.") or name.endswith((".Dockerfile", ".dockerfile"))
    )


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]
