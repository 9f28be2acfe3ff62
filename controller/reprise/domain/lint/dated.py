"""RX15: installs whose result depends on the day."""

import re
from collections.abc import Iterator

from reprise.domain.lint import environment
from reprise.domain.lint.dockerfile import Command
from reprise.domain.lint.handed import handed, shell_commands
from reprise.domain.lint.installs import (
    PipInstall,
    all_commands,
    conda_packages,
    pip_install,
    pip_installs,
    system_packages,
)
from reprise.domain.lint.model import Found, Severity
from reprise.domain.lint.notebooks import read_notebook, shell_lines, text_of
from reprise.domain.lint.packages import Pin
from reprise.domain.lint.places import listed, shown
from reprise.domain.lint.reach import jobs
from reprise.domain.lint.repo import Repo
from reprise.domain.requirement_lines import logical_lines, name_and_value

_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "python", "python3", "perl"})
_VERSION = re.compile(r"\d+\.\d+|[0-9a-f]{40}")
_SNAPSHOT = re.compile(r"snapshot", re.IGNORECASE)
_NIGHTLY = re.compile(r"nightly|/pre(?:release)?s?/|test\.pypi", re.IGNORECASE)
_INDEXES = frozenset({"-i", "--index-url", "--extra-index-url", "-f", "--find-links"})


def rx15(repo: Repo) -> Iterator[Found]:
    severity = environment.weight(repo, Severity.WARNING)
    for path in environment.dockerfiles(repo):
        dated = bool(_SNAPSHOT.search(repo.text(path) or ""))
        fetched: Command | None = None
        for command in all_commands(repo, path):
            yield from _undated(path, command, severity, dated=dated)
            yield from _piped(path, command, fetched, severity)
            fetched = command if command.words[0] in ("curl", "wget") else None
    for install in pip_installs(repo):
        yield from _pip(install, severity)
    for path in environment.requirement_files(repo):
        yield from _nightly_lines(path, environment.lock_text(repo, path) or "")
    yield from _in_jobs(repo)


def _in_jobs(repo: Repo) -> Iterator[Found]:
    """What a job installs for itself."""
    for path, command in _commands(repo):
        install = pip_install(path, command)
        loose = [p.text for p in install.packages if p.pin in (Pin.NONE, Pin.RANGE)] if install else []
        if install is not None and loose and not install.is_bounded:
            message = f"pip installs {listed(loose)} while the job runs, as they are on that day"
            yield Found(path, command.line, message, "Put them into the lock file and remove this")


def _commands(repo: Repo) -> Iterator[tuple[str, Command]]:
    for job in jobs(repo):
        for file in job.files:
            yield from ((file.path, command) for _, command in handed(file))
            if file.path.endswith(".ipynb") and (
                notebook := read_notebook(file.path, text_of(repo, file.path))
            ):
                lines = shell_lines(notebook)
                yield from (
                    (file.path, each) for number, line in lines for each in shell_commands(line, number)
                )


def _undated(path: str, command: Command, severity: Severity, *, dated: bool) -> Iterator[Found]:
    system = [package.text for package in system_packages(command) if package.pin is Pin.NONE]
    if system and not dated:
        message = f"{command.words[0]} installs {listed(system)} as they are on the day of the build"
        fix = "Install from a dated archive, such as `apt-get install --snapshot 20260101T000000Z …`"
        yield Found(path, command.line, message, fix, severity)
    conda = [package.text for package in conda_packages(command) if package.pin is Pin.NONE]
    if conda:
        message = f"{command.words[0]} installs {listed(conda)} as they are on the day of the build"
        yield Found(path, command.line, message, "Install from a lock: `conda-lock install`", severity)


def _piped(path: str, command: Command, fetched: Command | None, severity: Severity) -> Iterator[Found]:
    if fetched is None or not command.piped or command.words[0].rsplit("/", 1)[-1] not in _SHELLS:
        return
    address = next((word for word in fetched.words if "://" in word), None)
    if address is not None and not _VERSION.search(address.partition("://")[2].partition("/")[2]):
        message = f"what `{shown(address)}` gives on the day of the build is run"
        fix = "Download one version, compare its sha256, then run it"
        yield Found(path, fetched.line, message, fix, severity)


def _pip(install: PipInstall, severity: Severity) -> Iterator[Found]:
    if "--pre" in install.options:
        message = "pip takes versions that are not released yet (`--pre`)"
        yield Found(install.path, install.line, message, "Remove --pre and pin released versions", severity)
    nightly = next(
        (option for option in install.options if "://" in option and _NIGHTLY.search(option)), None
    )
    if nightly is not None:
        yield Found(install.path, install.line, _GONE.format(shown(nightly)), _RELEASED, severity)
    moving = [p.text for p in install.packages if "git+" in p.text and p.pin is Pin.NONE]
    if moving:
        message = f"{listed(moving)} names no commit"
        yield Found(install.path, install.line, message, "Write `@` and the full commit behind it", severity)


_GONE = "`{}` is an index of nightly versions, which are deleted after a while"
_RELEASED = "Pin a released version, and take it from the index of releases"


def _nightly_lines(path: str, text: str) -> Iterator[Found]:
    for line in logical_lines(text):
        name, value = name_and_value(line.text)
        if name in _INDEXES and _NIGHTLY.search(value):
            yield Found(path, line.number, _GONE.format(shown(value)), _RELEASED)
