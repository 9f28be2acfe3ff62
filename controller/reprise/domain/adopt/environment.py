"""Which lock file and which Python the repository means, from what packaging tools and REES left in it."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from reprise.domain.adopt import dockerfile, pins, pythons
from reprise.domain.adopt.model import Chosen, Entry, Environment, Left, Place
from reprise.domain.lint.python import Python
from reprise.domain.lint.repo import Repo

_LOCKED = ("requirements.lock.txt", "requirements-lock.txt", "requirements_lock.txt")
_REES = ("", "binder/", ".binder/")
_REQUIREMENTS = (*(f"{folder}requirements.txt" for folder in _REES), "docker/requirements.txt")
_COMPILE = "uv pip compile --universal --generate-hashes"
_EXPORTS = {
    "poetry.lock": "run `poetry export -f requirements.txt -o requirements.txt` and commit requirements.txt",
    "Pipfile.lock": "run `pipenv requirements --hash > requirements.txt` and commit requirements.txt",
    "pdm.lock": "run `pdm export -o requirements.txt` and commit requirements.txt",
    "pixi.lock": f"write what Python needs into requirements.in, run `{_COMPILE} requirements.in "
    "-o requirements.txt` and commit both",
    "conda-lock.yml": f"write what Python needs into requirements.in, run `{_COMPILE} requirements.in "
    "-o requirements.txt` and commit both",
}
_SOURCES = (
    ("requirements.in", f"run `{_COMPILE} requirements.in -o requirements.txt` and commit requirements.txt"),
    ("pyproject.toml", "run `uv lock` and commit uv.lock"),
    ("setup.py", f"run `{_COMPILE} setup.py -o requirements.txt` and commit requirements.txt"),
)
_CONDA = tuple(
    f"{folder}{name}" for folder in _REES for name in ("environment.yml", "environment.yaml", "conda.yaml")
)
_EMPTY = "which name nothing to install"
_NOT_RUN = ("postBuild", "start", "install.R", "DESCRIPTION", "Project.toml", "default.nix", "apt.txt")


def find(repo: Repo, entry: Entry, code: Sequence[Python]) -> Environment:
    lock, remarks, left = _lock(repo, code)
    python = pythons.find(repo, entry)
    by_itself = pythons.found_by_itself(repo)
    if by_itself is not None:
        remarks = (*remarks, f"python: {by_itself.value} ({by_itself.place}), which needs no word here")
    elif python is None:
        left = (*left, _no_python())
    return Environment(lock, None if by_itself else python, remarks, (*left, *_beside(repo)))


def _lock(repo: Repo, code: Sequence[Python]) -> tuple[Chosen | None, tuple[str, ...], tuple[Left, ...]]:
    if "uv.lock" in repo.entries:
        return Chosen("uv.lock", Place("uv.lock"), "uv's lock file, with hashes"), (), ()
    candidates = tuple(_candidates(repo))
    for path, why in candidates:
        found = pins.read(repo.text(path) or "")
        if found.loose is None:
            grade = (
                "with hashes" if found.hashed else "every line pinned, though without hashes, which is weak"
            )
            return Chosen(path, Place(path), f"{why}, {grade if found.names else _EMPTY}"), (), ()
    for path, _ in candidates:
        loose = pins.read(repo.text(path) or "").loose
        if loose is not None:
            return None, (f"lock: none yet, {path} does not pin every line",), (_unpinned(path, loose),)
    return None, ("lock: none yet",), (_unlocked(repo, code),)


def _candidates(repo: Repo) -> Iterator[tuple[str, str]]:
    """(path, why it could be the lock file), the surest first."""
    for path in _LOCKED:
        if path in repo.entries:
            yield path, "locked requirements"
    yield from (
        (path, f"requirements that {where} installs")
        for path, where in dockerfile.requirements_of(repo)
        if path not in _REQUIREMENTS[:1]
    )
    for path in _REQUIREMENTS:
        if path in repo.entries:
            yield path, "the requirements"


def _unpinned(path: str, loose: pins.Loose) -> Left:
    shown = "".join(c if c.isprintable() else "?" for c in loose.text[:60])
    rename = path == "requirements.txt"
    source = "requirements.in" if rename else path
    before = "rename it to requirements.in, " if rename else ""
    return Left(
        f"`{shown}` does not name one version, so that another one may be installed one day",
        f"{before}run `{_COMPILE} {source} -o requirements.txt` and commit both",
        Place(path, loose.line),
    )


def _unlocked(repo: Repo, code: Sequence[Python]) -> Left:
    for name, fix in _EXPORTS.items():
        if name in repo.entries:
            return Left(f"{name} is a lock file that is not read yet", fix, Place(name))
    for name in (*_CONDA, *(("Pipfile",) if "Pipfile" in repo.entries else ())):
        if name in repo.entries:
            fix = f"write what it installs into requirements.in, run `{_COMPILE} requirements.in "
            return Left(f"{name} is no lock file", f"{fix}-o requirements.txt` and commit both", Place(name))
    for name, fix in _SOURCES:
        if name in repo.entries:
            return Left("nothing is locked", fix, Place(name))
    needed = sorted(_foreign(repo, code))
    if code and not needed:
        fix = "commit a requirements.txt that holds a comment alone"
        return Left("there is no lock file, and the code needs only what Python brings", fix)
    named = f"; the code imports {', '.join(needed[:10])}" if needed else ""
    return Left(
        f"there is no lock file{named}",
        f"write what is needed into requirements.in, run `{_COMPILE} requirements.in -o requirements.txt` "
        "and commit both",
    )


def _foreign(repo: Repo, code: Sequence[Python]) -> set[str]:
    tops = {each.module.partition(".")[0] for python in code for each in python.imports} - {""}
    own = {part for path in repo.entries for part in PurePosixPath(path.removesuffix(".py")).parts}
    return tops - own - set(sys.stdlib_module_names)


def _beside(repo: Repo) -> Iterator[Left]:
    """What REES files ask for beside Python packages."""
    for folder in _REES:
        for name in _NOT_RUN:
            path = f"{folder}{name}"
            if path in repo.entries and (repo.text(path) or "").strip():
                yield Left(
                    "what it asks for is not looked at, since only the lock file is installed",
                    "see that the experiment does without it",
                    Place(path),
                )


def _no_python() -> Left:
    return Left(
        "no file says which Python, so that it is the one that Reprise itself runs on",
        'write the version that you used into environment, such as python: "3.11"',
    )
