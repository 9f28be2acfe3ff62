"""RX10 and RX12: whether there is a lock, whether it pins every line, and whether it has hashes."""

from collections.abc import Iterator

from reprise.domain import pins
from reprise.domain.lint import environment
from reprise.domain.lint.environment import Missing
from reprise.domain.lint.imports import imports_others
from reprise.domain.lint.installs import pip_installs, used_requirements
from reprise.domain.lint.model import Found, Severity
from reprise.domain.lint.packages import Package, Pin, packages, requirement
from reprise.domain.lint.places import compiling, line_of, listed, shown
from reprise.domain.lint.repo import Repo
from reprise.domain.requirement_lines import FOLDERS, Line, logical_lines, name_and_value, refusal
from reprise.domain.spec.names import SPEC_FILE

_LOOSE = (Pin.RANGE, Pin.NONE)


def rx10(repo: Repo) -> Iterator[Found]:
    for lacking in environment.missing(repo):
        yield _no_lock(repo, lacking)
    declared = {name for each in repo.experiments for name in environment.declared(each)}
    detected = (lock for lock in environment.locks(repo) if lock not in declared)
    yield from (_for_images(repo, lock) for lock in detected if not pins.is_installed_by_uv(lock))
    for path in environment.requirement_files(repo):
        yield from _refused_lines(path, environment.lock_text(repo, path) or "")
    severity = environment.weight(repo, Severity.ERROR)
    for path in used_requirements(repo):
        for package in packages(path, repo.text(path) or ""):
            if package.pin in _LOOSE:
                yield _loose(path, package, severity)
    for install in pip_installs(repo):
        loose = [package.text for package in install.packages if package.pin in _LOOSE]
        if loose and not install.is_bounded:
            message = f"pip installs {listed(loose)} without a version"
            yield Found(install.path, install.line, message, _IN_A_LOCK, severity)


def rx12(repo: Repo) -> Iterator[Found]:
    for path in environment.locks(repo):
        text = environment.lock_text(repo, path) or ""
        yield from _unhashed_requirements(path, text) if path.endswith(".txt") else _unhashed(path, text)
    severity = environment.weight(repo, Severity.WARNING)
    for install in pip_installs(repo):
        named = install.packages
        if named and all(package.pin is Pin.PINNED for package in named):
            message = f"pip installs {listed([package.text for package in named])} without a hash"
            yield Found(install.path, install.line, message, _IN_A_LOCK, severity)


_IN_A_LOCK = (
    "Install from a requirements file with hashes: `pip install --require-hashes -r requirements.txt`"
)


def _no_lock(repo: Repo, lacking: Missing) -> Found:
    experiment, declared = lacking.experiment, lacking.declared
    if experiment is not None and declared is not None:
        message = f"environment.lock names {declared}, which is not committed"
        fix = f"Commit {declared}, or name the lock file that is there"
        return Found(experiment.file, line_of(experiment.text, "lock"), message, fix)
    loose = environment.loose(repo)
    if loose is not None:
        return _solved_anew(repo, loose)
    file, fix = _how_to_lock(repo)
    message = f"no lock file says what is installed; looked for {', '.join(pins.DETECTED)} at the root"
    return Found(file, 1, message, fix)


def _solved_anew(repo: Repo, path: str) -> Found:
    """An image can be made of it. An empty lock beside it would win, and install nothing of what it names."""
    message = f"only {path} says what is installed: backend docker solves it anew each time, others refuse it"
    if path.rpartition("/")[2].startswith("environment."):
        fix = f"Run `conda-lock lock --file {path}` and commit conda-lock.yml"
        return Found(path, 1, message, fix, Severity.WARNING)
    if path.endswith("requirements.txt"):
        return Found(path, 1, message, f"Run {compiling('requirements.txt')} at the root", Severity.WARNING)
    if path.endswith("Dockerfile"):
        return Found(path, 1, message, _as_written("dockerfile", path), Severity.WARNING)
    file, fix = _how_to_lock(repo)
    return Found(file, 1, message, fix, Severity.WARNING)


def _for_images(repo: Repo, lock: str) -> Found:
    """Whoever wrote the file's name into the spec knows."""
    file, _ = _how_to_lock(repo)
    key = "lock" if pins.is_lock(lock) else "dockerfile"
    fix = _as_written("lock", file) if file in repo.entries else _as_written(key, lock)
    message = f"a run takes {lock}, which needs backend docker: backend process installs {pins.INSTALLED}"
    return Found(SPEC_FILE, 1, message, fix, Severity.WARNING)


def _as_written(key: str, path: str) -> str:
    """Said in the spec, nothing that somebody commits later changes what is installed."""
    return f"Write `{key}: {path}` under `environment` in {SPEC_FILE}"


def _how_to_lock(repo: Repo) -> tuple[str, str]:
    """The file that would mend it, and how it is made."""
    if "requirements.in" in repo.entries:
        return "requirements.txt", f"Run {compiling('requirements.txt')} and commit requirements.txt"
    if "[project]" in (repo.text("pyproject.toml") or ""):
        return "uv.lock", "Run `uv lock` and commit uv.lock"
    if repo.python and not imports_others(repo):
        return "requirements.txt", "Commit an empty requirements.txt: only the standard library is imported"
    return (
        "requirements.txt",
        f"List what the code imports in requirements.in, run {compiling('requirements.txt')} and commit both",
    )


def _refused_lines(path: str, text: str) -> Iterator[Found]:
    for line in logical_lines(text):
        refused = refusal(line.text)
        if refused is None:
            continue
        message = f"`{shown(line.text)}` {refused.what}"
        yield Found(path, line.number, message, _pinning(refused.next_step, path))


def _pinning(next_step: str, path: str) -> str:
    return _move(path) if "pip compile" in next_step else next_step[:1].upper() + next_step[1:]


def _move(path: str) -> str:
    return f"Move such lines to {path.removesuffix('.txt')}.in and run {compiling(path)}"


def _loose(path: str, package: Package, severity: Severity) -> Found:
    return Found(path, package.line, f"`{package.text}` is not pinned to one version", _move(path), severity)


def _unhashed_requirements(path: str, text: str) -> Iterator[Found]:
    lines = tuple(logical_lines(text))
    if any(refusal(line.text) for line in lines):
        return  # RX10 says what to do, which gives hashes too
    found = [package for line in lines if (package := requirement(line)) is not None]
    bare = [package for package in found if package.pin is Pin.PINNED]
    mend = f"Run {compiling(path)}"
    if any(package.pin is Pin.HASHED for package in found):
        for package in bare:
            message = f"`{package.text}` has no hash while other lines have one"
            yield Found(path, package.line, message, mend, Severity.ERROR)
    elif bare and (folder := _own_folder(text)):
        message = "wheels come from a folder of the repository, and no line has a hash"
        yield Found(path, folder.number, message, f"{mend} with the same --find-links", Severity.ERROR)
    elif bare:
        yield Found(path, bare[0].line, f"{path} has no hashes", mend)


def _own_folder(text: str) -> Line | None:
    for line in logical_lines(text):
        name, value = name_and_value(line.text)
        if name in FOLDERS and "://" not in value:
            return line
    return None


def _unhashed(path: str, text: str) -> Iterator[Found]:
    bare = [package for package in packages(path, text) if package.pin is not Pin.HASHED]
    if bare:
        message = f"{listed([package.text for package in bare])} without a hash"
        fix = "Lock again from an index that gives hashes, and commit the new lock"
        yield Found(path, bare[0].line, message, fix)
