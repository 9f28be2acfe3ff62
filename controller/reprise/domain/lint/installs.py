"""What the commands of a Dockerfile install, and how firmly they name it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reprise.domain.lint import environment
from reprise.domain.lint.dockerfile import Command, commands, instructions
from reprise.domain.lint.packages import Package, Pin, requirement
from reprise.domain.lint.repo import Repo
from reprise.domain.requirement_lines import Line

TOOLS = frozenset({"pip", "setuptools", "wheel", "uv"})
"""They install the environment and are no part of it."""

_PIP = re.compile(r"(?:.*/)?pip[\d.]*")
_WITH_VALUE = frozenset(
    {"-r", "-c", "-e", "-i", "-f", "-t", "-p", "--requirement", "--constraint", "--editable", "--index-url"}
    | {
        "--extra-index-url",
        "--find-links",
        "--target",
        "--platform",
        "--python-version",
        "--prefix",
        "--root",
    }
    | {"--timeout", "--retries", "--no-binary", "--only-binary", "--progress-bar", "--python", "--cache-dir"}
    | {"--trusted-host", "--proxy", "--upgrade-strategy", "--index-strategy", "--torch-backend", "--src"}
    | {"--default-timeout", "--default-index", "--index", "--abi", "--implementation"}
)
_SYSTEM = frozenset({"apt", "apt-get", "aptitude", "apk", "yum", "dnf", "microdnf", "zypper"})
_SYSTEM_WITH_VALUE = frozenset(
    {"-t", "--target-release", "--default-release", "-o", "--option", "-c", "-X", "--repository", "--virtual"}
)
_CONDA = frozenset({"conda", "mamba", "micromamba"})
_CONDA_WITH_VALUE = frozenset(
    {"-c", "--channel", "-n", "--name", "-p", "--prefix", "-r", "--root-prefix", "-f", "--file"}
)


@dataclass(frozen=True, slots=True)
class PipInstall:
    path: str
    """Of the Dockerfile, or of the code that installs."""
    line: int
    packages: tuple[Package, ...]
    """Without tools; names that are variables are left out."""
    files: tuple[str, ...]
    """Requirements files, as the command names them."""
    options: tuple[str, ...]
    """With their values."""

    @property
    def is_bounded(self) -> bool:
        """Whether another file may pin what is named here."""
        return any(option in ("-c", "--constraint") for option in self.options)


@dataclass(frozen=True, slots=True)
class Arguments:
    names: tuple[str, ...]
    options: tuple[tuple[str, str], ...]


def all_commands(repo: Repo, path: str) -> Iterator[Command]:
    for each in instructions(repo.text(path) or ""):
        if each.word == "RUN":
            yield from commands(each)


def pip_installs(repo: Repo) -> Iterator[PipInstall]:
    for path in environment.dockerfiles(repo):
        for command in all_commands(repo, path):
            if (install := pip_install(path, command)) is not None:
                yield install


def pip_install(path: str, command: Command) -> PipInstall | None:
    at = _pip_install(command.words)
    return None if at is None else _read(path, command, arguments(command.words[at:], _WITH_VALUE))


def used_requirements(repo: Repo) -> tuple[str, ...]:
    """Files of the repository that a Dockerfile installs from and that no run takes."""
    found = (
        path
        for install in pip_installs(repo)
        for name in install.files
        if (path := _located(repo, install, name))
    )
    chosen = environment.locks(repo)
    return tuple(path for path in dict.fromkeys(found) if path not in chosen)


def system_packages(command: Command) -> tuple[Package, ...]:
    """Packages of the distribution; one with a version is pinned."""
    word = command.words[0].rsplit("/", 1)[-1]
    verb = next((at for at, each in enumerate(command.words) if each in ("install", "add", "in")), None)
    if word not in _SYSTEM or verb is None:
        return ()
    named = arguments(command.words[verb + 1 :], _SYSTEM_WITH_VALUE).names
    return tuple(
        Package(name.partition("=")[0], command.line, name, Pin.PINNED if "=" in name else Pin.NONE)
        for name in named
        if "/" not in name and not name.endswith((".deb", ".rpm"))
    )


def conda_packages(command: Command) -> tuple[Package, ...]:
    if command.words[0].rsplit("/", 1)[-1] not in _CONDA or len(command.words) < 2:
        return ()
    if command.words[1] not in ("install", "create"):
        return ()
    named = arguments(command.words[2:], _CONDA_WITH_VALUE).names
    return tuple(conda_package(name, command.line) for name in named if "/" not in name)


def conda_package(text: str, line: int) -> Package:
    """``name=1.2`` means the newest 1.2.something; ``name=1.2=build`` and ``name==1.2.3`` one thing."""
    bare = text.rsplit("::", 1)[-1].strip()
    name = re.split(r"[=<>!~ ]", bare, maxsplit=1)[0]
    exact = re.fullmatch(r"[^=<>!~ ]+(==[^=*<>,|]+|=[^=*]+=[^=*]+)", bare.replace(" ", ""))
    pin = Pin.PINNED if exact else Pin.NONE if bare == name else Pin.RANGE
    return Package(name.lower(), line, bare, pin)


def arguments(words: tuple[str, ...], with_value: frozenset[str]) -> Arguments:
    names: list[str] = []
    options: list[tuple[str, str]] = []
    pending = iter(words)
    for word in pending:
        if word.startswith((">", "2>", "<", "&", "(", ")", "}", "#")):
            break
        if word.startswith("-"):
            option, equals, value = word.partition("=")
            options.append((option, value if equals or option not in with_value else next(pending, "")))
        elif "$" not in word and "{{" not in word and "{%" not in word:
            names.append(word)
    return Arguments(tuple(names), tuple(options))


def _pip_install(words: tuple[str, ...]) -> int | None:
    """Where the arguments begin."""
    for at, word in enumerate(words):
        if word == "install" and at and _PIP.fullmatch(words[at - 1]):
            return at + 1
    return None


def _read(path: str, command: Command, given: Arguments) -> PipInstall:
    editable = [f"-e {value}" for option, value in given.options if option in ("-e", "--editable")]
    found = (requirement(Line(command.line, text)) for text in (*given.names, *editable))
    return PipInstall(
        path,
        command.line,
        tuple(package for package in found if package is not None and package.name not in TOOLS),
        tuple(value for option, value in given.options if option in ("-r", "--requirement") and value),
        tuple(part for option in given.options for part in option if part),
    )


def _located(repo: Repo, install: PipInstall, name: str) -> str | None:
    """The file in the repository that stands under this name in the image."""
    base = name.rsplit("/", 1)[-1]
    copied = (
        word
        for each in instructions(repo.text(install.path) or "")
        if each.word in ("COPY", "ADD")
        for word in each.text.split()[:-1]
        if word.rsplit("/", 1)[-1] == base
    )
    folder = install.path.rpartition("/")[0]
    for source in (*copied, name, base):
        inside = source.removeprefix("./").lstrip("/")
        for path in (f"{folder}/{inside}" if folder else inside, inside):
            if path in repo.entries:
                return path
    return None
